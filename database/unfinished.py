"""Statements of the sweep and of the reconciliation: what is not finished, and what our books lack."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from domain.gateway import Movement
from domain.orders import OrderStatus


def due_orders(
    conn: Connection,
    *,
    now: datetime,
    orders_since: datetime,
    refunds_since: datetime,
    shortest_pause: timedelta,
    limit: int,
) -> list[tuple[str, str]]:
    """Orders that are open, or have money to go back, and were not asked for lately, longest waiting first.

    Each with its gateway, which has a `limit` of its own: it is the gateway that limits us.

    The pause grows with age: after a quarter of the time that the matter has lasted, it is asked for again. An order
    that is still open is asked for whatever its age: it may be old because nobody could ask, and it must end.
    """
    rows = conn.execute(
        text("""
        WITH waiting AS (
            SELECT o.id, o.gateway, o.created_at AS since, greatest(o.created_at, o.synced_at, o.swept_at) AS asked
            FROM orders o
            WHERE o.status NOT IN ('paid', 'surplus', 'quarantined')
              AND (o.created_at > :orders_since OR o.status IN ('creating', 'unknown', 'created'))
            UNION ALL
            SELECT o.id, o.gateway, r.created_at, greatest(r.created_at, o.synced_at, o.swept_at)
            FROM refunds r
            JOIN payments p ON p.id = r.payment_id
            JOIN orders o ON o.id = p.order_id
            WHERE r.status IN ('intended', 'pending')
              AND r.created_at > :refunds_since
            UNION ALL
            -- A second success on one order: the gateway returns it by itself, and may not say so.
            SELECT o.id, o.gateway, p.created_at, greatest(p.created_at, o.synced_at, o.swept_at)
            FROM payments p
            JOIN orders o ON o.id = p.order_id
            WHERE p.role = 'duplicate'
              AND p.status = 'captured'
              AND p.created_at > :refunds_since
              AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id AND r.status <> 'failed')
        )
        SELECT id, gateway
        FROM (
            SELECT id, gateway, min(asked) AS asked,
                   row_number() OVER (PARTITION BY gateway ORDER BY min(asked)) AS place
            FROM waiting
            WHERE :now >= asked + greatest(:shortest_pause, (asked - since) / 4)
            GROUP BY id, gateway
        ) due
        WHERE place <= :limit
        ORDER BY asked
        """),
        {
            "now": now,
            "orders_since": orders_since,
            "refunds_since": refunds_since,
            "shortest_pause": shortest_pause,
            "limit": limit,
        },
    )
    return [(row.id, row.gateway) for row in rows]


def mark_swept(conn: Connection, order_id: str, *, now: datetime) -> OrderStatus:
    """Remember that the sweep asks for an order: one without an answer must not hold up the others."""
    status: str = conn.execute(
        text("UPDATE orders SET swept_at = :now WHERE id = :id RETURNING status"),
        {"id": order_id, "now": now},
    ).scalar_one()
    return OrderStatus(status)


def silent_gateways(conn: Connection, *, since: datetime, until: datetime) -> set[str]:
    """Gateways that took money in this stretch and have not sent a single webhook after it."""
    rows = conn.execute(
        text("""
        SELECT DISTINCT p.gateway
        FROM payments p
        WHERE p.role IS NOT NULL
          AND p.created_at BETWEEN :since AND :until
          AND NOT EXISTS (
            SELECT 1 FROM gateway_events e
            WHERE e.gateway = p.gateway
              AND (e.received_at >= p.created_at OR e.order_id = p.order_id))
        """),
        {"since": since, "until": until},
    )
    return set(rows.scalars())


def keep_movements(conn: Connection, gateway: str, movements: Sequence[Movement]) -> None:
    """Keep lines of the gateway's account. What it reports later of the same movement replaces them."""
    if not movements:
        return
    conn.execute(
        text("""
        INSERT INTO reported_movements (gateway, kind, movement_id, order_id, gateway_payment_id, refund_key,
                                        amount_paise, currency, occurred_at)
        VALUES (:gateway, :kind, :movement_id, :order_id, :gateway_payment_id, :refund_key, :amount_paise,
                :currency, :occurred_at)
        ON CONFLICT ON CONSTRAINT reported_movements_pkey DO UPDATE
        SET order_id = excluded.order_id,
            gateway_payment_id = excluded.gateway_payment_id,
            refund_key = excluded.refund_key,
            amount_paise = excluded.amount_paise,
            currency = excluded.currency,
            occurred_at = excluded.occurred_at,
            reported_at = now()
        """),
        [
            {
                "gateway": gateway,
                "kind": movement.kind.value,
                "movement_id": movement.gateway_refund_id or movement.gateway_payment_id,
                "order_id": movement.order_id,
                "gateway_payment_id": movement.gateway_payment_id,
                "refund_key": movement.refund_id or None,
                "amount_paise": movement.amount_paise,
                "currency": movement.currency,
                "occurred_at": movement.occurred_at,
            }
            for movement in movements
        ],
    )


