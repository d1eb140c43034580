"""The Rotation Map: trend of relative strength against its momentum, weekly, both around 100.

With l = ln R on weekly closes: p = EMA10(l) - EMA30(l) and h = p - EMA9(p), the two lines of a percentage price
oscillator; each is divided by its own recent size, the root of an exponentially weighted mean of squares with a
half-life of 52 weeks, so that one unit means the same for every sector. Causal: a finished week never moves again.
The definition is our own; a quadrant describes, it does not predict (docs/analyzer.md has the figures).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analyzer.panel import Matrix, read_panel
from analyzer.windows import decaying_mean, exponential_mean

CENTRE = 100.0
# Clockwise, from the upper right.
QUADRANTS = ("leading", "weakening", "lagging", "improving")
WEEKS_A_YEAR = 52

_FAST, _SLOW, _SIGNAL = 10, 30, 9
_HALF_LIFE = _MINIMUM = WEEKS_A_YEAR
# A line of log ratios that moves less than this moves by rounding only.
_STILL = 1e-12


@dataclass(frozen=True, slots=True)
class Rotation:
    """Positions by week (rows, named by the week's last session) and instrument; NaN in the first 51 weeks.

    `x` is the trend of relative strength, `y` its momentum.
    """

    x: pd.DataFrame
    y: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Restlessness:
    """How much a map moves about. Shares are of all quadrant changes; a map that jumps diagonally tells little."""

    changes_a_year: float
    clockwise_pct: float
    diagonal_pct: float
    farthest: float


def rotation(closes: pd.DataFrame, benchmark: pd.Series) -> Rotation:
    """Every instrument's position in every week. The last week counts as far as it has got.

    Raises ValueError for tables of different sessions, TypeError for sessions that are not dates.
    """
    weeks = read_panel(closes, benchmark).weekly()
    x, y = positions(weeks.ratio)
    return Rotation(weeks.table(x), weeks.table(y))


def positions(weekly_ratio: Matrix) -> tuple[Matrix, Matrix]:
    """x and y of weekly ratios, series-major. A ratio that stands still is at the centre."""
    logs = np.log(weekly_ratio)
    trend = exponential_mean(logs, _FAST) - exponential_mean(logs, _SLOW)
    momentum = trend - exponential_mean(trend, _SIGNAL)
    return CENTRE + _in_own_size(trend), CENTRE + _in_own_size(momentum)


def quadrants(where: Rotation) -> pd.DataFrame:
    """The quadrant of each position, one of `QUADRANTS`, missing where there is no position.

    A position on an axis belongs to the stronger side.
    """
    codes = _codes(where)
    names = np.array([*QUADRANTS, None], dtype=object)[codes]
    return pd.DataFrame(names, index=where.x.index, columns=where.x.columns)


def weeks_in_quadrant(where: Rotation) -> pd.DataFrame:
    """How many weeks in a row each instrument has been in its quadrant, the current one included. NaN without one."""
    codes = _codes(where)
    held = np.zeros(codes.shape)
    for week in range(len(codes)):
        held[week] = 1 if week == 0 else np.where(codes[week] == codes[week - 1], held[week - 1] + 1, 1)
    held[codes < 0] = np.nan
    return pd.DataFrame(held, index=where.x.index, columns=where.x.columns)


def tails(where: Rotation, weeks: int, asof: date | str | None = None) -> pd.DataFrame:
    """The last `weeks` positions of each instrument up to `asof`, oldest first, as one long table.

    Columns: instrument, session (the week's last), x, y, quadrant, age (weeks before the newest, which is 0).
    Positions without a value are left out. Raises ValueError for less than one week.

    `asof` cuts between finished weeks. What a week looked like in its middle is told by the rotation of the
    prices known then.
    """
    if weeks < 1:
        raise ValueError("weeks must be at least 1")
    newest = where.x.index if asof is None else where.x.index[where.x.index <= pd.Timestamp(asof)]
    sessions = newest[-weeks:]
    x, y = where.x.loc[sessions], where.y.loc[sessions]
    count, width = x.shape
    table = pd.DataFrame({
        "instrument": np.repeat(x.columns.to_numpy(), count),
        "session": np.tile(sessions.to_numpy(), width),
        "x": x.to_numpy().T.ravel(),
        "y": y.to_numpy().T.ravel(),
        "quadrant": quadrants(Rotation(x, y)).to_numpy().T.ravel(),
        "age": np.tile(np.arange(count)[::-1], width),
    })  # fmt: skip
    return table.dropna(subset=["x", "y"]).reset_index(drop=True)


def restlessness(where: Rotation) -> Restlessness:
    """Quadrant changes per instrument and 52 weeks, and what kind of changes they are.

    NaN where there is nothing to count. `farthest` is the greatest distance of x from the centre.
    """
    codes = _codes(where)
    before, after = codes[:-1], codes[1:]
    both = (before >= 0) & (after >= 0)
    steps = (after - before)[both] % len(QUADRANTS)
    changes = int(np.count_nonzero(steps))
    years = int(np.count_nonzero(both)) / WEEKS_A_YEAR
    return Restlessness(
        changes_a_year=changes / years if years else np.nan,
        clockwise_pct=100 * int(np.count_nonzero(steps == 1)) / changes if changes else np.nan,
        diagonal_pct=100 * int(np.count_nonzero(steps == len(QUADRANTS) // 2)) / changes
        if changes
        else np.nan,
        farthest=float(np.fmax.reduce(np.abs(where.x.to_numpy() - CENTRE), axis=None, initial=np.nan)),
    )


def _codes(where: Rotation) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Indices into `QUADRANTS`, -1 where a position is missing."""
    x, y = where.x.to_numpy(), where.y.to_numpy()
    strong, rising = x >= CENTRE, y >= CENTRE
    codes = np.where(strong, np.where(rising, 0, 1), np.where(rising, 3, 2))
    codes[np.isnan(x) | np.isnan(y)] = -1
    return codes


def _in_own_size(line: Matrix) -> Matrix:
    size = np.sqrt(decaying_mean(line * line, _HALF_LIFE, _MINIMUM))
    return np.divide(line, size, out=np.where(np.isnan(size), np.nan, 0.0), where=size > _STILL)
