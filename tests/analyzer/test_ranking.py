from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import analyzer

NAN = np.nan


def strengths(rows: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list("abc"), index=pd.bdate_range("2026-01-01", periods=len(rows)))


def test_the_strongest_sector_is_first() -> None:
    assert analyzer.ranks(strengths([[0.01, 0.09, -0.02]])).iloc[-1].tolist() == [2, 1, 3]


def test_equal_sectors_share_the_better_rank() -> None:
    assert analyzer.ranks(strengths([[0.05, 0.05, 0.01]])).iloc[-1].tolist() == [1, 1, 3]


def test_a_sector_without_a_value_has_no_rank_and_takes_no_place() -> None:
    ranks = analyzer.ranks(strengths([[NAN, 0.01, 0.02]])).iloc[-1]

    assert np.isnan(ranks["a"])
    assert ranks[["b", "c"]].tolist() == [2, 1]


def test_a_climb_is_a_positive_change() -> None:
    change = analyzer.rank_change(strengths([[0.01, 0.02, 0.03], [0.09, 0.02, 0.03]]), sessions=1)

    assert change.iloc[-1].tolist() == [2, -1, -1]


def test_a_sector_that_had_no_rank_before_has_no_change() -> None:
    change = analyzer.rank_change(strengths([[NAN, 0.02, 0.03], [0.09, 0.02, 0.03]]), sessions=1)

    assert np.isnan(change["a"].iloc[-1])


def test_a_change_over_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        analyzer.rank_change(strengths([[0.0, 0.0, 0.0]]), sessions=0)


def test_breadth_is_the_share_ahead_of_the_benchmark() -> None:
    assert analyzer.breadth(strengths([[0.01, 0.02, -0.03]])).iloc[-1] == pytest.approx(2 / 3)


def test_a_sector_level_with_the_benchmark_is_not_ahead() -> None:
    assert analyzer.breadth(strengths([[0.0, 0.02, -0.03]])).iloc[-1] == pytest.approx(1 / 3)


def test_breadth_counts_only_sectors_that_have_a_value() -> None:
    breadth = analyzer.breadth(strengths([[NAN, NAN, NAN], [NAN, 0.02, -0.03]]))

    assert np.isnan(breadth.iloc[0])
    assert breadth.iloc[1] == pytest.approx(0.5)


def test_breadth_above_the_average_needs_a_full_window() -> None:
    closes = strengths([[1, 1, NAN], [1, 1, 1], [2, 0.5, 1]])

    breadth = analyzer.breadth_above_average(closes, sessions=3)

    assert breadth.isna().tolist() == [True, True, False]
    assert breadth.iloc[-1] == pytest.approx(1 / 2)


def test_breadth_of_relative_strength_looks_at_the_line_against_the_benchmark() -> None:
    # All rise, but only the first rises faster than the benchmark.
    closes = strengths([[1, 1, 1], [4, 2, 1.5]])
    benchmark = pd.Series([1.0, 2.0], index=closes.index)

    assert analyzer.breadth_of_relative_strength(closes, benchmark, sessions=2).iloc[-1] == pytest.approx(
        1 / 3
    )
    assert analyzer.breadth_above_average(closes, sessions=2).iloc[-1] == 1