def note_report(conn: Connection, gateway: str, *, since: datetime, until: datetime) -> None:
    """The gateway's account of this stretch was read to its end."""
    conn.execute(
        text("INSERT INTO report_runs (gateway, since, until) VALUES (:gateway, :since, :until)"),
        {"gateway": gateway, "since": since, "until": until},
    )


def orders_of_unmatched_movements(
    conn: Connection, gateway: str, *, since: datetime, until: datetime, reported_since: datetime
) -> dict[str, list[str]]:
    """Orders for which the gateway reports money that our books do not have like that, with the gateway's ids of it.

    Movements of a stretch of time, and older ones that were reported late. Oldest first, orders from which money
    went back last: of two payments of one purchase, the one that stayed is the one that bought it.

    Orders of other shops on the same account have ids of another shape. The refund of a payment that never
    became ours, because it came too late for its order, is the gateway's own affair.
    """
    rows = conn.execute(
        text("""
        WITH ours AS (
            SELECT *
            FROM reported_movements
            WHERE gateway = :gateway
              AND (occurred_at BETWEEN :since AND :until OR reported_at >= :reported_since)
              AND order_id ~ '^ORDER[A-Z0-9]{15}$'
        ), unmatched AS (
            SELECT m.order_id, m.occurred_at, m.movement_id
            FROM ours m
            WHERE m.kind = 'payment'
              AND NOT EXISTS (
                SELECT 1 FROM payments p
                WHERE p.gateway = m.gateway AND p.gateway_payment_id = m.movement_id
                  AND p.status IN ('held', 'captured', 'refunded')
                  AND m.amount_paise IN (p.amount_paise, p.charged_paise))
            UNION ALL
            SELECT m.order_id, m.occurred_at, m.movement_id
            FROM ours m
            JOIN payments p ON p.gateway = m.gateway AND p.gateway_payment_id = m.gateway_payment_id
            WHERE m.kind = 'refund'
              AND p.role IS NOT NULL
              AND NOT EXISTS (
                SELECT 1 FROM refunds r
                WHERE r.payment_id = p.id AND r.status = 'processed' AND r.gateway_amount_paise = m.amount_paise
                  AND (r.gateway_refund_id = m.movement_id OR r.refund_key = m.refund_key))
        )
        SELECT order_id, array_agg(movement_id ORDER BY movement_id) AS movements
        FROM unmatched
        GROUP BY order_id
        ORDER BY EXISTS (SELECT 1 FROM ours r WHERE r.kind = 'refund' AND r.order_id = unmatched.order_id),
                 min(occurred_at)
        """),
        {"gateway": gateway, "since": since, "until": until, "reported_since": reported_since},
    )
    return {row.order_id: row.movements for row in rows}


def orders_of_events(conn: Connection, gateway: str, *, since: datetime) -> list[str]:
    """Orders that a stored event or our own audit log names and that our books do not have, oldest first."""
    rows = conn.execute(
        text("""
        WITH named AS (
            SELECT order_id, received_at AS at
            FROM gateway_events
            WHERE gateway = :gateway AND received_at >= :since
            UNION ALL
            SELECT substr(object, 7), at
            FROM audit_log
            WHERE action = 'order_made' AND object LIKE 'order:%' AND at >= :since
        )
        SELECT n.order_id
        FROM named n
        WHERE n.order_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = n.order_id)
        GROUP BY n.order_id
        ORDER BY min(n.at)
        """),
        {"gateway": gateway, "since": since},
    )
    return list(rows.scalars())


def unsettled_since(conn: Connection, gateway: str, *, since: datetime) -> list[str]:
    """Orders made since a moment that are not settled, oldest first."""
    rows = conn.execute(
        text("""
        SELECT id
        FROM orders
        WHERE gateway = :gateway
          AND created_at >= :since
          AND status NOT IN ('paid', 'surplus', 'quarantined')
        ORDER BY created_at
        """),
        {"gateway": gateway, "since": since},
    )
    return list(rows.scalars())
