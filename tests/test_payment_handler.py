"""Every reason to look ends in `sync_order`, and `sync_order` pays an order exactly once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.errors import (
    CheckoutClosed,
    GatewayCredentialsRejected,
    GatewayReplyInvalid,
    GatewayTimeout,
    OrderNotFound,
)
from domain.gateway import GatewayOrderStatus, GatewayPaymentStatus
from domain.orders import OrderStatus, PaymentStatus
from payment_handler import last_failure, list_orders, start_checkout, sync_order
from tests.books import check_invariants, everything, rows
from user_management import entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


def test_a_paid_order_buys_one_period_and_writes_everything_in_one_go(
    services, user, gateway, clock, order
) -> None:
    gateway.pay(order.id, charged_paise=50898)

    synced = sync_order(services, order.id)

    assert (synced.status, synced.paid_at, synced.synced_at) == (OrderStatus.PAID, clock.moment, clock.moment)
    assert rows(services, "SELECT amount_paise, charged_paise, role, status FROM payments") == [
        (49900, 50898, "primary", "captured")
    ]
    assert rows(services, "SELECT plan_id, starts_at, ends_at FROM subscription_periods") == [
        ("monthly", clock.moment, clock.moment + timedelta(days=31))
    ]
    assert rows(services, "SELECT status, current_period_end FROM subscriptions") == [
        ("active", clock.moment + timedelta(days=31))
    ]
    assert rows(services, "SELECT account, amount_paise FROM ledger_entries ORDER BY account") == [
        ("gateway_receivable", 49900),
        ("sales", -49900),
    ]
    assert rows(services, "SELECT kind, to_address, status FROM emails ORDER BY kind") == [
        ("activation", "asha@example.com", "queued"),
        ("receipt", "asha@example.com", "queued"),
    ]
    assert rows(services, "SELECT action FROM audit_log WHERE object LIKE 'order:%' ORDER BY id") == [
        ("order_made",),
        ("payment_captured",),
        ("order_paid",),
    ]
    assert rows(services, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'send_mail'") == [(2,)]
    assert rows(services, "SELECT closed_at FROM checkouts") == [(clock.moment,)]
    assert rows(services, "SELECT 1 FROM alarms") == []
    assert entitlement(services, user).is_active
    check_invariants(services)


def test_looking_again_changes_nothing_more(services, gateway, order) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    before = everything(services)

    for _ in range(3):
        sync_order(services, order.id)

    assert everything(services) == before


def test_a_crash_in_the_middle_leaves_nothing_half_done_and_the_next_look_completes(
    services, user, gateway, order, monkeypatch
) -> None:
    gateway.pay(order.id)
    before = everything(services)
    monkeypatch.setattr("billing.mails.defer_activation", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sync_order(services, order.id)
    crashed = everything(services)
    monkeypatch.undo()

    sync_order(services, order.id)

    assert crashed == before
    assert entitlement(services, user).is_active
    check_invariants(services)


@pytest.mark.parametrize(
    "lie",
    [
        {"amount_paise": 100},
        {"currency": "USD"},
        {"tags": {"user_id": "somebody else"}},
        {"order_id": "ORDER1"},
    ],
)
def test_a_contradiction_waits_for_a_person_and_opens_nothing(services, user, gateway, order, lie) -> None:
    gateway.pay(order.id)
    gateway.orders[order.id] = replace(gateway.orders[order.id], **lie)

    synced = sync_order(services, order.id)
    again = sync_order(services, order.id)

    assert synced.status is again.status is OrderStatus.QUARANTINED
    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT DISTINCT role FROM payments") in ([], [(None,)])
    assert rows(services, "SELECT 1 FROM ledger_entries") == []
    assert rows(services, "SELECT count(*) FROM alarms") == [(1,)]
    with pytest.raises(CheckoutClosed):
        start_checkout(services, user, "monthly")
    assert rows(services, "SELECT quarantine_reason IS NOT NULL FROM orders") == [(True,)]


def test_an_order_the_gateway_does_not_know_stays_as_it_is(services, user, gateway, clock) -> None:
    gateway.fail_next = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")
    order_id = list_orders(services, user)[0].order.id

    synced = sync_order(services, order_id)

    assert (synced.status, synced.synced_at) == (OrderStatus.UNKNOWN, clock.moment)


def test_an_order_we_do_not_know_is_not_found_and_the_gateway_is_not_asked(services, gateway) -> None:
    with pytest.raises(OrderNotFound):
        sync_order(services, "ORDER00000000000000X")

    assert gateway.calls == []


@pytest.mark.parametrize("error", [GatewayTimeout(), GatewayReplyInvalid(), GatewayCredentialsRejected()])
def test_a_gateway_that_does_not_answer_changes_nothing(services, gateway, order, error) -> None:
    before = everything(services)
    gateway.fail_next = error

    with pytest.raises(type(error)):
        sync_order(services, order.id)

    assert everything(services) == before


def test_failures_are_recorded_and_a_later_success_still_pays(services, user, gateway, order) -> None:
    gateway.pay(order.id, status=GatewayPaymentStatus.FAILED, payment_id="PAY1")
    failed = sync_order(services, order.id)
    failure = last_failure(services, user, order.id)
    gateway.pay(order.id, payment_id="PAY1")
    paid = sync_order(services, order.id)

    assert failed.status is OrderStatus.CREATED
    assert failure is not None
    assert failure.status is PaymentStatus.FAILED
    assert paid.status is OrderStatus.PAID
    assert last_failure(services, user, order.id) is None
    assert rows(services, "SELECT status, role FROM payments") == [("captured", "primary")]


def test_cash_on_delivery_opens_nothing_and_calls_a_person(services, user, gateway, order) -> None:
    gateway.pay(order.id, is_money=False)

    assert sync_order(services, order.id).status is OrderStatus.CREATED
    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT count(*) FROM alarms") == [(1,)]


def test_a_payment_after_the_expiry_is_honoured_by_default_and_goes_back_if_so_chosen(
    services, user, gateway, clock, order
) -> None:
    clock.advance(timedelta(minutes=31))
    gateway.pay(order.id)
    refunding = replace(services, settings=services.settings.model_copy(update={"late_payment": "refund"}))

    assert sync_order(refunding, order.id).status is OrderStatus.SURPLUS
    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT reason FROM refunds") == [("paid after the order had expired",)]

    second = start_checkout(services, user, "monthly")
    clock.advance(timedelta(minutes=31))
    gateway.pay(second.id)
    assert sync_order(services, second.id).status is OrderStatus.PAID


@pytest.mark.parametrize("end", ["deleted_at = now()", "status = 'disabled'"])
def test_money_for_a_closed_account_goes_back_and_opens_nothing(services, gateway, order, end) -> None:
    gateway.pay(order.id)
    with services.engine.begin() as conn:
        conn.execute(text(f"UPDATE users SET {end}"))

    assert sync_order(services, order.id).status is OrderStatus.SURPLUS
    assert rows(services, "SELECT count(*) FROM emails") == [(0,)]
    assert rows(services, "SELECT count(*) FROM ledger_entries") == [(2,)]
    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(0,)]
    assert rows(services, "SELECT amount_paise, status FROM refunds") == [(49900, "intended")]


def test_an_order_that_expired_at_the_gateway_expires_here(services, gateway, order) -> None:
    gateway.orders[order.id] = replace(gateway.orders[order.id], status=GatewayOrderStatus.EXPIRED)

    assert sync_order(services, order.id).status is OrderStatus.EXPIRED


def test_an_alarm_reaches_the_admin_by_mail_once(services, user, gateway, order) -> None:
    told = replace(
        services, settings=services.settings.model_copy(update={"admin_email": "owner@example.com"})
    )
    gateway.pay(order.id)
    gateway.orders[order.id] = replace(gateway.orders[order.id], amount_paise=1)

    sync_order(told, order.id)
    sync_order(told, order.id)

    mails = rows(
        services,
        "SELECT kind, to_address, text_body LIKE '%' || :order || '%' FROM emails".replace(
            ":order", f"'{order.id}'"
        ),
    )
    assert mails == [("alarm", "owner@example.com", True)]
