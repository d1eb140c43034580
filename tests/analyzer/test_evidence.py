"""The study's table of evidence, made again from the prices, and the same table with fills that can be had.

The study speaks of fills at the next session, but its figures come from positions that earn the session after the
signal in full, which is a fill at the signal's own close; and from weights that are put back every day at no cost.
Under those rules each of its figures is found again; beside each, what the product's own rules (`Rules()`) make of
the same signal is printed.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer.backtest import Backtest, Fill, Rules, backtest, performance, random_band, random_equity
from analyzer.evidence import rank_ic
from tests.analyzer.markets import Market, indian_sectors, indian_series, needs_indian_series, walk

START = "2017-07-31"
AS_THE_STUDY = Rules(fill=Fill.SIGNAL_CLOSE, daily_reset=True)
# Half of the last digit printed. The study takes a cost off the day's return where we take it off the money, and
# counts its years from a day later; that moves a figure by a hundredth.
ROUNDING = 0.05 + 0.01


@cache
def sectors() -> Market:
    return indian_sectors()


def signal_of(name: str) -> pd.DataFrame:
    closes, benchmark = sectors().closes, sectors().benchmark
    if name.startswith("RS"):
        return analyzer.relative_strength(closes, benchmark, int(name[2:]))
    measure = {
        "IBD": "ibd_raw",
        "Faber": "faber_pct",
        "12-1": "momentum_12_1_pct",
        "NSE score": "nse_nms",
        "Clenow": "clenow90_pct",
        "Mansfield 200": "mansfield200d",
    }[name]
    return analyzer.history(closes, benchmark, [measure])[measure]


def line(name: str, found: Backtest, ic: object = None) -> None:
    told = found.performance
    print(
        f"{name:<14} CAGR {told.cagr_pct:5.1f}  maxDD {told.max_drawdown_pct:4.0f}  "
        f"turnover {found.turnover_a_year:4.1f}" + (f"  IC {ic.mean:.2f}  t {ic.t:.1f}" if ic else "")
    )


@needs_indian_series
@pytest.mark.parametrize(
    ("name", "cagr", "drawdown", "turnover", "ic", "t"),
    [
        ("RS21", 11.4, -44, 9.9, 0.01, 0.5),
        ("RS55", 11.2, -48, 7.0, 0.01, 0.2),
        ("RS63", 15.3, -47, 6.3, 0.04, 1.1),
        ("RS123", 12.4, -48, 4.1, 0.03, 1.0),
        ("RS252", 12.1, -43, 3.3, 0.03, 0.9),
        ("IBD", 12.1, -47, 3.8, 0.04, 1.2),
        ("Faber", 11.5, -46, 4.3, 0.04, 1.3),
        ("12-1", 11.5, -49, 3.3, 0.01, 0.3),
        ("NSE score", 13.7, -37, 4.1, 0.06, 1.7),
        ("Clenow", 14.9, -50, 4.7, 0.04, 1.2),
        ("Mansfield 200", 12.7, -40, 4.3, 0.04, 1.3),
    ],
)
def test_each_line_of_the_studys_table_is_found_again(
    name: str, cagr: float, drawdown: float, turnover: float, ic: float, t: float
) -> None:
    closes, signal = sectors().closes, signal_of(name)

    found = backtest(closes, signal, AS_THE_STUDY, start=START)
    correlation = rank_ic(closes, signal, fill=Fill.SIGNAL_CLOSE, start=START, unfinished_month=True)

    line(name, found, correlation)
    line("  next close", backtest(closes, signal, Rules(), start=START), rank_ic(closes, signal, start=START))
    assert found.performance.cagr_pct == pytest.approx(cagr, abs=ROUNDING)
    assert found.performance.max_drawdown_pct == pytest.approx(drawdown, abs=0.5)
    assert found.turnover_a_year == pytest.approx(turnover, abs=ROUNDING)
    assert correlation.mean == pytest.approx(ic, abs=0.005 + 1e-3)
    assert correlation.t == pytest.approx(t, abs=ROUNDING)


@needs_indian_series
def test_the_studys_dual_momentum_is_found_again() -> None:
    closes = sectors().closes
    rising = analyzer.history(closes, sectors().benchmark, ["dual_momentum_pct"])["dual_momentum_pct"].notna()

    found = backtest(closes, signal_of("RS126"), AS_THE_STUDY, start=START, hold_if=rising)

    line("dual momentum", found)
    assert found.performance.cagr_pct == pytest.approx(8.2, abs=ROUNDING)
    assert found.performance.max_drawdown_pct == pytest.approx(-45, abs=0.5)


@needs_indian_series
@pytest.mark.parametrize(("name", "cagr", "drawdown"), [("NIFTY 50", 11.7, -38), ("NIFTY 500", 12.7, -38)])
def test_the_benchmarks_of_the_study_are_found_again(name: str, cagr: float, drawdown: float) -> None:
    found = performance(indian_series()[name][START:])

    print(name, found)
    assert found.cagr_pct == pytest.approx(cagr, abs=ROUNDING)
    assert found.max_drawdown_pct == pytest.approx(drawdown, abs=0.5)


@needs_indian_series
def test_holding_every_sector_made_what_the_study_says_and_more_than_the_usual_strength() -> None:
    closes = sectors().closes
    all_of_them = Rules(top=22, fill=Fill.SIGNAL_CLOSE, daily_reset=True)

    everything = backtest(closes, closes, all_of_them, start=START)
    strongest = backtest(closes, signal_of("RS55"), Rules(), start=START)

    line("equal weight", everything)
    assert everything.performance.cagr_pct == pytest.approx(13.2, abs=ROUNDING)
    assert everything.performance.max_drawdown_pct == pytest.approx(-39, abs=0.5)
    assert strongest.performance.cagr_pct < everything.performance.cagr_pct


@needs_indian_series
def test_the_studys_band_of_chance_is_ours_within_what_300_draws_can_tell() -> None:
    band = random_band(random_equity(sectors().closes, AS_THE_STUDY, runs=3000, seed=1, start=START))

    print(f"random top 3: mean {band.mean:.1f}, 5-95 %: {band.percentile(5):.1f}-{band.percentile(95):.1f}")
    spread = float(np.std(band.cagr_pct))
    assert band.mean == pytest.approx(9.4, abs=3 * spread / 300**0.5)
    # The error of a 5 % percentile of a normal sample is about twice that of its mean.
    assert band.percentile(5) == pytest.approx(4.5, abs=6 * spread / 300**0.5)
    assert band.percentile(95) == pytest.approx(14.6, abs=6 * spread / 300**0.5)


@needs_indian_series
def test_the_order_of_the_sectors_outlives_a_week_but_not_a_quarter() -> None:
    order = signal_of("RS55")[START:].rank(axis="columns")

    week, month, quarter = (
        order.corrwith(order.shift(-sessions), axis="columns").mean() for sessions in (5, 21, 63)
    )

    print(f"persistence of RS55: {week:.2f} {month:.2f} {quarter:.2f}")
    assert [round(week, 2), round(month, 2)] == [0.87, 0.57]
    assert quarter == pytest.approx(0.03, abs=0.01)


@needs_indian_series
def test_the_studys_sentences_about_the_last_day_are_true() -> None:
    market = sectors()
    ranks = analyzer.ranks(signal_of("RS55"))

    assert ranks["NIFTY REALTY"].iloc[-1] == 1
    assert ranks["NIFTY REALTY"].iloc[-66] == 22
    assert ranks["NIFTY IT"].iloc[-1] == 22
    assert ranks["NIFTY METAL"].iloc[[-21, -1]].tolist() == [1, 15]
    assert round(100 * analyzer.breadth_above_average(market.closes).iloc[-1], 1) == 81.8


def test_a_signal_that_knows_the_future_has_a_perfect_correlation() -> None:
    closes, _ = walk()
    fills = [
        place + 1
        for place in range(len(closes) - 1)
        if closes.index[place].month != closes.index[place + 1].month
    ]
    foreseen = pd.DataFrame(np.nan, index=closes.index, columns=closes.columns)
    for now, then in pairwise(fills):
        foreseen.iloc[now - 1] = closes.iloc[then] / closes.iloc[now]

    found = rank_ic(closes, foreseen)

    assert found.by_signal.tolist() == pytest.approx([1] * (len(fills) - 1))


def test_the_unfinished_month_counts_only_when_asked() -> None:
    closes, benchmark = walk()
    signal = analyzer.relative_strength(closes, benchmark, 21)

    finished = rank_ic(closes, signal).by_signal
    all_of_it = rank_ic(closes, signal, unfinished_month=True).by_signal

    assert len(all_of_it) == len(finished) + 1
    pd.testing.assert_series_equal(all_of_it.iloc[:-1], finished)


def test_months_with_two_instruments_tell_nothing() -> None:
    closes, benchmark = walk(instruments=2)

    assert rank_ic(closes, analyzer.relative_strength(closes, benchmark, 21)).by_signal.empty


def test_a_signal_of_other_instruments_is_refused() -> None:
    closes, _ = walk(sessions=60)

    with pytest.raises(ValueError, match="sessions and instruments"):
        rank_ic(closes, closes.iloc[:, 1:])
