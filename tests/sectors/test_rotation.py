from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer import Rotation
from market_data.demo import load_demo_market
from sectors import rotation
from sectors.rotation import QuadrantMove, quadrant_moves, rotation_view
from sectors.rotation_formula import compare_definitions, what_followed

LEADING, WEAKENING, LAGGING = (101.0, 101.0), (101.0, 99.0), (99.0, 99.0)
NOWHERE = (np.nan, np.nan)


def stand(monkeypatch: pytest.MonkeyPatch, **sectors: list[tuple[float, float]]) -> None:
    """Let the sectors stand at these points, week after week."""
    count = len(next(iter(sectors.values())))
    weeks = pd.date_range("2026-01-02", periods=count, freq="W-FRI")
    tables = [
        pd.DataFrame(
            {name: [point[axis] for point in points] for name, points in sectors.items()}, index=weeks
        )
        for axis in (0, 1)
    ]
    monkeypatch.setattr(analyzer, "rotation", lambda *_: Rotation(*tables))


def test_a_change_is_new_in_its_week_and_held_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    stand(
        monkeypatch,
        New=[LAGGING, LAGGING, LAGGING, LEADING],
        Held=[LAGGING, LEADING, WEAKENING, WEAKENING],
        Old=[LAGGING, LEADING, LEADING, LEADING],
        Still=[LAGGING] * 4,
    )

    moves = quadrant_moves(load_demo_market(), "NIFTY 50")

    assert moves == (
        QuadrantMove("New", "lagging", "leading", 1),
        QuadrantMove("Held", "leading", "weakening", 2),
    )
    assert [move.has_held for move in moves] == [False, True]


def test_a_first_position_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    stand(monkeypatch, Late=[NOWHERE, NOWHERE, LEADING], Gone=[LEADING, LAGGING, NOWHERE], Old=[LAGGING] * 3)

    assert quadrant_moves(load_demo_market(), "NIFTY 50") == ()


def test_rounding_never_moves_a_sector_across_an_axis() -> None:
    positions = pd.DataFrame({"a": [99.9991, 100.0, 100.004, 99.994, 101.237, np.nan]})

    rounded = rotation._rounded(positions)["a"]

    assert rounded.iloc[:5].tolist() == pytest.approx([99.99, 100.0, 100.0, 99.99, 101.24])
    assert np.isnan(rounded.iloc[5])


def test_the_view_is_the_analyzers_map_to_the_hundredth() -> None:
    market = load_demo_market()

    view = rotation_view(market, "NIFTY 50")
    snapshot = analyzer.snapshot(market.closes(), market.benchmark("NIFTY 50"))

    last = view.at(len(view.dates) - 1).set_index("sector")
    assert set(last.index) == set(market.sector_names)
    assert (last["x"] - snapshot["rot_x"]).abs().max() <= 0.01
    assert (last["y"] - snapshot["rot_y"]).abs().max() <= 0.01
    assert view.quadrant.equals(analyzer.quadrants(view.where))


def test_weeks_without_any_position_are_left_out() -> None:
    view = rotation_view(load_demo_market(), "NIFTY 50")

    assert view.where.x.notna().any(axis="columns").all()
    assert len(view.dates) < len(load_demo_market().total_return) / 5


def test_a_market_too_young_for_a_position_has_no_weeks_and_no_moves() -> None:
    market = load_demo_market()
    young = market.lagging(len(market.total_return) - 100)

    assert len(rotation_view(young, "NIFTY 50").dates) == 0
    assert quadrant_moves(young, "NIFTY 50") == ()


def test_a_day_belongs_to_the_last_week_that_has_ended() -> None:
    view = rotation_view(load_demo_market(), "NIFTY 50")

    assert view.dates[view.week_of(date(2026, 5, 17))].date() == date(2026, 5, 15)
    assert view.week_of(None) == len(view.dates) - 1
    assert view.week_of(date(1990, 1, 1)) == 0


def test_a_week_is_listed_clockwise_from_the_leading_ones() -> None:
    table = rotation_view(load_demo_market(), "NIFTY 50").at(-1)

    places = table["quadrant"].map(analyzer.QUADRANTS.index)
    assert places.is_monotonic_increasing


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(KeyError):
        rotation_view(load_demo_market(), "SENSEX")


def test_ours_agrees_with_itself_and_is_the_quietest() -> None:
    ours, *copied = compare_definitions(load_demo_market(), "NIFTY 50")

    assert ours.variant.letter == "F"
    assert ours.agreement_pct == 100
    assert all(ours.found.changes_a_year < other.found.changes_a_year for other in copied)


def test_what_followed_has_the_sign_of_what_was_put_in() -> None:
    market = load_demo_market()
    weekly_trend = np.exp(np.cumsum(np.sin(np.arange(len(market.total_return)) * 2 * np.pi / 400) / 300))
    table = market.total_return.assign(Auto=market.benchmark("NIFTY 50") * weekly_trend)
    table["IT"] = market.benchmark("NIFTY 50") / weekly_trend
    both = tuple(sector for sector in market.sectors if sector.name in {"Auto", "IT"})

    followed = what_followed(replace(market, sectors=both, total_return=table), "NIFTY 50")

    assert followed.difference_pct > 0
    assert followed.is_notable
