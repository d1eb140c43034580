"""What a careful reader is given: the example, the closes behind a figure, the series, the gates in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from domain.errors import NoActiveSubscription
from market_data import gates
from market_data.demo import load_demo_market
from sectors import market as market_loader
from sectors.method import check_of, extremes, gates_in_words, packed_at, series_rows, worked_example
from sectors.ranking import rank_sectors
from tests.sectors.markets import a_market, growing
from tests.sectors.readers import a_reader


def test_the_example_is_what_the_growth_factors_make() -> None:
    example = worked_example()

    assert example.strength_pct == pytest.approx(5.882352941176, abs=1e-9)
    assert (example.sector_growth, example.benchmark_growth) == pytest.approx((1.08, 1.02))
    assert example.changes_divided == pytest.approx(4.0)
    assert example.changes_subtracted_pct == pytest.approx(6.0)
    assert round(example.rounded_first_pct, 2) == 6.17


@pytest.mark.parametrize("day", [date(2026, 10, 30), date(2021, 3, 17)])
@pytest.mark.parametrize("benchmark", ["NIFTY 50", "NIFTY 500"])
def test_a_check_is_the_figure_of_the_ranking_to_the_last_bit(day: date, benchmark: str) -> None:
    market = load_demo_market().until(day)
    table = rank_sectors(market, benchmark).table.set_index("sector")

    for name in market.sector_names:
        check = check_of(market, name, benchmark)
        first, last = check.closes.iloc[0], check.closes.iloc[-1]

        assert check.strength_pct == table.loc[name, "rs55_pct"]
        assert len(check.closes) == 56
        by_hand = ((last[name] / first[name]) / (last[benchmark] / first[benchmark]) - 1) * 100
        assert by_hand == pytest.approx(check.strength_pct, abs=1e-10)


def test_a_window_without_a_close_at_one_end_has_no_figure() -> None:
    path = growing(0.001)
    path[-56] = np.nan
    market = a_market({"Bank": path, "Auto": growing(0.0)})

    assert check_of(market, "Bank", "NIFTY 50").strength_pct is None
    assert check_of(market, "Auto", "NIFTY 50").strength_pct == 0
    with pytest.raises(KeyError):
        check_of(market, "Tulips", "NIFTY 50")


def test_a_series_says_where_it_begins_what_it_lacks_and_where_it_ended() -> None:
    late, gappy, ended = growing(0.001), growing(0.001), growing(0.001)
    late[:100], gappy[50:53], ended[-20:] = np.nan, np.nan, np.nan
    market = a_market(
        {"Late": late, "Gappy": gappy, "Ended": ended, "None": np.full(400, np.nan)},
        funds={"Ended": ("ENDBEES", 1e6), "Late": ("LATEBEES", 1e6)},
    )
    days = market.total_return.index

    rows = {row.sector.name: row for row in series_rows(market)}

    assert (rows["Late"].first, rows["Late"].closes, rows["Late"].missing) == (days[100].date(), 300, 0)
    assert (rows["Gappy"].missing, rows["Gappy"].no_data_since) == (3, None)
    assert rows["Ended"].no_data_since == days[-21].date()
    assert rows["Ended"].ended_funds == {"ENDBEES": days[-21].date()}
    assert (rows["None"].first, rows["None"].closes) == (None, 0)


def test_the_gates_in_words_hold_the_limits_of_the_gates(monkeypatch) -> None:
    monkeypatch.setattr(gates, "SPIKE_LOG_RETURN", 0.31)
    monkeypatch.setattr(gates, "BACK_WITHIN", 0.12)
    monkeypatch.setattr(gates, "FUND_JUMP", 0.44)

    words = " ".join(gate.rule for gate in gates_in_words())

    assert "beyond 0.31" in words and "within 12 %" in words and "more than 44 %" in words


def test_the_two_ends_of_a_column_are_those_of_the_ranking() -> None:
    market = load_demo_market()
    table = rank_sectors(market, "NIFTY 50").table

    (highest, lowest) = extremes(market, "NIFTY 50")["rs55_pct"]

    assert highest == (table["sector"].iloc[0], table["rs55_pct"].iloc[0])
    assert lowest == (table["sector"].iloc[-1], table["rs55_pct"].iloc[-1])


def test_a_column_without_values_has_no_ends() -> None:
    market = load_demo_market()
    young = replace(market, total_return=market.total_return.iloc[:60])

    found = extremes(young, "NIFTY 50")

    assert "rs55_pct" in found
    assert "rs252_pct" not in found


def test_when_prices_were_packed_is_told_to_subscribers_only(services, user, gateway, monkeypatch) -> None:
    monkeypatch.setattr(market_loader, "_opened", {})
    with pytest.raises(NoActiveSubscription):
        packed_at(services, user)

    moment = packed_at(services, a_reader(services, gateway, user))

    assert moment is not None and moment.tzinfo is not None
