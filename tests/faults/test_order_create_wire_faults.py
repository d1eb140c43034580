"""Rows F11 to F13, F17 and F19: opening an order over a wire that loses, garbles, lies and goes silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.engine import URL

import gateways.http
from cashfree_integration import CashfreePaymentGateway
from domain.accounts import User
from domain.errors import (
    CircuitOpen,
    GatewayConflict,
    GatewayError,
    GatewayReplyInvalid,
    GatewayTimeout,
    GatewayUnavailable,
)
from domain.gateway import Customer, OrderRequest
from domain.orders import OrderStatus
from gateways.http import GatewayHttp
from gateways.razorpay import RazorpayGateway
from payment_handler import leave_for_gateway, start_checkout, sweep, sync_order
from tests.faults.agreement import disagreements
from tests.faults.wire_shop import WirePlace, WireShop, open_place
from tests.simulator.running_simulator import until
from user_management import entitlement, sign_in


@pytest.fixture(scope="module")
def place(movable_url: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WirePlace]:
    with open_place(movable_url, tmp_path_factory.mktemp("place")) as place:
        yield place


@pytest.fixture
def shop(place: WirePlace) -> Iterator[WireShop]:
    with place.open_shop() as shop:
        yield shop


@pytest.fixture
def user(shop: WireShop) -> User:
    return shop.buyer()


@pytest.mark.parametrize("found_by", ["the next click", "the sweep"])
def test_f11_an_order_whose_creation_timed_out_is_unknown_and_found_under_its_own_id(
    shop: WireShop, user: User, found_by: str
) -> None:
    order_id = lose_the_reply(shop, user)
    left_as = shop.status(order_id)
    if found_by == "the next click":
        assert shop.order(user).id == order_id
    else:
        shop.wait_and_sweep(timedelta(minutes=3))

    assert left_as == "unknown"
    assert list(shop.gateway_orders(user)) == [order_id]
    assert shop.status(order_id) == "created"
    assert leave_for_gateway(shop.services, user, order_id) is not None


# What happens, what it is called, and whether trying again can help.
TROUBLES = [
    ("http_500", GatewayUnavailable, True),
    ("http_502", GatewayUnavailable, True),
    ("http_503", GatewayUnavailable, True),
    ("http_429", GatewayUnavailable, True),
    ("html_error_page", GatewayReplyInvalid, True),
    ("truncated_json", GatewayReplyInvalid, True),
    ("empty_body", GatewayReplyInvalid, True),
    ("redirect_302", GatewayReplyInvalid, True),
    ("huge_body", GatewayReplyInvalid, True),
    ("drop_connection", GatewayTimeout, True),
    ("drop_connection_after_effect", GatewayTimeout, True),
    ("slow", GatewayTimeout, True),
    ("slow_drip", GatewayTimeout, True),
]


@pytest.mark.parametrize(("fault", "error", "is_retryable"), TROUBLES, ids=[t[0] for t in TROUBLES])
def test_f12_trouble_on_the_wire_is_told_apart_and_the_next_click_opens_the_one_order(
    shop: WireShop, fault: str, error: type[GatewayError], is_retryable: bool
) -> None:
    user = shop.buyer()
    seconds = {"slow": 0.5, "slow_drip": 0.05}.get(fault)
    shop.simulator.fault(fault, operation="create_order", seconds=seconds)

    with shop.impatient() if fault.startswith("slow") else nullcontext(), pytest.raises(error) as caught:
        shop.order(user)
    shop.simulator.control("DELETE", "/faults")
    order = shop.order(user)

    assert caught.value.retryable is is_retryable
    assert order.status is OrderStatus.CREATED
    assert list(shop.gateway_orders(user)) == [order.id] == shop.order_ids()


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/pg", "http://no-such-host.invalid/pg", "https"])
def test_f12_a_gateway_that_cannot_be_reached_at_all_takes_nothing_and_keeps_the_order(
    shop: WireShop, user: User, address: str
) -> None:
    if address == "https":
        # TLS towards a port that speaks none.
        address = shop.simulator.origin.replace("http:", "https:") + "/pg"
    lost = CashfreePaymentGateway(
        "TESTSIMULATOR",
        "cfsk_ma_test_simulator",
        api_base=address,
        http=GatewayHttp("cashfree", deadline_seconds=2.0, sleep=lambda _seconds: None),
    )

    with pytest.raises(GatewayUnavailable):
        start_checkout(replace(shop.services, gateways={"cashfree": lost}), user, "monthly")
    left_as = [row["status"] for row in shop.rows("SELECT status FROM orders")]
    order = shop.order(user)

    assert left_as == ["unknown"]
    assert list(shop.gateway_orders(user)) == [order.id]


@pytest.mark.parametrize("kind", ["cashfree", "razorpay"])
def test_f12_an_order_of_which_the_gateway_never_heard_ends_by_itself_with_its_time(
    shop: WireShop, user: User, kind: str
) -> None:
    gateways = shop.services.gateways
    if kind == "razorpay":
        line = GatewayHttp("razorpay", sleep=lambda _seconds: None)
        settings = shop.services.settings.model_copy(update={"payment_gateway": "razorpay"})
        there = RazorpayGateway.from_settings(settings, http=line)
        shop.services = replace(shop.services, settings=settings, gateways={**gateways, "razorpay": there})
    # The call is lost on its way, each time that it is tried.
    shop.simulator.fault("drop_connection", operation="create_order", gateway=kind)
    with pytest.raises(GatewayTimeout):
        start_checkout(shop.services, user, "monthly", gateway=kind)
    (order_id,) = shop.order_ids()

    seen = []
    for _ in range(4):
        shop.wait_and_sweep(timedelta(minutes=7, seconds=29))
        seen.append(shop.status(order_id))
    in_time = shop.moment
    # The time between two looks is a quarter of the order's age: the last falls before its 45th minute, I17.
    shop.wait_and_sweep(timedelta(minutes=2), rounds=6)

    (row,) = shop.rows("SELECT expires_at FROM orders")
    assert in_time < row["expires_at"]
    assert (seen, shop.status(order_id)) == (["unknown"] * 4, "expired")
    assert shop.gateway_orders(user) == {}
    assert shop.alarms() == []


def test_f12_a_buyer_waits_ten_seconds_at_most() -> None:
    # That the deadline is kept whatever drips is shown in tests/gateways/test_http.py.
    assert gateways.http.DEADLINE_SECONDS <= 10


def test_f13_the_same_id_with_another_amount_is_refused_by_the_adapter(shop: WireShop, user: User) -> None:
    order = shop.order(user)
    gateway = shop.services.gateways["cashfree"]
    request = OrderRequest(
        order_id=order.id,
        amount_paise=100,
        currency="INR",
        customer=a_customer(user),
        return_url="",
        notify_url="",
        expires_at=order.expires_at,
    )

    with pytest.raises(GatewayConflict):
        gateway.create_order(request)

    assert [o["amount_paise"] for o in shop.truth()["orders"]] == [49900]


@pytest.mark.parametrize("reply", ["heard", "lost"])
def test_f13_a_price_changed_between_two_tries_makes_a_new_order_and_closes_the_old_one(
    shop: WireShop, user: User, reply: str
) -> None:
    if reply == "lost":
        lose_the_reply(shop, user)
    else:
        shop.order(user)
    (old,) = shop.order_ids()
    shop.execute("UPDATE prices SET valid_until = now() + interval '1 second' WHERE plan_id = 'monthly'")
    shop.execute("INSERT INTO prices (plan_id, amount_paise) VALUES ('monthly', 59900)")

    new = shop.order(user)
    shop.run_jobs()
    shop.wait_and_sweep(timedelta(minutes=3), rounds=2)

    assert (new.id != old, new.amount_paise) == (True, 59900)
    assert shop.gateway_orders(user) == {old: "TERMINATED", new.id: "ACTIVE"}


@pytest.mark.parametrize("lie", ["wrong_amount", "wrong_order_id"])
def test_f17_a_lie_in_the_reply_to_the_creation_is_not_believed(shop: WireShop, user: User, lie: str) -> None:
    shop.simulator.fault(lie, operation="create_order", count=1)

    with pytest.raises(GatewayReplyInvalid):
        shop.order(user)
    (order_id,) = shop.order_ids()

    assert shop.status(order_id) == "unknown"
    assert leave_for_gateway(shop.services, user, order_id) is None
    assert shop.order(user).id == order_id


def test_f17_a_gateway_that_keeps_naming_another_amount_quarantines_the_order_and_calls_a_person(
    shop: WireShop, user: User
) -> None:
    shop.simulator.fault("wrong_amount")
    with pytest.raises(GatewayReplyInvalid):
        shop.order(user)
    (order_id,) = shop.order_ids()
    shop.simulator.pay(order_id)

    shop.wait_and_sweep(timedelta(minutes=3))

    assert shop.status(order_id) == "quarantined"
    assert any(key.startswith(f"order:{order_id}:") for key in shop.alarms())
    assert not entitlement(shop.services, user).is_active


def test_f17_a_gateway_that_answers_about_another_order_gives_no_access_and_changes_nothing(
    shop: WireShop, user: User
) -> None:
    order = shop.order(user)
    shop.pay(order)
    shop.simulator.fault("wrong_order_id")

    with pytest.raises(GatewayReplyInvalid):
        sync_order(shop.services, order.id)

    assert shop.status(order.id) == "created"
    assert not entitlement(shop.services, user).is_active
    shop.simulator.control("DELETE", "/faults")
    assert sync_order(shop.services, order.id).status is OrderStatus.PAID


def test_f19_an_hour_without_the_gateway_harms_nobody_who_has_paid_and_ends_by_itself(
    shop: WireShop, user: User
) -> None:
    order = shop.paid_period(user)
    shop.run_jobs()
    other = shop.buyer()
    shop.simulator.fault("outage")
    failures = [failure_of_order(shop, other) for _ in range(8)]
    asked = calls_of_the_outage(shop)

    for _ in range(12):
        shop.advance(timedelta(minutes=5))
        assert entitlement(shop.services, user).is_active
        assert sign_in(shop.services, login=user.username, password="TestPass123").id == user.id
        assert shop.status(order.id) == "paid"
        sweep(shop.services)
    asked_during_the_hour = calls_of_the_outage(shop) - asked
    shop.simulator.control("DELETE", "/faults/outage")
    shop.wait_and_sweep(timedelta(minutes=10))

    # After some calls nobody asks any more, ...
    assert isinstance(failures[-1], CircuitOpen)
    # ... then one probe a pause, each made of three tries, instead of every buyer's calls.
    assert 12 <= asked_during_the_hour <= 12 * 3
    assert shop.order(other).status is OrderStatus.CREATED
    assert disagreements(shop) == []


def lose_the_reply(shop: WireShop, user: User) -> str:
    """Let the gateway open an order and say nothing. The order's id."""
    shop.simulator.fault("timeout_after_effect", operation="create_order", count=1, seconds=0.6)
    with shop.impatient(), pytest.raises(GatewayTimeout):
        shop.order(user)
    until(lambda: shop.gateway_orders(user))
    (order_id,) = shop.order_ids()
    return order_id


def failure_of_order(shop: WireShop, user: User) -> GatewayError:
    with pytest.raises(GatewayUnavailable) as caught:
        shop.order(user)
    return caught.value


def calls_of_the_outage(shop: WireShop) -> int:
    faults = shop.simulator.control("GET", "/faults")["faults"]
    return sum(fault["taken"] for fault in faults if fault["name"] == "outage")


def a_customer(user: User) -> Customer:
    return Customer(user.customer_id, user.full_name, user.email, "9999999999")
