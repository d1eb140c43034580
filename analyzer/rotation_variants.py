"""Two widely copied definitions of a rotation map, for comparison with ours only.

A (z-scores of 14 weeks) and C (distances from 10-week averages) are those of open repositories. Both are causal. The
product draws neither: they change quadrant three to five times as often (docs/analyzer.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analyzer.panel import Matrix, read_panel
from analyzer.rotation_map import CENTRE, Rotation, rotation

_Z_WEEKS = 14
_AVERAGE_WEEKS = 10


@dataclass(frozen=True, slots=True)
class Variant:
    """A definition by its letter, in words, as a formula, and the function that computes it."""

    letter: str
    name: str
    formula: str
    compute: Callable[[pd.DataFrame, pd.Series], Rotation]


def z_scores(closes: pd.DataFrame, benchmark: pd.Series) -> Rotation:
    """A: x = 100 + z14(R), y = 100 + z14 of the weekly change of x in %. Raises as `rotation` does."""

    def positions(ratio: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        x = CENTRE + _z(ratio)
        return x, CENTRE + _z(100 * (x / x.shift(1) - 1))

    return _weekly(closes, benchmark, positions)


def averages(closes: pd.DataFrame, benchmark: pd.Series) -> Rotation:
    """C: x = 100 R / SMA10(R), y = 100 x / SMA10(x). Raises as `rotation` does."""

    def positions(ratio: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        x = CENTRE * ratio / ratio.rolling(_AVERAGE_WEEKS).mean()
        return x, CENTRE * x / x.rolling(_AVERAGE_WEEKS).mean()

    return _weekly(closes, benchmark, positions)


VARIANTS: Mapping[str, Variant] = {
    variant.letter: variant
    for variant in (
        Variant(
            "F",
            "ours",
            "l = ln R; p = EMA10(l) − EMA30(l); h = p − EMA9(p); x = 100 + p / rms(p); y = 100 + h / rms(h)",
            rotation,
        ),
        Variant("A", "z-scores of 14 weeks", "x = 100 + z14(R); y = 100 + z14(change of x)", z_scores),
        Variant("C", "10-week averages", "x = 100 R / SMA10(R); y = 100 x / SMA10(x)", averages),
    )
}


def agreement_pct(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Share of sector-weeks, of those that both tables of quadrants have, in which they name the same one."""
    both = one.notna() & other.notna()
    count = int(both.to_numpy().sum())
    return 100 * int((one.eq(other) & both).to_numpy().sum()) / count if count else float("nan")


def _z(table: pd.DataFrame) -> pd.DataFrame:
    window = table.rolling(_Z_WEEKS)
    deviation = window.std(ddof=1)
    return ((table - window.mean()) / deviation.where(deviation > 0)).replace([np.inf, -np.inf], np.nan)


def _weekly(
    closes: pd.DataFrame,
    benchmark: pd.Series,
    positions: Callable[[pd.DataFrame], tuple[pd.DataFrame, pd.DataFrame]],
) -> Rotation:
    weeks = read_panel(closes, benchmark).weekly()
    ratio: Matrix = weeks.ratio
    return Rotation(*positions(weeks.table(ratio)))
