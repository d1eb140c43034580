"""Statements on closes and on the rows that a gate held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, text

# A statement of this size stays far inside its time limit, also on a slow disk.
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A close, and the turnover in rupees where it is known."""

    instrument_id: int
    day: date
    close: float
    turnover: float | None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that a gate held back. `row_key` says the same for the same row of the same file, sent again.

    Without instrument, day and close it can only be dismissed.
    """

    row_key: str
    raw: str
    row_number: int | None
    instrument_id: int | None
    day: date | None
    close: float | None
    turnover: float | None
    rule: str
    explanation: str


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A row of the quarantine. `symbol` and `kind` are those of its instrument, where it is known."""

    id: int
    instrument_id: int | None
    kind: str | None
    symbol: str | None
    raw: str
    day: date | None
    close: float | None
    turnover: float | None
    rule: str
    explanation: str
    source: str
    seen_at: datetime

    @property
    def is_whole(self) -> bool:
        """Whether it could become a price."""
        return None not in (self.instrument_id, self.day, self.close)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far one instrument's prices reach."""

    instrument_id: int
    sessions: int
    first_day: date
    last_day: date


_WAITING = """
    r.id, r.instrument_id, i.kind, i.symbol, r.raw, r.d AS day, r.close, r.turnover, r.rule, r.explanation,
    r.source, r.seen_at
"""


def upsert(conn: Connection, rows: Sequence[PriceRow], *, source: str) -> int:
    """Store closes, replacing those that differ. How many rows changed: none when all were stored already.

    What is replaced is kept in `px_corrections`. A session comes once at most in `rows`.
    """
    changed = 0
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        changed += conn.execute(
            text("""
            WITH new AS (
                SELECT *
                FROM unnest(
                    CAST(:ids AS integer[]), CAST(:days AS date[]),
                    CAST(:closes AS double precision[]), CAST(:turnovers AS double precision[])
                ) AS given (instrument_id, d, close, turnover)
            ), corrected AS (
                INSERT INTO px_corrections (instrument_id, d, old_close, new_close, old_source, new_source)
                SELECT px.instrument_id, px.d, px.close, new.close, px.source, :source
                FROM new
                JOIN px USING (instrument_id, d)
                WHERE px.close <> new.close
            )
            INSERT INTO px (instrument_id, d, close, turnover, source)
            SELECT instrument_id, d, close, turnover, :source FROM new
            ON CONFLICT ON CONSTRAINT px_pkey DO UPDATE
            SET close = EXCLUDED.close,
                turnover = coalesce(EXCLUDED.turnover, px.turnover),
                source = EXCLUDED.source,
                ingested_at = now()
            WHERE (px.close, px.turnover)
                IS DISTINCT FROM (EXCLUDED.close, coalesce(EXCLUDED.turnover, px.turnover))
            """),
            {
                "ids": [row.instrument_id for row in part],
                "days": [row.day for row in part],
                "closes": [row.close for row in part],
                "turnovers": [row.turnover for row in part],
                "source": source,
            },
        ).rowcount
    return changed


def lock_for_writing(conn: Connection) -> None:
    """Until the transaction ends nobody else stores prices: what the gates saw stays true."""
    conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('prices'))"))


def read_all(conn: Connection, instrument_ids: Sequence[int] | None = None) -> pd.DataFrame:
    """Every close, or those of some instruments: columns instrument_id, d, close, turnover, by instrument and day."""
    # A day as a number: hundreds of thousands of date objects would take longer than all the rest.
    rows = conn.execute(
        text("""
        SELECT instrument_id, d - DATE '1970-01-01' AS d, close, turnover
        FROM px
        WHERE CAST(:ids AS integer[]) IS NULL OR instrument_id = ANY(CAST(:ids AS integer[]))
        ORDER BY instrument_id, d
        """),
        {"ids": instrument_ids if instrument_ids is None else list(instrument_ids)},
    ).all()
    table = pd.DataFrame.from_records(rows, columns=["instrument_id", "d", "close", "turnover"])
    days = pd.to_datetime(table["d"], unit="D")
    return table.astype({"close": "float64", "turnover": "float64"}).assign(d=days)


def list_coverage(conn: Connection) -> list[Coverage]:
    """How far the prices of each instrument reach; instruments without any are left out."""
    rows = conn.execute(
        text("""
        SELECT instrument_id, count(*) AS sessions, min(d) AS first_day, max(d) AS last_day
        FROM px
        GROUP BY instrument_id
        ORDER BY instrument_id
        """)
    )
    return [Coverage(**row) for row in rows.mappings()]


def find_close(conn: Connection, instrument_id: int, day: date) -> float | None:
    """The stored close of a day."""
    close: float | None = conn.execute(
        text("SELECT close FROM px WHERE instrument_id = :id AND d = :day"), {"id": instrument_id, "day": day}
    ).scalar()
    return close


def find_last_day(conn: Connection) -> date | None:
    """The newest day that has any close."""
    last: date | None = conn.execute(text("SELECT max(d) FROM px")).scalar_one()
    return last


