"""SELECT statements behind the admins' reports. Nothing here writes or locks.

Lists come newest first, one row more than asked for when there is a following page. Money is in paise.
Days are India's: the caller passes their beginnings.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

Rows = Sequence[RowMapping]

_USER_COLUMNS = """
    u.id, u.username, u.email, u.full_name, u.phone, u.state_code, u.role, u.status AS account_status,
    u.customer_id, u.created_at, u.deleted_at, access.plan_name, access.access_until,
    CASE
        WHEN access.is_active THEN 'active'
        WHEN s.status = 'cancelled' THEN 'cancelled'
        WHEN access.is_active IS NOT NULL THEN 'expired'
        ELSE 'pending'
    END AS subscription_status
"""
# Without any period the aggregates are null, which is how "pending" is told from "expired".
_USER_TABLES = """
    users u
    LEFT JOIN subscriptions s ON s.user_id = u.id
    LEFT JOIN LATERAL (
        SELECT
            bool_or(p.revoked_at IS NULL AND p.starts_at <= :now AND p.ends_at > :now) AS is_active,
            max(p.ends_at) FILTER (WHERE p.revoked_at IS NULL) AS access_until,
            max(pl.name) FILTER (
                WHERE p.revoked_at IS NULL AND p.starts_at <= :now AND p.ends_at > :now
            ) AS plan_name
        FROM subscription_periods p
        JOIN plans pl ON pl.id = p.plan_id
        WHERE p.subscription_id = s.id
    ) access ON true
"""
_ORDER_COLUMNS = """
    o.id, o.created_at, o.user_id, u.username, u.email, pl.name AS plan_name, o.amount_paise, o.status,
    o.gateway, o.paid_at, o.quarantine_reason, back.came_paise, back.returned_paise, back.returned_of_sale_paise
"""
# What came for an order and what went back of it, through the gateway or by hand. What went back twice counts once:
# it does not stand for another payment.
ORDERS_MONEY = """
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(p.amount_paise), 0)::bigint AS came_paise,
               coalesce(sum(least(p.amount_paise, gone.paise)), 0)::bigint AS returned_paise,
               coalesce(sum(least(p.amount_paise, gone.paise)) FILTER (WHERE p.role = 'primary'), 0)::bigint
                   AS returned_of_sale_paise
        FROM payments p
        CROSS JOIN LATERAL (
            SELECT coalesce((SELECT sum(r.amount_paise) FROM refunds r
                              WHERE r.payment_id = p.id AND r.status = 'processed'), 0)
                 + coalesce((SELECT h.amount_paise FROM hand_returns h WHERE h.payment_id = p.id), 0) AS paise
        ) gone
        WHERE p.order_id = o.id AND p.role IS NOT NULL
    ) back
"""
_ORDER_TABLES = "orders o JOIN users u ON u.id = o.user_id JOIN plans pl ON pl.id = o.plan_id"
_PAYMENT_COLUMNS = """
    p.id, p.order_id, p.gateway, p.gateway_payment_id, o.user_id, u.username, pl.name AS plan_name,
    p.amount_paise, p.charged_paise, p.charged_currency, p.role, p.status, p.method, p.message, p.created_at,
    coalesce(p.paid_at, p.created_at) AS occurred_at,
    (SELECT coalesce(sum(r.amount_paise), 0)::bigint
       FROM refunds r
      WHERE r.payment_id = p.id AND r.status = 'processed') AS refunded_paise,
    coalesce((SELECT h.amount_paise FROM hand_returns h WHERE h.payment_id = p.id), 0) AS returned_by_hand_paise
"""
_PAYMENT_TABLES = f"payments p JOIN {_ORDER_TABLES} ON o.id = p.order_id"
_EVENT_COLUMNS = "e.id, e.gateway, e.event_type, e.order_id, e.status, e.received_at, e.processed_at"
_MAIL_COLUMNS = """
    m.id, m.kind, m.user_id, m.to_address, m.subject, m.status, m.attempts, m.last_error, m.created_at,
    m.sent_at
"""
# Money that bought a period, and what of it went back.
_MOVEMENTS = """
    SELECT coalesce(paid_at, created_at) AS at, amount_paise
    FROM payments
    WHERE role = 'primary'
    UNION ALL
    SELECT r.processed_at, -r.amount_paise
    FROM refunds r
    JOIN payments p ON p.id = r.payment_id
    WHERE r.status = 'processed' AND p.role = 'primary'
