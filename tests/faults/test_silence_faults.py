"""Row F39: the gateway stops sending webhooks. Nothing is lost, and somebody is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.engine import URL

from payment_handler import reconcile
from tests.faults.agreement import disagreements
from tests.faults.wire_shop import WirePlace, WireShop, open_place
from user_management import entitlement


@pytest.fixture(scope="module")
def place(movable_url: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WirePlace]:
    with open_place(movable_url, tmp_path_factory.mktemp("place")) as place:
        yield place


@pytest.fixture
def shop(place: WirePlace) -> Iterator[WireShop]:
    with place.open_shop() as shop:
        yield shop
        assert disagreements(shop) == []


def test_f39_a_gateway_that_stopped_sending_messages_loses_nothing_and_is_noticed(shop: WireShop) -> None:
    buyers = [shop.buyer() for _ in range(3)]
    for buyer in buyers:
        order = shop.order(buyer)
        shop.wait_and_sweep(timedelta(minutes=3))
        shop.pay(order)
    shop.wait_and_sweep(timedelta(minutes=10), rounds=6)
    noticed = shop.alarms()
    shop.receive(*shop.webhook(shop.order_ids()[-1]))
    shop.wait_and_sweep(timedelta(minutes=1))

    assert all(entitlement(shop.services, buyer).is_active for buyer in buyers)
    assert noticed == ["webhooks:cashfree:silent"]
    # The first message after the silence is heard.
    assert shop.rows("SELECT 1 FROM alarms WHERE resolved_at IS NULL") == []


def test_f39_even_without_the_sweep_the_comparison_with_the_gateways_account_finds_every_payment(
    shop: WireShop,
) -> None:
    begin = shop.moment
    buyers = [shop.buyer() for _ in range(3)]
    orders = [shop.order(buyer) for buyer in buyers]
    for order in orders:
        shop.pay(order)
    shop.simulator.control("POST", f"/orders/{orders[0].id}/refund", {})
    shop.advance(timedelta(minutes=30))

    found = reconcile(shop.services, since=begin - timedelta(hours=1), wait=lambda _seconds: None)
    shop.run_jobs()

    assert found.unresolved == ()
    assert [entitlement(shop.services, buyer).is_active for buyer in buyers] == [False, True, True]
