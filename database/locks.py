"""Locks of the database that are not rows: one process at a time does a thing, and a dead one lets go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from sqlalchemy import Engine, text


class Exclusive(IntEnum):
    """What only one process does at a time. Any numbers that nothing else in this database locks."""

    SWEEP = 0x53525332


@contextmanager
def try_exclusively(engine: Engine, purpose: Exclusive) -> Iterator[bool]:
    """True while this process alone holds the purpose; False when another one does. No transaction stays open."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        is_ours: bool = conn.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": purpose}).scalar_one()
        try:
            yield is_ours
        finally:
            if is_ours and not conn.invalidated:
                conn.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": purpose})
