from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from market_data.gates import Rule, find_stopped, find_suspects, row_problem, sessions_of
from tests.analyzer.markets import indian_series, needs_indian_series, walk


def series(sessions: int = 60) -> pd.Series:
    return walk(sessions, 1)[0]["a"]


def days_of(closes: pd.Series, *places: int) -> list[date]:
    return [closes.index[place].date() for place in places]


@pytest.mark.parametrize("factor", [100.0, 10.0, 0.1, 1.4, 0.7])
@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("start", [0, 1, 30, 54])
def test_a_spike_that_comes_back_is_found_with_all_its_days(factor: float, length: int, start: int) -> None:
    closes = series()
    closes.iloc[start : start + length] *= factor

    suspects = find_suspects(closes, is_fund=False)

    assert [suspect.day for suspect in suspects] == days_of(closes, *range(start, start + length))
    assert {suspect.rule for suspect in suspects} == {Rule.SPIKE}


def test_what_a_close_is_held_against_is_a_close_of_the_series() -> None:
    closes = series(2)
    closes.iloc[:] = [30100.5, 300000.0]

    [suspect] = find_suspects(closes, is_fund=False)

    assert suspect.sentence.startswith("300000 is 10.0 times above the 30100.5 before it")


def test_a_move_below_the_double_is_told_in_per_cent() -> None:
    closes = series()
    closes.iloc[30] = closes.iloc[29] * 1.6

    [suspect] = find_suspects(closes, is_fund=False)

    assert " is 60 % above the " in suspect.sentence


def test_a_move_that_stays_is_believed_of_an_index() -> None:
    closes = series()
    closes.iloc[30:] *= 1.3

    assert find_suspects(closes, is_fund=False) == []


@pytest.mark.parametrize("factor", [0.1, 0.5, 10.0])
def test_a_fund_whose_units_were_divided_is_held_back_from_that_day_on(factor: float) -> None:
    index = series()
    closes = index / 10
    closes.iloc[50:] *= factor

    suspects = find_suspects(closes, is_fund=True, index=index)

    assert [suspect.day for suspect in suspects] == days_of(closes, *range(50, 60))
    assert {suspect.rule for suspect in suspects} == {Rule.JUMP}


def test_an_accepted_jump_lets_what_follows_through() -> None:
    index = series()
    closes = index / 10
    closes.iloc[50:] *= 0.1

    assert find_suspects(closes, is_fund=True, index=index, accepted=days_of(closes, 50)) == []


def test_a_fund_may_jump_with_its_index() -> None:
    index = series()
    index.iloc[50:] *= 1.45
    closes = index / 10

    assert find_suspects(closes, is_fund=True, index=index) == []
    assert len(find_suspects(closes, is_fund=True)) == 10


def test_the_newest_close_of_an_index_at_ten_times_is_held_back() -> None:
    closes = series()
    closes.iloc[-1] *= 10

    [suspect] = find_suspects(closes, is_fund=False)

    assert suspect.rule is Rule.JUMP
    assert "10." in suspect.sentence or "9." in suspect.sentence


@pytest.mark.parametrize("close", [0.0, -3.0, float("nan"), float("inf")])
def test_what_is_no_price_is_named(close: float) -> None:
    problem = row_problem(date(2026, 7, 3), close, today=date(2026, 7, 4))

    assert problem is not None
    assert problem[0] is Rule.NOT_POSITIVE


def test_tomorrow_has_no_close() -> None:
    assert row_problem(date(2026, 7, 4), 1.0, today=date(2026, 7, 4)) is None
    assert row_problem(date(2026, 7, 5), 1.0, today=date(2026, 7, 4))[0] is Rule.FUTURE


def test_a_series_has_stopped_after_more_than_five_sessions() -> None:
    closes = walk(60, 3)[0]
    closes.iloc[-5:, 0] = np.nan
    closes.iloc[-6:, 1] = np.nan

    [stopped] = find_stopped(closes)

    assert (stopped.name, stopped.last_day, stopped.sessions) == ("b", closes.index[-7].date(), 6)


def test_a_stray_row_makes_no_session_and_a_weekend_may_be_one() -> None:
    closes = walk(60, 6)[0]
    saturday, sunday = pd.Timestamp("2022-02-05"), pd.Timestamp("2022-02-06")
    closes.loc[saturday] = 100.0
    closes.loc[sunday, "a"] = 100.0
    closes = closes.sort_index()

    sessions = sessions_of(closes)

    assert saturday in sessions
    assert sunday not in sessions
    assert len(sessions) == 61


def test_series_that_begin_late_or_end_early_do_not_hide_sessions() -> None:
    closes = walk(60, 6)[0]
    closes.iloc[:40, :4] = np.nan
    closes.iloc[50:, 4:] = np.nan

    assert len(sessions_of(closes)) == 60


@needs_indian_series
def test_ten_years_of_106_real_indices_raise_no_false_alarm() -> None:
    closes = indian_series()

    suspects = {name: find_suspects(closes[name].dropna(), is_fund=False) for name in closes}

    assert len(suspects) == 106
    assert {name: found for name, found in suspects.items() if found} == {}
    psu = closes["NIFTY PSU BANK"].pct_change()
    assert psu.loc["2017-10-25"] == pytest.approx(0.296, abs=0.001)


@needs_indian_series
def test_the_real_indices_have_their_weekend_sessions_and_one_has_stopped() -> None:
    closes = indian_series()

    [stopped] = find_stopped(closes)

    assert (stopped.name, stopped.last_day) == ("NIFTY CPSE", date(2023, 7, 13))
    assert len(sessions_of(closes)) == 2_474
    assert (sessions_of(closes).day_of_week > 4).sum() == 10


@needs_indian_series
def test_planted_faults_in_the_real_indices_are_all_found() -> None:
    closes = indian_series()
    generator = np.random.default_rng(5)
    missed = []
    for name in closes:
        series = closes[name].dropna()
        place = int(generator.integers(10, len(series) - 10))
        series.iloc[place : place + 2] *= generator.choice([0.01, 0.1, 10, 100])
        found = [suspect.day for suspect in find_suspects(series, is_fund=False)]
        if found != days_of(series, place, place + 1):
            missed.append(name)

    assert missed == []
