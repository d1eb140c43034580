"""Statements on checkouts and their orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from domain.orders import Order, OrderStatus

_SELECT = """
        SELECT o.id, o.checkout_id, o.user_id, o.plan_id, p.months, o.amount_paise, o.currency, o.gateway, o.status,
               o.payment_session_id, o.expires_at, o.created_at, o.synced_at, o.paid_at,
               o.gateway_order_id
        FROM orders o
        JOIN plans p ON p.id = o.plan_id
"""


def open_checkout(conn: Connection, user_id: UUID) -> UUID:
    """The user's open checkout, made if there is none. The caller holds the user's lock."""
    conn.execute(
        text("""
        INSERT INTO checkouts (user_id)
        VALUES (:user_id)
        ON CONFLICT (user_id) WHERE closed_at IS NULL DO NOTHING
        """),
        {"user_id": user_id},
    )
    checkout_id: UUID = conn.execute(
        text("""
        UPDATE checkouts
        SET skipped_at = NULL
        WHERE user_id = :user_id
          AND closed_at IS NULL
        RETURNING id
        """),
        {"user_id": user_id},
    ).scalar_one()
    return checkout_id


def skip_checkout(conn: Connection, user_id: UUID, *, now: datetime) -> None:
    """Remember that the buyer wants to pay later."""
    conn.execute(
        text("""
        UPDATE checkouts
        SET skipped_at = :now
        WHERE user_id = :user_id
          AND closed_at IS NULL
        """),
        {"user_id": user_id, "now": now},
    )


def close_checkout(conn: Connection, checkout_id: UUID, *, now: datetime) -> None:
    """The purchase is complete: the next order belongs to a new checkout."""
    conn.execute(
        text("UPDATE checkouts SET closed_at = :now WHERE id = :id AND closed_at IS NULL"),
        {"id": checkout_id, "now": now},
    )


def supersede_open(conn: Connection, checkout_id: UUID) -> list[str]:
    """Put aside what is still open in a checkout that has been paid by another order. Their ids."""
    rows = conn.execute(
        text("""
        UPDATE orders
        SET status = 'superseded', updated_at = now()
        WHERE checkout_id = :checkout_id
          AND status IN ('creating', 'unknown', 'created')
        RETURNING id
        """),
        {"checkout_id": checkout_id},
    )
    return list(rows.scalars())


def insert(conn: Connection, **values: Any) -> None:
    """Store an order in state `creating`, before the gateway hears of it."""
    conn.execute(
        text("""
        INSERT INTO orders (id, checkout_id, user_id, plan_id, price_id, amount_paise, currency,
                            gateway, status, expires_at)
        VALUES (:id, :checkout_id, :user_id, :plan_id, :price_id, :amount_paise, :currency,
                :gateway, 'creating', :expires_at)
        """),
        values,
    )


def insert_recovered(conn: Connection, **values: Any) -> None:
    """Store an order that only the gateway still had. Nothing happens if it is here already."""
    conn.execute(
        text("""
        INSERT INTO orders (id, checkout_id, user_id, plan_id, price_id, amount_paise, currency,
                            gateway, status, expires_at, created_at, recovered_at)
        VALUES (:id, :checkout_id, :user_id, :plan_id, :price_id, :amount_paise, :currency,
                :gateway, 'superseded', :expires_at, :created_at, :now)
        ON CONFLICT ON CONSTRAINT orders_pkey DO NOTHING
        """),
        values,
    )


def restore_checkout(conn: Connection, checkout_id: UUID, user_id: UUID, *, now: datetime) -> UUID:
    """Make sure that a checkout exists, closed if it is made here, and return whose it is."""
    conn.execute(
        text("""
        INSERT INTO checkouts (id, user_id, closed_at)
        VALUES (:id, :user_id, :now)
        ON CONFLICT ON CONSTRAINT checkouts_pkey DO NOTHING
        """),
        {"id": checkout_id, "user_id": user_id, "now": now},
    )
    owner: UUID = conn.execute(
        text("SELECT user_id FROM checkouts WHERE id = :id"), {"id": checkout_id}
    ).scalar_one()
    return owner


def find(conn: Connection, order_id: str) -> Order | None:
    """The order with this id."""
    return _one(conn, "WHERE o.id = :id", id=order_id)


def find_own(conn: Connection, order_id: str, *, user_id: UUID) -> Order | None:
    """The order with this id if it belongs to the user."""
    return _one(conn, "WHERE o.id = :id AND o.user_id = :user_id", id=order_id, user_id=user_id)


def find_id_at_gateway(conn: Connection, gateway: str, gateway_order_id: str) -> str | None:
    """Our id of the order that a gateway knows by this number of its own."""
    order_id: str | None = conn.execute(
        text("""
        SELECT id
        FROM orders
        WHERE gateway = :gateway
          AND gateway_order_id = :gateway_order_id
        ORDER BY created_at
        LIMIT 1
        """),
        {"gateway": gateway, "gateway_order_id": gateway_order_id},
    ).scalar()
    return order_id


def find_open(conn: Connection, checkout_id: UUID) -> Order | None:
    """The one order of a checkout that is still open."""
    return _one(
        conn,
        "WHERE o.checkout_id = :checkout_id AND o.status IN ('creating', 'unknown', 'created')",
        checkout_id=checkout_id,
    )


def is_quarantined(conn: Connection, checkout_id: UUID) -> bool:
    """True when a person has to look at an order of this checkout before anything else is paid."""
    return (
        conn.execute(
            text("SELECT 1 FROM orders WHERE checkout_id = :id AND status = 'quarantined' LIMIT 1"),
            {"id": checkout_id},
        ).first()
        is not None
    )


def find_open_of_user(conn: Connection, user_id: UUID) -> Order | None:
    """The open order of the user's open checkout."""
    return _one(
        conn,
        """
        JOIN checkouts c ON c.id = o.checkout_id
        WHERE o.user_id = :user_id
          AND c.closed_at IS NULL
          AND o.status IN ('creating', 'unknown', 'created')
        """,
        user_id=user_id,
    )


