"""One purchase that was paid at both gateways, and one gateway's trouble that is not the other's."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from billing.refunds import execute_refund
from domain.errors import CircuitOpen, GatewayRateLimited, GatewayTimeout
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus
from operations.check import run_checks
from payment_handler import find_order, reconcile, start_checkout, sweep, sync_order
from tests.books import rows
from user_management import entitlement

BOTH = ["cashfree", "razorpay"]


def _refund_keys(services) -> list[str]:
    return [row[0] for row in rows(services, "SELECT refund_key FROM refunds ORDER BY id")]


def _violations(services) -> list[str]:
    return [finding.id for finding in run_checks(services) if finding.count]


@pytest.mark.parametrize("first_told", BOTH)
def test_who_pays_at_both_gateways_gets_one_activation_and_one_refund(
    shop, user, gateway, rzp, first_told
) -> None:
    one = start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayTimeout()
    two = start_checkout(shop, user, "monthly", gateway="razorpay")
    gateway.pay(one.id)
    rzp.pay(two.id, payment_id="pay_TheSecond")

    told = [one.id, two.id] if first_told == "cashfree" else [two.id, one.id]
    for order_id in [*told, *told]:
        sync_order(shop, order_id)
    (key,) = _refund_keys(shop)
    execute_refund(shop, key)

    activated, returned = (find_order(shop, user, order_id) for order_id in told)
    assert (activated.status, returned.status) == (OrderStatus.PAID, OrderStatus.SURPLUS)
    assert len(rows(shop, "SELECT 1 FROM subscription_periods WHERE revoked_at IS NULL")) == 1
    assert [refund.order_id for fake in (gateway, rzp) for refund in fake.refunds.values()] == [returned.id]
    assert entitlement(shop, user).is_active
    assert _violations(shop) == []


def test_both_paid_at_once_by_four_witnesses_is_still_one_activation(shop, user, gateway, rzp) -> None:
    one = start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayTimeout()
    two = start_checkout(shop, user, "monthly", gateway="razorpay")
    gateway.pay(one.id)
    rzp.pay(two.id, payment_id="pay_TheSecond")
    barrier = threading.Barrier(4)

    def work(order_id: str) -> None:
        barrier.wait(10)
        sync_order(shop, order_id)

    threads = [threading.Thread(target=work, args=(order_id,)) for order_id in [one.id, two.id] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(str(find_order(shop, user, order.id).status) for order in (one, two)) == ["paid", "surplus"]
    assert len(_refund_keys(shop)) == 1


def test_held_money_of_a_purchase_that_is_paid_elsewhere_is_never_captured(shop, user, gateway, rzp) -> None:
    one = start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayTimeout()
    two = start_checkout(shop, user, "monthly", gateway="razorpay")
    gateway.pay(one.id)
    sync_order(shop, one.id)
    rzp.pay(two.id, status=GatewayPaymentStatus.AUTHORIZED)

    sync_order(shop, two.id)

    assert "capture_payment" not in rzp.calls
    assert _refund_keys(shop) == []


@pytest.mark.parametrize("error", [CircuitOpen(), GatewayRateLimited()])
def test_the_sweep_leaves_a_gateway_alone_that_is_down_and_asks_the_other(
    live_services, gateway, rzp, user, error
) -> None:
    shop = replace(live_services, gateways={"cashfree": gateway, "razorpay": rzp})
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayTimeout()
    paid = start_checkout(shop, user, "monthly", gateway="razorpay")
    rzp.pay(paid.id)
    with shop.engine.begin() as conn:
        # The order at the gateway that is down has waited longest.
        conn.execute(text("UPDATE orders SET created_at = created_at - interval '5 minutes'"))
        conn.execute(
            text(
                "UPDATE orders SET created_at = created_at - interval '9 minutes' WHERE gateway = 'cashfree'"
            )
        )
        conn.execute(text("UPDATE orders SET synced_at = NULL"))
    gateway.fail_next = error

    result = sweep(shop)

    assert (result.asked, result.moved, result.failed, result.is_cut_short) == (2, 1, 1, True)
    assert find_order(shop, user, paid.id).status is OrderStatus.PAID


def test_an_account_that_cannot_be_read_does_not_hide_the_others(shop, user, gateway, rzp, clock) -> None:
    order = start_checkout(shop, user, "monthly", gateway="razorpay")
    rzp.pay(order.id)
    gateway.fail_next = GatewayTimeout()

    with pytest.raises(GatewayTimeout):
        reconcile(shop, since=clock.moment - timedelta(days=1))

    assert find_order(shop, user, order.id).status is OrderStatus.PAID
