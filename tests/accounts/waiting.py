"""Wait until one transaction waits for another: no test has to guess how long that takes."""

from __future__ import annotations

from sqlalchemy import text

from wiring import Services


def wait_for_a_waiting_transaction(services: Services) -> None:
    """Return once some transaction of this database waits for a row."""
    for _ in range(1000):
        with services.engine.connect() as conn:
            waits = conn.execute(
                text("""
                SELECT count(*) > 0, pg_sleep(0.01)
                FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """)
            ).scalar_one()
        if waits:
            return
    raise AssertionError("nobody waits")
