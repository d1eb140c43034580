"""Statements that delete what is of no use any more. Money, the audit log and the gateway's messages stay."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

# Each deletes rows of one table that ended before `:before`.
_ENDED = {
    "sign_in_tickets": "DELETE FROM sign_in_tickets WHERE expires_at < :before",
    "email_tokens": "DELETE FROM email_tokens WHERE expires_at < :before",
    "sessions": "DELETE FROM sessions WHERE coalesce(revoked_at, expires_at) < :before",
}


def delete_ended(conn: Connection, table: str, *, before: datetime) -> int:
    """Delete tickets, links or sessions that ended before a moment. Their number."""
    return conn.execute(text(_ENDED[table]), {"before": before}).rowcount


def delete_unseen_browsers(conn: Connection, *, before: datetime) -> int:
    """Forget browsers in which nobody has logged in since a moment. Their number."""
    return conn.execute(
        text("DELETE FROM known_browsers WHERE seen_at < :before"), {"before": before}
    ).rowcount
