"""Statements on the append-only books: ledger, audit log, and the alarms that call a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from domain.money import INR


@dataclass(frozen=True, slots=True)
class Closing:
    """An alarm that a person closed."""

    message: str
    closed_at: datetime
    closed_by: str


def post(
    conn: Connection,
    entries: Mapping[str, int],
    *,
    payment_id: int,
    refund_id: int | None = None,
    hand_return_id: int | None = None,
) -> None:
    """Write one balanced ledger transaction: account → paise. The database refuses one that does not balance."""
    txn_id = uuid4()
    conn.execute(
        text("""
        INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id, refund_id, hand_return_id)
        VALUES (:txn_id, :account, :amount_paise, :currency, :payment_id, :refund_id, :hand_return_id)
        """),
        [
            {
                "txn_id": txn_id,
                "account": account,
                "amount_paise": amount,
                "currency": INR,
                "payment_id": payment_id,
                "refund_id": refund_id,
                "hand_return_id": hand_return_id,
            }
            for account, amount in entries.items()
        ],
    )


def audit(
    conn: Connection, action: str, obj: str, *, actor_id: UUID | None, detail: Mapping[str, object]
) -> None:
    """Write down who did what to which object. `detail` holds no secret and no personal data."""
    conn.execute(
        text("""
        INSERT INTO audit_log (actor_id, action, object, detail)
        VALUES (:actor_id, :action, :object, CAST(:detail AS jsonb))
        """),
        {"actor_id": actor_id, "action": action, "object": obj, "detail": json.dumps(detail)},
    )


def insert_alarm(conn: Connection, key: str, message: str, *, once: bool = False) -> int | None:
    """Write an alarm down unless one with its key is open. Its id when this call wrote it.

    With `once` what a person has closed is not written again. What ended by itself is.
    """
    alarm_id: int | None = conn.execute(
        text("""
        INSERT INTO alarms (key, message)
        SELECT :key, :message
        WHERE NOT (:once AND EXISTS (SELECT 1 FROM alarms WHERE key = :key AND resolved_by IS NOT NULL))
        ON CONFLICT (key) WHERE resolved_at IS NULL DO NOTHING
        RETURNING id
        """),
        {"key": key, "message": message[:500], "once": once},
    ).scalar()
    return alarm_id


def find_closing(conn: Connection, key: str) -> Closing | None:
    """How a person closed the newest alarm with this key. None when it is open, ended by itself, or never was."""
    rows = conn.execute(
        text("""
        SELECT a.message, a.resolved_at AS closed_at, u.username AS closed_by
        FROM (SELECT message, resolved_at, resolved_by FROM alarms WHERE key = :key ORDER BY id DESC LIMIT 1) a
        JOIN users u ON u.id = a.resolved_by
        """),
        {"key": key},
    )
    found = rows.mappings().first()
    return None if found is None else Closing(**found)


def resolve_alarm(conn: Connection, key: str, *, now: datetime, actor_id: UUID | None = None) -> bool:
    """Close the open alarm with this key, if there is one. True when this call closed it.

    Without an actor it was the trouble itself that ended.
    """
    resolved = conn.execute(
        text("""
        UPDATE alarms
        SET resolved_at = :now, resolved_by = :actor_id
        WHERE key = :key AND resolved_at IS NULL
        """),
        {"key": key, "now": now, "actor_id": actor_id},
    )
    return resolved.rowcount > 0


def resolve_alarms_of_payment(
    conn: Connection, payment_id: int, reason: str, *, now: datetime, actor_id: UUID | None
) -> None:
    """Close what is open about a payment that had to go back: its order's alarm for `reason`, and failed refunds.

    Without an actor it was the trouble itself that ended.
    """
    conn.execute(
        text("""
        UPDATE alarms a
        SET resolved_at = :now, resolved_by = :actor_id
        FROM payments p
        WHERE p.id = :payment_id
          AND a.resolved_at IS NULL
          AND (
            starts_with(a.key, 'order:' || p.order_id || ':' || :reason)
            OR a.key IN (
                SELECT 'refund:' || r.refund_key || :failed FROM refunds r WHERE r.payment_id = p.id
            )
          )
        """),
        {"payment_id": payment_id, "reason": reason, "failed": ":failed", "now": now, "actor_id": actor_id},
    )


def resolve_alarms_of_order(
    conn: Connection, order_id: str, *, raised_before: datetime, now: datetime, actor_id: UUID
) -> None:
    """Close what was open about an order when a person decided about it."""
    conn.execute(
        text("""
        UPDATE alarms
        SET resolved_at = :now, resolved_by = :actor_id
        WHERE starts_with(key, :prefix) AND resolved_at IS NULL AND created_at <= :raised_before
        """),
        {
            "prefix": f"order:{order_id}:",
            "raised_before": raised_before,
            "now": now,
            "actor_id": actor_id,
        },
    )


def is_order_alarmed(conn: Connection, order_id: str, *, even_if_closed: str) -> bool:
    """True when a person has been called about an order, and may still look.

    Alarms whose reason begins with `even_if_closed` count also after somebody closed them.
    """
    return (
        conn.execute(
            text("""
            SELECT 1
            FROM alarms
            WHERE starts_with(key, :prefix)
              AND (resolved_at IS NULL OR starts_with(key, :prefix || :even_if_closed))
            LIMIT 1
            """),
            {"prefix": f"order:{order_id}:", "even_if_closed": even_if_closed},
        ).first()
        is not None
    )


def list_open_alarms(conn: Connection, prefix: str) -> dict[str, str]:
    """The open alarms whose keys begin so: key → message, the oldest first."""
    rows = conn.execute(
        text("""
        SELECT key, message
        FROM alarms
        WHERE starts_with(key, :prefix) AND resolved_at IS NULL
        ORDER BY id
        """),
        {"prefix": prefix},
    )
    return {row.key: row.message for row in rows}


def count_open_alarms(conn: Connection) -> int:
    """Alarms that nobody has resolved."""
    count: int = conn.execute(text("SELECT count(*) FROM alarms WHERE resolved_at IS NULL")).scalar_one()
    return count
