"""Statements on packed markets, and on which of them is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

# Enough to go back by hand after a bad import; each is a few megabytes.
_KEPT = 5


@dataclass(frozen=True, slots=True)
class StoredPanel:
    version: str
    kind: str
    as_of: date
    meta: Mapping[str, Any]
    payload: bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """What pages show: `demo` or `prices`, the name of the source, and the newest packed prices, if any."""

    kind: str
    source_label: str | None
    prices_version: str | None
    changed_at: datetime | None


def find_shown(conn: Connection) -> Shown:
    """Which market is shown, in one cheap look. The demo when nobody has chosen."""
    row = conn.execute(
        text("""
        SELECT coalesce(m.kind, 'demo') AS kind, m.source_label, p.version AS prices_version, m.changed_at
        FROM (SELECT 1) AS one
        LEFT JOIN market_shown m ON true
        LEFT JOIN LATERAL (
            SELECT version FROM panels WHERE kind = 'prices' ORDER BY id DESC LIMIT 1
        ) p ON true
        """)
    )
    return Shown(**row.mappings().one())


def show(conn: Connection, kind: str, source_label: str, *, now: datetime, actor_id: UUID | None) -> None:
    """Choose what pages show from now on."""
    conn.execute(
        text("""
        INSERT INTO market_shown (kind, source_label, changed_by, changed_at)
        VALUES (:kind, :source_label, :actor_id, :now)
        ON CONFLICT ON CONSTRAINT market_shown_pkey DO UPDATE
        SET kind = EXCLUDED.kind, source_label = EXCLUDED.source_label,
            changed_by = EXCLUDED.changed_by, changed_at = EXCLUDED.changed_at
        """),
        {"kind": kind, "source_label": source_label, "actor_id": actor_id, "now": now},
    )


def insert(
    conn: Connection, version: str, kind: str, as_of: date, meta: Mapping[str, Any], payload: bytes
) -> None:
    """Store a packed market as the newest of its kind, and forget all but the newest few."""
    conn.execute(
        text("""
        INSERT INTO panels (version, kind, as_of, meta, payload)
        VALUES (:version, :kind, :as_of, CAST(:meta AS jsonb), :payload)
        """),
        {
            "version": version,
            "kind": kind,
            "as_of": as_of,
            "meta": json.dumps(dict(meta), allow_nan=False),
            "payload": payload,
        },
    )
    conn.execute(
        text("""
        DELETE FROM panels
        WHERE id IN (SELECT id FROM panels WHERE kind = :kind ORDER BY id DESC OFFSET :kept)
        """),
        {"kind": kind, "kept": _KEPT},
    )


def find_newest_sessions(conn: Connection) -> list[date]:
    """The sessions of the newest packed prices, rising; none when there are no packed prices."""
    days = conn.execute(
        text("""
        SELECT ARRAY(SELECT jsonb_array_elements_text(meta -> 'sessions'))
        FROM panels
        WHERE kind = 'prices'
        ORDER BY id DESC
        LIMIT 1
        """)
    ).scalar()
    return [date.fromisoformat(day) for day in days or []]


def find(conn: Connection, version: str) -> StoredPanel | None:
    """The packed market of this version."""
    row = conn.execute(
        text("""
        SELECT version, kind, as_of, meta, payload
        FROM panels
        WHERE version = :version
        ORDER BY id DESC
        LIMIT 1
        """),
        {"version": version},
    ).first()
    if row is None:
        return None
    return StoredPanel(row.version, row.kind, row.as_of, row.meta, bytes(row.payload))


def find_packed_at(conn: Connection, version: str) -> datetime | None:
    """When the packed market of this version was stored last."""
    moment: datetime | None = conn.execute(
        text("""
        SELECT packed_at
        FROM panels
        WHERE version = :version
        ORDER BY id DESC
        LIMIT 1
        """),
        {"version": version},
    ).scalar()
    return moment
