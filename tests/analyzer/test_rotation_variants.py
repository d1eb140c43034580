from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer import Rotation
from analyzer.rotation_variants import VARIANTS, agreement_pct
from tests.analyzer.markets import indian_sectors, needs_indian_series, walk


@needs_indian_series
@pytest.mark.parametrize(
    ("letter", "changes", "clockwise", "diagonal", "farthest"),
    [("F", 5.6, 70, 3, 4.2), ("A", 28.4, 57, 13, 3.3), ("C", 16.2, 52, 22, 26)],
)
def test_each_definition_is_as_restless_as_published(
    letter: str, changes: float, clockwise: float, diagonal: float, farthest: float
) -> None:
    market = indian_sectors()

    where = VARIANTS[letter].compute(market.closes, market.benchmark)
    found = analyzer.restlessness(Rotation(where.x.loc["2018-07":], where.y.loc["2018-07":]))

    assert found.changes_a_year == pytest.approx(changes, abs=0.05)
    assert found.clockwise_pct == pytest.approx(clockwise, abs=0.5)
    assert found.diagonal_pct == pytest.approx(diagonal, abs=0.5)
    assert found.farthest == pytest.approx(farthest, abs=0.5 if farthest > 10 else 0.05)


@needs_indian_series
def test_the_most_copied_definition_agrees_with_ours_as_often_as_chance() -> None:
    market = indian_sectors()
    ours, copied = (
        analyzer.quadrants(VARIANTS[letter].compute(market.closes, market.benchmark)).loc["2018-07":]
        for letter in "FA"
    )

    assert agreement_pct(ours, copied) == pytest.approx(25, abs=0.5)


@pytest.mark.parametrize("letter", "AC")
def test_a_week_more_alters_no_earlier_position(letter: str) -> None:
    closes, benchmark = walk(sessions=400)
    compute = VARIANTS[letter].compute

    whole, earlier = compute(closes, benchmark), compute(closes.iloc[:-30], benchmark.iloc[:-30])

    weeks = earlier.x.index[:-1]
    pd.testing.assert_frame_equal(whole.x.loc[weeks], earlier.x.loc[weeks])
    pd.testing.assert_frame_equal(whole.y.loc[weeks], earlier.y.loc[weeks])


def test_a_ratio_that_stands_still_has_no_z_score_and_is_in_the_middle_of_its_averages() -> None:
    _, benchmark = walk(sessions=300, instruments=1)
    same = pd.DataFrame({"a": benchmark})

    assert VARIANTS["A"].compute(same, benchmark).x.isna().all(axis=None)
    assert VARIANTS["C"].compute(same, benchmark).x.iloc[-1]["a"] == pytest.approx(100)


def test_agreement_counts_only_what_both_know() -> None:
    one = pd.DataFrame({"a": ["leading", "lagging", None], "b": ["lagging", None, "leading"]})
    other = pd.DataFrame({"a": ["leading", "leading", "leading"], "b": ["lagging", "leading", None]})

    assert agreement_pct(one, other) == pytest.approx(100 * 2 / 3)
    assert np.isnan(agreement_pct(one.iloc[:0], other.iloc[:0]))
