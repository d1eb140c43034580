"""Statements on browser sessions and on the tickets that start them. Only hashes of tokens are stored."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text


def insert_ticket(
    conn: Connection, *, token_hash: bytes, browser_hash: bytes, user_id: UUID, expires_at: datetime
) -> None:
    """Store a ticket that one browser may use once."""
    conn.execute(
        text("""
        INSERT INTO sign_in_tickets (token_hash, browser_hash, user_id, expires_at)
        VALUES (:token_hash, :browser_hash, :user_id, :expires_at)
        """),
        {
            "token_hash": token_hash,
            "browser_hash": browser_hash,
            "user_id": user_id,
            "expires_at": expires_at,
        },
    )


def use_ticket(conn: Connection, *, token_hash: bytes, browser_hash: bytes, now: datetime) -> UUID | None:
    """Spend a ticket. The user's id for the one call that spends it in the right browser in time, else None."""
    user_id: UUID | None = conn.execute(
        text("""
        UPDATE sign_in_tickets
        SET used_at = :now
        WHERE token_hash = :token_hash
          AND browser_hash = :browser_hash
          AND used_at IS NULL
          AND expires_at > :now
        RETURNING user_id
        """),
        {"token_hash": token_hash, "browser_hash": browser_hash, "now": now},
    ).scalar()
    return user_id


def insert(
    conn: Connection, *, token_hash: bytes, user_id: UUID, user_agent: str, expires_at: datetime
) -> None:
    """Store a session."""
    conn.execute(
        text("""
        INSERT INTO sessions (token_hash, user_id, user_agent, expires_at)
        VALUES (:token_hash, :user_id, :user_agent, :expires_at)
        """),
        {"token_hash": token_hash, "user_id": user_id, "user_agent": user_agent, "expires_at": expires_at},
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
