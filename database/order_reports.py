"""SELECT statements behind an order's page, the lists of refunds and alarms, and what a buyer reads of refunds.

Nothing here writes or locks. Lists come newest first. Money is in paise.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from database.reports import ORDERS_MONEY, Rows

_REFUND_COLUMNS = """
    r.id, r.created_at, r.refund_key, p.order_id, o.user_id, u.username, r.amount_paise, r.status, r.origin,
    asker.username AS requested_by, r.reason, p.gateway_payment_id, r.updated_at, r.processed_at
"""
_REFUND_TABLES = """
    refunds r
    JOIN payments p ON p.id = r.payment_id
    JOIN orders o ON o.id = p.order_id
    JOIN users u ON u.id = o.user_id
    LEFT JOIN users asker ON asker.id = r.requested_by
"""
# The same columns. The payment service knows nothing of it: there is no id to look for there.
_HAND_RETURN_COLUMNS = """
    h.id, h.returned_at, '', p.order_id, o.user_id, u.username, h.amount_paise, 'processed', 'by_hand',
    asker.username, h.reason, p.gateway_payment_id, h.returned_at, h.returned_at
"""
_HAND_RETURN_TABLES = """
    hand_returns h
    JOIN payments p ON p.id = h.payment_id
    JOIN orders o ON o.id = p.order_id
    JOIN users u ON u.id = o.user_id
    LEFT JOIN users asker ON asker.id = h.admin_id
"""
_ALARM_COLUMNS = """
    a.id, a.key, a.message, a.created_at, a.resolved_at, resolver.username AS resolved_by
"""
_ALARM_TABLES = "alarms a LEFT JOIN users resolver ON resolver.id = a.resolved_by"


def find_order(conn: Connection, order_id: str) -> RowMapping | None:
    """One order with what the lists do not show of it."""
    rows = _all(conn, f"""
        SELECT o.id, o.created_at, o.user_id, u.username, u.full_name, pl.name AS plan_name, o.amount_paise,
               o.status, o.gateway, o.gateway_order_id, o.expires_at, o.paid_at, o.synced_at, o.recovered_at,
               o.quarantine_reason, back.came_paise, back.returned_paise, back.returned_of_sale_paise
        FROM orders o
        JOIN users u ON u.id = o.user_id
        JOIN plans pl ON pl.id = o.plan_id
        {ORDERS_MONEY}
        WHERE o.id = :order_id
    """, order_id=order_id)  # fmt: skip
    return rows[0] if rows else None


def recent_refunds(conn: Connection, *, order_id: str | None = None, limit: int, offset: int) -> Rows:
    """Money of every order, or of one, that goes back or went, through the gateway or by hand."""
    return _all(conn, f"""
        SELECT {_REFUND_COLUMNS}
        FROM {_REFUND_TABLES}
        WHERE CAST(:order_id AS text) IS NULL OR p.order_id = :order_id
        UNION ALL
        SELECT {_HAND_RETURN_COLUMNS}
        FROM {_HAND_RETURN_TABLES}
        WHERE CAST(:order_id AS text) IS NULL OR p.order_id = :order_id
        ORDER BY created_at DESC, id DESC
        LIMIT :limit OFFSET :offset
    """, order_id=order_id, limit=limit + 1, offset=offset)  # fmt: skip


def settled_by_hand(conn: Connection, order_id: str) -> Rows:
    """Payments of an order that an admin returned without the gateway."""
    return _all(conn, """
        SELECT p.gateway_payment_id, h.amount_paise, h.returned_at AS at, u.username AS by, h.reason
        FROM hand_returns h
        JOIN payments p ON p.id = h.payment_id
        JOIN users u ON u.id = h.admin_id
        WHERE p.order_id = :order_id
        ORDER BY h.returned_at DESC, h.id DESC
    """, order_id=order_id)  # fmt: skip


def settled_by_hand_of_user(conn: Connection, user_id: UUID) -> Rows:
    """What the buyer may know of their money that went back without the gateway, the newest first."""
    return _all(conn, """
        SELECT p.order_id, p.gateway_payment_id, h.amount_paise, h.returned_at
        FROM hand_returns h
        JOIN payments p ON p.id = h.payment_id
        JOIN orders o ON o.id = p.order_id
        WHERE o.user_id = :user_id
        ORDER BY h.returned_at DESC, h.id DESC
    """, user_id=user_id)  # fmt: skip


def refunds_of_user(conn: Connection, user_id: UUID) -> Rows:
    """What the buyer may know of their own refunds, the newest first."""
    return _all(conn, """
        SELECT p.order_id, p.gateway_payment_id, r.amount_paise, r.status, r.processed_at
        FROM refunds r
        JOIN payments p ON p.id = r.payment_id
        JOIN orders o ON o.id = p.order_id
        WHERE o.user_id = :user_id
        ORDER BY r.created_at DESC, r.id DESC
    """, user_id=user_id)  # fmt: skip


def receipt_of_order(conn: Connection, order_id: str, *, user_id: UUID) -> RowMapping | None:
    """The payment of the user's own order that bought access, with the access. None where none did."""
    rows = _all(conn, """
        SELECT p.id AS payment_id, pl.name AS plan_name, o.amount_paise, p.charged_paise, p.method,
               p.gateway_payment_id, coalesce(p.paid_at, p.created_at) AS paid_at, sp.starts_at, sp.ends_at,
               sp.revoked_at
        FROM subscription_periods sp
        JOIN payments p ON p.id = sp.payment_id
        JOIN orders o ON o.id = p.order_id
        JOIN plans pl ON pl.id = o.plan_id
        WHERE o.id = :order_id AND o.user_id = :user_id
    """, order_id=order_id, user_id=user_id)  # fmt: skip
    return rows[0] if rows else None


