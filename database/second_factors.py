"""Statements on second factors and recovery codes. Neither a secret nor a code is stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class StoredFactor:
    """What the secret is made of, and whether its owner has shown that their app knows it."""

    nonce: bytes
    is_confirmed: bool
    created_at: datetime


def find(conn: Connection, user_id: UUID) -> StoredFactor | None:
    """The second factor of a user, confirmed or not."""
    row = conn.execute(
        text("SELECT nonce, confirmed_at, created_at FROM second_factors WHERE user_id = :user_id"),
        {"user_id": user_id},
    ).first()
    return (
        None if row is None else StoredFactor(bytes(row.nonce), row.confirmed_at is not None, row.created_at)
    )


def begin(conn: Connection, user_id: UUID, *, nonce: bytes, now: datetime) -> bool:
    """Store a second factor to be confirmed in place of one that never was. False when one is confirmed."""
    return (
        conn.execute(
            text("""
            INSERT INTO second_factors (user_id, nonce, created_at)
            VALUES (:user_id, :nonce, :now)
            ON CONFLICT ON CONSTRAINT second_factors_pkey DO UPDATE
            SET nonce = :nonce, created_at = :now, last_step = 0
            WHERE second_factors.confirmed_at IS NULL
            RETURNING user_id
            """),
            {"user_id": user_id, "nonce": nonce, "now": now},
        ).first()
        is not None
    )


def confirm(conn: Connection, user_id: UUID, *, nonce: bytes, step: int, now: datetime) -> bool:
    """Confirm the second factor of this nonce and use up a step of it. True for the one call that does."""
    return (
        conn.execute(
            text("""
            UPDATE second_factors
            SET confirmed_at = :now, last_step = :step
            WHERE user_id = :user_id AND nonce = :nonce AND confirmed_at IS NULL
            RETURNING user_id
            """),
            {"user_id": user_id, "nonce": nonce, "step": step, "now": now},
        ).first()
        is not None
    )


def use_step(conn: Connection, user_id: UUID, *, nonce: bytes, step: int) -> bool:
    """Use up a step of a confirmed second factor, and all before it. True for the one call that does."""
    return (
        conn.execute(
            text("""
            UPDATE second_factors
            SET last_step = :step
            WHERE user_id = :user_id AND nonce = :nonce AND confirmed_at IS NOT NULL AND last_step < :step
            RETURNING user_id
            """),
            {"user_id": user_id, "nonce": nonce, "step": step},
        ).first()
        is not None
    )


def delete(conn: Connection, user_id: UUID) -> bool:
    """Forget a user's second factor and recovery codes. True when one was confirmed."""
    conn.execute(text("DELETE FROM recovery_codes WHERE user_id = :user_id"), {"user_id": user_id})
    confirmed_at = conn.execute(
        text("DELETE FROM second_factors WHERE user_id = :user_id RETURNING confirmed_at"),
        {"user_id": user_id},
    ).scalar()
    return confirmed_at is not None


def replace_codes(conn: Connection, user_id: UUID, code_hashes: Iterable[bytes]) -> None:
    """Store recovery codes in place of all that this user had."""
    conn.execute(text("DELETE FROM recovery_codes WHERE user_id = :user_id"), {"user_id": user_id})
    conn.execute(
        text("INSERT INTO recovery_codes (user_id, code_hash) VALUES (:user_id, :code_hash)"),
        [{"user_id": user_id, "code_hash": code_hash} for code_hash in code_hashes],
    )


def use_code(conn: Connection, user_id: UUID, code_hash: bytes, *, now: datetime) -> bool:
    """Use up a recovery code of somebody with a confirmed second factor. True for the one call that does."""
    return (
        conn.execute(
            text("""
            UPDATE recovery_codes
            SET used_at = :now
            WHERE user_id = :user_id
              AND code_hash = :code_hash
              AND used_at IS NULL
              AND EXISTS (
                  SELECT 1 FROM second_factors f WHERE f.user_id = :user_id AND f.confirmed_at IS NOT NULL
              )
            RETURNING user_id
            """),
            {"user_id": user_id, "code_hash": code_hash, "now": now},
        ).first()
        is not None
    )


def list_codes(conn: Connection, user_id: UUID) -> set[bytes]:
    """What is stored of the recovery codes that still work."""
    found = conn.execute(
        text("SELECT code_hash FROM recovery_codes WHERE user_id = :user_id AND used_at IS NULL"),
        {"user_id": user_id},
    ).scalars()
    return {bytes(code_hash) for code_hash in found}
