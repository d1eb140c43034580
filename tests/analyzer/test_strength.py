from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer.formulas import dual_momentum


def prices(*values: float) -> pd.Series:
    return pd.Series(
        values, index=pd.bdate_range("2026-01-01", periods=len(values)), dtype="float64", name="B"
    )


def walk(sessions: int = 120, columns: int = 4) -> tuple[pd.DataFrame, pd.Series]:
    generator = np.random.default_rng(7)
    index = pd.bdate_range("2026-01-01", periods=sessions)
    steps = generator.normal(0, 0.01, (sessions, columns + 1))
    table = pd.DataFrame(100 * np.exp(steps.cumsum(axis=0)), index=index)
    return table.iloc[:, :columns], table.iloc[:, columns]


def test_the_worked_example_gives_the_ratio_of_growth_factors() -> None:
    closes = prices(500, 540).to_frame("sector")

    strength = analyzer.relative_strength(closes, prices(22_000, 22_440), sessions=1)

    assert strength["sector"].iloc[-1] * 100 == pytest.approx(5.88235, abs=1e-5)


def test_the_benchmark_against_itself_is_always_zero() -> None:
    _, benchmark = walk()

    strength = analyzer.relative_strength(benchmark.to_frame("self"), benchmark, sessions=55)

    assert strength["self"].iloc[55:].abs().max() == 0


def test_a_flat_benchmark_leaves_the_plain_return() -> None:
    strength = analyzer.relative_strength(prices(100, 90, 110).to_frame("a"), prices(50, 50, 50), sessions=2)

    assert strength["a"].iloc[-1] == pytest.approx(0.10)


def test_the_scale_of_a_price_does_not_matter() -> None:
    closes, benchmark = walk()

    once = analyzer.relative_strength(closes, benchmark, sessions=21)
    scaled = analyzer.relative_strength(closes * 37.5, benchmark / 11, sessions=21)

    pd.testing.assert_frame_equal(once, scaled)


def test_appending_sessions_never_changes_earlier_values() -> None:
    closes, benchmark = walk(sessions=120)

    early = analyzer.relative_strength(closes.iloc[:90], benchmark.iloc[:90], sessions=55)
    late = analyzer.relative_strength(closes, benchmark, sessions=55)

    pd.testing.assert_frame_equal(early, late.iloc[:90])


def test_the_first_sessions_have_no_value() -> None:
    closes, benchmark = walk()

    strength = analyzer.relative_strength(closes, benchmark, sessions=55)

    assert strength.iloc[:55].isna().all(axis=None)
    assert strength.iloc[55:].notna().all(axis=None)


def test_a_sector_that_begins_late_has_no_value_until_its_window_is_full() -> None:
    closes, benchmark = walk()
    closes.iloc[:30, 0] = np.nan

    strength = analyzer.relative_strength(closes, benchmark, sessions=10)

    assert strength.iloc[:40, 0].isna().all()
    assert strength.iloc[40:, 0].notna().all()


@pytest.mark.parametrize("broken", [np.nan, 0.0, -5.0, np.inf])
def test_a_price_that_is_missing_or_impossible_gives_no_value_instead_of_a_wrong_one(broken: float) -> None:
    closes = prices(100, 101, 102, 103).to_frame("a")
    closes.iloc[1, 0] = broken

    strength = analyzer.relative_strength(closes, prices(50, 50, 50, 50), sessions=1)

    assert strength["a"].isna().tolist() == [True, True, True, False]


def test_a_hole_in_the_benchmark_gives_no_value() -> None:
    strength = analyzer.relative_strength(prices(1, 2, 3).to_frame("a"), prices(5, np.nan, 5), sessions=1)

    assert strength["a"].isna().all()


def test_different_sessions_are_refused() -> None:
    closes, benchmark = walk()

    with pytest.raises(ValueError, match="same sessions"):
        analyzer.relative_strength(closes.iloc[1:], benchmark, sessions=5)


def test_sessions_out_of_order_are_refused() -> None:
    closes, benchmark = walk()

    with pytest.raises(ValueError, match="rise without repeats"):
        analyzer.relative_strength(closes.iloc[::-1], benchmark.iloc[::-1], sessions=5)


@pytest.mark.parametrize("sessions", [0, -1])
def test_a_window_without_length_is_refused(sessions: int) -> None:
    closes, benchmark = walk()

    with pytest.raises(ValueError, match="at least 1"):
        analyzer.relative_strength(closes, benchmark, sessions=sessions)


def test_the_inputs_are_left_as_they_were() -> None:
    closes, benchmark = walk()
    before = closes.copy(), benchmark.copy()

    analyzer.relative_strength(closes, benchmark, sessions=21)

    pd.testing.assert_frame_equal(closes, before[0])
    pd.testing.assert_series_equal(benchmark, before[1])


def test_a_rebased_line_is_100_at_its_first_session() -> None:
    closes = prices(100, 110, 121).to_frame("a")

    line = analyzer.rs_line(closes, prices(50, 50, 50))

    assert line["a"].tolist() == pytest.approx([100, 110, 121])


def test_a_line_may_be_rebased_at_any_day_and_without_a_session_at_the_one_before() -> None:
    closes = prices(100, 110, 121).to_frame("a")
    closes.index = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-05"])
    benchmark = pd.Series(50.0, index=closes.index)

    line = analyzer.rs_line(closes, benchmark, base="2026-01-04")

    assert line["a"].tolist() == pytest.approx([100 / 1.1, 100, 110])


def test_a_column_without_a_price_at_the_base_has_no_line() -> None:
    closes = prices(np.nan, 110, 121).to_frame("a")

    assert analyzer.rs_line(closes, prices(50, 50, 50))["a"].isna().all()


def test_a_base_before_all_sessions_is_refused() -> None:
    closes, benchmark = walk()

    with pytest.raises(ValueError, match="no session"):
        analyzer.rs_line(closes, benchmark, base="2020-01-01")


def test_dual_momentum_asks_for_more_than_the_riskless_return() -> None:
    # Up by 5 % in 252 sessions.
    closes = np.linspace(100, 105, 253)[np.newaxis]

    assert dual_momentum(closes, risk_free_pct=4.9)[0, -1] == pytest.approx(5)
    assert np.isnan(dual_momentum(closes, risk_free_pct=5.1)[0, -1])
