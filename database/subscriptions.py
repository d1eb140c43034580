"""Statements on subscriptions and their periods."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from domain.subscriptions import Period, Subscription, SubscriptionStatus


def insert_pending(conn: Connection, user_id: UUID) -> None:
    """Give a new user the subscription that payments will fill."""
    conn.execute(
        text("""
        INSERT INTO subscriptions (user_id)
        VALUES (:user_id)
        ON CONFLICT ON CONSTRAINT subscriptions_user_key DO NOTHING
        """),
        {"user_id": user_id},
    )


def find(conn: Connection, user_id: UUID) -> Subscription | None:
    """A user's subscription with all its periods, oldest first."""
    rows = conn.execute(
        text("""
        SELECT s.id, s.status, p.plan_id, p.starts_at, p.ends_at, p.revoked_at, p.grant_id
        FROM subscriptions s
        LEFT JOIN subscription_periods p ON p.subscription_id = s.id
        WHERE s.user_id = :user_id
        ORDER BY p.starts_at
        """),
        {"user_id": user_id},
    ).all()
    if not rows:
        return None
    periods = tuple(
        Period(row.plan_id, row.starts_at, row.ends_at, row.revoked_at, row.grant_id)
        for row in rows
        if row.plan_id is not None
    )
    return Subscription(rows[0].id, SubscriptionStatus(rows[0].status), periods)


def insert_paid_period(conn: Connection, subscription_id: int, period: Period, *, payment_id: int) -> None:
    """Add the period that a payment bought. A payment buys one, and live periods never overlap."""
    conn.execute(
        text("""
        INSERT INTO subscription_periods (subscription_id, plan_id, payment_id, starts_at, ends_at)
        VALUES (:subscription_id, :plan_id, :payment_id, :starts_at, :ends_at)
        """),
        {
            "subscription_id": subscription_id,
            "plan_id": period.plan_id,
            "payment_id": payment_id,
            "starts_at": period.starts_at,
            "ends_at": period.ends_at,
        },
    )


def insert_given_period(conn: Connection, subscription_id: int, period: Period) -> None:
    """Add the period of a grant. A grant gives one, and live periods never overlap."""
    conn.execute(
        text("""
        INSERT INTO subscription_periods (subscription_id, plan_id, grant_id, starts_at, ends_at)
        VALUES (:subscription_id, :plan_id, :grant_id, :starts_at, :ends_at)
        """),
        {
            "subscription_id": subscription_id,
            "plan_id": period.plan_id,
            "grant_id": period.grant_id,
            "starts_at": period.starts_at,
            "ends_at": period.ends_at,
        },
    )


def revoke_period(
    conn: Connection, *, payment_id: int | None = None, grant_id: int | None = None, now: datetime
) -> bool:
    """End the access that a payment bought or a grant gave. False when it was ended before.

    Periods after it move forward into the time that it frees: who paid for two periods and got one back must not be
    locked out until the second would have begun.
    """
    row = conn.execute(
        text("""
        UPDATE subscription_periods
        SET revoked_at = :now
        WHERE (payment_id = :payment_id OR grant_id = :grant_id)
          AND revoked_at IS NULL
        RETURNING subscription_id, plan_id, starts_at, ends_at
        """),
        {"payment_id": payment_id, "grant_id": grant_id, "now": now},
    ).first()
    if row is None:
        return False
    freed = Period(row.plan_id, row.starts_at, row.ends_at).unused(now)
    for period_id in _following(conn, row.subscription_id, row.ends_at):
        conn.execute(
            text("""
            UPDATE subscription_periods
            SET starts_at = starts_at - :freed, ends_at = ends_at - :freed
            WHERE id = :id
            """),
            {"id": period_id, "freed": freed},
        )
    refresh(conn, row.subscription_id, now=now)
    return True


def _following(conn: Connection, subscription_id: int, moment: datetime) -> list[int]:
    """Live periods that begin at or after a moment. Soonest first: moved in this order, they never overlap."""
    rows = conn.execute(
        text("""
        SELECT id
        FROM subscription_periods
        WHERE subscription_id = :id
          AND revoked_at IS NULL
          AND starts_at >= :moment
        ORDER BY starts_at
        """),
        {"id": subscription_id, "moment": moment},
    )
    return list(rows.scalars())


def refresh(conn: Connection, subscription_id: int, *, now: datetime) -> None:
    """Write the stored status and end anew from the periods, after one came or ended. For reports only."""
    conn.execute(
        text("""
        WITH live AS (
            SELECT max(ends_at) AS until
            FROM subscription_periods
            WHERE subscription_id = :id AND revoked_at IS NULL
        )
        UPDATE subscriptions
        SET status = CASE WHEN live.until > :now THEN 'active' ELSE 'expired' END,
            current_period_end = live.until,
            updated_at = now()
        FROM live
        WHERE id = :id
        """),
        {"id": subscription_id, "now": now},
    )
