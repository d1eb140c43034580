"""A migrated database whose clock stands still until it is moved, wiped quickly between two schedules.

`now()` in statements, defaults and the queue's functions finds `fake.now()` first: the search path is set for
the whole database before it is migrated. Production code has no seam for it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import psycopg2
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from database.engine import connect_engine, conninfo
from database.invariants import INVARIANTS
from database.migrate import migrate

_FAKE_NOW = """
CREATE SCHEMA fake;
CREATE TABLE fake.clock (moment timestamptz NOT NULL);
INSERT INTO fake.clock VALUES ('2026-03-10 06:30+00');
CREATE FUNCTION fake.now() RETURNS timestamptz LANGUAGE plpgsql STABLE AS
    'BEGIN RETURN (SELECT moment FROM fake.clock); END';
"""
_KEPT = ("alembic_version", "plans", "prices")
# Deleting leaves dead rows, over which each later statement stumbles.
_WIPES_UNTIL_VACUUM = 50


def make_movable_database(server: URL, name: str) -> URL:
    """Create a database with a movable clock on a server, and migrate it. Its address."""
    admin = create_engine(server.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name}"))
        conn.execute(text(f"ALTER DATABASE {name} SET search_path = public, fake, pg_catalog"))
    admin.dispose()
    url = server.set(database=name)
    engine = connect_engine(url)
    with engine.begin() as conn:
        conn.execute(text(_FAKE_NOW))
    migrate(engine)
    engine.dispose()
    return url


# Money whose refund failed, asked for by us or begun by the gateway. Nothing asks for it again by itself (by order it
# could take the good payment, and a bank that refused refuses again): a person was called.
_WITH_A_PERSON = """
    SELECT r.payment_id
    FROM refunds r
    JOIN alarms a ON a.key = 'refund:' || r.refund_key || ':failed'
    WHERE r.status = 'failed'
"""


class MovableDatabase:
    """Sets the clock and wipes, on a connection of its own that no planned death reaches."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._admin = psycopg2.connect(conninfo(url))
        self._admin.autocommit = True
        self._wipes = 0
        with self._admin.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            tables = [name for (name,) in cursor if name not in _KEPT]
        self._tables = tables
        self._prepare_invariants()
        self._wipe = "; ".join(
            [
                *(f"DELETE FROM {table}" for table in tables),
                # The prices of the migrations, whatever another user of this database left behind.
                "DELETE FROM prices WHERE id NOT IN (SELECT min(id) FROM prices GROUP BY plan_id)",
                "UPDATE prices SET valid_until = NULL WHERE valid_until IS NOT NULL",
            ]
        )

    def set_now(self, moment: datetime, living_worker: int | None = None) -> None:
        """Every `now()` of this database says so from the next statement on. A living worker has just reported."""
        with self._admin.cursor() as cursor:
            cursor.execute(
                "UPDATE fake.clock SET moment = %s;"
                "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %s",
                (moment.astimezone(UTC), living_worker),
            )

    def wipe(self) -> None:
        """Delete what was committed; neither foreign keys nor append-only triggers stand in the way."""
        self._wipes += 1
        with self._admin.cursor() as cursor:
            cursor.execute(self._wipe)
            if self._wipes % _WIPES_UNTIL_VACUUM == 0:
                cursor.execute(f"VACUUM fake.clock, {', '.join(self._tables)}")

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """What a query finds, seen from outside the application."""
        with self._admin.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor)

    def execute(self, statement: str, *values: object) -> None:
        """Run a statement behind the application's back. Triggers that protect the books do not fire."""
        with self._admin.cursor() as cursor:
            cursor.execute(statement, values or None)

    def broken_invariants(self, now: datetime) -> list[str]:
        """What `manage.py check` would call violated, each with the first ids."""
        first: dict[str, list[str]] = {}
        with_a_person = {str(payment_id) for (payment_id,) in self.rows(_WITH_A_PERSON)}
        for rule, offender in self.rows("EXECUTE broken_invariants(%s)", now):
            if rule == "I14" and offender in with_a_person:
                continue
            first.setdefault(str(rule), []).append(str(offender))
        sentences = {invariant.id: invariant.sentence for invariant in INVARIANTS}
        return [f"{rule} {sentences[rule]}: {', '.join(ids[:5])}" for rule, ids in first.items()]

    def _prepare_invariants(self) -> None:
        """All rules in one statement that is planned once: planning each takes longer than asking it."""
        parts = [
            f"SELECT '{invariant.id}', id::text FROM ({re.sub(r'(?<!:):now', '$1', invariant.sql)}) AS found"
            for invariant in INVARIANTS
            if invariant.sql is not None
        ]
        with self._admin.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")
            cursor.execute(f"PREPARE broken_invariants(timestamptz) AS {' UNION ALL '.join(parts)}")

    def close(self) -> None:
        self._admin.close()
