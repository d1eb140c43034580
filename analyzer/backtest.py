"""What holding the strongest N would have made: month-end signals, delayed fills, costs, and chance to compare with.

A backtest here describes the past of one rule on one set of prices. It knows no tax, no tracking gap and no
liquidity, and histories of indices were in part computed backwards by their publishers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analyzer.panel import Matrix, read_panel

# CAGR counts calendar days: the number of sessions in a year differs between years and exchanges.
DAYS_A_YEAR = 365.25


class Fill(Enum):
    """At which close an order of a signal is carried out. Nothing before the signal's own close can be chosen."""

    NEXT_CLOSE = 1
    # The close that the signal itself is read from. No one can trade there who has to see it first.
    SIGNAL_CLOSE = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """How the signal is followed. `cost_a_side` is a fraction of the amount traded, paid on both sides.

    Between signals the weights move with prices; with `daily_reset` they are put back every day free of
    charge, which nobody can do but many published tables assume.
    """

    top: int = 3
    cost_a_side: float = 0.0015
    fill: Fill = Fill.NEXT_CLOSE
    daily_reset: bool = False

    def __post_init__(self) -> None:
        if self.top < 1:
            raise ValueError("top must be at least 1")
        if not 0 <= self.cost_a_side < 1:
            raise ValueError("cost_a_side must be a fraction from 0 to below 1")


@dataclass(frozen=True, slots=True)
class Performance:
    """Of one equity curve: growth a year in %, and the deepest fall from an earlier height in % (0 or below)."""

    cagr_pct: float
    max_drawdown_pct: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """`equity` is 1 before the first fill's cost, at its session. `turnover_a_year` is the part of the portfolio
    exchanged: 1 is all of it, once."""

    equity: pd.Series
    turnover_a_year: float

    @property
    def performance(self) -> Performance:
        return performance(self.equity)


@dataclass(frozen=True, slots=True)
class RandomBand:
    """CAGR in % of portfolios drawn by lot under the same rules, one value a run."""

    cagr_pct: Matrix

    @property
    def mean(self) -> float:
        return float(self.cagr_pct.mean())

    def percentile(self, share: float) -> float:
        """The value that `share` per cent of the runs stayed below."""
        return float(np.percentile(self.cagr_pct, share))


def performance(equity: pd.Series) -> Performance:
    """CAGR by calendar days and maximum drawdown of a curve of values, or of a part of one.

    Raises ValueError for less than two sessions.
    """
    if len(equity) < 2:
        raise ValueError("performance needs at least two sessions")
    values = equity.to_numpy(dtype=np.float64)
    return Performance(
        cagr_pct=100 * float((values[-1] / values[0]) ** (1 / years_between(equity.index)) - 1),
        max_drawdown_pct=100 * float((values / np.maximum.accumulate(values) - 1).min()),
    )


def years_between(sessions: pd.Index) -> float:
    """From the first session to the last, by calendar days."""
    first, last = pd.Timestamp(sessions[0]), pd.Timestamp(sessions[-1])
    return (last - first).days / DAYS_A_YEAR