def quarantine(conn: Connection, rows: Sequence[RejectedRow], *, source: str) -> int:
    """Keep rows that a gate held back, each once. How many are new; one that was decided stays decided."""
    if not rows:
        return 0
    return conn.execute(
        text("""
        INSERT INTO px_reject (
            row_key, raw, row_number, instrument_id, d, close, turnover, rule, explanation, source
        )
        SELECT row_key, raw, row_number, instrument_id, d, close, turnover, rule, explanation, :source
        FROM unnest(
            CAST(:keys AS text[]), CAST(:raws AS text[]), CAST(:numbers AS integer[]), CAST(:ids AS integer[]),
            CAST(:days AS date[]), CAST(:closes AS double precision[]), CAST(:turnovers AS double precision[]),
            CAST(:rules AS text[]), CAST(:explanations AS text[])
        ) AS held (row_key, raw, row_number, instrument_id, d, close, turnover, rule, explanation)
        ON CONFLICT ON CONSTRAINT px_reject_row_once DO NOTHING
        """),
        {
            "keys": [row.row_key for row in rows],
            "raws": [row.raw for row in rows],
            "numbers": [row.row_number for row in rows],
            "ids": [row.instrument_id for row in rows],
            "days": [row.day for row in rows],
            "closes": [row.close for row in rows],
            "turnovers": [row.turnover for row in rows],
            "rules": [row.rule for row in rows],
            "explanations": [row.explanation for row in rows],
            "source": source,
        },
    ).rowcount


def withdraw(conn: Connection, rows: Sequence[RejectedRow]) -> int:
    """Move stored closes into the quarantine, with the turnover and the source that they were stored with. How many.

    Each row has instrument, day and close. One that was dismissed before waits again: it had been stored since.
    """
    moved = 0
    for row in rows:
        moved += conn.execute(
            text("""
            WITH taken AS (
                DELETE FROM px
                WHERE instrument_id = :instrument_id AND d = :day AND close = :close
                RETURNING turnover, source
            )
            INSERT INTO px_reject (
                row_key, raw, row_number, instrument_id, d, close, turnover, rule, explanation, source
            )
            SELECT :row_key, :raw, NULL, :instrument_id, :day, :close, turnover, :rule, :explanation, source
            FROM taken
            ON CONFLICT ON CONSTRAINT px_reject_row_once DO UPDATE
            SET status = 'waiting', decided_at = NULL, decided_by = NULL,
                rule = EXCLUDED.rule, explanation = EXCLUDED.explanation
            """),
            {
                "instrument_id": row.instrument_id,
                "day": row.day,
                "close": row.close,
                "row_key": row.row_key,
                "raw": row.raw,
                "rule": row.rule,
                "explanation": row.explanation,
            },
        ).rowcount
    return moved


def list_waiting(conn: Connection, *, limit: int, instrument_id: int | None = None) -> list[WaitingRow]:
    """Rows of the quarantine that nobody has decided about, of all or of one instrument, the newest first."""
    rows = conn.execute(
        text(f"""
        SELECT {_WAITING}
        FROM px_reject r
        LEFT JOIN instruments i ON i.id = r.instrument_id
        WHERE r.status = 'waiting' AND (CAST(:instrument_id AS integer) IS NULL OR r.instrument_id = :instrument_id)
        ORDER BY r.seen_at DESC, r.id DESC
        LIMIT :limit
        """),
        {"limit": limit, "instrument_id": instrument_id},
    )
    return [WaitingRow(**row) for row in rows.mappings()]


def count_waiting(conn: Connection, *, since: date | None = None) -> int:
    """How many rows wait for a decision, of all days or of those from `since` on."""
    count: int = conn.execute(
        text("""
        SELECT count(*)
        FROM px_reject
        WHERE status = 'waiting' AND (CAST(:since AS date) IS NULL OR d >= :since)
        """),
        {"since": since},
    ).scalar_one()
    return count


def list_accepted(conn: Connection, instrument_ids: Sequence[int]) -> dict[int, list[tuple[date, float]]]:
    """The days and closes that a person has accepted, by instrument."""
    rows = conn.execute(
        text("""
        SELECT instrument_id, d, close
        FROM px_reject
        WHERE status = 'accepted' AND instrument_id = ANY(:ids)
        """),
        {"ids": list(instrument_ids)},
    )
    accepted: dict[int, list[tuple[date, float]]] = {}
    for row in rows:
        accepted.setdefault(row.instrument_id, []).append((row.d, row.close))
    return accepted


def lock_waiting(conn: Connection, reject_id: int) -> WaitingRow | None:
    """The row if nobody has decided about it, locked until the transaction ends."""
    row = conn.execute(
        text(f"""
        SELECT {_WAITING}
        FROM px_reject r
        LEFT JOIN instruments i ON i.id = r.instrument_id
        WHERE r.id = :id AND r.status = 'waiting'
        FOR UPDATE OF r
        """),
        {"id": reject_id},
    )
    found = row.mappings().first()
    return None if found is None else WaitingRow(**found)


def decide(conn: Connection, reject_id: int, status: str, *, now: datetime, actor_id: UUID | None) -> bool:
    """Write a decision down: `accepted` or `dismissed`. True when this call decided it."""
    return (
        conn.execute(
            text("""
            UPDATE px_reject
            SET status = :status, decided_at = :now, decided_by = :actor_id
            WHERE id = :id AND status = 'waiting'
            """),
            {"id": reject_id, "status": status, "now": now, "actor_id": actor_id},
        ).rowcount
        > 0
    )
