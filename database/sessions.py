"""Statements on browser sessions, the tickets that start them, and known browsers. Only hashes of tokens are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from database.users import COLUMNS, user_from_row
from domain.accounts import User
from domain.sessions import Session


@dataclass(frozen=True, slots=True)
class SpentTicket:
    """Whom a ticket signs in, and whether they proved a second factor for it."""

    user_id: UUID
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class FoundSession:
    """A session that may still be used, and what decides whether it is enough."""

    session: Session
    user: User
    has_second_factor: bool
    user_has_second_factor: bool


def insert_ticket(
    conn: Connection,
    user: User,
    *,
    token_hash: bytes,
    browser_hash: bytes,
    has_second_factor: bool,
    expires_at: datetime,
) -> bool:
    """Store a ticket that one browser may use once. False when the account or its password is another by now.

    A change of password that is under way is waited for: it ends every ticket, and none may slip in behind it.
    """
    stored = conn.execute(
        text("""
        INSERT INTO sign_in_tickets (token_hash, browser_hash, user_id, has_second_factor, expires_at)
        SELECT :token_hash, :browser_hash, u.id, :has_second_factor, :expires_at
        FROM users u
        WHERE u.id = :user_id
          AND u.status = 'active'
          AND u.deleted_at IS NULL
          AND u.password_changed_at = :password_changed_at
        FOR SHARE OF u
        """),
        {
            "token_hash": token_hash,
            "browser_hash": browser_hash,
            "user_id": user.id,
            "has_second_factor": has_second_factor,
            "expires_at": expires_at,
            "password_changed_at": user.password_changed_at,
        },
    )
    return stored.rowcount > 0


def use_ticket(
    conn: Connection, *, token_hash: bytes, browser_hash: bytes, now: datetime
) -> SpentTicket | None:
    """Spend a ticket. Found by the one call that spends it in the right browser in time."""
    row = conn.execute(
        text("""
        UPDATE sign_in_tickets
        SET used_at = :now
        WHERE token_hash = :token_hash
          AND browser_hash = :browser_hash
          AND used_at IS NULL
          AND expires_at > :now
        RETURNING user_id, has_second_factor
        """),
        {"token_hash": token_hash, "browser_hash": browser_hash, "now": now},
    ).first()
    return None if row is None else SpentTicket(row.user_id, row.has_second_factor)


def insert(conn: Connection, *, now: datetime, has_second_factor: bool, **values: Any) -> None:
    """Store a session."""
    conn.execute(
        text("""
        INSERT INTO sessions
            (token_hash, user_id, user_agent, address, created_at, seen_at, second_factor_at, expires_at)
        VALUES (:token_hash, :user_id, :user_agent, :address, :now, :now, :second_factor_at, :expires_at)
        """),
        {"now": now, "second_factor_at": now if has_second_factor else None, **values},
    )


def find(conn: Connection, token_hash: bytes, *, seen_after: datetime, now: datetime) -> FoundSession | None:
    """The session of a token: not revoked, not expired, not idle, and of an account that may still sign in."""
    row = (
        conn.execute(
            text(f"""
        SELECT {COLUMNS}, s.id AS session_id, s.created_at AS session_created_at, s.seen_at, s.user_agent, s.address,
            s.second_factor_at IS NOT NULL AS has_second_factor,
            EXISTS (
                SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL
            ) AS user_has_second_factor
        FROM sessions s
        JOIN users u ON u.id = s.user_id
        WHERE s.token_hash = :token_hash
          AND s.revoked_at IS NULL
          AND s.expires_at > :now
          AND s.seen_at > :seen_after
          AND u.status = 'active'
          AND u.deleted_at IS NULL
        """),
            {"token_hash": token_hash, "seen_after": seen_after, "now": now},
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    return FoundSession(
        Session(
            row["session_id"], row["session_created_at"], row["seen_at"], row["user_agent"], row["address"]
        ),
        user_from_row(row),
        row["has_second_factor"],
        row["user_has_second_factor"],
    )


def list_live(conn: Connection, user_id: UUID, *, seen_after: datetime, now: datetime) -> list[Session]:
    """The sessions with which somebody may act as this user, the last used first."""
    rows = conn.execute(
        text("""
        SELECT id, created_at, seen_at, user_agent, address
        FROM sessions
        WHERE user_id = :user_id AND revoked_at IS NULL AND expires_at > :now AND seen_at > :seen_after
        ORDER BY seen_at DESC, id DESC
        """),
        {"user_id": user_id, "seen_after": seen_after, "now": now},
    ).mappings()
    return [Session(**row) for row in rows]


def touch(conn: Connection, session_id: int, *, now: datetime) -> None:
    """Remember that a session was used. Never moves back, and never waits for somebody who does the same."""
    conn.execute(
        text("""
        UPDATE sessions
        SET seen_at = :now
        WHERE id = (SELECT id FROM sessions WHERE id = :id AND seen_at < :now FOR UPDATE SKIP LOCKED)
        """),
        {"id": session_id, "now": now},
    )


def revoke(conn: Connection, *, token_hash: bytes, now: datetime) -> UUID | None:
    """End a session. Its user's id when this call ended it."""
    user_id: UUID | None = conn.execute(
        text("""
        UPDATE sessions
        SET revoked_at = :now
        WHERE token_hash = :token_hash
          AND revoked_at IS NULL
        RETURNING user_id
        """),
        {"token_hash": token_hash, "now": now},
    ).scalar()
    return user_id


