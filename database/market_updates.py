"""Statements on what the evening's update of prices did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class UpdateRow:
    """One run. `through` is the newest day of which everything was there; none when nothing came."""

    provider: str
    ran_at: datetime
    through: date | None
    stored: int
    corrected: int
    held_back: int
    note: str


def insert(conn: Connection, row: UpdateRow) -> None:
    """Write a run down."""
    conn.execute(
        text("""
        INSERT INTO market_updates (provider, ran_at, through, stored, corrected, held_back, note)
        VALUES (:provider, :ran_at, :through, :stored, :corrected, :held_back, :note)
        """),
        asdict(row),
    )


def find_last(conn: Connection, provider: str) -> UpdateRow | None:
    """The last run of this provider."""
    row = conn.execute(
        text("""
        SELECT provider, ran_at, through, stored, corrected, held_back, note
        FROM market_updates
        WHERE provider = :provider
        ORDER BY id DESC
        LIMIT 1
        """),
        {"provider": provider},
    )
    found = row.mappings().first()
    return None if found is None else UpdateRow(**found)
