"""How prices get in: read a file, say row by row what is wrong, store the rest in one transaction, pack the market.

Nothing is dropped without a trace: what a gate holds back waits in the quarantine, what is replaced is kept, and a
stored close that later ones show to be a spike moves to the quarantine. Sending a file twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import structlog
from sqlalchemy import Connection

from accounts.authority import require_admin
from database import books, prices
from database.instruments import StoredInstrument
from database.prices import PriceRow, RejectedRow
from domain.accounts import User
from domain.errors import InvalidInput
from domain.subscriptions import INDIA
from market_data.assembly import FUND, row_key
from market_data.csv_upload import FileRefused, RowProblem, UploadedFile, UploadedRow, read_closes
from market_data.gates import BACK_IN_SESSIONS, Rule, Suspect, find_suspects
from sectors.price_series import index_of, known_instruments, merged_with, names_of, stored_series
from sectors.shown import DEFAULT_SOURCE, repack
from wiring import Services

log = structlog.get_logger()

# As many as an audit entry may carry; all of them are in px_corrections.
_AUDITED_CORRECTIONS = 20


@dataclass(frozen=True, slots=True)
class Replacement:
    """A stored close and the one that takes its place."""

    name: str
    day: date
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a file does, or would do. `problems` say row by row what is held back and what to do about it."""

    new: int
    unchanged: int
    replacements: tuple[Replacement, ...]
    problems: tuple[RowProblem, ...]
    notes: tuple[str, ...]
    is_stored: bool
    packed: str | None = None
    not_packed: str | None = None
    # Closes that were believed until these rows came, and wait in the quarantine now.
    withdrawn: tuple[RowProblem, ...] = ()

    @property
    def usable(self) -> int:
        return self.new + len(self.replacements)


@dataclass(frozen=True, slots=True)
class _Plan:
    rows: list[PriceRow]
    report: Report


def preview_file(services: Services, actor: User, content: bytes) -> Report:
    """What this file would do; nothing is stored. Raises Forbidden, and InvalidInput for a file that is no table."""
    with services.engine.connect() as conn:
        require_admin(conn, actor)
        known = known_instruments(conn)
        # Nothing is committed: what the universe adds to the instruments goes with the connection.
        return _plan(services, conn, known, _read(services, conn, known, content)).report


def store_file(services: Services, actor: User, content: bytes) -> Report:
    """Store the usable rows, keep the others in the quarantine, and pack the market, in one transaction.

    Raises Forbidden, and InvalidInput for a file that is no table: nothing is stored then.
    """
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        return _store(services, conn, content, actor=actor)


def store_content(services: Services, content: bytes) -> Report:
    """The same for the command line."""
    with services.engine.begin() as conn:
        return _store(services, conn, content, actor=None)


def store_rows(
    services: Services,
    conn: Connection,
    rows: Sequence[UploadedRow],
    *,
    source: str,
    problems: Sequence[RowProblem] = (),
    actor: User | None = None,
) -> Report:
    """Let rows through the gates into the caller's transaction, and pack the market when something changed.

    `problems` are rows that whoever read them could not use: they are kept in the quarantine.
    """
    prices.lock_for_writing(conn)
    known = known_instruments(conn)
    file = UploadedFile(tuple(rows), tuple(problems), ())
    return _write(services, conn, known, file, source=source, actor=actor)


def _store(services: Services, conn: Connection, content: bytes, *, actor: User | None) -> Report:
    prices.lock_for_writing(conn)
    known = known_instruments(conn)
    file = _read(services, conn, known, content)
    return _write(services, conn, known, file, source=DEFAULT_SOURCE, actor=actor)


def _write(
    services: Services,
    conn: Connection,
    known: list[StoredInstrument],
    file: UploadedFile,
    *,
    source: str,
    actor: User | None,
) -> Report:
    plan = _plan(services, conn, known, file)
    report = plan.report
    changed = prices.upsert(conn, plan.rows, source=source)
    held = prices.quarantine(conn, [_rejected(problem) for problem in report.problems], source=source)
    withdrawn = prices.withdraw(conn, [_rejected(problem) for problem in report.withdrawn])
    packed, not_packed = repack(services, conn)
    if changed or held or withdrawn:
        books.audit(
            conn,
            "prices_stored",
            "market",
            actor_id=None if actor is None else actor.id,
            detail={
                "source": source,
                "new": report.new,
                "corrected": len(report.replacements),
                "held_back": held,
                "withdrawn": [
                    f"{problem.raw}: {problem.wrong}" for problem in report.withdrawn[:_AUDITED_CORRECTIONS]
                ],
                "corrections": [
                    f"{one.name} {one.day}: {one.old:g} → {one.new:g}"
                    for one in report.replacements[:_AUDITED_CORRECTIONS]
                ],
            },
        )
    log.info("prices_stored", changed=changed, held_back=held, withdrawn=withdrawn, version=packed)
    return replace(report, is_stored=True, packed=packed, not_packed=not_packed)


