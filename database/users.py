"""Statements on users, and the brake on guessed passwords."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from domain.accounts import Role, User

_COLUMNS = (
    "u.id, u.username, u.email, u.full_name, u.phone, u.state_code, u.role, u.customer_id, u.created_at"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user with the stored form of the password."""

    user: User
    password_hash: str


def insert(conn: Connection, **values: Any) -> User:
    """Store a user. The database's own names say what was taken: users_email_key, users_username_key."""
    row = conn.execute(
        text(f"""
        INSERT INTO users AS u (id, username, email, full_name, phone, state_code, role, password_hash, customer_id)
        VALUES (:id, :username, :email, :full_name, :phone, :state_code, :role, :password_hash, :customer_id)
        RETURNING {_COLUMNS}
        """),
        values,
    )
    return user_from_row(row.mappings().one())


def find(conn: Connection, user_id: UUID) -> User | None:
    """The user with this id, unless disabled or deleted."""
    return _find(conn, "u.id = :value", user_id)


def find_by_username(conn: Connection, username: str) -> User | None:
    """The user with exactly this (case-folded) username, unless disabled or deleted."""
    return _find(conn, "u.username = :value", username)


def find_by_session(conn: Connection, token_hash: bytes, *, now: datetime) -> User | None:
    """The user of a live session: not revoked, not expired, and of an account that may still sign in."""
    row = conn.execute(
        text(f"""
        SELECT {_COLUMNS}
        FROM sessions s
        JOIN users u ON u.id = s.user_id
        WHERE s.token_hash = :token_hash
          AND s.revoked_at IS NULL
          AND s.expires_at > :now
          AND u.status = 'active'
          AND u.deleted_at IS NULL
        """),
        {"token_hash": token_hash, "now": now},
    )
    found = row.mappings().first()
    return None if found is None else user_from_row(found)


def find_credentials(conn: Connection, login: str) -> Credentials | None:
    """The account whose username or email is exactly `login` (normalised by the caller)."""
    row = (
        conn.execute(
            text(f"""
        SELECT {_COLUMNS}, u.password_hash
        FROM users u
        WHERE (u.username = :login OR u.email = :login)
          AND u.status = 'active'
          AND u.deleted_at IS NULL
        """),
            {"login": login},
        )
        .mappings()
        .first()
    )
    return None if row is None else Credentials(user_from_row(row), row["password_hash"])


def exists(conn: Connection, user_id: UUID) -> bool:
    """True when there is or was such an account: rows of closed accounts stay."""
    return conn.execute(text("SELECT 1 FROM users WHERE id = :id"), {"id": user_id}).first() is not None


def lock(conn: Connection, user_id: UUID) -> None:
    """Hold the user's row to the end of the transaction. Always taken before the lock of an order.

    Rows that refer to the user (an admin's refund, say) are not kept waiting.
    """
    conn.execute(text("SELECT 1 FROM users WHERE id = :id FOR NO KEY UPDATE"), {"id": user_id})


def count_failed_logins(conn: Connection, account_key: bytes, *, since: datetime) -> int:
    """Failed sign-ins of one account since a moment."""
    count: int = conn.execute(
        text("""
        SELECT count(*)
        FROM login_attempts
        WHERE account_key = :account_key
          AND attempted_at > :since
        """),
        {"account_key": account_key, "since": since},
    ).scalar_one()
    return count


def insert_failed_login(conn: Connection, account_key: bytes) -> None:
    """Remember one failed sign-in."""
    conn.execute(
        text("INSERT INTO login_attempts (account_key) VALUES (:account_key)"), {"account_key": account_key}
    )


def user_from_row(row: RowMapping) -> User:
    return User(
        id=row["id"],
        username=row["username"],
        email=row["email"],
        full_name=row["full_name"],
        phone=row["phone"],
        state_code=row["state_code"],
        role=Role(row["role"]),
        customer_id=row["customer_id"],
        created_at=row["created_at"],
    )


def _find(conn: Connection, condition: str, value: object) -> User | None:
    row = conn.execute(
        text(f"""
        SELECT {_COLUMNS}
        FROM users u
        WHERE {condition}
          AND u.status = 'active'
          AND u.deleted_at IS NULL
        """),
        {"value": value},
    )
    found = row.mappings().first()
    return None if found is None else user_from_row(found)


def is_admin(conn: Connection, user_id: UUID) -> bool:
    """True when this account exists, may sign in, and is an admin's now."""
    return (
        conn.execute(
            text("""
            SELECT 1
            FROM users
            WHERE id = :user_id AND role = 'admin' AND status = 'active' AND deleted_at IS NULL
            """),
            {"user_id": user_id},
        ).first()
        is not None
    )
