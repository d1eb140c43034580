"""Statements on access that admins gave by hand. Its periods are in `database/subscriptions.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant with its period."""

    id: int
    user_id: UUID
    plan_id: str
    starts_at: datetime
    ends_at: datetime
    revoked_at: datetime | None


def insert(conn: Connection, *, user_id: UUID, admin_id: UUID, reason: str) -> int:
    """Write down that an admin gives access to a user, and why. Its period follows in the same transaction."""
    grant_id: int = conn.execute(
        text("""
        INSERT INTO grants (user_id, admin_id, reason)
        VALUES (:user_id, :admin_id, :reason)
        RETURNING id
        """),
        {"user_id": user_id, "admin_id": admin_id, "reason": reason},
    ).scalar_one()
    return grant_id


def find(conn: Connection, grant_id: int) -> GrantRow | None:
    """A grant with its period as it is now: one before it may have moved it."""
    row = (
        conn.execute(
            text("""
            SELECT g.id, g.user_id, p.plan_id, p.starts_at, p.ends_at, p.revoked_at
            FROM grants g
            JOIN subscription_periods p ON p.grant_id = g.id
            WHERE g.id = :grant_id
            """),
            {"grant_id": grant_id},
        )
        .mappings()
        .first()
    )
    return None if row is None else GrantRow(**row)


def list_of_user(conn: Connection, user_id: UUID) -> Sequence[RowMapping]:
    """The periods that were given to a user, the newest first. Who gave them and why is not theirs to read here."""
    return (
        conn.execute(
            text("""
        SELECT pl.name AS plan_name, p.starts_at, p.ends_at, p.revoked_at
        FROM grants g
        JOIN subscription_periods p ON p.grant_id = g.id
        JOIN plans pl ON pl.id = p.plan_id
        WHERE g.user_id = :user_id
        ORDER BY p.starts_at DESC, p.id DESC
        """),
            {"user_id": user_id},
        )
        .mappings()
        .all()
    )
