"""How our Rotation Map compares with copied definitions, and whether its quadrants said anything: live figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import analyzer
from analyzer import Restlessness, Rotation
from analyzer.market import Market
from analyzer.rotation_map import WEEKS_A_YEAR
from analyzer.rotation_variants import VARIANTS, Variant, agreement_pct

# What came after is looked at over four weeks that do not overlap.
AHEAD_WEEKS = 4
# A mean this many standard errors from zero is commonly called notable.
NOTABLE_T = 2.0


@dataclass(frozen=True, slots=True)
class Compared:
    """A definition on the present market: how restless it is, and how often it names the quadrant that ours names."""

    variant: Variant
    found: Restlessness
    agreement_pct: float


@dataclass(frozen=True, slots=True)
class WhatFollowed:
    """Mean growth of the leading sectors less that of the lagging ones in the following four weeks, in points.

    NaN when there is nothing to compare; `t` is the mean over its standard error.
    """

    difference_pct: float
    t: float
    periods: int

    @property
    def is_notable(self) -> bool:
        return abs(self.t) >= NOTABLE_T


def compare_definitions(market: Market, benchmark: str) -> tuple[Compared, ...]:
    """Every definition of `VARIANTS` over the weeks in which ours has positions after its first year."""
    closes, against = market.closes(), market.benchmark(benchmark)
    maps = {letter: variant.compute(closes, against) for letter, variant in VARIANTS.items()}
    quadrants = {letter: analyzer.quadrants(where) for letter, where in maps.items()}
    # The first year of weights is still finding its size.
    first = 2 * WEEKS_A_YEAR
    ours = quadrants["F"].iloc[first:]
    return tuple(
        Compared(
            VARIANTS[letter],
            analyzer.restlessness(Rotation(where.x.iloc[first:], where.y.iloc[first:])),
            agreement_pct(ours, quadrants[letter].iloc[first:]),
        )
        for letter, where in maps.items()
    )


def what_followed(market: Market, benchmark: str) -> WhatFollowed:
    """Whether leading sectors ran ahead of lagging ones in the four weeks after; one figure for each four weeks."""
    closes, against = market.closes(), market.benchmark(benchmark)
    quadrant = analyzer.quadrants(analyzer.rotation(closes, against))
    weekly = analyzer.price_relative(closes, against).loc[quadrant.index]
    later = 100 * (weekly.shift(-AHEAD_WEEKS) / weekly - 1)
    differences = (
        later.where(quadrant == "leading").mean(axis="columns")
        - later.where(quadrant == "lagging").mean(axis="columns")
    ).iloc[::AHEAD_WEEKS].dropna()  # fmt: skip
    if len(differences) < 2:
        return WhatFollowed(np.nan, np.nan, len(differences))
    return WhatFollowed(float(differences.mean()), _t(differences), len(differences))


def _t(values: pd.Series) -> float:
    return float(values.mean() / values.std(ddof=1) * np.sqrt(len(values)))
