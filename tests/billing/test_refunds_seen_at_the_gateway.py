"""Refunds that we did not make: from the gateway's dashboard, or its own of a second success; access follows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import GatewayObjectNotFound
from domain.gateway import GatewayPaymentStatus, GatewayRefundStatus
from domain.orders import OrderStatus
from payment_handler import start_checkout, sync_order
from tests.billing.returned_money import FULL, answer, ask
from tests.books import balances, rows
from user_management import entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])


def test_a_refund_made_in_the_dashboard_is_noticed_and_ends_access(services, user, gateway, paid) -> None:
    gateway.refund_in_dashboard(paid.id, FULL)

    sync_order(services, paid.id)
    sync_order(services, paid.id)

    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT origin, status, amount_paise, requested_by FROM refunds") == [
        ("gateway", "processed", FULL, None)
    ]
    assert balances(services) == {"gateway_receivable": 0, "sales": 0}
    assert rows(services, "SELECT count(*) FROM emails WHERE kind = 'refund'") == [(1,)]


def test_a_full_refund_of_a_surcharged_payment_ends_access_and_leaves_no_money(
    services, user, gateway
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id, charged_paise=FULL + 998)
    gateway.refund_in_dashboard(order.id, FULL + 998)

    sync_order(services, order.id)
    sync_order(services, order.id)

    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT amount_paise, gateway_amount_paise FROM refunds") == [(FULL, FULL + 998)]
    assert balances(services) == {"gateway_receivable": 0, "sales": 0}


def test_a_refund_seen_together_with_its_payment_gives_and_ends_access_in_one(
    services, user, gateway
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    gateway.refund_in_dashboard(order.id, FULL)

    assert sync_order(services, order.id).status is OrderStatus.PAID
    assert not entitlement(services, user).is_active


def test_a_refund_that_names_no_payment_takes_from_the_orders_only_one(services, user, gateway, paid) -> None:
    theirs = gateway.refund_in_dashboard(paid.id, FULL)
    gateway.refunds[theirs.refund_id] = replace(theirs, gateway_payment_id="")

    sync_order(services, paid.id)

    assert not entitlement(services, user).is_active


def test_of_two_successes_the_one_that_the_gateway_does_not_return_bought_the_period(
    services, user, gateway
) -> None:
    order = start_checkout(services, user, "monthly")
    for payment_id in ("ONE", "TWO"):
        gateway.pay(order.id, payment_id=payment_id)
    theirs = gateway.refund_in_dashboard(order.id, FULL, status=GatewayRefundStatus.PENDING)
    gateway.refunds[theirs.refund_id] = replace(theirs, gateway_payment_id="ONE", is_automatic=True)
    sync_order(services, order.id)
    answer(gateway, theirs.refund_id, GatewayRefundStatus.SUCCESS)

    sync_order(services, order.id)

    assert entitlement(services, user).is_active
    assert rows(services, "SELECT gateway_payment_id, role, status FROM payments ORDER BY 1") == [
        ("ONE", "duplicate", "refunded"),
        ("TWO", "primary", "captured"),
    ]


def test_of_two_successes_that_nobody_needed_the_one_that_the_gateway_keeps_goes_back(
    services, user, gateway
) -> None:
    monthly, annual = start_checkout(services, user, "monthly"), start_checkout(services, user, "annual")
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    for payment_id in ("ONE", "TWO"):
        gateway.pay(monthly.id, payment_id=payment_id)
    theirs = gateway.refund_in_dashboard(monthly.id, FULL, status=GatewayRefundStatus.PENDING)
    gateway.refunds[theirs.refund_id] = replace(theirs, gateway_payment_id="ONE", is_automatic=True)

    sync_order(services, monthly.id)

    assert rows(
        services,
        "SELECT p.gateway_payment_id, r.origin FROM refunds r JOIN payments p ON p.id = r.payment_id ORDER BY 1",
    ) == [("ONE", "gateway"), ("TWO", "ours")]


def test_a_failed_dashboard_refund_is_kept_beside_one_that_takes_everything(
    services, gateway, admin, paid
) -> None:
    ask(services, admin, paid, FULL)
    gateway.refund_in_dashboard(paid.id, FULL, status=GatewayRefundStatus.FAILED)

    sync_order(services, paid.id)

    assert rows(services, "SELECT origin, status FROM refunds ORDER BY id") == [
        ("ours", "intended"),
        ("gateway", "failed"),
    ]


def test_a_refund_of_nothing_changes_nothing(services, gateway, paid) -> None:
    gateway.refund_in_dashboard(paid.id, 0)

    sync_order(services, paid.id)

    assert rows(services, "SELECT * FROM refunds") == []


def test_refunds_beyond_the_payment_are_told_and_not_booked(services, gateway, paid) -> None:
    gateway.refund_in_dashboard(paid.id, FULL)
    gateway.refund_in_dashboard(paid.id, 100)

    sync_order(services, paid.id)

    assert rows(services, "SELECT sum(amount_paise) FROM refunds") == [(FULL,)]
    assert rows(services, "SELECT count(*) FROM alarms WHERE message LIKE '%more than payment%'") == [(1,)]


def test_an_order_without_refunds_may_be_answered_not_found(services, user, gateway) -> None:
    def absent(_order_id):
        raise GatewayObjectNotFound()

    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    gateway.fetch_refunds = absent

    assert sync_order(services, order.id).status is OrderStatus.PAID


def test_hostile_lists_of_attempts_and_refunds_do_not_block_an_order(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    paid = gateway.pay(order.id)
    failed = replace(paid, status=GatewayPaymentStatus.FAILED)
    gateway.payments[order.id] = [
        failed,
        paid,
        paid,
        replace(failed, gateway_payment_id="NOTHING", amount_paise=0),
        replace(failed, gateway_payment_id="x" * 400),
    ]
    theirs = gateway.refund_in_dashboard(order.id, 100)
    gateway.refunds = {
        "a": replace(theirs, refund_id="", gateway_refund_id="47.11 é" * 40),
        "b": replace(theirs, refund_id="SECOND", gateway_refund_id="1"),
        "c": replace(theirs, refund_id="THIRD", gateway_refund_id="1"),
    }

    for _ in range(2):
        assert sync_order(services, order.id).status is OrderStatus.PAID

    assert rows(services, "SELECT count(*) FROM payments") == [(1,)]
    assert rows(services, "SELECT count(*) FROM refunds") == [(2,)]


def test_a_dashboard_refund_with_a_strange_id_is_kept_under_the_gateways_number(
    services, gateway, paid
) -> None:
    theirs = gateway.refund_in_dashboard(paid.id, 100)
    gateway.refunds = {"x": replace(theirs, refund_id="r é !", gateway_refund_id="4711")}

    sync_order(services, paid.id)
    sync_order(services, paid.id)

    assert rows(services, "SELECT refund_key, gateway_refund_id FROM refunds") == [("gateway_4711", "4711")]
