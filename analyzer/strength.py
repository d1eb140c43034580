"""The relative-strength line, and the n-session relative strength that is read from it, as tables.

Formula: RS_n = (P_t / P_{t-n}) / (B_t / B_{t-n}) - 1. It is a ratio of growth factors, not of percentage
changes: dividing one change by another explodes when the benchmark stands still.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from analyzer.panel import read_panel
from analyzer.windows import growth


def relative_strength(closes: pd.DataFrame, benchmark: pd.Series, sessions: int) -> pd.DataFrame:
    """How far each column ran ahead of the benchmark over `sessions` rows, as a fraction (0.05 is 5 %).

    A value is NaN in the first `sessions` rows and wherever one of its four prices is missing or not
    positive; gaps are never filled. Raises ValueError when the two tables do not hold the same sessions in
    rising order, because a silent join would compare different days.
    """
    if sessions < 1:
        raise ValueError("sessions must be at least 1")
    panel = read_panel(closes, benchmark)
    return panel.table(growth(panel.ratio, sessions) - 1.0)


def price_relative(closes: pd.DataFrame, benchmark: pd.Series) -> pd.DataFrame:
    """The relative-strength line P_t / B_t of each column. NaN where a price is missing or not positive."""
    panel = read_panel(closes, benchmark)
    return panel.table(panel.ratio)


def rs_line(closes: pd.DataFrame, benchmark: pd.Series, base: date | str | None = None) -> pd.DataFrame:
    """The relative-strength line rebased: 100 at the last session up to `base`, or at the first one of all.

    A column without a price at that session is NaN throughout. Raises ValueError when `base` lies before all
    sessions.
    """
    panel = read_panel(closes, benchmark)
    at = 0 if base is None else len(panel.until(base).sessions) - 1
    return panel.table(100 * panel.ratio / panel.ratio[:, at : at + 1])
