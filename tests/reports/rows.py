"""Insert rows as plain SQL, so that reports are tested against the schema and not against other code."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from domain.accounts import Role, User

_numbers = count(1)


def insert_user(conn: Connection, username: str, *, created_at: datetime, **changes: Any) -> User:
    user_id = uuid4()
    values: dict[str, Any] = {
        "id": user_id,
        "username": username,
        "email": f"{username}@example.com",
        "full_name": username.title(),
        "phone": "+919999999999",
        "state_code": "29",
        "role": "subscriber",
        "customer_id": "CUST" + hashlib.sha256(user_id.bytes).hexdigest()[:12].upper(),
        "created_at": created_at,
        "password_changed_at": created_at,
        "deleted_at": None,
        **changes,
    }
    conn.execute(
        text("""
            INSERT INTO users (id, username, email, full_name, phone, state_code, role, password_hash,
                               customer_id, created_at, password_changed_at, deleted_at)
            VALUES (:id, :username, :email, :full_name, :phone, :state_code, :role, '!',
                    :customer_id, :created_at, :password_changed_at, :deleted_at)
        """),
        values,
    )
    conn.execute(text("INSERT INTO subscriptions (user_id) VALUES (:user_id)"), {"user_id": user_id})
    values.pop("deleted_at")
    return User(**{**values, "role": Role(values["role"])})


def insert_order(conn: Connection, user: User, *, at: datetime, plan: str = "monthly", **changes: Any) -> str:
    """An order in a closed checkout of its own; paid unless another status is given."""
    checkout_id = conn.execute(
        text(
            "INSERT INTO checkouts (user_id, created_at, closed_at) VALUES (:user_id, :at, :at) RETURNING id"
        ),
        {"user_id": user.id, "at": at},
    ).scalar_one()
    price_id, amount = conn.execute(
        text("SELECT id, amount_paise FROM prices WHERE plan_id = :plan"), {"plan": plan}
    ).one()
    values: dict[str, Any] = {
        "id": f"ORDER{next(_numbers):015d}",
        "checkout_id": checkout_id,
        "user_id": user.id,
        "plan_id": plan,
        "price_id": price_id,
        "amount_paise": amount,
        "status": "paid",
        "quarantine_reason": None,
        "at": at,
        "expires_at": at + timedelta(minutes=30),
        **changes,
    }
    values["paid_at"] = at if values["status"] == "paid" else None
    conn.execute(
        text("""
            INSERT INTO orders (id, checkout_id, user_id, plan_id, price_id, amount_paise, currency, gateway,
                                status, expires_at, created_at, updated_at)
            VALUES (:id, :checkout_id, :user_id, :plan_id, :price_id, :amount_paise, 'INR', 'cashfree',
                    'creating', :expires_at, :at, :at)
        """),
        values,
    )
    # The database lets no order begin in another state.
    conn.execute(
        text("""
            UPDATE orders
            SET status = :status, quarantine_reason = :quarantine_reason, paid_at = :paid_at
            WHERE id = :id
        """),
        values,
    )
    order_id: str = values["id"]
    return order_id


def insert_payment(conn: Connection, order_id: str, *, at: datetime, **changes: Any) -> int:
    values: dict[str, Any] = {
        "order_id": order_id,
        "gateway_payment_id": f"51149{next(_numbers):08d}",
        "role": "primary",
        "status": "captured",
        "method": "upi",
        "message": "",
        "paid_at": at,
        "at": at,
        **changes,
    }
    payment_id: int = conn.execute(
        text("""
            INSERT INTO payments (order_id, checkout_id, gateway, gateway_payment_id, amount_paise, currency,
                                  charged_paise, charged_currency, role, status, method, message,
                                  paid_at, created_at)
            SELECT :order_id, checkout_id, gateway, :gateway_payment_id, amount_paise, currency,
                   amount_paise, currency, :role, :status, :method, :message, :paid_at, :at
            FROM orders WHERE id = :order_id
            RETURNING id
        """),
        values,
    ).scalar_one()
    return payment_id


def insert_refund(conn: Connection, payment_id: int, amount_paise: int, *, at: datetime, status: str) -> None:
    conn.execute(
        text("""
            INSERT INTO refunds (refund_key, payment_id, gateway, amount_paise, gateway_amount_paise, status, reason,
                                 created_at, updated_at, processed_at)
            VALUES (:key, :payment_id, 'cashfree', :amount, :amount, :status, 'asked', :at, :at,
                    CASE WHEN :status = 'processed' THEN CAST(:at AS timestamptz) END)
        """),
        {
            "key": f"RF-{next(_numbers)}",
            "payment_id": payment_id,
            "amount": amount_paise,
            "status": status,
            "at": at,
        },
    )


def insert_period(
    conn: Connection, user: User, *, payment_id: int, starts_at: datetime, ends_at: datetime, **changes: Any
) -> None:
    conn.execute(
        text("""
            INSERT INTO subscription_periods (subscription_id, plan_id, payment_id, starts_at, ends_at,
                                              revoked_at)
            SELECT id, :plan_id, :payment_id, :starts_at, :ends_at, :revoked_at
            FROM subscriptions WHERE user_id = :user_id
        """),
        {
            "user_id": user.id,
            "payment_id": payment_id,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "plan_id": "monthly",
            "revoked_at": None,
            **changes,
        },
    )


def insert_event(conn: Connection, body: bytes, *, at: datetime, order_id: str | None = None) -> int:
    event_id: int = conn.execute(
        text("""
            INSERT INTO gateway_events (gateway, dedupe_key, event_type, order_id, body, received_at)
            VALUES ('cashfree', :key, 'PAYMENT_SUCCESS_WEBHOOK', :order_id, :body, :at) RETURNING id
        """),
        {"key": f"key-{next(_numbers)}", "order_id": order_id, "body": body, "at": at},
    ).scalar_one()
    return event_id


def insert_mail(conn: Connection, user_id: UUID, *, at: datetime, **changes: Any) -> int:
    number = next(_numbers)
    mail_id: int = conn.execute(
        text("""
            INSERT INTO emails (kind, dedupe_key, user_id, to_address, subject, text_body, html_body,
                                message_id, status, created_at)
            VALUES ('receipt', :key, :user_id, :to_address, :subject, :text_body, :html_body, :message_id,
                    :status, :at)
            RETURNING id
        """),
        {
            "key": f"receipt-{number}",
            "user_id": user_id,
            "to_address": "asha@example.com",
            "subject": "Receipt for ₹499",
            "text_body": "You paid ₹499.",
            "html_body": "<p>You paid ₹499.</p>",
            "message_id": f"<receipt-{number}@example.com>",
            "status": "kept",
            "at": at,
            **changes,
        },
    ).scalar_one()
    return mail_id


def insert_alarm(
    conn: Connection, key: str, message: str, *, at: datetime, resolved_at: datetime | None = None
) -> None:
    conn.execute(
        text(
            "INSERT INTO alarms (key, message, created_at, resolved_at)"
            " VALUES (:key, :message, :at, :resolved_at)"
        ),
        {"key": key, "message": message, "at": at, "resolved_at": resolved_at},
    )


def insert_session(conn: Connection, user: User, *, at: datetime, revoked_at: datetime | None = None) -> None:
    conn.execute(
        text("""
            INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at, revoked_at)
            VALUES (:token_hash, :user_id, :at, :at, :expires_at, :revoked_at)
        """),
        {
            "token_hash": hashlib.sha256(str(next(_numbers)).encode()).digest(),
            "user_id": user.id,
            "at": at,
            "expires_at": at + timedelta(days=30),
            "revoked_at": revoked_at,
        },
    )
