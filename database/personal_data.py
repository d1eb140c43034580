"""Statements on everything that is kept about one person: what an export shows, and what a closed account loses.

No secret and no hash of one is read here, and nothing of anybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

Rows = list[dict[str, Any]]

# Each is asked with the id of the person. The names are those of the export's parts.
_PARTS: Mapping[str, str] = {
    "sessions": """
        SELECT created_at AS logged_in_at, seen_at AS last_seen_at, expires_at, revoked_at AS ended_at,
               user_agent AS browser, address, second_factor_at IS NOT NULL AS with_second_factor
        FROM sessions
        WHERE user_id = :user_id
        ORDER BY created_at, id
    """,
    "known_browsers": """
        SELECT seen_at AS last_logged_in_at
        FROM known_browsers
        WHERE user_id = :user_id
        ORDER BY seen_at
    """,
    "links_by_mail": """
        SELECT purpose, email, created_at, expires_at, used_at
        FROM email_tokens
        WHERE user_id = :user_id
        ORDER BY created_at, id
    """,
    "subscription_periods": """
        SELECT pl.name AS plan, p.starts_at, p.ends_at, p.revoked_at AS ended_early_at,
               CASE WHEN p.payment_id IS NULL THEN 'given' ELSE 'paid' END AS origin,
               pay.gateway_payment_id AS payment_id
        FROM subscription_periods p
        JOIN subscriptions s ON s.id = p.subscription_id
        JOIN plans pl ON pl.id = p.plan_id
        LEFT JOIN payments pay ON pay.id = p.payment_id
        WHERE s.user_id = :user_id
        ORDER BY p.starts_at, p.id
    """,
    "orders": """
        SELECT o.id AS order_id, pl.name AS plan, o.amount_paise, o.currency, o.status, o.gateway, o.created_at,
               o.expires_at, o.paid_at
        FROM orders o
        JOIN plans pl ON pl.id = o.plan_id
        WHERE o.user_id = :user_id
        ORDER BY o.created_at, o.id
    """,
    "payments": """
        SELECT p.gateway_payment_id AS payment_id, p.order_id, p.amount_paise, p.currency, p.charged_paise,
               p.charged_currency, p.status, p.method, p.message, p.paid_at, p.created_at
        FROM payments p
        JOIN orders o ON o.id = p.order_id
        WHERE o.user_id = :user_id
        ORDER BY p.created_at, p.id
    """,
    "refunds": """
        SELECT r.refund_key AS refund_id, p.order_id, p.gateway_payment_id AS payment_id, r.amount_paise, r.status,
               r.reason, r.created_at, r.processed_at
        FROM refunds r
        JOIN payments p ON p.id = r.payment_id
        JOIN orders o ON o.id = p.order_id
        WHERE o.user_id = :user_id
        ORDER BY r.created_at, r.id
    """,
    # How it went back is for the books: an admin's note on our bank account, not on the buyer.
    "returned_in_another_way": """
        SELECT p.order_id, p.gateway_payment_id AS payment_id, h.amount_paise, h.returned_at
        FROM hand_returns h
        JOIN payments p ON p.id = h.payment_id
        JOIN orders o ON o.id = p.order_id
        WHERE o.user_id = :user_id
        ORDER BY h.returned_at, h.id
    """,
    "messages_of_the_payment_service": """
        SELECT e.event_type AS message, e.order_id, e.received_at
        FROM gateway_events e
        JOIN orders o ON o.id = e.order_id AND o.gateway = e.gateway
        WHERE o.user_id = :user_id
        ORDER BY e.received_at, e.id
    """,
    "watch_list": """
        SELECT position, sector
        FROM watch_lists
        WHERE user_id = :user_id
        ORDER BY position
    """,
    "report_settings": """
        SELECT weekly, daily, evidence, weekday, hour AS hour_in_india, alerts, scope, unsubscribed_at, updated_at
        FROM report_settings
        WHERE user_id = :user_id
    """,
    "reports_by_mail": """
        SELECT r.kind, r.as_of, e.subject, e.status, r.created_at, e.sent_at
        FROM reports_sent r
        JOIN emails e ON e.id = r.email_id
        WHERE r.user_id = :user_id
        ORDER BY r.id
    """,
    # The bodies stay out: some hold a link that opens the account.
    "mails": """
        SELECT subject, to_address AS sent_to, created_at, sent_at
        FROM emails
        WHERE user_id = :user_id
        ORDER BY created_at, id
    """,
}


def find_account(conn: Connection, user_id: UUID) -> dict[str, Any]:
    """What the account itself holds."""
    row = conn.execute(
        text("""
        SELECT u.username, u.full_name, u.email, u.email_verified_at, u.phone, u.state_code, u.role,
               u.customer_id AS name_at_the_payment_service, u.created_at, u.password_changed_at,
               EXISTS (
                   SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL
               ) AS has_second_factor
        FROM users u
        WHERE u.id = :user_id AND u.deleted_at IS NULL
        """),
        {"user_id": user_id},
    )
    return dict(row.mappings().one())


def list_parts(conn: Connection, user_id: UUID) -> dict[str, Rows]:
    """Everything else that belongs to the person, part by part, the oldest first."""
    return {
        name: [dict(row) for row in conn.execute(text(sql), {"user_id": user_id}).mappings()]
        for name, sql in _PARTS.items()
    }


def list_audit(conn: Connection, user_id: UUID) -> Rows:
    """What was written down about the person, their orders, payments, refunds and gifts, the oldest first.

    And who did it; but not how money went back by hand, which is for the books.
    """
    rows = conn.execute(
        text("""
        SELECT at, actor_id, action, object,
               CASE WHEN action = 'settled_by_hand' THEN detail - 'reason' ELSE detail END AS detail
        FROM audit_log
        WHERE object IN (
            SELECT 'user:' || CAST(:user_id AS text)
            UNION ALL
            SELECT 'order:' || id FROM orders WHERE user_id = :user_id
            UNION ALL
            SELECT 'grant:' || id FROM grants WHERE user_id = :user_id
            UNION ALL
            SELECT 'payment:' || p.id
            FROM payments p
            JOIN orders o ON o.id = p.order_id
            WHERE o.user_id = :user_id
            UNION ALL
            SELECT 'refund:' || r.refund_key
            FROM refunds r
            JOIN payments p ON p.id = r.payment_id
            JOIN orders o ON o.id = p.order_id
            WHERE o.user_id = :user_id
        )
        ORDER BY id
        """),
        {"user_id": user_id},
    ).mappings()
    return [dict(row) for row in rows]


def is_money_moving(conn: Connection, user_id: UUID) -> bool:
    """True while money of this person is under way: a refund is open, or money that bought nothing is still here."""
    found: bool = conn.execute(
        text("""
        SELECT EXISTS (
            SELECT 1
            FROM payments p
            JOIN orders o ON o.id = p.order_id
            LEFT JOIN refunds r ON r.payment_id = p.id AND r.status IN ('intended', 'pending')
            WHERE o.user_id = :user_id
              AND (
                  r.id IS NOT NULL
                  OR (
                      p.role = 'duplicate'
                      AND p.status = 'captured'
                      AND NOT EXISTS (SELECT 1 FROM hand_returns h WHERE h.payment_id = p.id)
                  )
              )
        )
        """),
        {"user_id": user_id},
    ).scalar_one()
    return found


def is_order_in_doubt(conn: Connection, user_id: UUID) -> bool:
    """True while a person looks at an order, or a bank at an attempt to pay an order that is still open."""
    found: bool = conn.execute(
        text("""
        SELECT EXISTS (
            SELECT 1
            FROM orders o
            WHERE o.user_id = :user_id
              AND (
                  o.status = 'quarantined'
                  OR (
                      o.status IN ('creating', 'unknown', 'created')
                      AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.status = 'pending')
                  )
              )
        )
        """),
        {"user_id": user_id},
    ).scalar_one()
    return found


def erase_ways_in(conn: Connection, user_id: UUID) -> None:
    """Remove links, tickets, and the second factor."""
    for statement in (
        "DELETE FROM email_tokens WHERE user_id = :user_id",
        "DELETE FROM sign_in_tickets WHERE user_id = :user_id",
        "DELETE FROM recovery_codes WHERE user_id = :user_id",
        "DELETE FROM second_factors WHERE user_id = :user_id",
    ):
        conn.execute(text(statement), {"user_id": user_id})


def erase_sessions(conn: Connection, user_id: UUID) -> None:
    """Remove every session and every known browser. After the account is closed: none can begin any more."""
    for statement in (
        "DELETE FROM sessions WHERE user_id = :user_id",
        "DELETE FROM known_browsers WHERE user_id = :user_id",
    ):
        conn.execute(text(statement), {"user_id": user_id})


def erase_choices(conn: Connection, user_id: UUID) -> None:
    """Remove the watch-list, what was wanted by mail, and what of it was sent."""
    for statement in (
        "DELETE FROM watch_lists WHERE user_id = :user_id",
        "DELETE FROM report_settings WHERE user_id = :user_id",
        "DELETE FROM reports_sent WHERE user_id = :user_id",
    ):
        conn.execute(text(statement), {"user_id": user_id})


def erase_mails(conn: Connection, user_id: UUID) -> None:
    """Leave of each mail to this person its subject and its times. What was not sent never will be."""
    conn.execute(
        text("""
        UPDATE emails
        SET to_address = '', text_body = '', html_body = '', last_error = NULL, image_digest = NULL,
            status = CASE WHEN status = 'queued' THEN 'kept' ELSE status END
        WHERE user_id = :user_id
        """),
        {"user_id": user_id},
    )


def erase_mail_of_closed_account(conn: Connection, email_id: int) -> None:
    """The same for one mail, if its account is closed: nothing has to be done with it any more."""
    conn.execute(
        text("""
        UPDATE emails e
        SET to_address = '', text_body = '', html_body = '', last_error = NULL, image_digest = NULL,
            status = CASE WHEN e.status = 'queued' THEN 'kept' ELSE e.status END
        FROM users u
        WHERE e.id = :email_id AND u.id = e.user_id AND u.deleted_at IS NOT NULL
        """),
        {"email_id": email_id},
    )


def erase_mails_of_accounts_closed_before(conn: Connection, moment: datetime) -> int:
    """The same for what a worker left behind that died again and again while it sent. The number of mails."""
    erased = conn.execute(
        text("""
        UPDATE emails e
        SET to_address = '', text_body = '', html_body = '', last_error = NULL, image_digest = NULL,
            status = CASE WHEN e.status = 'queued' THEN 'kept' ELSE e.status END
        FROM users u
        WHERE u.id = e.user_id AND u.deleted_at < :moment AND e.to_address <> ''
        """),
        {"moment": moment},
    )
    return erased.rowcount


def anonymise_user(
    conn: Connection, user_id: UUID, *, username: str, email: str, full_name: str, now: datetime
) -> None:
    """Close the account and put these words in the place of what the person gave. The state stays: it is a tax fact."""
    conn.execute(
        text("""
        UPDATE users
        SET username = :username, email = :email, full_name = :full_name, phone = '', password_hash = '!',
            email_verified_at = NULL, password_changed_at = :now, deleted_at = :now
        WHERE id = :user_id AND deleted_at IS NULL
        """),
        {"user_id": user_id, "username": username, "email": email, "full_name": full_name, "now": now},
    )
