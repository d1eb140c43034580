"""What a buyer's return from the gateway does, and what a buyer sees: their own orders and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import GatewayCredentialsRejected, GatewayReplyInvalid, GatewayTimeout, OrderNotFound
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus, PaymentStatus
from payment_handler import (
    confirm_return,
    find_order,
    last_failure,
    list_orders,
    report_script_failure,
    start_checkout,
    sync_order,
)
from tests.books import rows

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


def test_only_the_owner_can_confirm_a_return(services, gateway, order, stranger) -> None:
    gateway.pay(order.id)
    gateway.calls.clear()

    for order_id in (order.id, "ORDER00000000000000X", "", "x" * 10_000, "\x00", "' OR 1=1 --"):
        with pytest.raises(OrderNotFound):
            confirm_return(services, stranger, order_id)

    assert gateway.calls == []
    assert rows(services, "SELECT status FROM orders") == [("created",)]


def test_a_return_asks_the_gateway_at_most_every_five_seconds(services, user, gateway, clock, order) -> None:
    confirm_return(services, user, order.id)
    gateway.pay(order.id)
    gateway.calls.clear()

    clock.advance(timedelta(seconds=4.9))
    shared = confirm_return(services, user, order.id)
    asked_early = list(gateway.calls)
    clock.advance(timedelta(seconds=0.1))
    fresh = confirm_return(services, user, order.id)

    assert (shared.status, asked_early) == (OrderStatus.CREATED, [])
    assert fresh.status is OrderStatus.PAID


@pytest.mark.parametrize("error", [GatewayTimeout(), GatewayReplyInvalid(), GatewayCredentialsRejected()])
def test_a_return_while_the_gateway_is_down_shows_what_we_know(services, user, gateway, order, error) -> None:
    gateway.pay(order.id)
    gateway.fail_next = error

    shown = confirm_return(services, user, order.id)

    assert (shown.id, shown.status) == (order.id, OrderStatus.CREATED)


def test_a_return_to_a_paid_order_asks_nobody(services, user, gateway, order) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    gateway.calls.clear()

    assert confirm_return(services, user, order.id).status is OrderStatus.PAID
    assert gateway.calls == []


def test_a_script_that_did_not_load_calls_a_person_once_an_hour_and_only_for_owners(
    services, user, clock, order, stranger
) -> None:
    report_script_failure(services, user, order.id)
    report_script_failure(services, user, order.id)
    clock.advance(timedelta(hours=1))
    report_script_failure(services, user, order.id)
    with pytest.raises(OrderNotFound):
        report_script_failure(services, stranger, order.id)

    assert rows(services, "SELECT count(*) FROM alarms") == [(2,)]


def test_a_buyer_sees_their_own_orders_with_their_attempts_and_nobody_elses(
    services, user, gateway, order, stranger
) -> None:
    gateway.pay(order.id, status=GatewayPaymentStatus.FAILED)
    gateway.pay(order.id)
    sync_order(services, order.id)

    (line,) = list_orders(services, user)

    assert (line.order.id, line.plan_name) == (order.id, "Monthly")
    assert {p.status for p in line.payments} == {PaymentStatus.FAILED, PaymentStatus.CAPTURED}
    assert list_orders(services, stranger) == []
    with pytest.raises(OrderNotFound):
        find_order(services, stranger, order.id)
    with pytest.raises(OrderNotFound):
        last_failure(services, stranger, order.id)