"""


def count_accounts(
    conn: Connection, *, now: datetime, day_start: datetime, month_start: datetime
) -> RowMapping:
    """Subscribers by what they may use now, and how many registered.

    Deleted accounts count only as registered.
    """
    return _one(conn, """
        SELECT
            count(*) FILTER (WHERE live AND is_active) AS active,
            count(*) FILTER (WHERE live AND NOT has_periods) AS pending,
            count(*) FILTER (WHERE created_at >= :day_start) AS registered_today,
            count(*) FILTER (WHERE created_at >= :month_start) AS registered_this_month,
            count(*) FILTER (WHERE live) AS accounts
        FROM (
            SELECT
                u.created_at,
                u.deleted_at IS NULL AS live,
                count(p.id) > 0 AS has_periods,
                coalesce(
                    bool_or(p.revoked_at IS NULL AND p.starts_at <= :now AND p.ends_at > :now), false
                ) AS is_active
            FROM users u
            LEFT JOIN subscriptions s ON s.user_id = u.id
            LEFT JOIN subscription_periods p ON p.subscription_id = s.id
            WHERE u.role = 'subscriber'
            GROUP BY u.id
        ) subscribers
    """, now=now, day_start=day_start, month_start=month_start)  # fmt: skip


def count_by_plan(conn: Connection, *, now: datetime) -> Rows:
    """Every plan with the number of users whose period of it covers now, in the order of the price list."""
    return _all(conn, """
        SELECT pl.id AS plan_id, pl.name AS plan_name, count(DISTINCT s.user_id) AS subscribers
        FROM plans pl
        LEFT JOIN subscription_periods p
            ON p.plan_id = pl.id AND p.revoked_at IS NULL AND p.starts_at <= :now AND p.ends_at > :now
        LEFT JOIN subscriptions s ON s.id = p.subscription_id
        GROUP BY pl.id
        ORDER BY pl.position
    """, now=now)  # fmt: skip


def revenue(conn: Connection, *, day_start: datetime, month_start: datetime) -> RowMapping:
    """Money that bought a period, less what of it went back, today, this month and ever.

    Duplicates never count: they are neither earned nor, when refunded, lost.
    """
    return _one(conn, f"""
        SELECT
            coalesce(sum(amount_paise) FILTER (WHERE at >= :day_start), 0)::bigint AS today_paise,
            coalesce(sum(amount_paise) FILTER (WHERE at >= :month_start), 0)::bigint AS month_paise,
            coalesce(sum(amount_paise), 0)::bigint AS total_paise
        FROM ({_MOVEMENTS}) movements
    """, day_start=day_start, month_start=month_start)  # fmt: skip


def revenue_by_day(conn: Connection, *, since: datetime) -> Rows:
    """Captured, refunded and remaining paise for each day in India on which money moved."""
    return _all(conn, f"""
        SELECT
            (at AT TIME ZONE 'Asia/Kolkata')::date AS day,
            coalesce(sum(amount_paise) FILTER (WHERE amount_paise > 0), 0)::bigint AS captured_paise,
            coalesce(-sum(amount_paise) FILTER (WHERE amount_paise < 0), 0)::bigint AS refunded_paise,
            sum(amount_paise)::bigint AS revenue_paise
        FROM ({_MOVEMENTS}) movements
        WHERE at >= :since
        GROUP BY day
        ORDER BY day
    """, since=since)  # fmt: skip


def count_failed_payments(conn: Connection, *, since: datetime) -> int:
    """Attempts that a bank or a gateway refused. Given-up attempts are no failures."""
    count: int = _one(conn, """
        SELECT count(*) AS failed
        FROM payments
        WHERE status = 'failed' AND coalesce(paid_at, created_at) >= :since
    """, since=since)["failed"]  # fmt: skip
    return count


def recent_users(conn: Connection, *, now: datetime, limit: int, offset: int) -> Rows:
    return _all(conn, f"""
        SELECT {_USER_COLUMNS}
        FROM {_USER_TABLES}
        ORDER BY u.created_at DESC, u.id
        LIMIT :limit OFFSET :offset
    """, now=now, limit=limit + 1, offset=offset)  # fmt: skip


def find_user(conn: Connection, user_id: UUID, *, now: datetime) -> RowMapping | None:
    rows = _all(conn, f"""
        SELECT {_USER_COLUMNS}
        FROM {_USER_TABLES}
        WHERE u.id = :user_id
    """, user_id=user_id, now=now)  # fmt: skip
    return rows[0] if rows else None


def search_users(conn: Connection, words: str, *, prefix: str, now: datetime, limit: int) -> Rows:
    """Users whose username or email begins as `prefix` says, or whose customer id is `words`.

    `prefix` is a LIKE pattern with `!` as its escape character.
    """
    return _all(conn, f"""
        SELECT {_USER_COLUMNS}
        FROM {_USER_TABLES}
        WHERE u.username LIKE :prefix ESCAPE '!'
           OR u.email LIKE :prefix ESCAPE '!'
           OR u.customer_id = upper(:words)
        ORDER BY (:words IN (u.username, u.email)) DESC, u.username
        LIMIT :limit
    """, words=words, prefix=prefix, now=now, limit=limit)  # fmt: skip


def search_orders(conn: Connection, words: str, *, limit: int) -> Rows:
    """The order with exactly this id, or with a payment of exactly this gateway id."""
    return _all(conn, f"""
        SELECT {_ORDER_COLUMNS}
        FROM {_ORDER_TABLES} {ORDERS_MONEY}
        WHERE o.id = upper(:words)
           OR o.id IN (SELECT p.order_id FROM payments p WHERE p.gateway_payment_id = :words)
        ORDER BY o.created_at DESC
        LIMIT :limit
    """, words=words, limit=limit)  # fmt: skip


def recent_orders(conn: Connection, *, user_id: UUID | None, limit: int, offset: int) -> Rows:
    """Orders of everybody, or of one user."""
    return _all(conn, f"""
        -- The money of those that are shown is looked up, not of all there are.
        WITH shown AS MATERIALIZED (
            SELECT id
            FROM orders
            WHERE CAST(:user_id AS uuid) IS NULL OR user_id = :user_id
            ORDER BY created_at DESC, id
            LIMIT :limit OFFSET :offset
        )
        SELECT {_ORDER_COLUMNS}
        FROM {_ORDER_TABLES} {ORDERS_MONEY}
        WHERE o.id IN (SELECT id FROM shown)
        ORDER BY o.created_at DESC, o.id
    """, user_id=user_id, limit=limit + 1, offset=offset)  # fmt: skip


def recent_payments(
    conn: Connection, *, user_id: UUID | None, order_id: str | None = None, limit: int, offset: int
) -> Rows:
    """Payments of everybody, of one user or of one order, failed attempts included."""
    return _all(conn, f"""
        SELECT {_PAYMENT_COLUMNS}
        FROM {_PAYMENT_TABLES}
        WHERE (CAST(:user_id AS uuid) IS NULL OR o.user_id = :user_id)
          AND (CAST(:order_id AS text) IS NULL OR p.order_id = :order_id)
        ORDER BY p.created_at DESC, p.id DESC
        LIMIT :limit OFFSET :offset
    """, user_id=user_id, order_id=order_id, limit=limit + 1, offset=offset)  # fmt: skip


def recent_events(conn: Connection, *, order_id: str | None = None, limit: int, offset: int) -> Rows:
    """What the gateways sent, of everything or about one order, without the bodies."""
    return _all(conn, f"""
        SELECT {_EVENT_COLUMNS}
        FROM gateway_events e
        WHERE CAST(:order_id AS text) IS NULL OR e.order_id = :order_id
        ORDER BY e.id DESC
        LIMIT :limit OFFSET :offset
    """, order_id=order_id, limit=limit + 1, offset=offset)  # fmt: skip


def recent_mails(conn: Connection, *, user_id: UUID | None, limit: int, offset: int) -> Rows:
    """Mails of everybody, or of one user, without their bodies."""
    return _all(conn, f"""
        SELECT {_MAIL_COLUMNS}
        FROM emails m
        WHERE CAST(:user_id AS uuid) IS NULL OR m.user_id = :user_id
        ORDER BY m.created_at DESC, m.id DESC
        LIMIT :limit OFFSET :offset
    """, user_id=user_id, limit=limit + 1, offset=offset)  # fmt: skip


def read_mail(conn: Connection, mail_id: int) -> RowMapping | None:
    rows = _all(conn, f"""
        SELECT {_MAIL_COLUMNS}, m.text_body, m.message_id, m.email_token_id, t.purpose AS link_purpose
        FROM emails m
        LEFT JOIN email_tokens t ON t.id = m.email_token_id
        WHERE m.id = :mail_id
    """, mail_id=mail_id)  # fmt: skip
    return rows[0] if rows else None


def periods_of_user(conn: Connection, user_id: UUID) -> Rows:
    """Every stretch of access with what gave it: an order's payment, or an admin's grant."""
    return _all(conn, """
        SELECT
            sp.id, pl.name AS plan_name, sp.starts_at, sp.ends_at, sp.revoked_at, pay.order_id, sp.plan_id,
            g.id AS grant_id, g.reason AS grant_reason, giver.username AS granted_by,
            ender.username AS ended_by, ended.detail ->> 'reason' AS end_reason
        FROM subscription_periods sp
        JOIN subscriptions s ON s.id = sp.subscription_id
        JOIN plans pl ON pl.id = sp.plan_id
        LEFT JOIN payments pay ON pay.id = sp.payment_id
        LEFT JOIN grants g ON g.id = sp.grant_id
        LEFT JOIN users giver ON giver.id = g.admin_id
        LEFT JOIN audit_log ended ON ended.object = 'grant:' || g.id AND ended.action = 'access_ended'
        LEFT JOIN users ender ON ender.id = ended.actor_id
        WHERE s.user_id = :user_id
        ORDER BY sp.starts_at DESC, sp.id DESC
    """, user_id=user_id)  # fmt: skip


def count_sessions(conn: Connection, user_id: UUID, *, now: datetime) -> RowMapping:
    """Browsers in which the user is signed in now, and when one of them was last seen."""
    return _one(conn, """
        SELECT count(*) AS sessions, max(seen_at) AS last_seen_at
        FROM sessions
        WHERE user_id = :user_id AND revoked_at IS NULL AND expires_at > :now
    """, user_id=user_id, now=now)  # fmt: skip


def _all(conn: Connection, sql: str, **values: Any) -> Rows:
    return conn.execute(text(sql), values).mappings().all()


def _one(conn: Connection, sql: str, **values: Any) -> RowMapping:
    return conn.execute(text(sql), values).mappings().one()
