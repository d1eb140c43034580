"""Statements on reports by mail: who wants which, what went out, and the pictures in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from database import users
from domain.accounts import User
from domain.report_rules import AlertKind, ReportKind, ReportSettings, Scope, SentReport

_SETTINGS = (
    "s.weekly, s.daily, s.evidence, s.weekday, s.hour, s.alerts, s.scope, s.alerts_as_of, s.unsubscribed_at"
)


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report that waits in the outbox, and whose it is."""

    user_id: UUID
    kind: ReportKind


def find_settings(conn: Connection, user_id: UUID) -> ReportSettings:
    """What somebody wants; the defaults for who never said."""
    rows = conn.execute(
        text(f"SELECT {_SETTINGS} FROM report_settings s WHERE s.user_id = :user_id"), {"user_id": user_id}
    )
    row = rows.mappings().first()
    return ReportSettings() if row is None else _settings(row)


def replace_settings(conn: Connection, user_id: UUID, settings: ReportSettings, *, now: datetime) -> None:
    """Store what somebody wants, whole."""
    conn.execute(
        text("""
        INSERT INTO report_settings
            (user_id, weekly, daily, evidence, weekday, hour, alerts, scope, alerts_as_of, unsubscribed_at,
             updated_at)
        VALUES
            (:user_id, :weekly, :daily, :evidence, :weekday, :hour, :alerts, :scope, :alerts_as_of, :unsubscribed_at,
             :now)
        ON CONFLICT ON CONSTRAINT report_settings_pkey DO UPDATE
        SET weekly = excluded.weekly, daily = excluded.daily, evidence = excluded.evidence,
            weekday = excluded.weekday, hour = excluded.hour,
            alerts = excluded.alerts, scope = excluded.scope, alerts_as_of = excluded.alerts_as_of,
            unsubscribed_at = excluded.unsubscribed_at, updated_at = excluded.updated_at
        """),
        {
            "user_id": user_id,
            "weekly": settings.weekly,
            "daily": settings.daily,
            "evidence": settings.evidence,
            "weekday": settings.weekday,
            "hour": settings.hour,
            "alerts": sorted(str(kind) for kind in settings.alerts),
            "scope": str(settings.scope),
            "alerts_as_of": settings.alerts_as_of,
            "unsubscribed_at": settings.unsubscribed_at,
            "now": now,
        },
    )


def list_readers(conn: Connection, *, now: datetime) -> list[tuple[User, ReportSettings]]:
    """Everybody with a proved address and a running subscription who wants any mail at all, with what they want."""
    rows = conn.execute(
        text(f"""
        SELECT {users.COLUMNS}, s.user_id IS NOT NULL AS has_settings, {_SETTINGS}
        FROM users u
        LEFT JOIN report_settings s ON s.user_id = u.id
        WHERE u.status = 'active'
          AND u.deleted_at IS NULL
          AND u.email_verified_at IS NOT NULL
          AND s.unsubscribed_at IS NULL
          AND (s.user_id IS NULL OR s.weekly OR s.daily OR s.evidence OR cardinality(s.alerts) > 0)
          AND EXISTS (
              SELECT 1
              FROM subscriptions b
              JOIN subscription_periods p ON p.subscription_id = b.id
              WHERE b.user_id = u.id AND p.revoked_at IS NULL AND p.starts_at <= :now AND p.ends_at > :now
          )
        ORDER BY u.created_at, u.id
        """),
        {"now": now},
    ).mappings()
    return [
        (users.user_from_row(row), _settings(row) if row["has_settings"] else ReportSettings())
        for row in rows
    ]


def was_written(conn: Connection, user_id: UUID, as_of: date, kind: ReportKind) -> bool:
    """True when there is such a report already."""
    found = conn.execute(
        text(
            "SELECT 1 FROM reports_sent WHERE user_id = :user_id AND as_of = :as_of AND kind = :kind LIMIT 1"
        ),
        {"user_id": user_id, "as_of": as_of, "kind": str(kind)},
    )
    return found.first() is not None


