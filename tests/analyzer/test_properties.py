"""What must hold of every measure whatever the prices are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import analyzer
from analyzer.metrics import DAILY, WEEKLY
from tests.analyzer.markets import walk

ACROSS = ("rs_rating_1_99", "nse_nms")
OWN = tuple(name for name in (*DAILY, *WEEKLY) if name not in ACROSS)
OF_RATIO = ("rs21_pct", "rs55_pct", "rs123_pct", "rs252_pct", "mansfield200d", "mansfield52w", "rsmk")
POINTS = ("rot_x", "rot_y")


@st.composite
def markets(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.Series]:
    """A market of any length around the windows' lengths, with late starters and holes in some instruments."""
    closes, benchmark = walk(
        sessions=draw(st.integers(2, 420)),
        instruments=draw(st.integers(2, 6)),
        seed=draw(st.integers(0, 999)),
    )
    for name in draw(st.lists(st.sampled_from(list(closes.columns)), max_size=2)):
        closes.loc[closes.index[: draw(st.integers(0, len(closes)))], name] = np.nan
    for name in draw(st.lists(st.sampled_from(list(closes.columns)), max_size=2)):
        closes.loc[closes.index[draw(st.integers(0, len(closes) - 1))], name] = np.nan
    return closes, benchmark


def check(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(max_examples=count, deadline=None)


def equal(found: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame], *, exact: bool = False) -> None:
    assert set(found) == set(expected)
    for name, table in found.items():
        pd.testing.assert_frame_equal(
            table, expected[name], check_exact=exact, rtol=1e-8, atol=1e-8, check_freq=False, obj=name
        )


@check(40)
@given(markets(), st.data())
def test_sessions_that_follow_change_nothing_to_the_last_bit(
    market: tuple[pd.DataFrame, pd.Series], data: st.DataObject
) -> None:
    closes, benchmark = market
    known = data.draw(st.integers(1, len(closes)))

    later = analyzer.history(closes, benchmark)
    then = analyzer.history(closes.iloc[:known], benchmark.iloc[:known])

    for name, table in then.items():
        # A week is final when the next has begun.
        final = table.iloc[:-1] if name in WEEKLY and known < len(closes) else table
        pd.testing.assert_frame_equal(
            final, later[name].loc[final.index], check_exact=True, check_freq=False, obj=name
        )


@check(40)
@given(markets(), st.data())
def test_a_day_looked_at_later_is_what_it_was(
    market: tuple[pd.DataFrame, pd.Series], data: st.DataObject
) -> None:
    closes, benchmark = market
    known = data.draw(st.integers(1, len(closes)))
    wild = closes.copy()
    wild.iloc[known:] *= 1000.0

    looked_back = analyzer.snapshot(wild, benchmark, closes.index[known - 1])

    then = analyzer.snapshot(closes.iloc[:known], benchmark.iloc[:known])
    pd.testing.assert_frame_equal(looked_back, then, check_exact=True)


@check(40)
@given(markets(), st.lists(st.floats(1e-4, 1e4), min_size=7, max_size=7))
def test_the_unit_of_a_price_does_not_matter(
    market: tuple[pd.DataFrame, pd.Series], scales: list[float]
) -> None:
    closes, benchmark = market
    scaled = closes * scales[: closes.shape[1]]

    # The rating is left out: of two equal scores, rounding may put either first.
    names = [name for name in (*DAILY, *WEEKLY) if name != "rs_rating_1_99"]
    equal(analyzer.history(scaled, benchmark * scales[-1], names), analyzer.history(closes, benchmark, names))


@check(25)
@given(st.integers(2, 420), st.integers(0, 999), st.floats(0.001, 1000))
@example(sessions=420, seed=0, scale=1.1)  # a ratio that rounding moves in its last digit
def test_the_benchmark_against_itself_is_zero_and_at_the_centre(
    sessions: int, seed: int, scale: float
) -> None:
    _, benchmark = walk(sessions=sessions, seed=seed)
    itself = pd.DataFrame({"itself": benchmark, "a fund of it": benchmark * scale})

    history = analyzer.history(itself, benchmark)

    for name in (*OF_RATIO, "ibd_raw"):
        values = history[name].dropna()
        assert (values["itself"] == 0).all()
        assert (values["a fund of it"].abs() < 1e-10).all()
    for name in POINTS:
        assert (history[name].dropna() == 100).all(axis=None)


