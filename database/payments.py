"""Statements on payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from domain.gateway import Observation
from domain.orders import Known, Order, PaymentChange, PaymentStatus


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A recorded attempt to pay an order."""

    id: int
    order_id: str
    gateway_payment_id: str
    status: PaymentStatus
    role: str | None
    amount_paise: int
    charged_paise: int
    method: str
    message: str
    paid_at: datetime | None
    created_at: datetime


def known(conn: Connection, order: Order, observed: Observation) -> Known:
    """What the books hold about an order, its checkout and the observed payments. The caller holds the locks."""
    rows = conn.execute(
        text("SELECT gateway_payment_id, status FROM payments WHERE order_id = :id"), {"id": order.id}
    )
    primary: str | None = conn.execute(
        text("SELECT order_id FROM payments WHERE checkout_id = :checkout_id AND role = 'primary'"),
        {"checkout_id": order.checkout_id},
    ).scalar()
    elsewhere = conn.execute(
        text("""
        SELECT gateway_payment_id
        FROM payments
        WHERE gateway = :gateway
          AND gateway_payment_id = ANY(:ids)
          AND order_id <> :order_id
        """),
        {
            "gateway": order.gateway,
            "ids": [payment.gateway_payment_id for payment in observed.payments],
            "order_id": order.id,
        },
    ).scalars()
    has_owner: bool = conn.execute(
        text("SELECT count(*) = 1 FROM users WHERE id = :id AND status = 'active' AND deleted_at IS NULL"),
        {"id": order.user_id},
    ).scalar_one()
    return Known(
        {row.gateway_payment_id: PaymentStatus(row.status) for row in rows},
        primary,
        frozenset(elsewhere),
        has_owner,
    )


def record(conn: Connection, order: Order, change: PaymentChange) -> int:
    """Insert an attempt or move it forward, and return its id. Money already recorded is never overwritten."""
    payment = change.payment
    payment_id: int = conn.execute(
        text("""
        INSERT INTO payments AS p (order_id, checkout_id, gateway, gateway_payment_id, amount_paise, currency,
                                   charged_paise, charged_currency, role, status, method, message, paid_at)
        VALUES (:order_id, :checkout_id, :gateway, :gateway_payment_id, :amount_paise, :currency,
                :charged_paise, :charged_currency, :role, :status, :method, :message, :paid_at)
        ON CONFLICT ON CONSTRAINT payments_gateway_payment_key DO UPDATE
        SET status = excluded.status,
            role = excluded.role,
            -- What was held because of a lie may turn out to have had the right amount all along.
            amount_paise = excluded.amount_paise,
            currency = excluded.currency,
            charged_paise = excluded.charged_paise,
            charged_currency = excluded.charged_currency,
            method = excluded.method,
            message = excluded.message,
            paid_at = excluded.paid_at
        WHERE p.order_id = excluded.order_id
          AND p.role IS NULL
        RETURNING id
        """),
        {
            "order_id": order.id,
            "checkout_id": order.checkout_id,
            "gateway": order.gateway,
            "gateway_payment_id": payment.gateway_payment_id,
            "amount_paise": payment.amount_paise,
            "currency": payment.currency,
            "charged_paise": payment.charged_paise,
            "charged_currency": payment.charged_currency,
            "role": change.role,
            "status": change.status,
            "method": payment.method[:50],
            "message": (payment.error_reason or payment.message)[:300].replace("\x00", ""),
            "paid_at": payment.paid_at,
        },
    ).scalar_one()
    return payment_id


def drop_pending(conn: Connection, order_id: str) -> None:
    """Wait no longer for attempts of an order. Each may still turn out to be money."""
    conn.execute(
        text("UPDATE payments SET status = 'dropped' WHERE order_id = :order_id AND status = 'pending'"),
        {"order_id": order_id},
    )


def list_of_user(conn: Connection, user_id: UUID) -> list[PaymentRow]:
    """All attempts of a user's orders, newest first."""
    return _rows(conn, "JOIN orders o ON o.id = p.order_id WHERE o.user_id = :value", user_id)


def list_of_order(conn: Connection, order_id: str) -> list[PaymentRow]:
    """All attempts of one order, newest first."""
    return _rows(conn, "WHERE p.order_id = :value", order_id)


def mark_refunded(conn: Connection, payment_id: int, returned_paise: int) -> bool:
    """Close a payment of which everything went back. True when this call did it."""
    return (
        conn.execute(
            text("""
            UPDATE payments
            SET status = 'refunded'
            WHERE id = :id
              AND status = 'captured'
              AND amount_paise = :returned_paise
            RETURNING id
            """),
            {"id": payment_id, "returned_paise": returned_paise},
        ).first()
        is not None
    )


def _rows(conn: Connection, rest: str, value: object) -> list[PaymentRow]:
    rows = conn.execute(
        text(f"""
        SELECT p.id, p.order_id, p.gateway_payment_id, p.status, p.role, p.amount_paise, p.charged_paise,
               p.method, p.message, p.paid_at, p.created_at
        FROM payments p
        {rest}
        ORDER BY p.created_at DESC, p.id DESC
        """),
        {"value": value},
    )
    return [PaymentRow(**{**row, "status": PaymentStatus(row["status"])}) for row in rows.mappings()]
