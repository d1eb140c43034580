from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer import Rotation
from tests.analyzer.markets import indian_sectors, needs_indian_series, walk


def at(*points: tuple[float, float]) -> Rotation:
    """One instrument that stands at these points, week after week."""
    weeks = pd.date_range("2026-01-02", periods=len(points), freq="W-FRI")
    x, y = zip(*points, strict=True)
    return Rotation(pd.DataFrame({"a": x}, index=weeks), pd.DataFrame({"a": y}, index=weeks))


LEADING, WEAKENING, LAGGING, IMPROVING = (101, 101), (101, 99), (99, 99), (99, 101)
NOWHERE = (np.nan, np.nan)


def test_the_quadrants_follow_each_other_clockwise() -> None:
    quadrants = analyzer.quadrants(at(LEADING, WEAKENING, LAGGING, IMPROVING))

    assert tuple(quadrants["a"]) == analyzer.QUADRANTS == ("leading", "weakening", "lagging", "improving")


def test_a_position_on_an_axis_belongs_to_the_stronger_side() -> None:
    quadrants = analyzer.quadrants(at((100, 100), (100, 99), (99, 100)))

    assert quadrants["a"].tolist() == ["leading", "weakening", "improving"]


def test_no_position_is_no_quadrant() -> None:
    assert analyzer.quadrants(at(NOWHERE))["a"].isna().all()


def test_weeks_in_a_quadrant_are_counted_from_its_last_change() -> None:
    where = at(NOWHERE, LAGGING, LAGGING, LAGGING, IMPROVING, LAGGING)

    weeks = analyzer.weeks_in_quadrant(where)

    assert weeks["a"].iloc[1:].tolist() == [1, 2, 3, 1, 1]
    assert np.isnan(weeks["a"].iloc[0])


def test_restlessness_counts_changes_and_their_kinds() -> None:
    # Clockwise twice, diagonal, counter-clockwise; a gap is no change.
    where = at(LEADING, LEADING, WEAKENING, LAGGING, LEADING, IMPROVING, NOWHERE, LEADING)

    found = analyzer.restlessness(where)

    assert found.changes_a_year == pytest.approx(4 * 52 / 5)
    assert found.clockwise_pct == pytest.approx(50)
    assert found.diagonal_pct == pytest.approx(25)
    assert found.farthest == 1


def test_restlessness_of_nothing_is_missing() -> None:
    found = analyzer.restlessness(at(NOWHERE))

    assert np.isnan([found.changes_a_year, found.clockwise_pct, found.diagonal_pct, found.farthest]).all()


def test_a_tail_is_the_last_weeks_oldest_first() -> None:
    tails = analyzer.tails(at(LEADING, WEAKENING, LAGGING), weeks=2)

    assert tails["quadrant"].tolist() == ["weakening", "lagging"]
    assert tails["age"].tolist() == [1, 0]
    assert tails["session"].is_monotonic_increasing


def test_a_tail_of_the_past_ends_there() -> None:
    where = at(LEADING, WEAKENING, LAGGING)

    tails = analyzer.tails(where, weeks=5, asof="2026-01-15")

    assert tails["quadrant"].tolist() == ["leading", "weakening"]


def test_a_tail_leaves_out_weeks_without_a_position() -> None:
    assert analyzer.tails(at(NOWHERE, LEADING), weeks=2)["age"].tolist() == [0]


def test_the_tails_of_several_instruments_are_one_table() -> None:
    closes, benchmark = walk(sessions=400, instruments=3)
    where = analyzer.rotation(closes, benchmark)

    tails = analyzer.tails(where, weeks=4)

    assert tails["instrument"].tolist() == ["a"] * 4 + ["b"] * 4 + ["c"] * 4
    for row in tails.itertuples():
        assert (row.x, row.y) == (
            where.x.loc[row.session, row.instrument],
            where.y.loc[row.session, row.instrument],
        )


def test_a_tail_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        analyzer.tails(at(LEADING), weeks=0)


def test_the_end_of_a_tail_is_what_the_snapshot_shows() -> None:
    closes, benchmark = walk(sessions=400)

    newest = analyzer.tails(analyzer.rotation(closes, benchmark), weeks=1).set_index("instrument")

    snapshot = analyzer.snapshot(closes, benchmark)
    assert newest["x"].to_dict() == snapshot["rot_x"].to_dict()
    assert newest["y"].to_dict() == snapshot["rot_y"].to_dict()


def test_the_map_begins_when_a_year_of_weeks_is_known() -> None:
    closes, benchmark = walk(sessions=400)

    where = analyzer.rotation(closes, benchmark)

    assert where.x.iloc[:51].isna().all(axis=None)
    assert where.x.iloc[51:].notna().all(axis=None)


@needs_indian_series
def test_the_map_of_the_sectors_is_as_calm_as_the_study_found_it() -> None:
    market = indian_sectors()
    where = analyzer.rotation(market.closes, market.benchmark)
    since = Rotation(where.x["2018-07":], where.y["2018-07":])

    found = analyzer.restlessness(since)

    print(found)
    assert round(found.changes_a_year, 1) == 5.6
    assert round(found.clockwise_pct) == 70
    assert round(found.diagonal_pct) == 3
    assert round(found.farthest, 1) == 4.2
