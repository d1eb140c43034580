"""Rows F20 to F22 and F24 to F27: paying, with messages and returns that come late, twice, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.engine import URL

from billing.settlement import apply_observation, observe
from domain.accounts import User
from domain.orders import OrderStatus
from payment_handler import confirm_return, leave_for_gateway, sync_order, terminate_order
from tests.faults.agreement import disagreements
from tests.faults.wire_shop import WirePlace, WireShop, open_place
from user_management import entitlement

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def place(movable_url: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WirePlace]:
    with open_place(movable_url, tmp_path_factory.mktemp("place")) as place:
        yield place


@pytest.fixture
def shop(place: WirePlace) -> Iterator[WireShop]:
    with place.open_shop() as shop:
        yield shop
        assert disagreements(shop) == []


@pytest.fixture
def user(shop: WireShop) -> User:
    return shop.buyer()


def test_f20_a_return_before_the_webhook_activates_at_once_and_the_webhook_adds_nothing(
    shop: WireShop, user: User
) -> None:
    order = shop.order(user)
    leave_for_gateway(shop.services, user, order.id)
    shop.pay(order)

    returned = confirm_return(shop.services, user, order.id)
    active_at_once = entitlement(shop.services, user).is_active
    shop.run_jobs()
    before = books(shop)
    shop.advance(MINUTE)
    shop.receive(*shop.webhook(order.id))
    shop.run_jobs()

    assert (returned.status, active_at_once) == (OrderStatus.PAID, True)
    assert books(shop) == before


def test_f21_a_webhook_before_the_return_leaves_the_return_nothing_to_ask_or_do(
    shop: WireShop, user: User
) -> None:
    order = shop.order(user)
    leave_for_gateway(shop.services, user, order.id)
    shop.pay(order)
    shop.receive(*shop.webhook(order.id))
    shop.run_jobs()
    before = books(shop)
    # Long enough for the answer of a moment ago not to be shared any more.
    shop.advance(MINUTE)
    shop.simulator.fault("outage")

    returned = confirm_return(shop.services, user, order.id)

    assert returned.status is OrderStatus.PAID
    assert entitlement(shop.services, user).is_active
    assert books(shop) == before
    # Nobody even asked.
    faults = shop.simulator.control("GET", "/faults")["faults"]
    assert [fault["taken"] for fault in faults if fault["name"] == "outage"] == [0]


def test_f22_a_payment_of_which_nobody_tells_is_found_by_the_sweep_within_a_quarter_of_an_hour(
    shop: WireShop, user: User
) -> None:
    order = shop.order(user)
    # The longest a buyer may take before the sweep has slowed down.
    shop.wait_and_sweep(MINUTE, rounds=28)
    shop.pay(order)

    minutes = 0
    while not entitlement(shop.services, user).is_active:
        shop.wait_and_sweep(MINUTE)
        minutes += 1
        assert minutes <= 15

    assert shop.status(order.id) == "paid"


def test_f24_a_buyer_who_gave_up_may_pay_the_same_order_later(shop: WireShop, user: User) -> None:
    order = shop.order(user)
    shop.pay(order, "upi", "USER_DROPPED")
    shop.receive(*shop.webhook(order.id))
    shop.run_jobs()
    after_dropping = shop.status(order.id)
    still_payable = leave_for_gateway(shop.services, user, order.id)
    shop.wait_and_sweep(MINUTE, rounds=20)

    shop.pay(order, "upi")
    shop.receive(*shop.webhook(order.id))
    shop.run_jobs()

    assert after_dropping == "created"
    assert still_payable is not None
    assert entitlement(shop.services, user).is_active
    assert [o["order_id"] for o in shop.truth()["orders"]] == [order.id]


def test_f24_an_approval_in_the_upi_app_after_the_order_expired_is_accepted(
    shop: WireShop, user: User
) -> None:
    order = shop.order(user)
    shop.advance(20 * MINUTE)
    shop.pay(order, "upi", "PENDING")
    shop.wait_and_sweep(12 * MINUTE)
    while_waiting = shop.status(order.id)

    shop.simulator.control("POST", f"/orders/{order.id}/settle_pending", {"outcome": "SUCCESS"})
    shop.receive(*shop.webhook(order.id))
    shop.run_jobs()

    assert while_waiting == "expired"
    assert shop.status(order.id) == "paid"
    assert entitlement(shop.services, user).is_active


@pytest.mark.parametrize("messages", ["in order", "reversed"])
def test_f25_a_failure_before_the_success_on_one_order_never_shadows_it(
    shop: WireShop, user: User, messages: str
) -> None:
    order = shop.order(user)
    shop.pay(order, "card", "FAILED")
    old_look = observe(shop.services.gateway("cashfree"), order.ref)
    shop.pay(order)
    told = [shop.webhook(order.id, last=2), shop.webhook(order.id, last=1)]

    for headers, body in told if messages == "in order" else reversed(told):
        shop.receive(headers, body)
        shop.run_jobs()
    before = books(shop)
    assert old_look is not None
    with shop.engine.begin() as conn:
        apply_observation(shop.services, conn, order.id, old_look)

    assert shop.status(order.id) == "paid"
    assert books(shop) == before
    assert [row["status"] for row in shop.rows("SELECT status FROM payments ORDER BY status")] == [
        "captured",
        "failed",
    ]


def by_expiry(shop: WireShop, user: User) -> str:
    """The order ends while the bank is still thinking."""
    order = shop.order(user)
    shop.advance(20 * MINUTE)
    shop.pay(order, "upi", "PENDING")
    shop.wait_and_sweep(12 * MINUTE)
    assert shop.status(order.id) == "expired"
    return order.id


def by_termination(shop: WireShop, user: User) -> str:
    """The buyer takes another plan, and the gateway is asked to close the first order."""
    order = shop.order(user)
    shop.pay(order, "upi", "PENDING")
    shop.order(user, "annual")
    shop.run_jobs()
    assert shop.gateway_orders(user)[order.id] == "TERMINATION_REQUESTED"
    return order.id


def by_our_own_books(shop: WireShop, user: User) -> str:
    """The buyer takes another plan, and the gateway has not heard of it yet."""
    order = shop.order(user)
    shop.pay(order, "upi", "PENDING")
    shop.order(user, "annual")
    assert shop.status(order.id) == "superseded"
    return order.id


@pytest.mark.parametrize("late_payment", ["honour", "refund"])
@pytest.mark.parametrize("closed", [by_expiry, by_termination, by_our_own_books])
@pytest.mark.parametrize("told_by", ["webhook", "sweep"])
def test_f26_money_for_an_order_that_was_closed_is_honoured_or_returned_and_never_ignored(
    shop: WireShop, user: User, closed: Any, late_payment: str, told_by: str
) -> None:
    shop.services = shop.with_setting(late_payment=late_payment)
    order_id = closed(shop, user)

    shop.simulator.control("POST", f"/orders/{order_id}/settle_pending", {"outcome": "SUCCESS"})
    if told_by == "webhook":
        shop.receive(*shop.webhook(order_id))
        shop.run_jobs()
    shop.wait_and_sweep(3 * MINUTE, rounds=5)

    goes_back = closed is by_expiry and late_payment == "refund"
    assert shop.status(order_id) == ("surplus" if goes_back else "paid")
    assert entitlement(shop.services, user).is_active is not goes_back
    assert [(r["order_id"], r["status"]) for r in shop.truth()["refunds"]] == (
        [(order_id, "SUCCESS")] if goes_back else []
    )
    # What the buyer no longer needs cannot be paid any more.
    assert "ACTIVE" not in shop.gateway_orders(user).values()


def test_f26_an_order_paid_while_we_ask_to_close_it_is_paid(shop: WireShop, user: User) -> None:
    monthly = shop.order(user)
    annual = shop.order(user, "annual")
    shop.pay(monthly)

    terminate_order(shop.services, monthly.id)
    shop.run_jobs()

    assert shop.status(monthly.id) == "paid"
    assert shop.gateway_orders(user) == {monthly.id: "PAID", annual.id: "TERMINATED"}


def test_f27_a_second_success_on_one_order_buys_nothing_and_is_left_to_the_gateway_to_return(
    shop: WireShop, user: User
) -> None:
    order = shop.order(user)
    shop.simulator.fault("double_success", count=1)
    shop.pay(order)

    sync_order(shop.services, order.id)
    seen_at_once = roles(shop)
    until = entitlement(shop.services, user).access_until
    shop.wait_and_sweep(3 * MINUTE)

    assert seen_at_once == [("primary", "captured"), ("duplicate", "captured")]
    assert roles(shop) == [("primary", "captured"), ("duplicate", "refunded")]
    assert entitlement(shop.services, user).access_until == until
    # Asked for by order, a refund of ours could take the good payment.
    assert [r["origin"] for r in shop.rows("SELECT origin FROM refunds")] == ["gateway"]
    assert any("second payment" in key for key in shop.alarms())


def test_f27_money_on_two_orders_of_one_purchase_is_a_refund_intent_written_with_it(
    shop: WireShop, user: User
) -> None:
    monthly, annual = shop.order(user), shop.order(user, "annual")
    shop.pay(annual)
    shop.pay(monthly)
    sync_order(shop.services, annual.id)

    sync_order(shop.services, monthly.id)
    intents = shop.rows("SELECT r.status, p.order_id FROM refunds r JOIN payments p ON p.id = r.payment_id")
    shop.wait_and_sweep(3 * MINUTE, rounds=2)

    assert intents == [{"status": "intended", "order_id": monthly.id}]
    assert roles(shop) == [("primary", "captured"), ("duplicate", "refunded")]
    assert [r["order_id"] for r in shop.truth()["refunds"]] == [monthly.id]


def books(shop: WireShop) -> list[Any]:
    """Everything that a second telling must not touch."""
    return [
        shop.rows(f"SELECT * FROM {table} ORDER BY 1")
        for table in ("payments", "refunds", "subscriptions", "subscription_periods", "ledger_entries")
    ] + [shop.rows("SELECT kind, dedupe_key FROM emails ORDER BY 1, 2")]


def roles(shop: WireShop) -> list[tuple[str, str]]:
    return [
        (row["role"], row["status"])
        for row in shop.rows("SELECT role, status FROM payments ORDER BY role DESC, id")
    ]
