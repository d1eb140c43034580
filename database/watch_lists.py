"""Statements on watch-lists. Callers hold the owner's row while they change one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, text


def find(conn: Connection, user_id: UUID) -> tuple[str, ...]:
    """The sectors that somebody watches, in their own order."""
    rows = conn.execute(
        text("SELECT sector FROM watch_lists WHERE user_id = :user_id ORDER BY position"),
        {"user_id": user_id},
    )
    return tuple(rows.scalars())


def replace(conn: Connection, user_id: UUID, sectors: Sequence[str]) -> None:
    """Make these the sectors that somebody watches, in this order."""
    conn.execute(text("DELETE FROM watch_lists WHERE user_id = :user_id"), {"user_id": user_id})
    if sectors:
        conn.execute(
            text("INSERT INTO watch_lists (user_id, sector, position) VALUES (:user_id, :sector, :position)"),
            [
                {"user_id": user_id, "sector": sector, "position": position}
                for position, sector in enumerate(sectors, start=1)
            ],
        )