def month_ends(sessions: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Positions of the last session of each month. The last session of all is none: its month may go on."""
    months = sessions.to_numpy().astype("datetime64[M]")
    return np.flatnonzero(months[1:] != months[:-1])


def backtest(
    closes: pd.DataFrame,
    signal: pd.DataFrame,
    rules: Rules,
    *,
    start: date | str | None = None,
    hold_if: pd.DataFrame | None = None,
) -> Backtest:
    """Hold the `top` instruments of the signal in equal parts, chosen anew at each month's last session.

    `signal` has the shape of `closes`; higher is stronger, NaN is not chosen, equal values go by column order.
    `start` is the first day on which a signal counts. With `hold_if` (booleans) a chosen instrument whose value
    is False at the signal leaves its part in cash, which earns nothing; so do places that nothing fills. An
    instrument without a price stays at its last one. Raises ValueError when the tables differ in shape or no
    signal is followed by its fill.
    """
    for table in (signal, hold_if):
        if table is not None and not (
            table.index.equals(closes.index) and table.columns.equals(closes.columns)
        ):
            raise ValueError("signal and hold_if must have the sessions and instruments of closes")
    plan = _plan(closes, rules, start)
    scores = signal.to_numpy(dtype=np.float64)[plan.signals]
    allowed = np.ones(scores.shape, bool) if hold_if is None else hold_if.to_numpy(dtype=bool)[plan.signals]
    weights = _strongest(scores, rules.top) * allowed
    equity, turnover = _follow(plan, weights[np.newaxis], rules)
    sessions = closes.index[plan.fills[0] :]
    return Backtest(
        pd.Series(equity[0], index=sessions, name="equity"), float(turnover[0]) / years_between(sessions)
    )


def random_equity(
    closes: pd.DataFrame, rules: Rules, *, runs: int, seed: int, start: date | str | None = None
) -> pd.DataFrame:
    """What chance makes of the same rules: each run draws `top` instruments of those with a price at each signal.

    Sessions down, runs across; each is 1 before its first cost. Equal arguments give equal curves. Raises
    ValueError as `backtest` does.
    """
    plan = _plan(closes, rules, start)
    generator = np.random.Generator(np.random.PCG64(seed))
    lots = generator.random((runs, len(plan.signals), closes.shape[1]))
    lots[:, ~plan.priced] = np.nan
    equity, _ = _follow(plan, _strongest(lots, rules.top), rules)
    return pd.DataFrame(equity.T, index=closes.index[plan.fills[0] :])


def random_band(equity: pd.DataFrame) -> RandomBand:
    """How much the curves of `random_equity` grew a year: of one call, or of several side by side."""
    return RandomBand(100 * (equity.to_numpy()[-1] ** (1 / years_between(equity.index)) - 1))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Positions of signals and of their fills; prices, carried over holes; and who had one at each signal."""

    signals: NDArray[np.int64]
    fills: NDArray[np.int64]
    prices: Matrix
    priced: NDArray[np.bool_]


def _plan(closes: pd.DataFrame, rules: Rules, start: date | str | None) -> _Plan:
    panel = read_panel(closes, pd.Series(1.0, index=closes.index))
    if not isinstance(panel.sessions, pd.DatetimeIndex):
        raise TypeError("months need sessions that are dates")
    signals = month_ends(panel.sessions)
    if start is not None:
        signals = signals[panel.sessions[signals] >= pd.Timestamp(start)]
    # A fill at the very last session would have no day to show what it made.
    signals = signals[signals + rules.fill.value < len(panel.sessions) - 1]
    if not len(signals):
        raise ValueError("no signal is followed by its fill")
    return _Plan(
        signals,
        fills=signals + rules.fill.value,
        prices=panel.table(panel.closes).ffill().to_numpy().T,
        priced=~np.isnan(panel.closes[:, signals]).T,
    )


def _strongest(scores: Matrix, top: int) -> Matrix:
    """Weights 1/top for the highest scores along the last axis. NaN sorts last and gets nothing."""
    order = np.argsort(-scores, axis=-1, kind="stable")[..., :top]
    weights = np.zeros_like(scores)
    np.put_along_axis(weights, order, 1 / top, axis=-1)
    weights[np.isnan(scores)] = 0
    return weights


def _follow(plan: _Plan, weights: Matrix, rules: Rules) -> tuple[Matrix, Matrix]:
    """Equity of each run at each session from the first fill on, and how much each exchanged in all.

    `weights` are runs x signals x instruments.
    """
    runs, last = len(weights), plan.prices.shape[1] - 1
    first = plan.fills[0]
    equity = np.ones((runs, last - first + 1))
    turnover = np.zeros(runs)
    held = np.zeros_like(weights[:, 0])
    ends = np.append(plan.fills[1:], last)
    for number, (begin, end) in enumerate(zip(plan.fills, ends, strict=True)):
        wanted = weights[:, number]
        exchanged = np.abs(wanted - held).sum(axis=1)
        turnover += exchanged / 2
        worth = equity[:, begin - first] * (1 - rules.cost_a_side * exchanged)
        path, held = _hold(wanted, plan.prices[:, begin : end + 1], daily_reset=rules.daily_reset)
        equity[:, begin - first + 1 : end - first + 1] = worth[:, np.newaxis] * path
    return equity, turnover


def _hold(weights: Matrix, prices: Matrix, *, daily_reset: bool) -> tuple[Matrix, Matrix]:
    """Growth of the portfolio after each session of a holding period, and the weights at its end."""
    # An instrument that is not held may have no price yet; one that is held has one.
    if daily_reset:
        returns: Matrix = np.nan_to_num(prices[:, 1:] / prices[:, :-1] - 1)
        return np.cumprod(1 + weights @ returns, axis=1, dtype=np.float64), weights
    factors: Matrix = np.nan_to_num(prices[:, 1:] / prices[:, :1], nan=1.0)
    cash = 1 - weights.sum(axis=1, keepdims=True)
    path: Matrix = cash + weights @ factors
    return path, weights * factors[:, -1] / path[:, -1:]
