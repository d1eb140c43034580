"""What an admin sees of the data: which market is shown, how far the prices reach, what waits, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from accounts.authority import require_admin
from analyzer.market import Finding
from database import instruments, panels, prices
from database.prices import WaitingRow
from domain.accounts import User
from sectors.market import market_of_the_day
from sectors.price_series import names_of
from wiring import Services

# Each has two buttons; what is left follows when these are decided.
_WAITING_SHOWN = 25


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """How far one instrument's stored prices reach."""

    name: str
    kind: str
    sector: str | None
    sessions: int
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """`shows` is demo or prices; `as_of` and `findings` are of what is shown; `gate` is why no mail would be sent."""

    shows: str
    source: str
    as_of: date
    gate: str | None
    findings: tuple[Finding, ...]
    has_packed_prices: bool
    last_day: date | None
    coverage: tuple[CoverageRow, ...]
    waiting: tuple[WaitingRow, ...]
    waiting_count: int


def market_status(services: Services, actor: User) -> MarketStatus:
    """The state of the data. Raises Forbidden unless the actor is an admin."""
    with services.engine.connect() as conn:
        require_admin(conn, actor)
    return read_status(services)


def read_status(services: Services) -> MarketStatus:
    """The same for the command line."""
    today = market_of_the_day(services)
    with services.engine.connect() as conn:
        shown = panels.find_shown(conn)
        return MarketStatus(
            shows="demo" if today.market.is_demo else "prices",
            source=today.market.source,
            as_of=today.market.as_of,
            gate=today.gate,
            findings=today.market.findings,
            has_packed_prices=shown.prices_version is not None,
            last_day=prices.find_last_day(conn),
            coverage=_coverage(conn),
            waiting=tuple(prices.list_waiting(conn, limit=_WAITING_SHOWN)),
            waiting_count=prices.count_waiting(conn),
        )


def _coverage(conn: Connection) -> tuple[CoverageRow, ...]:
    known = {row.id: row for row in instruments.list_all(conn)}
    rows = [
        CoverageRow(
            names_of(known[part.instrument_id])[0],
            known[part.instrument_id].kind,
            known[part.instrument_id].sector,
            part.sessions,
            part.first_day,
            part.last_day,
        )
        for part in prices.list_coverage(conn)
        if part.instrument_id in known
    ]
    # What ends first needs somebody first.
    return tuple(sorted(rows, key=lambda row: (row.last_day, row.kind, row.name)))
