from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from billing.checkout import start_checkout
from database import panels, prices
from database.prices import RejectedRow
from domain.errors import NoActiveSubscription
from market_data.demo import SESSIONS, load_demo_market
from market_data.packing import pack
from payment_handler import sync_order
from sectors.market import market_of_the_day, open_market
from tests.market_data.test_packing import small_market


@pytest.fixture
def member(services, user, gateway):
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    return user


def show_prices(services, market) -> str:
    packed = pack(market)
    with services.engine.begin() as conn:
        panels.insert(conn, packed.version, "prices", packed.as_of, packed.meta, packed.payload)
        panels.show(conn, "prices", "A file", now=services.now(conn), actor_id=None)
    return packed.version


def stored_panels(services) -> int:
    with services.engine.connect() as conn:
        return conn.execute(text("SELECT count(*) FROM panels")).scalar_one()


def test_without_a_subscription_nothing_is_shown(services, user) -> None:
    with pytest.raises(NoActiveSubscription):
        open_market(services, user)


def test_the_demo_is_packed_on_first_use_and_once(services, member) -> None:
    first = open_market(services, member)
    second = open_market(services, member)

    assert first.source == "Demo data"
    assert second.total_return.equals(load_demo_market().total_return)
    assert stored_panels(services) <= 1


def test_the_prices_that_are_shown_are_the_newest_packed_ones(services, member) -> None:
    older = small_market()
    show_prices(services, older)
    newer = show_prices(services, replace(older, price=older.price * 2))

    market = open_market(services, member)

    assert market.version == newer
    assert not market.is_demo


def test_packing_the_same_again_makes_it_the_newest(services, member) -> None:
    older = small_market()
    first = show_prices(services, older)
    show_prices(services, replace(older, price=older.price * 2))
    show_prices(services, older)

    assert open_market(services, member).version == first


def test_a_version_is_decoded_once(services, member) -> None:
    show_prices(services, small_market())

    assert open_market(services, member) is open_market(services, member)


def test_the_lag_is_kept_for_readers_and_for_jobs(services, member) -> None:
    lagging = replace(services, settings=services.settings.model_copy(update={"data_lag_sessions": 30}))

    assert len(open_market(lagging, member).total_return) == SESSIONS - 30
    assert len(market_of_the_day(lagging).market.total_return) == SESSIONS - 30


def test_a_panel_that_cannot_be_read_gives_way_to_the_demo_and_fires(services, member) -> None:
    version = show_prices(services, replace(small_market(), source="Broken"))
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE panels SET payload = '' WHERE version = :v"), {"v": version})

    assert open_market(services, member).is_demo
    assert market_of_the_day(services).gate is not None


def test_the_demo_never_fires_a_gate(services) -> None:
    assert market_of_the_day(services).gate is None


def test_late_prices_fire_a_gate(services, clock) -> None:
    show_prices(services, small_market())
    clock.moment = datetime(2026, 2, 3, 12, tzinfo=UTC)
    in_time = market_of_the_day(services)
    clock.advance(timedelta(days=6))

    assert in_time.gate is None
    assert "late" in market_of_the_day(services).gate


def test_a_recent_row_in_the_quarantine_fires_a_gate_until_it_is_decided(services, user, clock) -> None:
    show_prices(services, small_market())
    clock.moment = datetime(2026, 2, 3, 12, tzinfo=UTC)
    with services.engine.begin() as conn:
        days = [date(2026, 2, 2), date(2020, 2, 3)]
        rows = [RejectedRow(f"{day}", "raw", 3, None, day, 400.0, None, "spike", "Too high.") for day in days]
        prices.quarantine(conn, rows, source="A file")
        [recent] = [row for row in prices.list_waiting(conn, limit=10) if row.day == days[0]]
    before = market_of_the_day(services)
    with services.engine.begin() as conn:
        prices.decide(conn, recent.id, "dismissed", now=services.now(conn), actor_id=user.id)

    assert before.gate == "1 recent row waits in the quarantine for a decision."
    assert market_of_the_day(services).gate is None
