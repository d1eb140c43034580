"""What the analyzer's pages say, from a market small enough to check by hand, and from the demo market."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from analyzer.market import Basis, Market, Sector
from market_data.demo import load_demo_market
from sectors.breadth import breadth
from sectors.rank_history import rank_history
from sectors.ranking import rank_sectors
from sectors.returns import SPANS, span_begins, span_returns
from sectors.sector_detail import sector_detail


def a_market(growth: dict[str, list[float]], *, start: str = "2026-01-01") -> Market:
    """Daily factors by name; `BENCH` is the benchmark. Every series begins at 100."""
    sessions = pd.bdate_range(start, periods=len(growth["BENCH"]), name="session")
    closes = pd.DataFrame({name: 100 * np.cumprod(path) for name, path in growth.items()}, index=sessions)
    empty = pd.DataFrame(index=sessions)
    names = [name for name in growth if name != "BENCH"]
    return Market(
        version="test",
        source="Test",
        is_demo=False,
        sectors=tuple(Sector(name, name) for name in names),
        benchmarks=("BENCH",),
        total_return=closes,
        price=closes,
        fund_closes=empty,
        fund_turnover=empty,
    )


def steady(factor: float, sessions: int = 130) -> list[float]:
    return [factor] * sessions


def test_weeks_end_with_their_last_session_and_the_strongest_of_today_comes_first() -> None:
    market = load_demo_market()

    history = rank_history(market, "NIFTY 50", 26)

    assert len(history.places) == len(history.ratings) == 26
    assert set(history.places.index.day_name()) == {"Friday"}
    assert history.places.iloc[-1].is_monotonic_increasing
    assert (
        history.places.iloc[-1].astype(int).tolist()
        == rank_sectors(market, "NIFTY 50").table["rank"].tolist()
    )


def test_a_week_that_is_not_over_counts_as_far_as_it_got() -> None:
    history = rank_history(load_demo_market().until(date(2026, 10, 28)), "NIFTY 50", 2)

    assert [day.day for day in history.places.index] == [23, 28]


def test_spans_begin_at_the_same_day_of_the_calendar_or_the_session_before() -> None:
    begins = span_begins(load_demo_market())

    assert begins["1D"] == date(2026, 10, 29)
    assert begins["1M"] == date(2026, 9, 30)
    assert begins["YTD"] == date(2025, 12, 31)
    assert begins["3Y"] == date(2023, 10, 30)


def test_growth_is_counted_from_there_and_relative_growth_is_divided() -> None:
    market = load_demo_market()
    closes = market.closes()["IT"]
    index = market.benchmark("NIFTY 50")

    absolute = span_returns(market, "NIFTY 50").T["IT"]["1M"]
    relative = span_returns(market, "NIFTY 50", relative=True).T["IT"]["1M"]
    since, last = pd.Timestamp("2026-09-30"), closes.index[-1]

    assert absolute == pytest.approx(100 * (closes[last] / closes[since] - 1))
    assert relative == pytest.approx(
        100 * ((closes[last] / closes[since]) / (index[last] / index[since]) - 1)
    )


def test_price_and_total_return_differ_and_a_short_history_has_no_long_span() -> None:
    market = load_demo_market()
    young = market.until(date(2017, 9, 29))

    assert (
        span_returns(market, "NIFTY 50").T["IT"]["3Y"]
        > span_returns(market, "NIFTY 50", basis=Basis.PRICE).T["IT"]["3Y"]
    )
    assert span_returns(young, "NIFTY 50")["3Y"].isna().all()
    assert span_returns(young, "NIFTY 50").columns.tolist() == list(SPANS)


def test_breadth_counts_those_above_and_those_ahead() -> None:
    figures = breadth(
        a_market(
            {
                "Up": steady(1.002, 300),
                "Flat": steady(1.0005, 300),
                "Down": steady(0.999, 300),
                "BENCH": steady(1.001, 300),
            }
        ),
        "BENCH",
    ).daily.iloc[-1]

    assert figures["above_average"] == pytest.approx(100 * 2 / 3)
    assert figures["strength_above_average"] == pytest.approx(100 / 3)
    assert figures["ahead"] == pytest.approx(100 / 3)


def test_every_sector_with_a_position_stands_in_one_quadrant() -> None:
    figures = breadth(load_demo_market(), "NIFTY 50")

    assert (figures.quadrants.sum(axis="columns") == 31).all()


def test_a_line_at_its_high_while_the_price_is_below_its_own_is_marked() -> None:
    fall = steady(1.001, 300) + steady(0.995, 30)
    market = a_market({"Strong": fall, "BENCH": steady(1.001, 300) + steady(0.98, 30)})

    daily = sector_detail(market, "Strong", "BENCH", 252).daily

    assert daily["is_new_high"].tail(30).all()
    assert not daily["is_new_high"].iloc[0]
    assert daily["drawdown_pct"].iloc[-1] == pytest.approx(100 * (0.995**30 - 1))


def test_a_fund_is_measured_against_its_index() -> None:
    detail = sector_detail(load_demo_market(), "IT", "NIFTY 50", 504)

    main = detail.funds[0]
    assert main.fund.symbol == "ITBEES"
    assert main.gap_pct is not None and -1.5 < main.gap_pct < 0.5
    assert main.error_pct is not None and main.error_pct > 0


def test_a_fund_of_a_few_weeks_has_no_gap_yet() -> None:
    detail = sector_detail(load_demo_market().until(date(2026, 2, 2)), "Services", "NIFTY 50", 504)

    assert detail.funds[0].gap_pct is None
    assert detail.funds[0].turnover is not None


def test_an_unknown_sector_is_refused() -> None:
    with pytest.raises(KeyError):
        sector_detail(load_demo_market(), "Tulips", "NIFTY 50", 504)
