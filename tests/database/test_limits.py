"""A limit counts what lies within its stretch of time, for one key, and forgets the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from database.limits import find_free_moment, use

NOW = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def twice(conn, key: str, now: datetime) -> bool:
    return use(conn, key, limit=2, within=MINUTE, now=now)


def test_uses_count_up_to_the_limit(conn) -> None:
    assert [twice(conn, "a", NOW) for _ in range(3)] == [True, True, False]


def test_a_use_counts_for_exactly_its_stretch(conn) -> None:
    twice(conn, "a", NOW)
    twice(conn, "a", NOW + timedelta(seconds=30))

    assert not twice(conn, "a", NOW + timedelta(seconds=59, microseconds=999_999))
    assert twice(conn, "a", NOW + MINUTE)
    assert not twice(conn, "a", NOW + MINUTE)


def test_keys_are_counted_apart(conn) -> None:
    assert [twice(conn, key, NOW) for key in ("a", "b", "a", "b")] == [True] * 4


def test_the_next_use_counts_when_the_oldest_that_matters_is_over(conn) -> None:
    for seconds in (0, 20):
        twice(conn, "a", NOW + timedelta(seconds=seconds))
    at = NOW + timedelta(seconds=40)

    assert find_free_moment(conn, "a", limit=2, within=MINUTE, now=at) == NOW + MINUTE
    assert find_free_moment(conn, "b", limit=2, within=MINUTE, now=at) == at


def test_uses_of_any_key_that_no_limit_counts_are_deleted_in_passing(conn) -> None:
    for key in ("a", "b", "c"):
        twice(conn, key, NOW)

    twice(conn, "d", NOW + timedelta(days=1, seconds=1))

    assert conn.execute(text("SELECT key FROM limit_uses")).scalars().all() == ["d"]


def test_a_stretch_that_is_not_kept_is_refused(conn) -> None:
    with pytest.raises(ValueError, match="not kept"):
        use(conn, "a", limit=1, within=timedelta(days=2), now=NOW)
