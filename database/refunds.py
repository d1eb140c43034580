"""Statements on money that goes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from domain.orders import PaymentRole
from domain.refunds import KnownRefund, RefundablePayment, RefundChange, RefundOrigin, RefundStatus


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund with the payment it takes from."""

    id: int
    refund_key: str
    payment_id: int
    order_id: str
    gateway_order_id: str | None
    gateway_payment_id: str
    gateway: str
    role: PaymentRole
    amount_paise: int
    status: RefundStatus
    origin: RefundOrigin
    reason: str
    created_at: datetime


def insert_intent(
    conn: Connection,
    *,
    refund_key: str,
    payment_id: int,
    amount_paise: int,
    reason: str,
    requested_by: UUID | None = None,
) -> bool:
    """Write down that a payment goes back, before anybody is asked. Once per key; True when this call did it."""
    return (
        conn.execute(
            text("""
            INSERT INTO refunds (refund_key, payment_id, gateway, amount_paise, gateway_amount_paise, reason,
                                 requested_by)
            SELECT :refund_key, p.id, p.gateway, :amount_paise, :amount_paise, :reason, :requested_by
            FROM payments p
            WHERE p.id = :payment_id
            ON CONFLICT ON CONSTRAINT refunds_refund_key_key DO NOTHING
            RETURNING id
            """),
            {
                "refund_key": refund_key,
                "payment_id": payment_id,
                "amount_paise": amount_paise,
                "reason": reason,
                "requested_by": requested_by,
            },
        ).first()
        is not None
    )


def insert_found(
    conn: Connection, change: RefundChange, *, reason: str, processed_at: datetime | None
) -> bool:
    """Record a refund that the gateway made without us. False when its id is that of another refund of ours."""
    return (
        conn.execute(
            text("""
            INSERT INTO refunds (refund_key, payment_id, gateway, amount_paise, gateway_amount_paise, status,
                                 gateway_refund_id, processed_at, reason, origin)
            SELECT :refund_key, p.id, p.gateway, :amount_paise, :gateway_amount_paise, :status,
                   :gateway_refund_id, :processed_at, :reason, 'gateway'
            FROM payments p
            WHERE p.id = :payment_id
            ON CONFLICT DO NOTHING
            RETURNING id
            """),
            {
                "refund_key": change.key,
                "payment_id": change.payment_id,
                "amount_paise": change.amount_paise,
                "gateway_amount_paise": change.gateway_amount_paise,
                "status": change.status,
                "gateway_refund_id": change.gateway_refund_id or None,
                "processed_at": processed_at,
                "reason": reason,
            },
        ).first()
        is not None
    )


