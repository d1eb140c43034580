"""The form of an invariant, and the statement that asks for what violates it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold.

    `sql` selects one column `id` that names each offender, and may use `:now`. None: the `tables` that it
    needs do not exist yet; whoever makes one writes the statement (a test insists).
    """

    id: str
    sentence: str
    tables: tuple[str, ...]
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class Offenders:
    """How many rows violate an invariant, and the first of them."""

    count: int
    first: tuple[str, ...]


def find_offenders(conn: Connection, invariant: Invariant, *, now: datetime, limit: int) -> Offenders:
    """Count what violates a built invariant, and name the first `limit` of it."""
    row = conn.execute(
        text(f"""
        SELECT count(*) AS total, (array_agg(id::text ORDER BY id))[1 : :limit] AS first
        FROM ({invariant.sql}) AS offenders
        """),  # allowed: sql-built - every Invariant(...) is checked to be constant
        {"now": now, "limit": limit},
    ).one()
    return Offenders(row.total, tuple(row.first or ()))


def limit_statement_time(conn: Connection, longest: timedelta) -> None:
    """Let no statement of this transaction run longer."""
    conn.execute(
        text("SELECT set_config('statement_timeout', :longest, true)"),
        {"longest": f"{int(longest.total_seconds() * 1000)}ms"},
    )


def list_tables(conn: Connection) -> frozenset[str]:
    """The tables that exist."""
    return frozenset(
        conn.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
    )
