"""An order or a purchase that is paid twice, and one that was paid unheard: one period, and no rupee lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.errors import CheckoutClosed
from domain.orders import OrderStatus
from payment_handler import start_checkout, sync_order
from tests.books import check_invariants, rows
from user_management import entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


def test_a_second_payment_on_one_order_is_kept_as_a_duplicate_and_left_to_the_gateway(
    services, gateway, order
) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    gateway.pay(order.id, payment_id="SECOND")

    assert sync_order(services, order.id).status is OrderStatus.PAID
    assert rows(services, "SELECT role FROM payments ORDER BY id") == [("primary",), ("duplicate",)]
    assert rows(services, "SELECT count(*) FROM refunds") == [(0,)]
    assert rows(services, "SELECT count(*) FROM alarms") == [(1,)]
    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]
    assert rows(
        services, "SELECT sum(amount_paise) FROM ledger_entries WHERE account = 'owed_to_buyers'"
    ) == [(-49900,)]
    check_invariants(services)


def test_paying_both_orders_of_one_checkout_gives_one_period_and_one_refund(
    services, user, gateway, order
) -> None:
    annual = start_checkout(services, user, "annual")
    gateway.pay(order.id)
    gateway.pay(annual.id)

    first, second = sync_order(services, order.id), sync_order(services, annual.id)
    sync_order(services, annual.id)

    assert (first.status, second.status) == (OrderStatus.PAID, OrderStatus.SURPLUS)
    assert entitlement(services, user).plan_id == "monthly"
    assert rows(services, "SELECT amount_paise, status, reason FROM refunds") == [
        (499000, "intended", "paid twice in one checkout")
    ]
    assert rows(
        services, "SELECT args->>'refund_key' FROM procrastinate_jobs WHERE task_name = 'execute_refund'"
    ) == rows(services, "SELECT refund_key FROM refunds")
    check_invariants(services)


def test_two_successes_on_an_order_that_was_not_needed_are_one_refund_of_ours(
    services, user, gateway
) -> None:
    monthly = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    gateway.pay(monthly.id, payment_id="ONE")
    gateway.pay(monthly.id, payment_id="TWO")

    sync_order(services, monthly.id)

    assert rows(services, "SELECT count(*) FROM payments WHERE role = 'duplicate'") == [(2,)]
    assert rows(services, "SELECT count(*) FROM refunds") == [(1,)]


def test_a_payment_recorded_under_another_order_quarantines_and_gives_no_second_access(
    services, user, gateway
) -> None:
    first = start_checkout(services, user, "monthly")
    paid = gateway.pay(first.id)
    sync_order(services, first.id)
    second = start_checkout(services, user, "monthly")
    gateway.pay(second.id, payment_id=paid.gateway_payment_id)

    synced = sync_order(services, second.id)

    assert synced.status is OrderStatus.QUARANTINED
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM subscription_periods")).scalar_one() == 1


def test_an_order_that_was_paid_unheard_is_found_before_another_one_is_opened(
    services, user, gateway, clock, order
) -> None:
    gateway.pay(order.id)
    clock.advance(timedelta(minutes=31))

    with pytest.raises(CheckoutClosed):
        start_checkout(services, user, "monthly")

    assert rows(services, "SELECT status FROM orders") == [("paid",)]
    assert entitlement(services, user).is_active


def test_an_order_that_was_paid_unheard_is_found_before_the_plan_changes(
    services, user, gateway, order
) -> None:
    gateway.pay(order.id)

    with pytest.raises(CheckoutClosed):
        start_checkout(services, user, "annual")

    assert rows(services, "SELECT plan_id, status FROM orders") == [("monthly", "paid")]
