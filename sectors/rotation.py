"""The Rotation Map as page and mail tell it: where each sector stood in every week, and who changed quadrant.

Positions are rounded here, once, so that the map, its table, a download and a mail show the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

import analyzer
from analyzer import Rotation
from analyzer.market import Market
from analyzer.rotation_map import CENTRE

# Hundredths: half a pixel of the drawn map.
STEPS_A_UNIT = 100
# A change of quadrant counts as held once a second week has confirmed it.
HELD_AFTER_WEEKS = 2


@dataclass(frozen=True, slots=True)
class RotationView:
    """Positions by week (rows, named by the week's last session) and sector, in hundredths' steps.

    `quadrant` holds the names of `analyzer.QUADRANTS`, `weeks` how many weeks in a row it has been that one.
    """

    where: Rotation
    quadrant: pd.DataFrame
    weeks: pd.DataFrame

    @property
    def dates(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.where.x.index)

    @property
    def sectors(self) -> list[str]:
        return [str(name) for name in self.where.x.columns]

    def week_of(self, day: date | None) -> int:
        """The row of the last week that ended at or before `day`; the last of all for None, the first at least."""
        if day is None:
            return len(self.dates) - 1
        return max(0, int(self.dates.searchsorted(pd.Timestamp(day), side="right")) - 1)

    def at(self, week: int) -> pd.DataFrame:
        """One week as a table: sector, x, y, quadrant, weeks; sectors without a position are left out.

        Clockwise from the leading ones, the farthest from the centre first.
        """
        table = pd.DataFrame({
            "sector": self.sectors,
            "x": self.where.x.iloc[week].to_numpy(),
            "y": self.where.y.iloc[week].to_numpy(),
            "quadrant": self.quadrant.iloc[week].to_numpy(),
            "weeks": self.weeks.iloc[week].to_numpy(),
        }).dropna(subset=["x", "y"])  # fmt: skip
        order = table["quadrant"].map({name: place for place, name in enumerate(analyzer.QUADRANTS)})
        distance = np.hypot(table["x"] - CENTRE, table["y"] - CENTRE)
        rows = table.assign(order=order, distance=-distance).sort_values(["order", "distance", "sector"])
        return rows.drop(columns=["order", "distance"]).astype({"weeks": "int64"}).reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class QuadrantMove:
    """A sector that is in another quadrant than before; `weeks` in the new one, the current week included."""

    sector: str
    before: str
    after: str
    weeks: int

    @property
    def has_held(self) -> bool:
        return self.weeks >= HELD_AFTER_WEEKS


def rotation_view(market: Market, benchmark: str) -> RotationView:
    """Every sector's position in every week that has one. The last week counts as far as it has got.

    Raises KeyError for an unknown benchmark.
    """
    found = analyzer.rotation(market.closes(), market.benchmark(benchmark))
    known = found.x.notna().any(axis="columns")
    where = Rotation(_rounded(found.x[known]), _rounded(found.y[known]))
    return RotationView(where, analyzer.quadrants(where), analyzer.weeks_in_quadrant(where))


def quadrant_moves(market: Market, benchmark: str) -> tuple[QuadrantMove, ...]:
    """Who changed quadrant in the last week, and whose change of the week before has held; the newest first."""
    view = rotation_view(market, benchmark)
    if not len(view.dates):
        return ()
    moves = []
    for sector in view.sectors:
        weeks = view.weeks[sector].iloc[-1]
        if np.isnan(weeks) or weeks > HELD_AFTER_WEEKS or weeks >= len(view.dates):
            continue
        before = view.quadrant[sector].iloc[-int(weeks) - 1]
        # The first position of all is no change.
        if isinstance(before, str):
            moves.append(QuadrantMove(sector, before, str(view.quadrant[sector].iloc[-1]), int(weeks)))
    return tuple(sorted(moves, key=lambda move: (move.weeks, move.sector)))


def _rounded(positions: pd.DataFrame) -> pd.DataFrame:
    """To hundredths, but never across an axis: a sector just short of it must not seem to have reached it."""
    distance = positions - CENTRE
    steps = (distance * STEPS_A_UNIT).round()
    return CENTRE + steps.mask((distance < 0) & (steps >= 0), -1.0) / STEPS_A_UNIT
