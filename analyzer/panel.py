"""Prices as the formulas want them: one row per instrument, one column per session, checked once.

The layout is series-major (each instrument's history lies together in memory), because every moving window runs
along one instrument's history; across memory the same windows take several times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# One row per instrument, one column per session. A benchmark or any single series is the same without rows.
Matrix = NDArray[np.float64]

_DAYS_A_WEEK = 7
# Day 0 of numpy's calendar, 1970-01-01, was a Thursday. With this shift a week is Saturday to Friday, so that
# the exchange's special sessions on a weekend belong to the week that they open.
_SATURDAY_FIRST = 5


@dataclass(frozen=True, slots=True)
class Panel:
    """Closes and benchmark of the same sessions. A price that is missing, not positive or infinite is NaN."""

    sessions: pd.Index
    instruments: pd.Index
    closes: Matrix
    benchmark: Matrix

    @property
    def ratio(self) -> Matrix:
        """The relative-strength line P_t / B_t of each instrument."""
        return self.closes / self.benchmark

    def until(self, asof: date | str | None) -> Panel:
        """The panel as it was at the close of `asof`, or of the last session before it. None keeps everything.

        Raises ValueError when there is no session yet.
        """
        count = len(self.sessions)
        if asof is not None:
            count = int(self.sessions.searchsorted(pd.Timestamp(asof), side="right"))
        if not count:
            raise ValueError("there is no session at or before asof")
        return self._take(slice(0, count))

    def last(self, sessions: int) -> Panel:
        """Only the last rows, for formulas that look back a fixed number of sessions."""
        return self._take(slice(-sessions, None))

    def weekly(self) -> Panel:
        """The last session of each week that ends on a Friday. An unfinished last week counts as it stands.

        The sessions that there were decide, not the calendar: a week whose Friday is a holiday ends on Thursday,
        and a week without a session has no row. Raises TypeError when the sessions are not dates.
        """
        if not isinstance(self.sessions, pd.DatetimeIndex):
            raise TypeError("weeks need sessions that are dates")
        days = self.sessions.to_numpy().astype("datetime64[D]").astype(np.int64)
        weeks = (days + _SATURDAY_FIRST) // _DAYS_A_WEEK
        is_last = np.append(weeks[1:] != weeks[:-1], True)[: len(weeks)]
        return self._take(np.flatnonzero(is_last))

    def table(self, values: Matrix) -> pd.DataFrame:
        """A matrix of this panel as a table: sessions down, instruments across. It shares the memory."""
        return pd.DataFrame(values.T, index=self.sessions, columns=self.instruments, copy=False)

    def _take(self, which: slice | NDArray[np.int64]) -> Panel:
        return Panel(
            self.sessions[which],
            self.instruments,
            np.ascontiguousarray(self.closes[:, which]),
            self.benchmark[which],
        )


def read_panel(closes: pd.DataFrame, benchmark: pd.Series) -> Panel:
    """Copy two tables of prices into a panel. `closes` has sessions down and instruments across.

    Raises ValueError when the two do not hold the same sessions in rising order, because a silent join would
    compare different days, and when two instruments have one name.
    """
    if not closes.index.equals(benchmark.index):
        raise ValueError("closes and benchmark must hold the same sessions")
    if not (closes.index.is_monotonic_increasing and closes.index.is_unique):
        raise ValueError("sessions must rise without repeats")
    if not closes.columns.is_unique:
        raise ValueError("instruments must have different names")
    return Panel(closes.index, closes.columns, _prices(closes), _prices(benchmark))


def _prices(table: pd.DataFrame | pd.Series) -> Matrix:
    numbers = np.array(table.to_numpy(dtype=np.float64).T, order="C")
    numbers[~((numbers > 0) & (numbers < np.inf))] = np.nan
    return numbers
