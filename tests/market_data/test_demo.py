from __future__ import annotations

from datetime import date

import pandas as pd

import analyzer
from market_data.demo import load_demo_market
from market_data.universe import load_sectors


def test_the_demo_says_that_it_is_a_demo() -> None:
    assert load_demo_market().source == "Demo data"


def test_two_builds_of_the_demo_are_equal() -> None:
    first = load_demo_market.__wrapped__()
    second = load_demo_market.__wrapped__()

    pd.testing.assert_frame_equal(first.total_return, second.total_return)
    pd.testing.assert_frame_equal(first.fund_turnover, second.fund_turnover)
    assert first.version == second.version


def test_the_demo_ends_on_its_fixed_session_and_holds_ten_years_of_weekdays() -> None:
    market = load_demo_market()

    assert market.as_of == date(2026, 10, 30)
    assert len(market.price) == 2_474
    assert market.price.index.day_of_week.max() <= 4


def test_every_price_is_there_and_positive() -> None:
    market = load_demo_market()

    assert (market.total_return > 0).all(axis=None)
    assert (market.price > 0).all(axis=None)


def test_the_universe_holds_sectors_and_no_benchmark() -> None:
    names = [sector.name for sector in load_sectors()]

    assert len(names) == len(set(names)) == 31
    assert not [name for name in names if name.startswith("BENCH")]


def test_a_sector_without_a_fund_says_so() -> None:
    symbols = {sector.name: sector.fund and sector.fund.symbol for sector in load_sectors()}

    assert symbols["Media"] is None
    assert symbols["IT"] == "ITBEES"


def test_the_demo_has_leaders_and_laggards_of_a_believable_size() -> None:
    market = load_demo_market()

    latest = analyzer.relative_strength(market.closes(), market.benchmark("NIFTY 50"), sessions=55).iloc[-1]

    assert 0.03 < latest.max() < 0.35
    assert -0.35 < latest.min() < -0.03
