"""The evening's update: ask the provider for the last days, store what it gives, and call a person about what is wrong.

The provider is asked before a transaction opens, and never inside a request. Whatever it gives goes through the gates
of `sectors.ingest`. Repeating a run changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import structlog
from sqlalchemy import Connection

from analyzer.market import STALE_AFTER_SESSIONS
from billing.alarms import raise_standing_alarm
from database import books, instruments, market_updates, panels, prices
from database.market_updates import UpdateRow
from domain.subscriptions import INDIA
from domain.wording import format_date
from market_data.assembly import FUND
from market_data.providers import Fetched, Instrument, Provider, ProviderFailed, listed
from sectors.ingest import Report, store_rows
from sectors.market import LATE_AFTER, RECENT
from sectors.price_series import known_instruments, names_of
from wiring import Services

log = structlog.get_logger()

PROVIDER_ALARM, HELD_ALARM = "market:provider", "market:held"
LATE_ALARM, STOPPED_ALARM = "market:late", "market:stopped"

# The hours of `database.queue.PERIODIC` in UTC: 19:30 in India, and three more tries while the day's files are late.
UPDATE_HOURS = (14, 15, 16, 17)
# Days that are looked at again: files come late, and the exchange corrects them.
_AGAIN = timedelta(days=10)
# Where nothing is stored yet. Older days come by `manage.py market import`.
_AT_FIRST = timedelta(days=30)
# Before it a close of the day is none: trading ends at 15:30, and the files follow.
_CLOSES_ARE_KNOWN = time(18, 0)
# A series that ended this long ago was told about, and stays among the notes on the data.
_TOLD_FOR_SESSIONS = 15
_BROKEN_NAMED = 5
_LONGEST_NOTE = 1500


@dataclass(frozen=True, slots=True)
class Update:
    """What a run did. `failure` is why nothing came; `report` is what became of the rows."""

    provider: str
    first: date
    last: date
    through: date | None
    fetched: Fetched
    report: Report | None
    failure: str | None
    # A sentence a line.
    note: str

    @property
    def is_clean(self) -> bool:
        """Whether nothing waits for a person."""
        report = self.report
        return (
            report is not None
            and not self.failure
            and not self.fetched.broken
            and not report.problems
            and not report.withdrawn
        )


def update_market(services: Services) -> Update | None:
    """The periodic job. None when there is no provider, or when the newest day is whole already."""
    provider = services.market_provider
    with services.engine.begin() as conn:
        now = services.now(conn)
        if provider is None:
            for key in (PROVIDER_ALARM, LATE_ALARM, STOPPED_ALARM):
                books.resolve_alarm(conn, key, now=now)
            return None
        before = market_updates.find_last(conn, provider.name)
        is_done = before is not None and before.through is not None and before.through >= newest_day(now)
        if is_done:
            _call_about_prices(services, conn, now)
    return None if is_done else run_update(services, provider)


def run_update(services: Services, provider: Provider, *, day: date | None = None) -> Update:
    """Fetch the last days and store them. A provider that fails is written down, and a person called.

    With a `day` that one alone is asked for, by hand: it is no run of the evening, and not written down as one.
    """
    with services.engine.begin() as conn:
        now = services.now(conn)
        newest = prices.find_last_day(conn)
        wanted = wanted_instruments(conn)
    last = day or newest_day(now)
    first = day or min(newest or last - _AT_FIRST + _AGAIN, last) - _AGAIN
    today = now.astimezone(INDIA).date()
    try:
        fetched = provider.fetch(first, last, wanted, today=today)
    except ProviderFailed as exc:
        return _failed(services, provider, first, last, str(exc), is_written_down=day is None)
    with services.engine.begin() as conn:
        report = store_rows(services, conn, fetched.rows, source=provider.name, problems=fetched.problems)
        through = fetched.days[-1] if fetched.days else None
        note = "\n".join(_note(fetched, report, first, last))[:_LONGEST_NOTE]
        now = services.now(conn)
        held = len(report.problems) + len(report.withdrawn)
        if day is None:
            market_updates.insert(
                conn,
                UpdateRow(provider.name, now, through, report.new, len(report.replacements), held, note),
            )
        _alarm(services, conn, PROVIDER_ALARM, _about_files(fetched), now)
        _call_about_prices(services, conn, now)
    log.info("market_updated", provider=provider.name, through=str(through), new=report.new, held_back=held)
    return Update(provider.name, first, last, through, fetched, report, None, note)


def newest_day(now: datetime) -> date:
    """The newest day whose closes can be known. Whether it was a session is the provider's to say."""
    local = now.astimezone(INDIA)
    return local.date() if local.time() >= _CLOSES_ARE_KNOWN else local.date() - timedelta(days=1)