def revoke_one(conn: Connection, user_id: UUID, session_id: int, *, now: datetime) -> bool:
    """End one session of this user. True when this call ended it; somebody else's stays."""
    ended = conn.execute(
        text("""
        UPDATE sessions
        SET revoked_at = :now
        WHERE id = :id AND user_id = :user_id AND revoked_at IS NULL
        """),
        {"id": session_id, "user_id": user_id, "now": now},
    )
    return ended.rowcount > 0


def revoke_half(conn: Connection, user_id: UUID, *, now: datetime) -> None:
    """End every session and ticket of a user that has shown no second factor."""
    conn.execute(
        text("""
        UPDATE sign_in_tickets
        SET used_at = :now
        WHERE user_id = :user_id AND used_at IS NULL AND NOT has_second_factor
        """),
        {"user_id": user_id, "now": now},
    )
    conn.execute(
        text("""
        UPDATE sessions
        SET revoked_at = :now
        WHERE user_id = :user_id AND revoked_at IS NULL AND second_factor_at IS NULL
        """),
        {"user_id": user_id, "now": now},
    )


def revoke_all(conn: Connection, user_id: UUID, *, now: datetime) -> int:
    """End every session of a user, and every ticket that would start one. The number of sessions that ended.

    Tickets first: one that is being spent is waited for, and the session that it starts is ended with the others.
    """
    conn.execute(
        text("UPDATE sign_in_tickets SET used_at = :now WHERE user_id = :user_id AND used_at IS NULL"),
        {"user_id": user_id, "now": now},
    )
    ended = conn.execute(
        text("UPDATE sessions SET revoked_at = :now WHERE user_id = :user_id AND revoked_at IS NULL"),
        {"user_id": user_id, "now": now},
    )
    return ended.rowcount


def remember_browser(conn: Connection, user_id: UUID, browser_hash: bytes, *, now: datetime) -> None:
    """This person has proved who they are in this browser."""
    conn.execute(
        text("""
        INSERT INTO known_browsers (user_id, browser_hash, seen_at)
        VALUES (:user_id, :browser_hash, :now)
        ON CONFLICT ON CONSTRAINT known_browsers_pkey DO UPDATE SET seen_at = :now
        """),
        {"user_id": user_id, "browser_hash": browser_hash, "now": now},
    )


def is_known_browser(conn: Connection, user_id: UUID | None, browser_hash: bytes) -> bool:
    """True when this person has signed in in this browser before. Asked for nobody, it does the same work."""
    return (
        conn.execute(
            text("SELECT 1 FROM known_browsers WHERE user_id = :user_id AND browser_hash = :browser_hash"),
            {"user_id": user_id, "browser_hash": browser_hash},
        ).first()
        is not None
    )


def forget_browsers(conn: Connection, user_id: UUID, *, except_hash: bytes | None = None) -> None:
    """No browser is known to be this person's any more, but for the one with this hash."""
    conn.execute(
        text("""
        DELETE FROM known_browsers
        WHERE user_id = :user_id
          AND browser_hash IS DISTINCT FROM CAST(:except_hash AS bytea)
        """),
        {"user_id": user_id, "except_hash": except_hash},
    )