def was_written_since(conn: Connection, user_id: UUID, kind: ReportKind, moment: datetime) -> bool:
    """True when one of this kind was written at that moment or later, of whichever close."""
    found = conn.execute(
        text("""
        SELECT 1
        FROM reports_sent
        WHERE user_id = :user_id AND kind = :kind AND created_at >= :moment
        LIMIT 1
        """),
        {"user_id": user_id, "kind": str(kind), "moment": moment},
    )
    return found.first() is not None


def insert_once(
    conn: Connection, user_id: UUID, as_of: date, kind: ReportKind, *, email_id: int, now: datetime
) -> bool:
    """Note a report unless this one was written before. True when this call noted it."""
    found = conn.execute(
        text("""
        INSERT INTO reports_sent (user_id, as_of, kind, email_id, created_at)
        VALUES (:user_id, :as_of, :kind, :email_id, :now)
        ON CONFLICT (user_id, as_of, kind) WHERE kind <> 'on_request' DO NOTHING
        RETURNING id
        """),
        {"user_id": user_id, "as_of": as_of, "kind": str(kind), "email_id": email_id, "now": now},
    )
    return found.first() is not None


def list_sent(conn: Connection, user_id: UUID, *, limit: int) -> list[SentReport]:
    """What was written for somebody, the newest first."""
    rows = conn.execute(
        text("""
        SELECT r.kind, r.as_of, e.subject, e.status,
               CASE WHEN e.status = 'withheld' THEN e.last_error END AS reason, r.created_at, e.sent_at
        FROM reports_sent r
        JOIN emails e ON e.id = r.email_id
        WHERE r.user_id = :user_id
        ORDER BY r.id DESC
        LIMIT :limit
        """),
        {"user_id": user_id, "limit": limit},
    ).mappings()
    return [SentReport(**{**row, "kind": ReportKind(row["kind"])}) for row in rows]


def find_queued(conn: Connection, email_id: int) -> StoredReport | None:
    """The report of a mail that still has to go."""
    row = conn.execute(
        text("""
        SELECT r.user_id, r.kind
        FROM reports_sent r
        JOIN emails e ON e.id = r.email_id
        WHERE r.email_id = :email_id AND e.status IN ('queued', 'kept')
        """),
        {"email_id": email_id},
    ).first()
    return None if row is None else StoredReport(row.user_id, ReportKind(row.kind))


def withhold(conn: Connection, email_id: int, *, reason: str) -> None:
    """This mail does not go out any more, and why."""
    conn.execute(
        text("""
        UPDATE emails
        SET status = 'withheld', last_error = :reason
        WHERE id = :email_id AND status IN ('queued', 'kept')
        """),
        {"email_id": email_id, "reason": reason},
    )


def readdress(conn: Connection, email_id: int, *, to: str) -> None:
    """This mail goes to that address, if it still has to go."""
    conn.execute(
        text("""
        UPDATE emails
        SET to_address = :to
        WHERE id = :email_id AND status IN ('queued', 'kept') AND to_address <> :to
        """),
        {"email_id": email_id, "to": to},
    )


def store_image(conn: Connection, png: bytes) -> bytes:
    """Keep a picture, once however many mails carry it. Its digest."""
    digest = hashlib.sha256(png).digest()
    conn.execute(
        text("""
        INSERT INTO mail_images (digest, png)
        VALUES (:digest, :png)
        ON CONFLICT ON CONSTRAINT mail_images_pkey DO NOTHING
        """),
        {"digest": digest, "png": png},
    )
    return digest


def _settings(row: RowMapping) -> ReportSettings:
    return ReportSettings(
        weekly=row["weekly"],
        daily=row["daily"],
        evidence=row["evidence"],
        weekday=row["weekday"],
        hour=row["hour"],
        alerts=frozenset(AlertKind(kind) for kind in row["alerts"]),
        scope=Scope(row["scope"]),
        alerts_as_of=row["alerts_as_of"],
        unsubscribed_at=row["unsubscribed_at"],
    )
