"""Statements on the outbox of mails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from domain.links import Purpose


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail as it will be or was sent."""

    id: int
    kind: str
    to_address: str
    subject: str
    text_body: str
    html_body: str
    message_id: str
    status: str
    email_token_id: UUID | None
    link_purpose: str | None
    user_id: UUID | None
    can_unsubscribe: bool
    png: bytes | None

    @property
    def purpose(self) -> Purpose | None:
        """What the link in it is for, if there is one."""
        return None if self.link_purpose is None else Purpose(self.link_purpose)


_COLUMNS = """
    e.id, e.kind, e.to_address, e.subject, e.text_body, e.html_body, e.message_id, e.status,
    e.email_token_id, t.purpose AS link_purpose, e.user_id, e.can_unsubscribe, i.png
"""


def insert_once(conn: Connection, **values: Any) -> int | None:
    """Put a mail into the outbox unless one with its key is there. Its id when this call put it."""
    email_id: int | None = conn.execute(
        text("""
        INSERT INTO emails
            (kind, dedupe_key, user_id, to_address, subject, text_body, html_body, email_token_id, message_id,
             image_digest, can_unsubscribe)
        VALUES
            (:kind, :dedupe_key, :user_id, :to_address, :subject, :text_body, :html_body, :email_token_id, :message_id,
             :image_digest, :can_unsubscribe)
        ON CONFLICT ON CONSTRAINT emails_dedupe_key_key DO NOTHING
        RETURNING id
        """),
        values,
    ).scalar()
    return email_id


def find_receipt(conn: Connection, order_id: str) -> StoredMail | None:
    """The receipt of an order's primary payment."""
    row = conn.execute(
        text(f"""
        SELECT {_COLUMNS}
        FROM payments p
        JOIN emails e ON e.dedupe_key = 'receipt:' || p.gateway || ':' || p.gateway_payment_id
        LEFT JOIN email_tokens t ON t.id = e.email_token_id
        LEFT JOIN mail_images i ON i.digest = e.image_digest
        WHERE p.order_id = :order_id AND p.role = 'primary'
        """),
        {"order_id": order_id},
    )
    return _stored(row.mappings().first())


def find_unsent(conn: Connection, email_id: int) -> StoredMail | None:
    """The mail if it still has to go. One that was erased with its account has nowhere to go."""
    row = conn.execute(
        text(f"""
        SELECT {_COLUMNS}
        FROM emails e
        LEFT JOIN email_tokens t ON t.id = e.email_token_id
        LEFT JOIN mail_images i ON i.digest = e.image_digest
        WHERE e.id = :id AND e.status IN ('queued', 'kept') AND e.to_address <> ''
        """),
        {"id": email_id},
    )
    return _stored(row.mappings().first())


def _stored(row: RowMapping | None) -> StoredMail | None:
    if row is None:
        return None
    png = row["png"]
    return StoredMail(**{**row, "png": None if png is None else bytes(png)})


def mark_sent(conn: Connection, email_id: int, *, now: datetime) -> None:
    """The mail server accepted it."""
    conn.execute(
        text("""
        UPDATE emails
        SET status = 'sent', sent_at = :now, attempts = attempts + 1, last_error = NULL
        WHERE id = :id
        """),
        {"id": email_id, "now": now},
    )


def mark_kept(conn: Connection, email_id: int) -> None:
    """No mail server is set: the mail stays here, readable by the admin."""
    conn.execute(
        text("UPDATE emails SET status = 'kept' WHERE id = :id AND status = 'queued'"), {"id": email_id}
    )


def mark_failed(conn: Connection, email_id: int, error: str) -> int:
    """One try failed; the job will try again. The number of tries until now."""
    attempts: int = conn.execute(
        text(
            "UPDATE emails SET attempts = attempts + 1, last_error = :error WHERE id = :id RETURNING attempts"
        ),
        {"id": email_id, "error": error[:300]},
    ).scalar_one()
    return attempts
