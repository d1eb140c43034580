"""Whether a signal's order of the sectors said anything about the month after it, and how long an order lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analyzer.backtest import Fill, month_ends
from analyzer.panel import read_panel


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Rank correlations by signal date, -1 to 1. `t` is the mean over its standard error; about 2 is notable."""

    by_signal: pd.Series

    @property
    def mean(self) -> float:
        return float(self.by_signal.mean())

    @property
    def t(self) -> float:
        return float(self.by_signal.mean() / self.by_signal.std(ddof=1) * np.sqrt(len(self.by_signal)))


def rank_ic(
    closes: pd.DataFrame,
    signal: pd.DataFrame,
    *,
    fill: Fill = Fill.NEXT_CLOSE,
    start: date | str | None = None,
    unfinished_month: bool = False,
) -> RankCorrelation:
    """Spearman's correlation of each month-end signal with the growth from its fill to the next signal's fill.

    With `unfinished_month` the last signal counts too, with the growth up to the last session. Months with fewer
    than three instruments to compare are left out. Raises ValueError when the tables differ in shape.
    """
    if not (signal.index.equals(closes.index) and signal.columns.equals(closes.columns)):
        raise ValueError("signal must have the sessions and instruments of closes")
    panel = read_panel(closes, pd.Series(1.0, index=closes.index))
    sessions = panel.sessions
    if not isinstance(sessions, pd.DatetimeIndex):
        raise TypeError("months need sessions that are dates")
    signals = month_ends(sessions)
    if start is not None:
        signals = signals[sessions[signals] >= pd.Timestamp(start)]
    fills = signals + fill.value
    if unfinished_month:
        fills = np.append(fills, len(sessions) - 1)
    growth = (panel.closes[:, fills[1:]] / panel.closes[:, fills[:-1]]).T
    dates = sessions[signals[: len(growth)]]
    ahead = pd.DataFrame(growth, index=dates, columns=closes.columns)
    return RankCorrelation(_by_row(signal.loc[dates], ahead))


def _by_row(left: pd.DataFrame, right: pd.DataFrame) -> pd.Series:
    both = left.notna() & right.notna()
    enough = both.sum(axis="columns") > 2
    first = left.where(both)[enough].rank(axis="columns")
    second = right.where(both)[enough].rank(axis="columns")
    return first.corrwith(second, axis="columns").dropna()
