"""How many sectors take part: above their averages, ahead of the benchmark, how far apart, and in which quadrant."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

import analyzer
from analyzer.market import Market
from analyzer.rotation_map import QUADRANTS
from sectors.ranking import WINDOW

MONTH = 21
AVERAGE = 200
# Two years are drawn; the slowest figure looks back 200 sessions before them.
DRAWN_SESSIONS = 504


@dataclass(frozen=True, slots=True)
class Breadth:
    """`daily` has a row for each session and the columns above_average, strength_above_average, ahead (all in %
    of the sectors that can be counted) and dispersion (RS 55 at the upper quartile less that at the lower, in
    percentage points). `quadrants` counts sectors by week and quadrant."""

    daily: pd.DataFrame
    quadrants: pd.DataFrame

    def change_in_a_month(self, column: str) -> float:
        """How much a column of `daily` moved in a month, in its own unit. NaN when it is younger."""
        values = self.daily[column]
        return float(values.iloc[-1] - values.iloc[-1 - MONTH]) if len(values) > MONTH else float("nan")


def breadth(market: Market, benchmark: str) -> Breadth:
    """The breadth of the market up to its close. Raises KeyError for an unknown benchmark."""
    closes, index = market.closes(), market.benchmark(benchmark)
    recent = slice(-(DRAWN_SESSIONS + AVERAGE), None)
    drawn, against = closes.iloc[recent], index.iloc[recent]
    strength = 100 * analyzer.relative_strength(drawn, against, WINDOW)
    daily = pd.DataFrame(
        {
            "above_average": 100 * analyzer.breadth_above_average(drawn, AVERAGE),
            "strength_above_average": 100 * analyzer.breadth_of_relative_strength(drawn, against, AVERAGE),
            "ahead": 100 * analyzer.breadth(strength),
            "dispersion": strength.quantile(0.75, axis="columns") - strength.quantile(0.25, axis="columns"),
        }
    ).tail(DRAWN_SESSIONS)
    return Breadth(daily, _quadrant_counts(closes, index))


def _quadrant_counts(closes: pd.DataFrame, benchmark: pd.Series) -> pd.DataFrame:
    names = analyzer.quadrants(analyzer.rotation(closes, benchmark)).tail(DRAWN_SESSIONS // 5)
    return pd.DataFrame({name: (names == name).sum(axis="columns") for name in QUADRANTS}).astype(int)