def returned_of_payment(conn: Connection, payment_id: int) -> Rows:
    """What went back of a payment, through the gateway or by hand, the oldest first."""
    return _all(conn, """
        SELECT processed_at AS returned_at, amount_paise FROM refunds
        WHERE payment_id = :payment_id AND status = 'processed'
        UNION ALL
        SELECT returned_at, amount_paise FROM hand_returns WHERE payment_id = :payment_id
        ORDER BY returned_at
    """, payment_id=payment_id)  # fmt: skip


def end_of_access(conn: Connection, user_id: UUID) -> RowMapping | None:
    """How the stretch of access that ended last came to its end. Null amount: its payment was not returned.

    `was_withdrawn`: it was given, and ended before its time.
    """
    rows = _all(conn, """
        SELECT coalesce(sp.revoked_at, sp.ends_at) AS ended_at,
               CASE WHEN sp.revoked_at IS NOT NULL AND p.status = 'refunded' THEN p.amount_paise END
                   AS returned_paise,
               sp.revoked_at IS NOT NULL AND sp.grant_id IS NOT NULL AS was_withdrawn
        FROM subscription_periods sp
        JOIN subscriptions s ON s.id = sp.subscription_id
        LEFT JOIN payments p ON p.id = sp.payment_id
        WHERE s.user_id = :user_id
        ORDER BY ended_at DESC, sp.id DESC
        LIMIT 1
    """, user_id=user_id)  # fmt: skip
    return rows[0] if rows else None


def open_alarms(conn: Connection, *, limit: int) -> Rows:
    """Alarms that nobody has resolved."""
    return _all(conn, f"""
        SELECT {_ALARM_COLUMNS}
        FROM {_ALARM_TABLES}
        WHERE a.resolved_at IS NULL
        ORDER BY a.created_at DESC, a.id DESC
        LIMIT :limit
    """, limit=limit)  # fmt: skip


def resolved_alarms(conn: Connection, *, limit: int) -> Rows:
    """Alarms that a person or the end of the trouble resolved, the last resolved first."""
    return _all(conn, f"""
        SELECT {_ALARM_COLUMNS}
        FROM {_ALARM_TABLES}
        WHERE a.resolved_at IS NOT NULL
        ORDER BY a.resolved_at DESC, a.id DESC
        LIMIT :limit
    """, limit=limit)  # fmt: skip


def alarms_of_order(conn: Connection, order_id: str) -> Rows:
    """What is open about one order."""
    return _all(conn, f"""
        SELECT {_ALARM_COLUMNS}
        FROM {_ALARM_TABLES}
        WHERE a.resolved_at IS NULL AND starts_with(a.key, :prefix)
        ORDER BY a.created_at DESC, a.id DESC
    """, prefix=f"order:{order_id}:")  # fmt: skip


def find_alarm_key(conn: Connection, alarm_id: int) -> str | None:
    """The key of an open alarm."""
    key: str | None = conn.execute(
        text("SELECT key FROM alarms WHERE id = :id AND resolved_at IS NULL"), {"id": alarm_id}
    ).scalar()
    return key


def name_events(conn: Connection, ids: Collection[int]) -> Rows:
    """Kind and order of events, for those who only know their numbers."""
    return _all(
        conn, "SELECT id, event_type, order_id FROM gateway_events WHERE id = ANY(:ids)", ids=list(ids)
    )


def name_mails(conn: Connection, ids: Collection[int]) -> Rows:
    """Subject and reader of mails."""
    return _all(conn, "SELECT id, subject, to_address FROM emails WHERE id = ANY(:ids)", ids=list(ids))


def name_refunds(conn: Connection, keys: Collection[str]) -> Rows:
    """Order and amount of refunds."""
    return _all(conn, """
        SELECT r.refund_key, r.amount_paise, p.order_id
        FROM refunds r
        JOIN payments p ON p.id = r.payment_id
        WHERE r.refund_key = ANY(:keys)
    """, keys=list(keys))  # fmt: skip


def _all(conn: Connection, sql: str, **values: Any) -> Rows:
    return conn.execute(text(sql), values).mappings().all()
