from __future__ import annotations

from datetime import date

import pandas as pd

import analyzer
from market_data.demo import load_demo_market, load_sectors


def test_the_demo_says_that_it_is_a_demo() -> None:
    assert load_demo_market().source == "Demo data"


def test_two_builds_of_the_demo_are_equal() -> None:
    first = load_demo_market.__wrapped__()
    second = load_demo_market.__wrapped__()

    pd.testing.assert_frame_equal(first.closes, second.closes)
    pd.testing.assert_series_equal(first.benchmark, second.benchmark)


def test_the_demo_ends_on_its_fixed_session_and_holds_two_years_of_weekdays() -> None:
    market = load_demo_market()

    assert market.as_of == date(2026, 10, 30)
    assert len(market.closes) == 504
    assert market.closes.index.day_of_week.max() <= 4


def test_every_price_is_there_and_positive() -> None:
    market = load_demo_market()

    assert (market.closes > 0).all(axis=None)
    assert (market.benchmark > 0).all()


def test_the_universe_holds_sectors_and_no_benchmark() -> None:
    names = [sector.name for sector in load_sectors()]

    assert len(names) == len(set(names)) == 31
    assert not [name for name in names if name.startswith("BENCH")]


def test_a_sector_without_a_fund_says_so() -> None:
    symbols = {sector.name: sector.etf_symbol for sector in load_sectors()}

    assert symbols["Media"] is None
    assert symbols["IT"] == "ITBEES"


def test_the_demo_has_leaders_and_laggards_of_a_believable_size() -> None:
    market = load_demo_market()

    latest = analyzer.relative_strength(market.closes, market.benchmark, sessions=55).iloc[-1]

    assert 0.03 < latest.max() < 0.35
    assert -0.35 < latest.min() < -0.03
