"""The same use-cases at both kinds of gateway, and what only one of the kinds does."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from billing.refunds import execute_refund, request_refund
from domain.errors import GatewayTimeout, OrderNotFound
from domain.orders import OrderStatus
from operations.check import run_checks
from payment_handler import (
    checkout_options,
    confirm_return,
    find_order,
    leave_for_gateway,
    process_event,
    receive_webhook,
    reconcile,
    recover_order,
    start_checkout,
    sync_order,
    terminate_order,
)
from tests.books import rows, shown_payment
from tests.fakes import FakeGateway, FakeRazorpay
from user_management import create_admin, entitlement

BOTH = ["cashfree", "razorpay"]


def _events(services, gateway: FakeGateway, body: str) -> bool:
    is_new = receive_webhook(services, gateway.name, {gateway.signature_header: "good"}, body.encode())
    for (event_id,) in rows(services, "SELECT id FROM gateway_events WHERE status = 'new'"):
        process_event(services, event_id)
    return is_new


def _refund_keys(services) -> list[str]:
    return [row[0] for row in rows(services, "SELECT refund_key FROM refunds ORDER BY id")]


def _violations(services) -> list[str]:
    return [finding.id for finding in run_checks(services) if finding.count]


@pytest.mark.parametrize("kind", BOTH)
def test_a_purchase_from_the_order_to_the_access(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    leave_for_gateway(services, user, order.id)
    gateway.pay(order.id)
    paid = confirm_return(services, user, order.id)

    assert order.gateway == gateway.name
    assert order.gateway_order_id == gateway.orders[order.id].gateway_order_id
    assert paid.status is OrderStatus.PAID
    assert entitlement(services, user).is_active


@pytest.mark.parametrize("kind", BOTH)
def test_a_message_about_money_gives_access_once(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)

    first = _events(services, gateway, f"{gateway.paid_event}:{order.id}")
    again = _events(services, gateway, f"{gateway.paid_event}:{order.id}")

    assert (first, again) == (True, False)
    assert len(rows(services, "SELECT 1 FROM subscription_periods")) == 1


@pytest.mark.parametrize("kind", BOTH)
def test_an_answer_that_was_lost_is_found_and_not_opened_again(services, user, gateway) -> None:
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")
    (order_id,) = gateway.orders

    order = start_checkout(services, user, "monthly")

    assert (order.id, order.status) == (order_id, OrderStatus.CREATED)
    assert len(gateway.orders) == 1


def test_only_an_order_that_may_have_been_sent_before_is_looked_for(services, user) -> None:
    seen: list[bool] = []

    class Watching(FakeRazorpay):
        def create_order(self, request):
            seen.append(request.may_exist)
            return super().create_order(request)

    watching = Watching(lambda: None)
    watching.fail_next = GatewayTimeout()
    shop = replace(services, gateways={"cashfree": watching})
    with pytest.raises(GatewayTimeout):
        start_checkout(shop, user, "monthly")
    start_checkout(shop, user, "monthly")

    assert seen == [False, True]


def test_two_tabs_that_open_one_order_twice_at_the_gateway_hand_out_one_number(services, user, clock) -> None:
    barrier = threading.Barrier(2)

    class Forgetful(FakeRazorpay):
        """Opens an order for each request, as a gateway without idempotency keys does."""

        numbers: list[str] = []

        def create_order(self, request):
            barrier.wait(10)
            opened = super().create_order(request)
            number = f"order_{threading.get_ident()}"
            self.numbers.append(number)
            return replace(opened, gateway_order_id=number, payment_session_id=number)

    shop = replace(services, gateways={"cashfree": Forgetful(lambda: clock.moment)})
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(start_checkout(shop, user, "monthly"))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(Forgetful.numbers)) == 2
    assert len({(order.id, order.gateway_order_id, order.payment_session_id) for order in got}) == 1
    assert got[0].gateway_order_id == got[0].payment_session_id


@pytest.mark.parametrize("kind", BOTH)
def test_money_goes_back_under_our_id_and_access_follows(services, user, gateway) -> None:
    admin = create_admin(services, email="admin@example.com", password="TestPass123")
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)

    request_refund(
        services,
        admin,
        order_id=order.id,
        payment_id=shown_payment(services, order.id),
        amount_paise=49900,
        reason="asked",
        refund_key="REFUND000000000000001",
    )
    execute_refund(services, "REFUND000000000000001")
    execute_refund(services, "REFUND000000000000001")

    assert list(gateway.refunds) == ["REFUND000000000000001"]
    assert gateway.calls.count("create_refund") == 1
    assert not entitlement(services, user).is_active
    assert _violations(services) == []


@pytest.mark.parametrize("kind", BOTH)
def test_an_order_that_our_database_lost_is_rebuilt_from_our_id_alone(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    with services.engine.begin() as conn:
        conn.execute(text("DELETE FROM orders"))

    rebuilt = recover_order(services, gateway.name, order.id)

    assert rebuilt is not None
    assert rebuilt.status is OrderStatus.PAID
    assert find_order(services, user, order.id).gateway_order_id == order.gateway_order_id


@pytest.mark.parametrize("kind", BOTH)
def test_a_payment_that_no_message_told_of_is_found_in_the_gateways_account(
    services, user, gateway, clock
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    with services.engine.begin() as conn:
        # Too old for the sweep, and for a look at orders that are open.
        conn.execute(text("UPDATE orders SET created_at = created_at - interval '9 days'"))

    found = reconcile(services, since=clock.moment - timedelta(days=1))

    assert found.movements == 1
    assert find_order(services, user, order.id).status is OrderStatus.PAID


@pytest.mark.parametrize("kind", ["razorpay"])
def test_an_order_that_its_gateway_never_ends_ends_at_our_deadline_and_may_still_be_paid(
    services, user, gateway, clock
) -> None:
    order = start_checkout(services, user, "monthly")
    clock.advance(timedelta(minutes=30))
    ended = sync_order(services, order.id)
    gateway.pay(order.id)
    late = sync_order(services, order.id)

    assert (ended.status, late.status) == (OrderStatus.EXPIRED, OrderStatus.PAID)


@pytest.mark.parametrize("kind", ["razorpay"])
def test_an_order_that_cannot_be_closed_stays_superseded_and_its_money_goes_back(
    services, user, gateway
) -> None:
    monthly = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")
    terminate_order(services, monthly.id)
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    gateway.pay(monthly.id)

    surplus = sync_order(services, monthly.id)
    (key,) = _refund_keys(services)
    execute_refund(services, key)

    assert gateway.refunds[key].order_id == monthly.id
    assert surplus.status is OrderStatus.SURPLUS
    assert entitlement(services, user).is_active
    assert _violations(services) == []


@pytest.mark.parametrize("kind", BOTH)
def test_the_page_is_given_what_opens_the_checkout_of_its_owner_only(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    stranger = create_admin(services, email="admin@example.com", password="TestPass123")

    assert checkout_options(services, user, order.id) == {"paymentSessionId": order.payment_session_id}
    for who, order_id in ((stranger, order.id), (user, "ORDER0000000000NEVER")):
        with pytest.raises(OrderNotFound):
            checkout_options(services, who, order_id)


def test_an_order_that_no_gateway_opened_has_nothing_to_open_a_checkout_with(services, user, gateway) -> None:
    gateway.fail_next = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")
    ((order_id,),) = rows(services, "SELECT id FROM orders")

    with pytest.raises(OrderNotFound):
        checkout_options(services, user, order_id)
