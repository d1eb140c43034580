"""Every measure by its name: all of them for one day, or each of them for the whole history.

Both ways run the same formulas, so a page, a mail and a download of the same day agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property

import pandas as pd

from analyzer import formulas
from analyzer.panel import Matrix, Panel, read_panel
from analyzer.rotation_map import positions

# Rows that the daily formulas of a snapshot look back: a year of returns needs one close more than returns.
_LOOK_BACK = formulas.YEAR + 1


class _Prices:
    """A panel, its weeks, and what several measures have in common, each computed at most once."""

    def __init__(self, days: Panel, weeks: Panel) -> None:
        self.days = days
        self.weeks = weeks

    @cached_property
    def ratio(self) -> Matrix:
        return self.days.ratio

    @cached_property
    def ibd(self) -> Matrix:
        return formulas.ibd_strength(self.days.closes, self.days.benchmark)

    @cached_property
    def rotation(self) -> tuple[Matrix, Matrix]:
        return positions(self.weeks.ratio)


_Measure = Callable[[_Prices], Matrix]

_DAILY: dict[str, _Measure] = {
    "rs21_pct": lambda prices: formulas.n_day_strength(prices.ratio, 21),
    "rs55_pct": lambda prices: formulas.n_day_strength(prices.ratio, 55),
    "rs123_pct": lambda prices: formulas.n_day_strength(prices.ratio, 123),
    "rs252_pct": lambda prices: formulas.n_day_strength(prices.ratio, 252),
    "mansfield200d": lambda prices: formulas.mansfield(prices.ratio, 200),
    "ibd_raw": lambda prices: prices.ibd,
    "rs_rating_1_99": lambda prices: formulas.rating(prices.ibd),
    "nse_nms": lambda prices: formulas.momentum_score(prices.days.closes),
    "clenow90_pct": lambda prices: formulas.clenow(prices.days.closes, 90),
    "faber_pct": lambda prices: formulas.faber(prices.days.closes),
    "dual_momentum_pct": lambda prices: formulas.dual_momentum(prices.days.closes),
    "momentum_12_1_pct": lambda prices: formulas.twelve_minus_one(prices.days.closes),
    "rsmk": lambda prices: formulas.rsmk(prices.ratio),
}
_WEEKLY: dict[str, _Measure] = {
    "mansfield52w": lambda prices: formulas.mansfield(prices.weeks.ratio, 52),
    "rot_x": lambda prices: prices.rotation[0],
    "rot_y": lambda prices: prices.rotation[1],
}
_MEASURES = _DAILY | _WEEKLY

DAILY = tuple(_DAILY)
WEEKLY = tuple(_WEEKLY)
SNAPSHOT = (
    "rs21_pct", "rs55_pct", "rs123_pct", "rs252_pct", "mansfield200d", "mansfield52w", "ibd_raw",
    "rs_rating_1_99", "nse_nms", "rot_x", "rot_y", "clenow90_pct",
)  # fmt: skip


def snapshot(closes: pd.DataFrame, benchmark: pd.Series, asof: date | str | None = None) -> pd.DataFrame:
    """Every measure of `SNAPSHOT` at the close of `asof`: one row per instrument, in the order of the columns.

    `closes` has sessions down and instruments across, `benchmark` the same sessions. `asof` names the last
    session or a day after it; None is the last row. Nothing after `asof` is looked at.

    `*_pct`, `mansfield*` and `ibd_raw` are in %, `rs_rating_1_99` runs from 1 to 99 among the instruments given,
    `nse_nms` is 1 for the average of them, `rot_x` and `rot_y` are around 100. NaN where an instrument has no
    price at that session or not enough history. Raises ValueError when the tables do not hold the same rising
    sessions or none is left, TypeError when the sessions are not dates.
    """
    panel = read_panel(closes, benchmark).until(asof)
    prices = _Prices(panel.last(_LOOK_BACK), panel.weekly())
    return pd.DataFrame({name: _MEASURES[name](prices)[:, -1] for name in SNAPSHOT}, index=panel.instruments)


def history(
    closes: pd.DataFrame, benchmark: pd.Series, names: Iterable[str] = (*DAILY, *WEEKLY)
) -> dict[str, pd.DataFrame]:
    """The whole history of the measures named: tables with instruments across and sessions down.

    Measures of `DAILY` have a row for each session, those of `WEEKLY` one for each week, named by its last
    session; the last week counts as far as it has got. Units are those of `snapshot`; `faber_pct`,
    `momentum_12_1_pct` and `dual_momentum_pct` (NaN below the riskless return of 0) are in %, `rsmk` is in
    hundredths of a log. Raises KeyError for a name that is no measure, and what `snapshot` raises.
    """
    panel = read_panel(closes, benchmark)
    prices = _Prices(panel, panel.weekly())
    tables: dict[str, pd.DataFrame] = {}
    for name in names:
        rows = prices.weeks if name in _WEEKLY else prices.days
        tables[name] = rows.table(_MEASURES[name](prices))
    return tables
