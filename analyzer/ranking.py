"""Order of the sectors by a strength table, how that order moved, and how broad the strength is."""

from __future__ import annotations

import pandas as pd

from analyzer.formulas import mansfield
from analyzer.panel import read_panel


def ranks(strength: pd.DataFrame) -> pd.DataFrame:
    """Rank within each session, 1 is the strongest. Equal values share the better rank; NaN has no rank."""
    return strength.rank(axis="columns", ascending=False, method="min")


def rank_change(strength: pd.DataFrame, sessions: int) -> pd.DataFrame:
    """Places gained (positive) or lost since `sessions` rows ago. NaN when either end has no rank."""
    if sessions < 1:
        raise ValueError("sessions must be at least 1")
    position = ranks(strength)
    return position.shift(sessions) - position


def breadth(strength: pd.DataFrame) -> pd.Series:
    """Share of the ranked columns that are ahead of the benchmark. NaN in sessions where none is ranked."""
    ranked = strength.notna().sum(axis="columns")
    ahead = (strength > 0).sum(axis="columns")
    return (ahead / ranked).where(ranked > 0)


def breadth_above_average(closes: pd.DataFrame, sessions: int = 200) -> pd.Series:
    """Share of the columns whose close is above its own moving average, of those that have one."""
    # Each close against a benchmark that never moves: its distance from its average is the price's own.
    still = pd.Series(1.0, index=closes.index)
    return breadth_of_relative_strength(closes, still, sessions)


def breadth_of_relative_strength(
    closes: pd.DataFrame, benchmark: pd.Series, sessions: int = 200
) -> pd.Series:
    """Share of the columns whose relative-strength line is above its moving average, of those that have one."""
    panel = read_panel(closes, benchmark)
    return breadth(panel.table(mansfield(panel.ratio, sessions)))