@check(25)
@given(st.integers(300, 420), st.integers(0, 999))
def test_exchanging_instrument_and_benchmark_mirrors_strength(sessions: int, seed: int) -> None:
    closes, benchmark = walk(sessions=sessions, instruments=1, seed=seed)

    there = analyzer.history(closes, benchmark)
    back = analyzer.history(benchmark.to_frame("a"), closes["a"])

    for name in ("rs55_pct", "ibd_raw"):
        mirrored = np.log1p(there[name] / 100) + np.log1p(back[name] / 100)
        assert mirrored.abs().max(axis=None) < 1e-10
    assert (there["rsmk"] + back["rsmk"]).abs().max(axis=None) < 1e-10
    for name in POINTS:
        assert (there[name] + back[name] - 200).abs().max(axis=None) < 1e-9


@check(25)
@given(markets(), st.randoms(use_true_random=False))
def test_the_order_of_the_columns_only_orders_the_result(
    market: tuple[pd.DataFrame, pd.Series], random: object
) -> None:
    closes, benchmark = market
    order = list(closes.columns)
    random.shuffle(order)

    shuffled = analyzer.history(closes[order], benchmark)

    straight = analyzer.history(closes, benchmark)
    equal(shuffled, {name: table[order] for name, table in straight.items()})


@check(25)
@given(markets(), st.booleans())
def test_a_series_without_prices_has_no_values_and_changes_no_other(
    market: tuple[pd.DataFrame, pd.Series], zero: bool
) -> None:
    closes, benchmark = market
    with_dead = closes.assign(dead=0.0 if zero else np.nan)

    history = analyzer.history(with_dead, benchmark)

    assert all(table["dead"].isna().all() for table in history.values())
    equal({name: table.drop(columns="dead") for name, table in history.items()},
          analyzer.history(closes, benchmark), exact=True)  # fmt: skip


@check(25)
@given(st.integers(0, 400), st.integers(0, 999))
def test_a_late_start_is_the_same_as_a_series_that_begins_there(start: int, seed: int) -> None:
    closes, benchmark = walk(sessions=420, instruments=2, seed=seed)
    # A week with a price only on some of its days begins with the first of them.
    closes.loc[closes.index[:start], "a"] = np.nan

    late = analyzer.history(closes, benchmark, OWN)
    alone = analyzer.history(closes.iloc[start:], benchmark.iloc[start:], OWN)

    for name in OWN:
        found = late[name]["a"]
        assert found[found.index < closes.index[start]].isna().all()
        pd.testing.assert_series_equal(
            found[found.index >= closes.index[start]],
            alone[name]["a"],
            rtol=1e-8, atol=1e-8, check_freq=False, obj=name,
        )  # fmt: skip


@pytest.mark.parametrize("price", [np.nan, 0.0, -1.0, np.inf])
def test_an_impossible_price_is_a_missing_one(price: float) -> None:
    closes, benchmark = walk(sessions=600)
    broken, missing = closes.copy(), closes.copy()
    broken.iloc[400, 0], missing.iloc[400, 0] = price, np.nan

    found = analyzer.history(broken, benchmark)

    equal(found, analyzer.history(missing, benchmark), exact=True)
    assert found["rs55_pct"]["a"].iloc[[400, 455]].isna().all()
    assert found["rot_x"]["a"].iloc[-1:].notna().all()


def test_a_price_that_never_moves_is_no_strength_and_no_score() -> None:
    closes, benchmark = walk(sessions=600)
    closes["a"] = 100.0

    found = {name: table["a"].iloc[-1] for name, table in analyzer.history(closes, benchmark).items()}

    assert (found["clenow90_pct"], found["faber_pct"], found["momentum_12_1_pct"]) == (0, 0, 0)
    assert np.isnan(found["nse_nms"])
    assert np.isfinite([found["rs55_pct"], found["rot_x"], found["mansfield200d"]]).all()


def test_a_price_that_stopped_moving_after_a_wild_time_has_no_score_either() -> None:
    closes, benchmark = walk(sessions=900)
    closes.loc[closes.index[500:], "a"] = closes["a"].iloc[500]

    assert np.isnan(analyzer.snapshot(closes, benchmark).loc["a", "nse_nms"])


def test_one_instrument_alone_has_no_place_among_others() -> None:
    closes, benchmark = walk(sessions=300, instruments=1)

    assert analyzer.snapshot(closes, benchmark)[list(ACROSS)].isna().all(axis=None)
