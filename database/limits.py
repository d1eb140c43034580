"""Statements on what may be done only so often in a stretch of time, counted over all processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from domain.limits import Limit

# No limit looks back further: older uses are deleted in passing.
LONGEST_STRETCH = timedelta(days=1)
_DELETED_AT_ONCE = 100


def use(conn: Connection, key: str, *, limit: int, within: timedelta, now: datetime) -> bool:
    """Count one use of `key` unless `limit` uses lie within the last stretch. True when this one counts.

    Exact under concurrency: uses of one key wait for each other until their transactions end. The caller's
    isolation level is the default one, READ COMMITTED: a snapshot from before the wait would not see them.
    """
    if within > LONGEST_STRETCH:
        raise ValueError("older uses are not kept")
    conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('limit:' || :key, 0))"), {"key": key})
    _forget(conn, now - LONGEST_STRETCH)
    counted = conn.execute(
        text("""
        INSERT INTO limit_uses (key, used_at)
        SELECT :key, CAST(:now AS timestamptz)
        WHERE (SELECT count(*) FROM limit_uses WHERE key = :key AND used_at > :since) < :limit
        RETURNING key
        """),
        {"key": key, "now": now, "since": now - within, "limit": limit},
    )
    return counted.first() is not None


def use_or_wait(conn: Connection, key: str, limit: Limit, *, now: datetime) -> timedelta | None:
    """Count one use of `key`, or say how long it is until the next one counts. None when this one counted."""
    if use(conn, key, limit=limit.uses, within=limit.within, now=now):
        return None
    return find_free_moment(conn, key, limit=limit.uses, within=limit.within, now=now) - now


def give_back(conn: Connection, key: str, *, used_at: datetime) -> None:
    """Take one use of `key` back that was counted at this moment: it turned out to be harmless."""
    conn.execute(
        text("""
        DELETE FROM limit_uses
        WHERE ctid = (SELECT ctid FROM limit_uses WHERE key = :key AND used_at = :used_at LIMIT 1)
        """),
        {"key": key, "used_at": used_at},
    )


def find_free_moment(conn: Connection, key: str, *, limit: int, within: timedelta, now: datetime) -> datetime:
    """When the next use of `key` will count."""
    oldest: datetime | None = conn.execute(
        text("""
        SELECT used_at
        FROM limit_uses
        WHERE key = :key AND used_at > :since
        ORDER BY used_at DESC
        OFFSET :before
        LIMIT 1
        """),
        {"key": key, "since": now - within, "before": limit - 1},
    ).scalar()
    return now if oldest is None else oldest + within


def _forget(conn: Connection, before: datetime) -> None:
    """Delete some uses that no limit counts any more, without waiting for somebody who does the same."""
    conn.execute(
        text("""
        DELETE FROM limit_uses
        WHERE ctid = ANY (ARRAY(
            SELECT ctid
            FROM limit_uses
            WHERE used_at < :before
            LIMIT :at_once
            FOR UPDATE SKIP LOCKED
        ))
        """),
        {"before": before, "at_once": _DELETED_AT_ONCE},
    )
