"""Statements on the inbox of verified webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from database.queue import POISON, Job
from domain.gateway import WebhookEvent


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of the inbox, without its body."""

    id: int
    gateway: str
    event_type: str
    order_id: str | None
    status: str
    received_at: datetime
    processed_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventText:
    """An event with what its sender signed."""

    event: StoredEvent
    dedupe_key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """An event that nothing came of and no job will see to. `dead_job_id` is the job that gave up on it."""

    id: int
    dead_job_id: int | None


_COLUMNS = "id, gateway, event_type, order_id, status, received_at, processed_at"


def insert_once(conn: Connection, event: WebhookEvent) -> int | None:
    """Store an event unless it is already stored. Its id when this call stored it."""
    event_id: int | None = conn.execute(
        text("""
        INSERT INTO gateway_events (gateway, dedupe_key, event_type, order_id, body)
        VALUES (:gateway, :dedupe_key, :event_type, :order_id, :body)
        ON CONFLICT ON CONSTRAINT gateway_events_once DO NOTHING
        RETURNING id
        """),
        {
            "gateway": event.gateway,
            "dedupe_key": event.dedupe_key,
            "event_type": event.event_type,
            "order_id": event.order_id,
            "body": event.body,
        },
    ).scalar()
    return event_id


def find_unprocessed(conn: Connection, event: WebhookEvent, *, received_before: datetime) -> int | None:
    """The id under which this event was stored a while ago, if nothing came of it yet."""
    event_id: int | None = conn.execute(
        text("""
        SELECT id
        FROM gateway_events
        WHERE gateway = :gateway
          AND dedupe_key = :dedupe_key
          AND status = 'new'
          AND received_at < :received_before
        """),
        {"gateway": event.gateway, "dedupe_key": event.dedupe_key, "received_before": received_before},
    ).scalar()
    return event_id


def find(conn: Connection, event_id: int) -> StoredEvent | None:
    """The event with this id."""
    row = conn.execute(text(f"SELECT {_COLUMNS} FROM gateway_events WHERE id = :id"), {"id": event_id})
    found = row.mappings().first()
    return None if found is None else StoredEvent(**found)


def read(conn: Connection, event_id: int) -> EventText | None:
    """The event with this id, with its body to the byte."""
    row = conn.execute(
        text(f"SELECT {_COLUMNS}, dedupe_key, body FROM gateway_events WHERE id = :id"),
        {"id": event_id},
    )
    found = row.mappings().first()
    if found is None:
        return None
    values = dict(found)
    dedupe_key, body = values.pop("dedupe_key"), bytes(values.pop("body"))
    return EventText(StoredEvent(**values), dedupe_key, body)


def list_newest(conn: Connection, *, status: str | None, limit: int) -> list[StoredEvent]:
    """The events that came last, of every status or of one."""
    rows = conn.execute(
        text(f"""
        SELECT {_COLUMNS}
        FROM gateway_events
        WHERE CAST(:status AS text) IS NULL OR status = :status
        ORDER BY id DESC
        LIMIT :limit
        """),
        {"status": status, "limit": limit},
    )
    return [StoredEvent(**row) for row in rows.mappings()]


def list_waiting(
    conn: Connection, *, received_before: datetime, failed_before: datetime, limit: int
) -> list[WaitingEvent]:
    """Events that are still new and have no job that will see to them, the oldest first.

    A job that failed since `failed_before` counts as seeing to its event, and so does one that is kept
    from running because it killed its workers.
    """
    rows = conn.execute(
        text("""
        WITH tries AS (
            SELECT
                args ->> 'event_id' AS event_id,
                bool_or(status <> 'failed' OR queue_name = :poison) AS are_enough,
                max(id) AS job_id
            FROM procrastinate_jobs
            WHERE task_name = :job AND status IN ('todo', 'doing', 'failed')
            GROUP BY args ->> 'event_id'
        )
        SELECT e.id, t.job_id AS dead_job_id
        FROM gateway_events e
        LEFT JOIN tries t ON t.event_id = e.id::text
        WHERE e.status = 'new'
          AND e.received_at < :received_before
          AND t.are_enough IS NOT TRUE
          AND NOT EXISTS (
              SELECT 1
              FROM procrastinate_events f
              WHERE f.job_id = t.job_id AND f.type = 'failed' AND f.at >= :failed_before
          )
        ORDER BY e.received_at
        LIMIT :limit
        """),
        {
            "job": str(Job.PROCESS_EVENT),
            "poison": POISON,
            "received_before": received_before,
            "failed_before": failed_before,
            "limit": limit,
        },
    )
    return [WaitingEvent(**row) for row in rows.mappings()]


def mark(conn: Connection, event_id: int, status: str, *, now: datetime) -> None:
    """Close an event as `processed`, or as `ignored` when it concerns none of our orders."""
    conn.execute(
        text(
            "UPDATE gateway_events SET status = :status, processed_at = :now WHERE id = :id AND status = 'new'"
        ),
        {"id": event_id, "status": status, "now": now},
    )


def reopen(conn: Connection, event_id: int) -> None:
    """Make an event new again, whatever came of it before."""
    conn.execute(
        text("UPDATE gateway_events SET status = 'new', processed_at = NULL WHERE id = :id"), {"id": event_id}
    )
