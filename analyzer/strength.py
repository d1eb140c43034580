"""The relative-strength line and the n-session relative strength that is read from it.

Formula: RS_n = (P_t / P_{t-n}) / (B_t / B_{t-n}) - 1. It is a ratio of growth factors, not of percentage
changes: dividing one change by another explodes when the benchmark stands still.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pandas as pd

Table = TypeVar("Table", pd.DataFrame, pd.Series)


def relative_strength(closes: pd.DataFrame, benchmark: pd.Series, sessions: int) -> pd.DataFrame:
    """How far each column ran ahead of the benchmark over `sessions` rows, as a fraction (0.05 is 5 %).

    A value is NaN in the first `sessions` rows and wherever one of its four prices is missing or not
    positive; gaps are never filled. Raises ValueError when the two tables do not hold the same sessions in
    rising order, because a silent join would compare different days.
    """
    if sessions < 1:
        raise ValueError("sessions must be at least 1")
    ratio = price_relative(closes, benchmark)
    return ratio / ratio.shift(sessions) - 1.0


def price_relative(closes: pd.DataFrame, benchmark: pd.Series) -> pd.DataFrame:
    """The relative-strength line P_t / B_t of each column. NaN where a price is missing or not positive."""
    if not closes.index.equals(benchmark.index):
        raise ValueError("closes and benchmark must hold the same sessions")
    if not (closes.index.is_monotonic_increasing and closes.index.is_unique):
        raise ValueError("sessions must rise without repeats")
    return _positive(closes).div(_positive(benchmark), axis="index")


def _positive(prices: Table) -> Table:
    numbers = prices.astype(np.float64)
    return numbers.where((numbers > 0) & (numbers < np.inf))
