"""A person decides about an order whose gateway contradicted our books."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import CheckoutClosed, Forbidden, OrderNotFound
from domain.orders import OrderStatus
from payment_handler import execute_refund, release_order, start_checkout, sync_order
from tests.books import rows
from user_management import entitlement


@pytest.fixture
def quarantined(services, user, gateway):
    """A paid order whose gateway said another amount; the truth is what we asked for."""
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    truth = gateway.orders[order.id]
    gateway.orders[order.id] = replace(truth, amount_paise=1)
    assert sync_order(services, order.id).status is OrderStatus.QUARANTINED
    gateway.orders[order.id] = truth
    return order


def test_a_lie_that_ended_opens_the_access_after_a_persons_look(services, user, admin, quarantined) -> None:
    assert sync_order(services, quarantined.id).status is OrderStatus.QUARANTINED

    released = release_order(services, admin, quarantined.id, give_back=False)

    assert released.status is OrderStatus.PAID
    assert entitlement(services, user).is_active
    assert rows(services, "SELECT status, role FROM payments") == [("captured", "primary")]
    assert rows(services, "SELECT resolved_by FROM alarms") == [(admin.id,)]
    assert rows(services, "SELECT quarantine_reason FROM orders") == [(None,)]


def test_what_still_contradicts_us_stays_quarantined(services, user, gateway, admin, quarantined) -> None:
    gateway.orders[quarantined.id] = replace(gateway.orders[quarantined.id], amount_paise=2)

    with pytest.raises(CheckoutClosed, match="still contradicts"):
        release_order(services, admin, quarantined.id, give_back=False)

    assert rows(services, "SELECT status FROM orders") == [("quarantined",)]
    assert not entitlement(services, user).is_active


def test_the_money_of_a_quarantined_order_can_be_given_back(
    services, user, gateway, admin, quarantined
) -> None:
    released = release_order(services, admin, quarantined.id, give_back=True)
    (key,) = (row[0] for row in rows(services, "SELECT refund_key FROM refunds"))
    execute_refund(services, key)

    assert released.status is OrderStatus.SURPLUS
    assert rows(services, "SELECT role, status FROM payments") == [("duplicate", "refunded")]
    assert rows(services, "SELECT sum(amount_paise) FROM ledger_entries GROUP BY account") == [(0,), (0,)]
    assert not entitlement(services, user).is_active


def test_money_that_comes_for_a_quarantined_order_is_held_too(services, user, gateway, admin) -> None:
    order = start_checkout(services, user, "monthly")
    truth = gateway.orders[order.id]
    gateway.orders[order.id] = replace(truth, amount_paise=1)
    sync_order(services, order.id)
    gateway.orders[order.id] = truth
    gateway.pay(order.id)

    for _ in range(2):
        assert sync_order(services, order.id).status is OrderStatus.QUARANTINED

    assert rows(services, "SELECT status, role FROM payments") == [("held", None)]
    assert release_order(services, admin, order.id, give_back=False).status is OrderStatus.PAID


def test_a_gateway_that_contradicts_itself_about_the_amount_has_nothing_returned(
    services, gateway, admin, quarantined
) -> None:
    gateway.payments[quarantined.id] = [
        replace(payment, amount_paise=100) for payment in gateway.payments[quarantined.id]
    ]

    with pytest.raises(CheckoutClosed, match="contradicts itself"):
        release_order(services, admin, quarantined.id, give_back=True)

    assert rows(services, "SELECT * FROM refunds") == []


def test_of_two_successes_the_one_that_the_gateway_does_not_return_is_given_back(
    services, gateway, admin, quarantined
) -> None:
    first = gateway.payments[quarantined.id][0]
    gateway.pay(quarantined.id, payment_id="SECOND")
    theirs = gateway.refund_in_dashboard(quarantined.id, first.amount_paise)
    gateway.refunds[theirs.refund_id] = replace(theirs, is_automatic=True)

    release_order(services, admin, quarantined.id, give_back=True)

    assert rows(
        services,
        "SELECT p.gateway_payment_id, r.origin FROM refunds r JOIN payments p ON p.id = r.payment_id ORDER BY 2",
    ) == [(first.gateway_payment_id, "gateway"), ("SECOND", "ours")]


def test_a_quarantined_order_without_money_lets_the_buyer_begin_anew(services, user, gateway, admin) -> None:
    order = start_checkout(services, user, "monthly")
    truth = gateway.orders[order.id]
    gateway.orders[order.id] = replace(truth, currency="USD")
    sync_order(services, order.id)
    gateway.orders[order.id] = truth
    with pytest.raises(CheckoutClosed):
        start_checkout(services, user, "monthly")
    with pytest.raises(CheckoutClosed, match="No money"):
        release_order(services, admin, order.id, give_back=True)

    assert release_order(services, admin, order.id, give_back=False).status is OrderStatus.SUPERSEDED
    assert start_checkout(services, user, "monthly").id != order.id


def test_only_an_admin_decides_and_only_about_quarantined_orders(services, user, admin) -> None:
    order = start_checkout(services, user, "monthly")

    with pytest.raises(Forbidden):
        release_order(services, user, order.id, give_back=True)
    with pytest.raises(CheckoutClosed, match="not quarantined"):
        release_order(services, admin, order.id, give_back=True)
    with pytest.raises(OrderNotFound):
        release_order(services, admin, "ORDER00000000000000X", give_back=False)
