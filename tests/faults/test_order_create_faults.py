"""Rows F10, F14 to F16 and F18: opening an order while processes die, clicks repeat and prices move."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import Any

import pytest

from domain.accounts import User
from domain.errors import CheckoutClosed, UnknownPlan
from domain.orders import OrderStatus
from payment_handler import (
    execute_refund,
    leave_for_gateway,
    process_event,
    receive_webhook,
    start_checkout,
    sync_order,
)
from tests.books import execute, rows
from tests.fakes import FakeGateway
from tests.faults.invariant_guard import the_books_hold as the_books_hold
from user_management import entitlement
from wiring import Services


class Killed(BaseException):
    """The process is gone: no `except Exception` sees it."""


@pytest.mark.parametrize("moment", ["before the call", "after the call"])
def test_f10_a_process_that_dies_around_the_call_leaves_one_order_that_the_next_click_finds(
    services: Services, user: User, gateway: FakeGateway, moment: str
) -> None:
    setattr(gateway, "fail_next" if moment == "before the call" else "lose_reply", Killed())
    with pytest.raises(Killed):
        start_checkout(services, user, "monthly")
    left_behind = rows(services, "SELECT id, status FROM orders")

    order = start_checkout(services, user, "monthly")

    assert left_behind == [(order.id, "creating")]
    assert order.status is OrderStatus.CREATED
    assert list(gateway.orders) == [order.id]
    assert gateway.requests[order.id].tags["checkout_id"] == str(order.checkout_id)


def test_f14_a_storm_of_clicks_on_two_plans_leaves_one_open_order(
    services: Services, user: User, gateway: FakeGateway, scale: Any, exercised: Any
) -> None:
    for _ in range(scale.pick(3, 40)):
        # The limit of orders per hour is another rule's business.
        execute(services, "UPDATE orders SET created_at = '2026-01-01'; DELETE FROM limit_uses")
        barrier = threading.Barrier(8)

        def click(plan: str, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(10)
            # Another tab changed the plan: this one asks the buyer to reload.
            with contextlib.suppress(CheckoutClosed):
                start_checkout(services, user, plan)

        together(*[lambda plan=plan: click(plan) for plan in ["monthly", "annual"] * 4])

        still_open = rows(
            services, "SELECT plan_id FROM orders WHERE status IN ('creating', 'unknown', 'created')"
        )
        assert len(still_open) == 1
    exercised("F14", scale.pick(3, 40) * 8)


def test_f14_going_back_and_clicking_again_reuses_the_order_of_the_plan_and_price(
    services: Services, user: User, gateway: FakeGateway
) -> None:
    orders = {start_checkout(services, user, plan).id for plan in ["monthly", "Monthly", "monthly"]}

    assert len(orders) == 1
    assert gateway.calls.count("create_order") == 1


@pytest.mark.parametrize(
    "plan",
    [
        "monthly:1",
        "monthly&amount=1",
        "Monthly Plan (₹4.99)",
        '{"plan": "monthly", "amount_paise": 1}',
        "monthly\x00annual",
        "monthly'; UPDATE prices SET amount_paise = 1; --",
        "mοnthly",  # with a Greek omicron
        "trial",
        "1",
        "",
        "m" * 100_000,
    ],
)
def test_f15_a_tampered_choice_of_plan_opens_nothing(
    services: Services, user: User, gateway: FakeGateway, plan: str
) -> None:
    with pytest.raises(UnknownPlan):
        start_checkout(services, user, plan)

    assert rows(services, "SELECT 1 FROM orders") == []
    assert gateway.calls == []


def test_f15_the_gateway_is_asked_for_the_price_of_our_table_and_never_again_after_it_answered(
    services: Services, user: User, gateway: FakeGateway
) -> None:
    order = start_checkout(services, user, "annual")
    request = gateway.requests[order.id]

    assert (request.amount_paise, request.currency) == (499000, "INR")
    with pytest.raises(Exception, match="terms of order"):
        execute(services, "UPDATE orders SET amount_paise = 100")


def test_f16_a_plan_that_was_taken_off_sale_before_paying_is_paid_as_it_was_ordered(
    services: Services, user: User, gateway: FakeGateway
) -> None:
    order = start_checkout(services, user, "monthly")
    execute(services, "UPDATE prices SET valid_until = now() + interval '1 second' WHERE plan_id = 'monthly'")
    gateway.pay(order.id)

    paid = sync_order(services, order.id)

    assert (paid.status, paid.amount_paise) == (OrderStatus.PAID, 49900)
    assert entitlement(services, user).is_active
    with pytest.raises(UnknownPlan):
        start_checkout(services, user, "monthly")


def test_f16_a_price_raised_between_creation_and_payment_charges_and_books_the_old_one(
    services: Services, user: User, gateway: FakeGateway
) -> None:
    order = start_checkout(services, user, "monthly")
    raise_price(services, 59900)
    gateway.pay(order.id)

    # The buyer pays what the gateway's page shows, comes back and clicks once more.
    with pytest.raises(CheckoutClosed):
        start_checkout(services, user, "monthly")

    assert rows(services, "SELECT amount_paise, role FROM payments") == [(49900, "primary")]
    assert rows(
        services, "SELECT sum(amount_paise) FROM ledger_entries WHERE account = 'gateway_receivable'"
    ) == [(49900,)]


@pytest.fixture
def two_gateways(services: Services, gateway: FakeGateway) -> Services:
    """A second gateway stands by; new orders go there once the first is out of use."""
    standby = FakeGateway(gateway._now)
    standby.name = "razorpay"
    return replace(services, gateways={"cashfree": gateway, "razorpay": standby})


def fail_over(services: Services) -> Services:
    return replace(services, settings=services.settings.model_copy(update={"payment_gateway": "razorpay"}))


@pytest.mark.parametrize("first_seen", ["cashfree", "razorpay"])
def test_f18_paying_one_purchase_at_two_gateways_activates_once_and_returns_the_other_payment(
    two_gateways: Services, user: User, gateway: FakeGateway, first_seen: str
) -> None:
    services = fail_over(two_gateways)
    standby = services.gateways["razorpay"]
    assert isinstance(standby, FakeGateway)
    orders = {
        "cashfree": start_checkout(two_gateways, user, "monthly").id,
        # The buyer takes the other plan, and this time the other gateway is asked.
        "razorpay": start_checkout(services, user, "annual").id,
    }
    gateway.pay(orders["cashfree"])
    standby.pay(orders["razorpay"])
    second_seen = "razorpay" if first_seen == "cashfree" else "cashfree"

    for name in (first_seen, second_seen, first_seen):
        sync_order(services, orders[name])
    for (refund_key,) in rows(services, "SELECT refund_key FROM refunds"):
        execute_refund(services, refund_key)

    assert rows(services, "SELECT gateway, role, status FROM payments ORDER BY role DESC") == [
        (first_seen, "primary", "captured"),
        (second_seen, "duplicate", "refunded"),
    ]
    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]
    assert rows(services, "SELECT gateway, status FROM refunds") == [(second_seen, "processed")]


def test_f18_an_order_of_a_gateway_that_was_switched_off_still_settles_when_it_is_back(
    two_gateways: Services, user: User, gateway: FakeGateway
) -> None:
    order = start_checkout(two_gateways, user, "monthly")
    assert leave_for_gateway(two_gateways, user, order.id) is not None
    gateway.pay(order.id)
    receive_webhook(
        two_gateways,
        "cashfree",
        {"x-webhook-signature": "good"},
        f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode(),
    )
    ((event_id,),) = rows(two_gateways, "SELECT id FROM gateway_events")
    without = replace(two_gateways, gateways={"razorpay": two_gateways.gateways["razorpay"]})

    with pytest.raises(Exception, match="not configured"):
        process_event(without, event_id)
    process_event(two_gateways, event_id)

    assert entitlement(two_gateways, user).is_active


def raise_price(services: Services, amount_paise: int) -> None:
    execute(services, "UPDATE prices SET valid_until = now() + interval '1 second' WHERE plan_id = 'monthly'")
    execute(services, f"INSERT INTO prices (plan_id, amount_paise) VALUES ('monthly', {amount_paise})")


def together(*works: Any) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
