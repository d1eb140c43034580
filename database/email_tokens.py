"""Statements on links sent by mail. A row opens nothing by itself: see accounts/link_tokens.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from domain.links import Purpose, SpentLink


@dataclass(frozen=True, slots=True)
class WaitingLink:
    """A link that has not been used, and for whom."""

    id: UUID
    purpose: Purpose
    user_id: UUID | None
    email: str


def insert(
    conn: Connection,
    purpose: Purpose,
    *,
    user_id: UUID | None,
    email: str,
    expires_at: datetime,
    now: datetime,
) -> UUID:
    """Store a link that replaces the user's unused one of this purpose."""
    use_up(conn, purpose, user_id, now=now)
    token_id: UUID = conn.execute(
        text("""
        INSERT INTO email_tokens (purpose, user_id, email, created_at, expires_at)
        VALUES (:purpose, :user_id, :email, :now, :expires_at)
        RETURNING id
        """),
        {"purpose": str(purpose), "user_id": user_id, "email": email, "now": now, "expires_at": expires_at},
    ).scalar_one()
    return token_id


def use_up(conn: Connection, purpose: Purpose, user_id: UUID | None, *, now: datetime) -> None:
    """Let no unused link of this purpose work any more."""
    conn.execute(
        text("""
        UPDATE email_tokens
        SET used_at = :now
        WHERE user_id = :user_id AND purpose = :purpose AND used_at IS NULL
        """),
        {"user_id": user_id, "purpose": str(purpose), "now": now},
    )


def use_up_all(conn: Connection, user_id: UUID, *, now: datetime) -> None:
    """Let no unused link of this user work any more: whoever asked for one may be whom a change is against."""
    conn.execute(
        text("UPDATE email_tokens SET used_at = :now WHERE user_id = :user_id AND used_at IS NULL"),
        {"user_id": user_id, "now": now},
    )


def find_waiting(conn: Connection, token_id: UUID, *, now: datetime) -> WaitingLink | None:
    """The link if it can still be used."""
    row = conn.execute(
        text("""
        SELECT id, purpose, user_id, email
        FROM email_tokens
        WHERE id = :id AND used_at IS NULL AND expires_at > :now
        """),
        {"id": token_id, "now": now},
    ).first()
    return None if row is None else WaitingLink(row.id, Purpose(row.purpose), row.user_id, row.email)


def spend(conn: Connection, token_id: UUID, purpose: Purpose, *, now: datetime) -> SpentLink | None:
    """Use a link. Found by the one call that uses it in time, for an account that may still sign in."""
    row = conn.execute(
        text("""
        UPDATE email_tokens t
        SET used_at = :now
        FROM users u
        WHERE t.id = :id
          AND t.purpose = :purpose
          AND t.used_at IS NULL
          AND t.expires_at > :now
          AND u.id = t.user_id
          AND u.status = 'active'
          AND u.deleted_at IS NULL
        RETURNING t.user_id, t.email
        """),
        {"id": token_id, "purpose": str(purpose), "now": now},
    ).first()
    return None if row is None else SpentLink(row.user_id, row.email)
