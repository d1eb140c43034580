"""The second guide's tables of events and of states, each row as what it does to a buyer's access."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.gateway import GatewayOrderStatus, GatewayPaymentStatus, OrderRef
from domain.orders import OrderStatus
from domain.subscriptions import SubscriptionStatus
from payment_handler import find_order, skip_payment, sync_order
from tests.second_guide.conftest import Shop

# Supported events


def test_guide_event_payment_authorized_takes_the_held_money_and_opens_access(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order, outcome="AUTHORIZED")
    before = shop.access().is_active

    assert shop.hear("payment.authorized") == "processed"

    assert not before
    assert shop.access().is_active
    assert shop.rows("SELECT status, role FROM payments") == [("captured", "primary")]


def test_guide_event_payment_captured_opens_access_once(shop: Shop) -> None:
    shop.pay(shop.order())

    assert shop.hear("payment.captured") == "processed"
    assert shop.hear("order.paid") == "processed"

    assert shop.access().is_active
    assert shop.rows("SELECT count(*) FROM subscription_periods") == [(1,)]


def test_guide_event_payment_failed_records_the_attempt_and_keeps_the_order_open(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order, outcome="FAILED")

    assert shop.hear("payment.failed") == "processed"
    still_open = find_order(shop.services, shop.user, order.id).status
    shop.pay(order)
    shop.hear("payment.captured")

    assert still_open is OrderStatus.CREATED
    assert shop.rows("SELECT status FROM payments ORDER BY id") == [("failed",), ("captured",)]
    assert shop.access().is_active


def test_guide_event_refund_created_ends_access_when_the_money_has_gone(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order)
    shop.hear("payment.captured")
    shop.razorpay.switch(refund_result="pending")
    refund = shop.razorpay.simulator.control("POST", f"/orders/{order.gateway_order_id}/refund", {})

    assert shop.hear("refund.created") == "processed"
    while_it_waits = shop.access().is_active
    shop.razorpay.simulator.control("POST", f"/refunds/{refund['refund_id']}/settle", {"outcome": "SUCCESS"})
    assert shop.hear("refund.processed") == "processed"

    assert while_it_waits
    assert not shop.access().is_active
    assert shop.rows("SELECT status, origin FROM refunds") == [("processed", "gateway")]


@pytest.mark.parametrize("is_member", [False, True])
def test_guide_event_subscription_activated_is_kept_and_opens_nothing(shop: Shop, is_member: bool) -> None:
    _subscription_event_changes_nothing(shop, "subscription.activated", is_member)


@pytest.mark.parametrize("is_member", [False, True])
def test_guide_event_subscription_cancelled_is_kept_and_ends_nothing(shop: Shop, is_member: bool) -> None:
    _subscription_event_changes_nothing(shop, "subscription.cancelled", is_member)


def _subscription_event_changes_nothing(shop: Shop, event: str, is_member: bool) -> None:
    """Periods are bought by orders: a subscription at the gateway is none of this shop's."""
    order = shop.order()
    if is_member:
        shop.pay(order)
        shop.hear("payment.captured")
    before = shop.access()
    body = {
        "entity": "event",
        "event": event,
        "contains": ["subscription"],
        "payload": {"subscription": {"entity": {"id": "sub_00000000000001", "status": "active"}}},
    }
    shop.razorpay.simulator.control(
        "POST", "/events/raw", {"gateway": "razorpay", "body": json.dumps(body, separators=(",", ":"))}
    )

    assert shop.hear(event) == "ignored"

    assert shop.access() == before
    assert before.is_active is is_member


# States of an order and of a payment, as Razorpay has them


def test_guide_state_of_an_order_created_attempted_paid(shop: Shop) -> None:
    order = shop.order()
    ref = OrderRef(order.id, order.gateway_order_id)

    def seen() -> tuple[str, GatewayOrderStatus]:
        theirs = shop.razorpay.get(f"/orders/{order.gateway_order_id}")["status"]
        return theirs, shop.adapter.fetch_order(ref).status

    states = [seen()]
    shop.pay(order, outcome="FAILED")
    states.append(seen())
    shop.pay(order)
    states.append(seen())

    assert states == [
        ("created", GatewayOrderStatus.ACTIVE),
        ("attempted", GatewayOrderStatus.ACTIVE),
        ("paid", GatewayOrderStatus.PAID),
    ]


@pytest.mark.parametrize(
    ("outcome", "theirs", "ours", "opens"),
    [
        ("PENDING", "created", GatewayPaymentStatus.PENDING, False),
        ("AUTHORIZED", "authorized", GatewayPaymentStatus.AUTHORIZED, True),
        ("SUCCESS", "captured", GatewayPaymentStatus.SUCCESS, True),
        ("FAILED", "failed", GatewayPaymentStatus.FAILED, False),
    ],
)
def test_guide_state_of_a_payment_and_what_it_opens(
    shop: Shop, outcome: str, theirs: str, ours: GatewayPaymentStatus, opens: bool
) -> None:
    order = shop.order()
    payment_id = shop.pay(order, outcome=outcome)["payment_id"]

    assert shop.razorpay.get(f"/payments/{payment_id}")["status"] == theirs
    (seen,) = shop.adapter.fetch_payments(OrderRef(order.id, order.gateway_order_id))
    sync_order(shop.services, order.id)

    assert seen.status is ours
    # What is only held is captured by the look itself, and is ours then.
    assert shop.access().is_active is opens


def test_guide_state_of_a_payment_that_was_refunded_ends_access(shop: Shop) -> None:
    order = shop.order()
    payment_id = shop.pay(order)["payment_id"]
    sync_order(shop.services, order.id)
    shop.razorpay.simulator.control("POST", f"/orders/{order.gateway_order_id}/refund", {})

    assert shop.razorpay.get(f"/payments/{payment_id}")["status"] == "refunded"
    assert shop.razorpay.get(f"/orders/{order.gateway_order_id}")["status"] == "paid"
    sync_order(shop.services, order.id)

    assert not shop.access().is_active


# States of a subscription


def test_guide_state_subscription_active_is_a_paid_period(shop: Shop) -> None:
    order = shop.order("annual")
    shop.pay(order)
    sync_order(shop.services, order.id)

    assert (shop.access().status, shop.access().plan_id) == (SubscriptionStatus.ACTIVE, "annual")


def test_guide_state_subscription_pending_until_a_payment_arrives(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order, outcome="PENDING")
    sync_order(shop.services, order.id)

    assert shop.access().status is SubscriptionStatus.PENDING


def test_guide_state_subscription_expired_when_its_period_ended(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order)
    sync_order(shop.services, order.id)
    now = shop.services.now
    later = replace(shop, services=replace(shop.services, now=lambda conn: now(conn) + timedelta(days=40)))

    assert later.access().status is SubscriptionStatus.EXPIRED


def test_guide_state_subscription_of_somebody_who_cancels_the_payment_stays_pending(shop: Shop) -> None:
    """Nothing is charged by itself, so there is nothing to cancel but a purchase that was not paid."""
    order = shop.order()

    skip_payment(shop.services, shop.user)

    assert shop.access().status is SubscriptionStatus.PENDING
    assert shop.razorpay.get(f"/orders/{order.gateway_order_id}")["amount_paid"] == 0