def _read(
    services: Services, conn: Connection, known: list[StoredInstrument], content: bytes
) -> UploadedFile:
    today = services.now(conn).astimezone(INDIA).date()
    names = {name: row.id for row in known for name in names_of(row)}
    try:
        return read_closes(content, names, today=today)
    except FileRefused as exc:
        raise InvalidInput({"file": str(exc)}, str(exc)) from exc


def _plan(services: Services, conn: Connection, known: list[StoredInstrument], file: UploadedFile) -> _Plan:
    """Let the rows through the gates, each series together with what is stored of it."""
    by_id = {row.id: row for row in known}
    touched = {row.instrument_id for row in file.rows}
    followed = {id_: index_of(by_id[id_], known) for id_ in touched}
    stored = stored_series(conn, touched | {index for index in followed.values() if index is not None})
    accepted = prices.list_accepted(conn, sorted(touched))
    rows: list[PriceRow] = []
    problems = list(file.problems)
    replacements: list[Replacement] = []
    withdrawn: list[RowProblem] = []
    new = unchanged = 0
    arriving: dict[int, list[UploadedRow]] = {}
    for row in file.rows:
        arriving.setdefault(row.instrument_id, []).append(row)
    fresh = {
        id_: pd.Series({pd.Timestamp(row.day): row.close for row in part}) for id_, part in arriving.items()
    }
    merged = {id_: merged_with(stored.get(id_), part) for id_, part in fresh.items()}
    for id_, part in arriving.items():
        index = followed[id_]
        follows = None if index is None else merged.get(index, stored.get(index))
        believed = [
            day for day, close in accepted.get(id_, ()) if merged[id_].get(pd.Timestamp(day)) == close
        ]
        suspects = {
            suspect.day: suspect
            for suspect in find_suspects(
                merged[id_], is_fund=by_id[id_].kind == FUND, index=follows, accepted=believed
            )
        }
        before = stored.get(id_, pd.Series(dtype="float64"))
        doubted = _doubted(merged[id_], before, fresh[id_], suspects)
        name = names_of(by_id[id_])[0]
        withdrawn += [_withdrawn(id_, name, suspects[day]) for day in sorted(doubted)]
        for row in part:
            old = before.get(pd.Timestamp(row.day))
            if row.day in doubted and old == row.close:
                continue
            if old is not None and old == row.close:
                unchanged += 1
                rows.append(PriceRow(id_, row.day, row.close, row.turnover))
            elif row.day in suspects:
                problems.append(_held(row, suspects[row.day]))
            else:
                rows.append(PriceRow(id_, row.day, row.close, row.turnover))
                if old is None:
                    new += 1
                else:
                    replacements.append(Replacement(name, row.day, float(old), row.close))
    problems.sort(key=lambda problem: problem.number)
    report = Report(
        new,
        unchanged,
        tuple(replacements),
        tuple(problems),
        file.notes,
        is_stored=False,
        withdrawn=tuple(withdrawn),
    )
    return _Plan(rows, report)


def _held(row: UploadedRow, suspect: Suspect) -> RowProblem:
    return RowProblem(
        row.number,
        row.raw,
        str(suspect.rule),
        suspect.sentence,
        "Correct it and send it again, or accept it in the quarantine if it is right.",
        row.instrument_id,
        row.day,
        row.close,
        row.turnover,
    )


def _doubted(
    merged: pd.Series, before: pd.Series, fresh: pd.Series, suspects: Mapping[date, Suspect]
) -> set[date]:
    """Stored closes that the gates no longer believe, of the sessions just before one that is new or corrected.

    Older ones stay: what was looked at for years is not taken away because something far from it changed.
    """
    if before.empty or not suspects:
        return set()
    news = [day for day, close in fresh.items() if before.get(day) != close]
    places = {int(place) for place in merged.index.get_indexer(pd.Index(news))}
    near = {merged.index[at] for place in places for at in range(max(0, place - BACK_IN_SESSIONS), place)}
    # What arrives as a correction in the same rows is judged as a row that arrives.
    same = {day for day in near if day in before.index and fresh.get(day, before[day]) == before[day]}
    return {day.date() for day in same} & set(suspects)


def _withdrawn(instrument_id: int, name: str, suspect: Suspect) -> RowProblem:
    return RowProblem(
        0,
        f"{name} {suspect.day} {suspect.close:g}",
        str(suspect.rule),
        suspect.sentence,
        "Nothing if it is wrong; accept it in the quarantine if it is right.",
        instrument_id,
        suspect.day,
        suspect.close,
    )


def _rejected(problem: RowProblem) -> RejectedRow:
    # A level that is not believed is one row, whichever file brings it, and whether it is called jump or spike by then.
    said = ("level",) if problem.rule in {Rule.SPIKE, Rule.JUMP} else (problem.rule, problem.raw)
    return RejectedRow(
        row_key=row_key(*said, problem.instrument_id, problem.day, problem.close),
        raw=problem.raw,
        row_number=problem.number,
        instrument_id=problem.instrument_id,
        day=problem.day,
        close=problem.close,
        turnover=problem.turnover,
        rule=problem.rule,
        explanation=problem.wrong,
    )
