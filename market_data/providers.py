"""What a source of daily closes is: asked for days, it gives rows, and says what was missing or could not be read.

A provider reads files or asks a service. It knows no database, and nobody asks it inside a transaction or a request.
What it gives goes through the same gates as a file that a person sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from market_data.csv_upload import RowProblem, UploadedRow

# As many names as a sentence can carry.
_NAMED = 12


class ProviderFailed(Exception):
    """Nothing can be had of the provider now. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """What prices are wanted of. `kind` is index_tri, index_price or fund; only funds have an ISIN."""

    id: int
    kind: str
    symbol: str
    isin: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a provider gave: one row at most for each instrument and day.

    `problems` are rows that cannot be used, `missing` says which files are not there, `gaps` of which names they have
    nothing, `broken` what could not be read at all. `days` are those of which everything was there, rising.
    """

    rows: tuple[UploadedRow, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    missing: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    days: tuple[date, ...] = ()


class Provider(Protocol):
    """A source of daily closes. `name` is stored beside each row; `terms` is what its use is bound to, if it is."""

    @property
    def name(self) -> str: ...

    @property
    def terms(self) -> str | None: ...

    def fetch(self, first: date, last: date, instruments: Sequence[Instrument], *, today: date) -> Fetched:
        """The closes of these days, both included. Raises ProviderFailed."""
        ...


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, the first dozen of them."""
    every = list(names)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return f"{', '.join(every[:_NAMED])}{more}"
