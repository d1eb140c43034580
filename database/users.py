"""Statements on users and their passwords."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from domain.accounts import Role, User

COLUMNS = (
    "u.id, u.username, u.email, u.full_name, u.phone, u.state_code, u.role, u.customer_id, u.created_at, "
    "u.email_verified_at, u.password_changed_at"
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
        RETURNING {COLUMNS}
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


def find_credentials(conn: Connection, login: str) -> Credentials | None:
    """The account whose username or email is exactly `login` (normalised by the caller)."""
    row = (
        conn.execute(
            text(f"""
        SELECT {COLUMNS}, u.password_hash
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


def lock(conn: Connection, user_id: UUID) -> bool:
    """Hold the user's row to the end of the transaction. False when the account is disabled or deleted.

    Always taken before the lock of an order. Rows that refer to the user (an admin's refund, say) are not
    kept waiting.
    """
    may_act: bool | None = conn.execute(
        text("SELECT status = 'active' AND deleted_at IS NULL FROM users WHERE id = :id FOR NO KEY UPDATE"),
        {"id": user_id},
    ).scalar()
    return bool(may_act)


def find_owner_of_email(conn: Connection, email: str) -> UUID | None:
    """The id of the account with this address, a disabled one too."""
    found: UUID | None = conn.execute(
        text("SELECT id FROM users WHERE email = :email"), {"email": email}
    ).scalar()
    return found


def replace_email(conn: Connection, user_id: UUID, *, email: str, now: datetime) -> None:
    """Store an address that its owner has just proved. When it is taken, the database names users_email_key."""
    conn.execute(
        text("""
        UPDATE users
        SET email = :email, email_verified_at = :now
        WHERE id = :user_id AND deleted_at IS NULL
        """),
        {"user_id": user_id, "email": email, "now": now},
    )


def find_password_change(conn: Connection, user_id: UUID) -> datetime | None:
    """When the password was last changed. None for the one that the account began with."""
    changed_at: datetime | None = conn.execute(
        text(
            "SELECT password_changed_at FROM users WHERE id = :user_id AND password_changed_at > created_at"
        ),
        {"user_id": user_id},
    ).scalar()
    return changed_at


def replace_password(
    conn: Connection,
    user_id: UUID,
    *,
    password_hash: str,
    instead_of: str | None = None,
    now: datetime | None = None,
) -> bool:
    """Store another form of the password; only `instead_of` another, where given. True when this call stored it.

    With `now` it is another password, without it the same one hashed anew.
    """
    stored = conn.execute(
        text("""
        UPDATE users
        SET password_hash = :password_hash,
            password_changed_at = coalesce(:now, password_changed_at)
        WHERE id = :user_id
          AND password_hash = coalesce(:instead_of, password_hash)
          AND deleted_at IS NULL
        """),
        {"user_id": user_id, "password_hash": password_hash, "instead_of": instead_of, "now": now},
    )
    return stored.rowcount > 0


def find_id_by_email(conn: Connection, email: str) -> UUID | None:
    """The account with exactly this (normalised) address, unless disabled or deleted."""
    found: UUID | None = conn.execute(
        text("SELECT id FROM users WHERE email = :email AND status = 'active' AND deleted_at IS NULL"),
        {"email": email},
    ).scalar()
    return found


def mark_verified(conn: Connection, user_id: UUID, *, email: str, now: datetime) -> bool:
    """An address is proved. False when the account has another one (by now)."""
    marked = conn.execute(
        text("""
        UPDATE users
        SET email_verified_at = coalesce(email_verified_at, :now)
        WHERE id = :user_id AND email = :email AND deleted_at IS NULL
        """),
        {"user_id": user_id, "email": email, "now": now},
    )
    return marked.rowcount > 0


def find_role(conn: Connection, user_id: UUID) -> Role | None:
    """The role of an account that may sign in, and that nobody deletes before the caller's transaction ends."""
    found: str | None = conn.execute(
        text("""
        SELECT role
        FROM users
        WHERE id = :user_id AND status = 'active' AND deleted_at IS NULL
        FOR KEY SHARE
        """),
        {"user_id": user_id},
    ).scalar()
    return None if found is None else Role(found)


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


def find_password_hash(conn: Connection, user_id: UUID) -> str | None:
    """The stored form of an account's password, unless the account is disabled or deleted."""
    found: str | None = conn.execute(
        text("""
        SELECT password_hash
        FROM users
        WHERE id = :user_id AND status = 'active' AND deleted_at IS NULL
        """),
        {"user_id": user_id},
    ).scalar()
    return found


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
        email_verified_at=row["email_verified_at"],
        password_changed_at=row["password_changed_at"],
    )


def _find(conn: Connection, condition: str, value: object) -> User | None:
    row = conn.execute(
        text(f"""
        SELECT {COLUMNS}
        FROM users u
        WHERE {condition}
          AND u.status = 'active'
          AND u.deleted_at IS NULL
        """),
        {"value": value},
    )
    found = row.mappings().first()
    return None if found is None else user_from_row(found)