def next_update(now: datetime) -> datetime:
    """When the job runs next."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return next(
        at
        for at in (hour + timedelta(hours=step) for step in range(1, 26))
        if at > now and at.hour in UPDATE_HOURS
    )


def wanted_instruments(conn: Connection) -> list[Instrument]:
    """Every instrument of the universe, as providers know them."""
    return [Instrument(row.id, row.kind, row.symbol, row.isin) for row in known_instruments(conn)]


def _failed(
    services: Services, provider: Provider, first: date, last: date, why: str, *, is_written_down: bool
) -> Update:
    with services.engine.begin() as conn:
        now = services.now(conn)
        if is_written_down:
            market_updates.insert(conn, UpdateRow(provider.name, now, None, 0, 0, 0, why[:_LONGEST_NOTE]))
        _alarm(services, conn, PROVIDER_ALARM, f"The prices of {provider.name} did not come: {why}", now)
        _call_about_prices(services, conn, now, has_failed=True)
    log.warning("market_provider_failed", provider=provider.name)
    return Update(provider.name, first, last, None, Fetched(), None, why, why)


def _note(fetched: Fetched, report: Report, first: date, last: date) -> Iterator[str]:
    if not fetched.rows and not fetched.problems:
        asked = f"{last:%d.%m.%Y}" if first == last else f"{first:%d.%m.%Y} to {last:%d.%m.%Y}"
        yield f"Nothing came for {asked}."
    else:
        yield f"{report.new:,} new closes, {report.unchanged:,} known, {len(report.replacements):,} corrected."
    if report.problems or report.withdrawn:
        yield f"{len(report.problems) + len(report.withdrawn):,} are held back."
    if last not in fetched.days:
        yield f"{last:%d.%m.%Y} is not whole: no session, or its files are late."
    yield from fetched.broken[:_BROKEN_NAMED]
    yield from fetched.missing
    yield from fetched.gaps


def _about_files(fetched: Fetched) -> str | None:
    if not fetched.broken:
        return None
    files = "A file" if len(fetched.broken) == 1 else f"{len(fetched.broken)} files"
    return f"{files} of prices cannot be read. {fetched.broken[0]}"


def _call_about_prices(
    services: Services, conn: Connection, now: datetime, *, has_failed: bool = False
) -> None:
    """Raise the alarms on what is stored, or close those whose reason has gone."""
    calendar = panels.find_newest_sessions(conn)
    newest = calendar[-1] if calendar else prices.find_last_day(conn)
    late = None
    if newest is None and not has_failed:
        late = "No prices have come yet: “manage.py market update” says what is missing."
    elif newest is not None and now.astimezone(INDIA).date() - newest > LATE_AFTER:
        late = f"The newest prices are of {format_date(newest)}: no mails are sent. See Admin → Market data."
        reach = prices.find_last_day(conn)
        if reach is not None and reach > newest:
            late += f" Other series reach {format_date(reach)}: total returns are stored, and ended before the prices."
    _alarm(services, conn, LATE_ALARM, late, now)
    waiting = prices.count_waiting(conn, since=newest - RECENT) if newest else 0
    held = None
    if waiting:
        held = f"Recent prices wait for a decision ({waiting}): no mails are sent until Admin → Market data has none."
    _alarm(services, conn, HELD_ALARM, held, now)
    stopped = list(_stopped(conn, calendar))
    _alarm(
        services,
        conn,
        STOPPED_ALARM,
        f"No price for more than {STALE_AFTER_SESSIONS} sessions: {listed(stopped)}." if stopped else None,
        now,
    )


def _stopped(conn: Connection, calendar: list[date]) -> Iterator[str]:
    """Indices that ended lately while others went on: often the exchange has given them another name."""
    known = {row.id: row for row in instruments.list_all(conn)}
    for part in prices.list_coverage(conn):
        row = known.get(part.instrument_id)
        if row is not None and row.kind != FUND:
            since = sum(day > part.last_day for day in calendar[-_TOLD_FOR_SESSIONS - 1 :])
            if STALE_AFTER_SESSIONS < since <= _TOLD_FOR_SESSIONS:
                yield names_of(row)[0]


def _alarm(services: Services, conn: Connection, key: str, message: str | None, now: datetime) -> None:
    if message is None:
        books.resolve_alarm(conn, key, now=now)
    else:
        raise_standing_alarm(services, conn, key, message)
