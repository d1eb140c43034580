"""What `manage.py market` prints."""

from __future__ import annotations

from collections.abc import Iterator

from database.market_updates import UpdateRow
from operations.moments import as_read
from sectors.market_import import Imported
from sectors.market_status import MarketStatus
from sectors.market_update import Update

# A terminal holds no more; all of them are in the quarantine.
_HELD_SHOWN = 20
_NEXT = "Decide about them in Admin → Market data."


def status_text(status: MarketStatus) -> str:
    """The state of the data, a line each, and what to do about it."""
    return "\n".join(_status(status))


def update_text(update: Update) -> str:
    """What an update did."""
    lines = [
        f"{update.provider}, {update.first:%d.%m.%Y} to {update.last:%d.%m.%Y}: {_one_line(update.note)}"
    ]
    if update.report is not None and (update.report.problems or update.report.withdrawn):
        lines.append(_NEXT)
    if update.report is not None and update.report.not_packed:
        lines.append(f"Pages cannot show these prices yet: {update.report.not_packed}")
    return "\n".join(lines)


def import_text(imported: Imported) -> str:
    """What an import did, and the first rows that were held back."""
    return "\n".join(_import(imported))


def _status(status: MarketStatus) -> Iterator[str]:
    yield f"pages show   {status.source}, through {status.as_of:%d.%m.%Y}"
    yield f"provider     {status.provider or 'none: prices come as files of an admin'}"
    if status.terms:
        yield f"terms        {status.terms}"
    if status.provider:
        yield f"last run     {_run(status.last_update)}"
        yield f"next run     {as_read(status.next_update)}{'' if status.is_worked_on else ', if a worker runs by then'}"
    reach = f"through {status.last_day:%d.%m.%Y}" if status.last_day else "none"
    yield f"stored       {len(status.coverage)} series, {reach}"
    yield f"quarantine   {status.waiting_count} rows wait" + (f". {_NEXT}" if status.waiting_count else "")
    if status.gate:
        yield f"no mails     {status.gate}"
    for finding in status.findings:
        yield f"note         {finding.subject}: {finding.sentence}"


def _run(update: UpdateRow | None) -> str:
    return "none yet" if update is None else f"{as_read(update.ran_at)}: {_one_line(update.note)}"


def _one_line(note: str) -> str:
    return note.replace("\n", " ")


def _import(imported: Imported) -> Iterator[str]:
    yield (
        f"{imported.new:,} new closes, {imported.unchanged:,} known, {imported.corrected:,} corrected, "
        f"{len(imported.held):,} held back."
    )
    yield from (f"  held back: {line}" for line in imported.held[:_HELD_SHOWN])
    if len(imported.held) > _HELD_SHOWN:
        yield f"  and {len(imported.held) - _HELD_SHOWN:,} more."
    if imported.held:
        yield _NEXT
    yield from (f"  cannot be read: {line}" for line in imported.broken[:_HELD_SHOWN])
    yield from (f"  note: {line}" for line in (*imported.told[-_HELD_SHOWN:], *imported.gaps))
    if imported.not_packed:
        yield f"Pages cannot show these prices yet: {imported.not_packed}"
