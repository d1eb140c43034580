"""What an admin sees of the data: which market is shown, how far the prices reach, what waits, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from accounts.authority import require_admin
from analyzer.market import Finding
from database import books, instruments, market_updates, prices
from database.market_updates import UpdateRow
from database.prices import WaitingRow
from database.queue import worker_is_alive
from domain.accounts import User
from sectors.market import market_of_the_day
from sectors.market_update import next_update
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
    """`shows` is demo or prices; `as_of` and `findings` are of what is shown; `gate` is why no mail would be sent.

    `provider` is None when prices come only as files; its `terms` are what its use is bound to, if it is.
    `alarms` are the open ones about prices.
    """

    shows: str
    source: str
    as_of: date
    gate: str | None
    findings: tuple[Finding, ...]
    last_day: date | None
    coverage: tuple[CoverageRow, ...]
    waiting: tuple[WaitingRow, ...]
    waiting_count: int
    provider: str | None
    terms: str | None
    last_update: UpdateRow | None
    next_update: datetime
    is_worked_on: bool
    alarms: Mapping[str, str]


def market_status(services: Services, actor: User) -> MarketStatus:
    """The state of the data. Raises Forbidden unless the actor is an admin."""
    with services.engine.connect() as conn:
        require_admin(conn, actor)
    return read_status(services)


def read_status(services: Services) -> MarketStatus:
    """The same for the command line."""
    today = market_of_the_day(services)
    with services.engine.connect() as conn:
        provider = services.market_provider
        return MarketStatus(
            shows="demo" if today.market.is_demo else "prices",
            source=today.market.source,
            as_of=today.market.as_of,
            gate=today.gate,
            findings=today.market.findings,
            last_day=prices.find_last_day(conn),
            coverage=_coverage(conn),
            waiting=tuple(prices.list_waiting(conn, limit=_WAITING_SHOWN)),
            waiting_count=prices.count_waiting(conn),
            provider=None if provider is None else provider.name,
            terms=None if provider is None else provider.terms,
            last_update=None if provider is None else market_updates.find_last(conn, provider.name),
            next_update=next_update(services.now(conn)),
            is_worked_on=worker_is_alive(conn),
            alarms=books.list_open_alarms(conn, "market:"),
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