def find(conn: Connection, refund_key: str) -> RefundRow | None:
    """The refund with this key."""
    row = (
        conn.execute(
            text("""
            SELECT r.id, r.refund_key, r.payment_id, p.order_id, o.gateway_order_id, p.gateway_payment_id, r.gateway,
                   p.role, r.amount_paise, r.status, r.origin, r.reason, r.created_at
            FROM refunds r
            JOIN payments p ON p.id = r.payment_id
            JOIN orders o ON o.id = p.order_id
            WHERE r.refund_key = :refund_key
            """),
            {"refund_key": refund_key},
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    return RefundRow(
        **{
            **row,
            "role": PaymentRole(row["role"]),
            "status": RefundStatus(row["status"]),
            "origin": RefundOrigin(row["origin"]),
        }
    )


def known_of_order(conn: Connection, order_id: str) -> list[KnownRefund]:
    """All refunds of an order's payments."""
    rows = conn.execute(
        text("""
        SELECT r.refund_key, r.payment_id, r.amount_paise, r.gateway_amount_paise, r.status, r.gateway_refund_id
        FROM refunds r
        JOIN payments p ON p.id = r.payment_id
        WHERE p.order_id = :order_id
        """),
        {"order_id": order_id},
    )
    return [
        KnownRefund(
            row.refund_key,
            row.payment_id,
            row.amount_paise,
            row.gateway_amount_paise,
            RefundStatus(row.status),
            row.gateway_refund_id,
        )
        for row in rows
    ]


def refundable(conn: Connection, order_id: str) -> list[RefundablePayment]:
    """The order's money, each payment with what refunds that did not fail claim of it."""
    rows = conn.execute(
        text("""
        SELECT p.id, p.gateway_payment_id, p.role, p.amount_paise,
               coalesce(sum(r.amount_paise), 0)::bigint AS taken_paise,
               CASE WHEN p.charged_currency = p.currency THEN greatest(p.charged_paise - p.amount_paise, 0)
                    ELSE 0 END AS surcharge_paise,
               coalesce(sum(r.gateway_amount_paise - r.amount_paise), 0)::bigint AS surcharge_returned_paise,
               EXISTS (SELECT 1 FROM hand_returns h WHERE h.payment_id = p.id) AS is_settled_by_hand
        FROM payments p
        LEFT JOIN refunds r ON r.payment_id = p.id AND r.status <> 'failed'
        WHERE p.order_id = :order_id
          AND p.role IS NOT NULL
        GROUP BY p.id
        ORDER BY p.role DESC, p.id
        """),
        {"order_id": order_id},
    )
    return [RefundablePayment(**{**row, "role": PaymentRole(row["role"])}) for row in rows.mappings()]


def insert_hand_return(
    conn: Connection, payment: RefundablePayment, *, reason: str, admin_id: UUID, now: datetime
) -> int:
    """Write down that all of a payment went back without its gateway. The database refuses a second time."""
    hand_return_id: int = conn.execute(
        text("""
        INSERT INTO hand_returns (payment_id, amount_paise, reason, admin_id, returned_at)
        VALUES (:payment_id, :amount_paise, :reason, :admin_id, :now)
        RETURNING id
        """),
        {
            "payment_id": payment.id,
            "amount_paise": payment.amount_paise,
            "reason": reason,
            "admin_id": admin_id,
            "now": now,
        },
    ).scalar_one()
    return hand_return_id


def is_returned_by_hand(conn: Connection, payment_id: int) -> bool:
    """True when a payment went back without its gateway."""
    return (
        conn.execute(
            text("SELECT 1 FROM hand_returns WHERE payment_id = :payment_id"), {"payment_id": payment_id}
        ).first()
        is not None
    )


def keep_answer(conn: Connection, change: RefundChange, *, processed_at: datetime | None) -> None:
    """Keep what the gateway says of a refund of ours, also which payment it took from. The state rises."""
    conn.execute(
        text("""
        UPDATE refunds
        SET status = :status,
            payment_id = :payment_id,
            -- A number that another refund has already says nothing about this one.
            gateway_refund_id = CASE
                WHEN NOT EXISTS (
                    SELECT 1 FROM refunds other
                    WHERE other.gateway = refunds.gateway AND other.gateway_refund_id = :gateway_refund_id
                      AND other.id <> refunds.id)
                THEN coalesce(:gateway_refund_id, refunds.gateway_refund_id)
                ELSE refunds.gateway_refund_id
            END,
            processed_at = :processed_at,
            updated_at = now()
        WHERE refund_key = :refund_key
        """),
        {
            "refund_key": change.key,
            "status": change.status,
            "payment_id": change.payment_id,
            "gateway_refund_id": change.gateway_refund_id or None,
            "processed_at": processed_at,
        },
    )


def processed_paise(conn: Connection, payment_id: int) -> int:
    """What went back of a payment."""
    total: int = conn.execute(
        text("""
        SELECT coalesce(sum(amount_paise), 0)::bigint
        FROM refunds
        WHERE payment_id = :payment_id
          AND status = 'processed'
        """),
        {"payment_id": payment_id},
    ).scalar_one()
    return total
