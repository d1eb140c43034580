"""An order that its gateway never calls ended: it ends with its time, money that comes counts, a person hears once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from billing import desk
from domain.errors import GatewayRequestRejected
from domain.gateway import GatewayOrderStatus, GatewayPaymentStatus
from domain.orders import OrderStatus
from payment_handler import process_event, receive_webhook, start_checkout, sync_order
from tests.books import check_invariants, rows
from user_management import entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])

OPEN = [
    GatewayOrderStatus.ACTIVE,
    GatewayOrderStatus.PAID,
    GatewayOrderStatus.TERMINATION_REQUESTED,
    GatewayOrderStatus.UNKNOWN,
]
SIGNED = {"x-webhook-signature": "good", "x-razorpay-signature": "good"}
OVER = timedelta(minutes=35)


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


@pytest.fixture
def cash(services, gateway, order, clock):
    """A success that moves no money, of an order whose time is over."""
    payment = gateway.pay(order.id, is_money=False, payment_id="CASH")
    clock.advance(OVER)
    return payment


def answer_with(gateway, order, status: GatewayOrderStatus) -> None:
    gateway.orders[order.id] = replace(gateway.orders[order.id], status=status)


def resolve_all(services, admin) -> None:
    for (alarm_id,) in rows(services, "SELECT id FROM alarms WHERE resolved_at IS NULL"):
        assert desk.resolve_alarm(services, admin, alarm_id)


def open_alarms(services) -> list[str]:
    return [key for (key,) in rows(services, "SELECT key FROM alarms WHERE resolved_at IS NULL ORDER BY id")]


@pytest.mark.parametrize("status", OPEN, ids=lambda status: status.value)
def test_a_payment_that_is_found_after_the_order_ended_gives_access(
    services, user, gateway, order, clock, status
) -> None:
    answer_with(gateway, order, status)
    clock.advance(OVER)
    ended = sync_order(services, order.id)

    gateway.pay(order.id)
    answer_with(gateway, order, status)
    paid = sync_order(services, order.id)

    assert (ended.status, paid.status) == (OrderStatus.EXPIRED, OrderStatus.PAID)
    assert entitlement(services, user).is_active


@pytest.mark.parametrize("status", OPEN, ids=lambda status: status.value)
def test_a_payment_that_is_found_after_the_order_ended_goes_back_where_late_money_does(
    services, user, gateway, order, clock, status
) -> None:
    services = replace(services, settings=services.settings.model_copy(update={"late_payment": "refund"}))
    answer_with(gateway, order, status)
    clock.advance(OVER)
    sync_order(services, order.id)

    gateway.pay(order.id)
    paid = sync_order(services, order.id)

    assert paid.status is OrderStatus.SURPLUS
    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT reason, status FROM refunds") == [
        ("paid after the order had expired", "intended")
    ]


def test_a_payment_in_time_that_the_gateway_lists_late_is_no_late_payment(
    services, user, gateway, order, clock
) -> None:
    services = replace(services, settings=services.settings.model_copy(update={"late_payment": "refund"}))
    listed = [gateway.pay(order.id)]
    listed, gateway.payments[order.id] = gateway.payments[order.id], []
    clock.advance(OVER)
    ended = sync_order(services, order.id)

    gateway.payments[order.id] = listed
    paid = sync_order(services, order.id)

    assert (ended.status, paid.status) == (OrderStatus.EXPIRED, OrderStatus.PAID)
    assert entitlement(services, user).is_active
    check_invariants(services)


@pytest.mark.parametrize("status", OPEN, ids=lambda status: status.value)
def test_a_buyer_who_paid_anew_has_the_payment_of_the_ended_order_returned(
    services, user, gateway, order, clock, status
) -> None:
    answer_with(gateway, order, status)
    clock.advance(OVER)
    sync_order(services, order.id)
    again = start_checkout(services, user, "monthly")
    gateway.pay(again.id)
    sync_order(services, again.id)

    gateway.pay(order.id)
    late = sync_order(services, order.id)

    assert (again.id != order.id, late.status) == (True, OrderStatus.SURPLUS)
    assert rows(services, "SELECT reason FROM refunds") == [("paid twice in one checkout",)]
    assert entitlement(services, user).is_active


def test_the_word_paid_of_an_ended_order_calls_a_person_about_money_that_is_not_shown(
    services, admin, gateway, order, clock
) -> None:
    answer_with(gateway, order, GatewayOrderStatus.PAID)
    sync_order(services, order.id)
    in_time = open_alarms(services)
    clock.advance(OVER)

    sync_order(services, order.id)

    called = [f"order:{order.id}:no money came with the order, which is called paid"]
    assert (in_time, open_alarms(services)) == ([], called)
    resolve_all(services, admin)
    sync_order(services, order.id)
    assert open_alarms(services) == []


def test_cash_on_delivery_calls_a_person_once_however_often_it_is_looked_at(
    services, admin, gateway, order, clock
) -> None:
    gateway.pay(order.id, is_money=False, payment_id="CASH")
    sync_order(services, order.id)
    called = open_alarms(services)
    resolve_all(services, admin)
    for minutes in (1, 40, 40):
        clock.advance(timedelta(minutes=minutes))
        sync_order(services, order.id)

    assert called == [f"order:{order.id}:no money came with payment CASH, which is called a success"]
    assert open_alarms(services) == []


def test_another_payment_without_money_calls_a_person_again(services, admin, gateway, order, cash) -> None:
    sync_order(services, order.id)
    resolve_all(services, admin)

    gateway.pay(order.id, is_money=False, payment_id="MORE")
    sync_order(services, order.id)

    assert open_alarms(services) == [
        f"order:{order.id}:no money came with payment MORE, which is called a success"
    ]


def test_cash_that_becomes_money_after_the_order_ended_gives_access(
    services, user, gateway, order, cash
) -> None:
    ended = sync_order(services, order.id)

    gateway.pay(order.id, payment_id="CASH")
    paid = sync_order(services, order.id)

    assert (ended.status, paid.status) == (OrderStatus.EXPIRED, OrderStatus.PAID)
    assert entitlement(services, user).is_active


@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_a_message_about_cash_is_done_when_a_person_was_called_about_it(
    services, admin, gateway, order, cash, is_closed
) -> None:
    sync_order(services, order.id)
    if is_closed:
        resolve_all(services, admin)
    receive_webhook(services, gateway.name, SIGNED, f"{gateway.paid_event}:{order.id}".encode())
    ((event_id,),) = rows(services, "SELECT id FROM gateway_events")

    process_event(services, event_id)

    assert rows(services, "SELECT status FROM gateway_events") == [("processed",)]
    check_invariants(services)


def test_a_second_duplicate_calls_a_person_though_the_first_was_dealt_with(
    services, admin, gateway, order
) -> None:
    gateway.pay(order.id, payment_id="ONE")
    gateway.pay(order.id, payment_id="TWO")
    sync_order(services, order.id)
    first = open_alarms(services)
    resolve_all(services, admin)

    gateway.pay(order.id, payment_id="THREE")
    sync_order(services, order.id)
    sync_order(services, order.id)

    assert first == [f"order:{order.id}:money came that goes back, TWO: a second payment"]
    assert open_alarms(services) == [f"order:{order.id}:money came that goes back, THREE: a second payment"]


def test_a_contradiction_about_a_paid_order_calls_a_person_once_and_another_one_again(
    services, admin, gateway, order
) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    gateway.orders[order.id] = replace(gateway.orders[order.id], amount_paise=1)
    sync_order(services, order.id)
    called = len(open_alarms(services))
    resolve_all(services, admin)
    sync_order(services, order.id)
    unchanged = len(open_alarms(services))

    gateway.orders[order.id] = replace(gateway.orders[order.id], amount_paise=2)
    sync_order(services, order.id)

    assert (called, unchanged, len(open_alarms(services))) == (1, 0, 1)


def test_an_order_that_comes_into_quarantine_calls_a_person_each_time(
    services, admin, gateway, order
) -> None:
    truth = gateway.orders[order.id]
    gateway.orders[order.id] = replace(truth, amount_paise=1)
    sync_order(services, order.id)
    resolve_all(services, admin)
    with services.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE orders SET status = 'expired', quarantine_reason = NULL")

    again = sync_order(services, order.id)

    assert again.status is OrderStatus.QUARANTINED
    assert len(open_alarms(services)) == 1


def test_a_refused_capture_calls_a_person_once(services, admin, gateway, order, monkeypatch, kind) -> None:
    def refuse(ref, payment):
        raise GatewayRequestRejected()

    monkeypatch.setattr(gateway, "capture_payment", refuse)
    gateway.pay(order.id, status=GatewayPaymentStatus.AUTHORIZED, payment_id="pay_1")
    sync_order(services, order.id)
    called = open_alarms(services)
    resolve_all(services, admin)
    sync_order(services, order.id)

    assert called == [f"order:{order.id}:capture refused:pay_1"]
    assert open_alarms(services) == []
