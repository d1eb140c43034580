"""What the analyzer works on: the price tables of one market, what they are of, and what is wrong with them.

A value, not a reader: who builds it is `market_data/`, who may see it is decided in `sectors/`. Nobody changes its
tables; every cut (`until`, `lagging`) shares them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import pandas as pd

# The data have no price for an instrument for so many sessions: it is shown with its last date, not with a rank.
STALE_AFTER_SESSIONS = 5


class Basis(StrEnum):
    """What a series counts: prices with the dividends put back, or prices alone. The two are never compared."""

    TOTAL_RETURN = "total return"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Fund:
    """An exchange-traded fund that tracks a sector's index. `isin` identifies it; symbols get renamed."""

    symbol: str
    isin: str | None
    listed: date | None


@dataclass(frozen=True, slots=True)
class Sector:
    """A sector or theme, its index, and the funds that track it, the main one first; none for some indices."""

    name: str
    index_name: str
    funds: tuple[Fund, ...] = ()

    @property
    def fund(self) -> Fund | None:
        """The main fund: the vehicle that a table shows beside the index."""
        return self.funds[0] if self.funds else None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a reader of the figures has to know: `subject` (a sector or fund) and a full sentence."""

    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Market:
    """The prices of one day's panel.

    `total_return` and `price` have sessions down (the same for both, rising) and sectors, then benchmarks, across;
    `fund_closes` and `fund_turnover` (rupees a session) have fund symbols across. NaN where there is no price.
    `version` names the content: two markets of one version are equal.
    """

    version: str
    source: str
    is_demo: bool
    sectors: tuple[Sector, ...]
    benchmarks: tuple[str, ...]
    total_return: pd.DataFrame
    price: pd.DataFrame
    fund_closes: pd.DataFrame
    fund_turnover: pd.DataFrame
    findings: tuple[Finding, ...] = ()

    @property
    def as_of(self) -> date:
        last: pd.Timestamp = self.total_return.index[-1]
        return last.date()

    @property
    def first_session(self) -> date:
        first: pd.Timestamp = self.total_return.index[0]
        return first.date()

    @property
    def basis(self) -> Basis:
        """What `total_return` holds: prices, where total returns are not known."""
        return Basis.PRICE if self.total_return.equals(self.price) else Basis.TOTAL_RETURN

    @property
    def sector_names(self) -> list[str]:
        return [sector.name for sector in self.sectors]

    def sector(self, name: str) -> Sector:
        """The sector of this name. Raises KeyError."""
        for sector in self.sectors:
            if sector.name == name:
                return sector
        raise KeyError(name)

    def closes(self, basis: Basis = Basis.TOTAL_RETURN) -> pd.DataFrame:
        """Sectors across, benchmarks left out."""
        return self._table(basis)[self.sector_names]

    def benchmark(self, name: str, basis: Basis = Basis.TOTAL_RETURN) -> pd.Series:
        """A benchmark's closes. Raises KeyError for a name that is not one of `benchmarks`."""
        if name not in self.benchmarks:
            raise KeyError(name)
        return self._table(basis)[name]

    def until(self, day: date) -> Market:
        """The market as it was known at the close of `day`, or of the last session before it.

        Raises ValueError when no session is left.
        """
        return self._first(int(self.total_return.index.searchsorted(pd.Timestamp(day), side="right")))

    def lagging(self, sessions: int) -> Market:
        """The market without its newest `sessions`. Raises ValueError when none is left."""
        return self._first(len(self.total_return) - sessions)

    def _first(self, count: int) -> Market:
        if count < 1:
            raise ValueError("no session is left")
        if count >= len(self.total_return):
            return self
        return replace(
            self,
            total_return=self.total_return.iloc[:count],
            price=self.price.iloc[:count],
            fund_closes=self.fund_closes.iloc[:count],
            fund_turnover=self.fund_turnover.iloc[:count],
        )

    def _table(self, basis: Basis) -> pd.DataFrame:
        return self.total_return if basis is Basis.TOTAL_RETURN else self.price
