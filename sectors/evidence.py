"""Evidence: what following each measure would have made, and what chance made.

Everything is filled at the close after the signal, with costs, by `analyzer.backtest`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

import analyzer
from analyzer.backtest import (
    Backtest,
    Performance,
    Rules,
    backtest,
    performance,
    random_band,
    random_equity,
    years_between,
)
from analyzer.evidence import RankCorrelation, rank_ic
from analyzer.market import Market

_Signal = Callable[[pd.DataFrame, pd.Series], pd.DataFrame]

# A year and a day of prices: the longest look back of the signals.
_WARM_UP_SESSIONS = 253
_PERIODS = 3
# Chance is drawn in parts, so that a page can say how far it is. Seeds are part of the figures.
BAND_PARTS, RUNS_A_PART = 10, 30
RUNS = BAND_PARTS * RUNS_A_PART
_SEED = 20261030
LOW, HIGH = 5, 95


def _rs(sessions: int) -> _Signal:
    return lambda closes, benchmark: analyzer.relative_strength(closes, benchmark, sessions)


def _measure(name: str) -> _Signal:
    return lambda closes, benchmark: analyzer.history(closes, benchmark, [name])[name]


SIGNALS: Mapping[str, _Signal] = {
    "RS 21": _rs(21),
    "RS 55": _rs(55),
    "RS 63": _rs(63),
    "RS 123": _rs(123),
    "RS 252": _rs(252),
    "IBD style": _measure("ibd_raw"),
    "Faber mean": _measure("faber_pct"),
    "12-1 momentum": _measure("momentum_12_1_pct"),
    "NSE score": _measure("nse_nms"),
    "Clenow 90": _measure("clenow90_pct"),
    "Mansfield 200": _measure("mansfield200d"),
}
# The popular one, and one that is nearly the same: how far they differ is noise.
POPULAR, NEARLY_THE_SAME = "RS 55", "RS 63"
TOPS = (1, 2, 3, 5, 8)
COSTS_PCT = (0.0, 0.05, 0.15, 0.3, 0.5)


@dataclass(frozen=True, slots=True)
class Question:
    """Which signal is followed, how many sectors are held, and what a side of a trade costs in %."""

    signal: str = POPULAR
    top: int = 3
    cost_pct: float = 0.15

    def __post_init__(self) -> None:
        if self.signal not in SIGNALS or self.top not in TOPS or self.cost_pct not in COSTS_PCT:
            raise ValueError("no such question")

    @property
    def rules(self) -> Rules:
        return Rules(top=self.top, cost_a_side=self.cost_pct / 100)


@dataclass(frozen=True, slots=True)
class SignalLine:
    """One signal under the question's rules."""

    signal: str
    found: Performance
    turnover_a_year: float
    ic: float
    t: float


@dataclass(frozen=True, slots=True)
class Period:
    """A part of the time, and what each of the three made in it, % a year."""

    first: pd.Timestamp
    last: pd.Timestamp
    followed_pct: float
    equal_pct: float
    benchmark_pct: float


@dataclass(frozen=True, slots=True)
class Chance:
    """What sectors drawn by lot made under the same rules: percentiles of the curves by week, and of growth a year."""

    curves: pd.DataFrame
    low_pct: float
    high_pct: float
    mean_pct: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The answer to a question. `curves` has followed, equal and benchmark by session, 1 at the first."""

    question: Question
    benchmark: str
    sectors: int
    curves: pd.DataFrame
    followed: SignalLine
    equal: Performance
    held: Performance
    periods: tuple[Period, ...]

    @property
    def years(self) -> float:
        return years_between(self.curves.index)


def has_enough(market: Market) -> bool:
    """Two years after the warm-up: less says nothing at all."""
    return len(market.total_return) >= 3 * _WARM_UP_SESSIONS


def signal_line(market: Market, benchmark: str, question: Question) -> SignalLine:
    """One row of the comparison of all signals."""
    return _line(question.signal, *_followed(market, benchmark, question))


def evidence(market: Market, benchmark: str, question: Question) -> Evidence:
    """What the question's rule made, beside all sectors in equal parts and the benchmark. Needs `has_enough`."""
    closes = market.closes()
    found, ic = _followed(market, benchmark, question)
    everyone = Rules(top=closes.shape[1], cost_a_side=question.rules.cost_a_side)
    equal = backtest(closes, closes.notna().astype(float), everyone, start=_start(market))
    held = market.benchmark(benchmark).loc[found.equity.index]
    curves = pd.DataFrame({
        "followed": found.equity, "equal": equal.equity, "benchmark": held / held.iloc[0],
    })  # fmt: skip
    return Evidence(
        question,
        benchmark,
        closes.shape[1],
        curves,
        _line(question.signal, found, ic),
        equal.performance,
        performance(curves["benchmark"]),
        _periods(curves),
    )


def chance_part(market: Market, question: Question, part: int) -> pd.DataFrame:
    """The curves of some draws by lot, by week. `part` runs from 0 to below `BAND_PARTS`."""
    drawn = random_equity(
        market.closes(), question.rules, runs=RUNS_A_PART, seed=_SEED + part, start=_start(market)
    )
    # The first and the last session stay, whatever their weekday: growth is counted between them.
    weekly = drawn.iloc[::-5].iloc[::-1]
    return weekly if weekly.index[0] == drawn.index[0] else pd.concat([drawn.iloc[:1], weekly])


def chance(parts: list[pd.DataFrame]) -> Chance:
    """All parts as one band."""
    drawn = pd.concat(parts, axis="columns", ignore_index=True, sort=False)
    growth = random_band(drawn)
    low, high = np.percentile(drawn.to_numpy(), [LOW, HIGH], axis=1)
    return Chance(
        pd.DataFrame({"low": low, "high": high}, index=drawn.index),
        low_pct=growth.percentile(LOW),
        high_pct=growth.percentile(HIGH),
        mean_pct=growth.mean,
    )


def has_left_chance(found: Evidence, by_lot: Chance) -> int:
    """Where the rule stands: 1 above what nine in ten draws made, −1 below it, 0 within."""
    made = found.followed.found.cagr_pct
    return int(made > by_lot.high_pct) - int(made < by_lot.low_pct)


def _start(market: Market) -> pd.Timestamp:
    first: pd.Timestamp = market.total_return.index[_WARM_UP_SESSIONS]
    return first


def _followed(market: Market, benchmark: str, question: Question) -> tuple[Backtest, RankCorrelation]:
    closes = market.closes()
    signal = SIGNALS[question.signal](closes, market.benchmark(benchmark))
    start = _start(market)
    return backtest(closes, signal, question.rules, start=start), rank_ic(closes, signal, start=start)


def _line(name: str, found: Backtest, ic: RankCorrelation) -> SignalLine:
    return SignalLine(name, found.performance, found.turnover_a_year, ic.mean, ic.t)


def _periods(curves: pd.DataFrame) -> tuple[Period, ...]:
    edges = np.linspace(0, len(curves) - 1, _PERIODS + 1).astype(int)
    return tuple(
        Period(
            curves.index[begin],
            curves.index[end],
            *(
                performance(curves[name].iloc[begin : end + 1]).cagr_pct
                for name in ("followed", "equal", "benchmark")
            ),
        )
        for begin, end in pairwise(edges)
    )
