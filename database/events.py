"""Statements on the inbox of verified webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from domain.gateway import WebhookEvent


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of the inbox, without its body."""

    id: int
    gateway: str
    event_type: str
    order_id: str | None
    status: str


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
    row = conn.execute(
        text("SELECT id, gateway, event_type, order_id, status FROM gateway_events WHERE id = :id"),
        {"id": event_id},
    )
    found = row.mappings().first()
    return None if found is None else StoredEvent(**found)


def mark(conn: Connection, event_id: int, status: str, *, now: datetime) -> None:
    """Close an event as `processed`, or as `ignored` when it concerns none of our orders."""
    conn.execute(
        text(
            "UPDATE gateway_events SET status = :status, processed_at = :now WHERE id = :id AND status = 'new'"
        ),
        {"id": event_id, "status": status, "now": now},
    )
