"""Statements on the append-only books: ledger, audit log, and the alarms that call a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from domain.money import INR


def post(
    conn: Connection, entries: Mapping[str, int], *, payment_id: int, refund_id: int | None = None
) -> None:
    """Write one balanced ledger transaction: account → paise. The database refuses one that does not balance."""
    txn_id = uuid4()
    conn.execute(
        text("""
        INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id, refund_id)
        VALUES (:txn_id, :account, :amount_paise, :currency, :payment_id, :refund_id)
        """),
        [
            {
                "txn_id": txn_id,
                "account": account,
                "amount_paise": amount,
                "currency": INR,
                "payment_id": payment_id,
                "refund_id": refund_id,
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


def raise_alarm(conn: Connection, key: str, message: str) -> bool:
    """Raise an alarm once per key. True when this call raised it."""
    return (
        conn.execute(
            text("""
        INSERT INTO alarms (key, message)
        VALUES (:key, :message)
        ON CONFLICT ON CONSTRAINT alarms_key_key DO NOTHING
        RETURNING id
        """),
            {"key": key, "message": message[:500]},
        ).first()
        is not None
    )