def find_to_resume(conn: Connection, user_id: UUID) -> Order | None:
    """The newest order of the user's open checkout, unless the buyer chose to pay later."""
    return _one(
        conn,
        """
        JOIN checkouts c ON c.id = o.checkout_id
        WHERE o.user_id = :user_id
          AND c.closed_at IS NULL
          AND c.skipped_at IS NULL
        ORDER BY o.created_at DESC
        LIMIT 1
        """,
        user_id=user_id,
    )


def list_own(conn: Connection, user_id: UUID) -> list[Order]:
    """All orders of a user, newest first."""
    rows = conn.execute(
        text(f"{_SELECT} WHERE o.user_id = :user_id ORDER BY o.created_at DESC"),
        {"user_id": user_id},
    )
    return [order_from_row(row) for row in rows.mappings()]


def lock(conn: Connection, order_id: str) -> Order:
    """Hold an order to the end of the transaction and return it as it is now."""
    conn.execute(text("SELECT 1 FROM orders WHERE id = :id FOR UPDATE"), {"id": order_id})
    order = find(conn, order_id)
    if order is None:
        raise LookupError("orders are never deleted")
    return order


def count_since(conn: Connection, user_id: UUID, *, since: datetime) -> int:
    """Orders a user has made since a moment."""
    count: int = conn.execute(
        text("SELECT count(*) FROM orders WHERE user_id = :user_id AND created_at > :since"),
        {"user_id": user_id, "since": since},
    ).scalar_one()
    return count


def set_created(
    conn: Connection,
    order_id: str,
    *,
    gateway_order_id: str,
    payment_session_id: str | None,
    status: OrderStatus,
) -> None:
    """Keep what the gateway answered about a new order.

    The first number that came stays: two tabs may have opened it twice at a gateway without idempotency keys,
    and only one of the two may ever be paid.
    """
    conn.execute(
        text("""
        UPDATE orders
        SET status = :status,
            gateway_order_id = coalesce(gateway_order_id, :gateway_order_id),
            payment_session_id = CASE
                WHEN gateway_order_id <> :gateway_order_id THEN payment_session_id
                ELSE coalesce(:payment_session_id, payment_session_id)
            END,
            updated_at = now()
        WHERE id = :id
        """),
        {
            "id": order_id,
            "status": status,
            "gateway_order_id": gateway_order_id,
            "payment_session_id": payment_session_id,
        },
    )


def set_status(
    conn: Connection,
    order_id: str,
    status: OrderStatus,
    *,
    now: datetime,
    quarantine_reason: str | None = None,
    synced: bool = False,
) -> None:
    """Move an order along an edge that the caller has checked."""
    conn.execute(
        text("""
        UPDATE orders
        SET status = :status,
            quarantine_reason = :quarantine_reason,
            paid_at = CASE WHEN :status = 'paid' THEN coalesce(paid_at, CAST(:now AS timestamptz)) END,
            synced_at = CASE WHEN :synced THEN CAST(:now AS timestamptz) ELSE synced_at END,
            updated_at = now()
        WHERE id = :id
        """),
        {
            "id": order_id,
            "status": str(status),
            "quarantine_reason": quarantine_reason,
            "now": now,
            "synced": synced,
        },
    )


def keep_gateway_facts(
    conn: Connection, order_id: str, *, gateway_order_id: str, payment_session_id: str | None
) -> None:
    """Fill in what an earlier call to the gateway could not bring home. Never overwrites, nor mixes two numbers."""
    conn.execute(
        text("""
        UPDATE orders
        SET gateway_order_id = coalesce(gateway_order_id, :gateway_order_id),
            payment_session_id = coalesce(payment_session_id, :payment_session_id)
        WHERE id = :id
          AND (gateway_order_id IS NULL OR payment_session_id IS NULL)
          AND coalesce(gateway_order_id, :gateway_order_id) = :gateway_order_id
        """),
        {"id": order_id, "gateway_order_id": gateway_order_id, "payment_session_id": payment_session_id},
    )


def mark_synced(conn: Connection, order_id: str, *, now: datetime) -> None:
    """Remember that the gateway was asked and had nothing new to say."""
    conn.execute(text("UPDATE orders SET synced_at = :now WHERE id = :id"), {"id": order_id, "now": now})


def forget_sync(conn: Connection, order_id: str) -> None:
    """What the gateway said so far is about to be out of date."""
    conn.execute(text("UPDATE orders SET synced_at = NULL WHERE id = :id"), {"id": order_id})


def order_from_row(row: RowMapping) -> Order:
    return Order(**{**row, "status": OrderStatus(row["status"])})


def _one(conn: Connection, rest: str, **values: Any) -> Order | None:
    row = conn.execute(text(f"{_SELECT} {rest}"), values).mappings().first()
    return None if row is None else order_from_row(row)
