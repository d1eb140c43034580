from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer.metrics import DAILY, SNAPSHOT, WEEKLY
from tests.analyzer.markets import Market, indian_sectors, needs_indian_series, us_sample, walk


def worst_difference(market: Market) -> float:
    """The greatest difference from the golden values, relative to the value where that is above one."""
    found = analyzer.snapshot(market.closes, market.benchmark)
    expected = market.golden.loc[found.index, list(found.columns)]
    difference = ((found - expected).abs() / expected.abs().clip(lower=1)).max(axis=None, skipna=False)
    print(f"{found.size} golden values, greatest difference {difference:.1e}")
    return float(difference)


def test_every_golden_value_of_the_us_sample_is_reproduced() -> None:
    assert worst_difference(us_sample()) < 1e-9


@needs_indian_series
def test_every_golden_value_of_the_indian_sectors_is_reproduced() -> None:
    assert worst_difference(indian_sectors()) < 1e-9


def test_the_snapshot_has_the_golden_columns_but_not_those_of_another_map() -> None:
    market = us_sample()
    golden = [name for name in market.golden.columns if not name.startswith("rrgpy_")]

    assert list(analyzer.snapshot(market.closes, market.benchmark).columns) == golden


def test_the_snapshot_is_the_last_row_of_the_history() -> None:
    closes, benchmark = walk()

    snapshot = analyzer.snapshot(closes, benchmark)
    history = analyzer.history(closes, benchmark, SNAPSHOT)

    for name in SNAPSHOT:
        np.testing.assert_allclose(snapshot[name], history[name].iloc[-1], rtol=1e-9, err_msg=name)


def test_the_history_of_a_daily_measure_has_every_session_and_of_a_weekly_one_every_week() -> None:
    closes, benchmark = walk(sessions=23)

    history = analyzer.history(closes, benchmark)

    assert set(history) == {*DAILY, *WEEKLY}
    assert all(history[name].index.equals(closes.index) for name in DAILY)
    assert [f"{day:%a}" for day in history["rot_x"].index] == ["Fri", "Fri", "Fri", "Fri", "Wed"]


@pytest.mark.parametrize("asof", ["2023-10-11", date(2023, 10, 11), pd.Timestamp("2023-10-11")])
def test_a_past_snapshot_is_the_one_of_that_day(asof: str | date) -> None:
    closes, benchmark = walk()
    until = closes.index <= "2023-10-11"

    past = analyzer.snapshot(closes, benchmark, asof)

    pd.testing.assert_frame_equal(past, analyzer.snapshot(closes[until], benchmark[until]), check_exact=True)


def test_a_day_without_a_session_shows_the_session_before_it() -> None:
    closes, benchmark = walk()

    sunday = analyzer.snapshot(closes, benchmark, "2023-10-15")

    pd.testing.assert_frame_equal(sunday, analyzer.snapshot(closes, benchmark, "2023-10-13"))


def test_a_day_before_all_sessions_is_refused() -> None:
    closes, benchmark = walk(sessions=10)

    with pytest.raises(ValueError, match="no session"):
        analyzer.snapshot(closes, benchmark, "2021-01-01")


def test_no_sessions_are_an_empty_history_and_no_day() -> None:
    closes, benchmark = walk(sessions=10)

    assert all(table.empty for table in analyzer.history(closes.iloc[:0], benchmark.iloc[:0]).values())
    with pytest.raises(ValueError, match="no session"):
        analyzer.snapshot(closes.iloc[:0], benchmark.iloc[:0])


def test_no_instruments_are_no_rows() -> None:
    closes, benchmark = walk(sessions=300)

    assert analyzer.snapshot(closes.iloc[:, :0], benchmark).shape == (0, 12)


def test_different_sessions_are_refused() -> None:
    closes, benchmark = walk(sessions=10)

    with pytest.raises(ValueError, match="same sessions"):
        analyzer.snapshot(closes.iloc[1:], benchmark)


def test_two_instruments_of_one_name_are_refused() -> None:
    closes, benchmark = walk(sessions=10, instruments=2)

    with pytest.raises(ValueError, match="different names"):
        analyzer.snapshot(closes.set_axis(["a", "a"], axis="columns"), benchmark)


def test_sessions_that_are_not_dates_are_refused() -> None:
    closes, benchmark = walk(sessions=10)

    with pytest.raises(TypeError, match="dates"):
        analyzer.snapshot(closes.reset_index(drop=True), benchmark.reset_index(drop=True))


def test_an_unknown_measure_is_refused() -> None:
    closes, benchmark = walk(sessions=10)

    with pytest.raises(KeyError, match="alpha"):
        analyzer.history(closes, benchmark, ["alpha"])


def test_weekend_sessions_belong_to_the_week_that_they_open() -> None:
    index = pd.to_datetime([
        "2026-01-29", "2026-01-30",  # Thursday, Friday
        "2026-02-01", "2026-02-02", "2026-02-05",  # a session on Sunday; the Friday is a holiday
        "2026-02-13", "2026-02-14",  # Friday, and a session on Saturday
    ])  # fmt: skip
    closes = pd.DataFrame({"a": np.linspace(1, 2, 7)}, index=index)

    weeks = analyzer.rotation(closes, pd.Series(1.0, index=index)).x.index

    assert [f"{day:%m-%d}" for day in weeks] == ["01-30", "02-05", "02-13", "02-14"]


@needs_indian_series
def test_a_series_that_stopped_shows_nothing_instead_of_an_old_value() -> None:
    market = indian_sectors()
    closes = market.closes.copy()
    closes.loc["2023-07-14":, "NIFTY IT"] = np.nan

    snapshot = analyzer.snapshot(closes, market.benchmark)

    assert snapshot.loc["NIFTY IT"].isna().all()
    assert snapshot.drop("NIFTY IT").notna().all(axis=None)


def test_what_follows_from_the_strength_of_one_day() -> None:
    """A hand-made year: one sector doubles against a benchmark that stands, the other halves."""
    index = pd.bdate_range("2025-01-01", periods=253)
    way = np.linspace(0, 1, 253)
    closes = pd.DataFrame({"up": 2.0**way, "down": 0.5**way}, index=index)
    history = analyzer.history(closes, pd.Series(50.0, index=index))
    today = {name: table.iloc[-1] for name, table in history.items()}

    assert today["rs252_pct"].round(9).to_dict() == {"up": 100, "down": -50}
    assert today["rs_rating_1_99"].to_dict() == {"up": 99, "down": 1}
    # A straight line of logs has R² 1, and 250 of the 252 steps of the doubling.
    assert today["clenow90_pct"]["up"] == pytest.approx(100 * (2 ** (250 / 252) - 1))
    assert today["momentum_12_1_pct"]["up"] == pytest.approx(100 * (2 ** (231 / 252) - 1))
    assert today["rsmk"]["up"] == pytest.approx(100 * np.log(2) * 90 / 252)
    assert today["dual_momentum_pct"]["up"] == pytest.approx(100)
    assert np.isnan(today["dual_momentum_pct"]["down"])
    months = [21, 63, 126, 189, 252]
    assert today["faber_pct"]["down"] == pytest.approx(
        100 * np.mean([0.5 ** (month / 252) - 1 for month in months])
    )
