"""Bring a database to the schema this code needs: our migrations and the job queue's own schema.

Run at every start, by any number of processes at once; an advisory lock lets one at a time through.
"""

from __future__ import annotations

from pathlib import Path

import procrastinate
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from database.engine import conninfo

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number that nothing else in this database locks; this one spells "SRS1".
_LOCK = 0x53525331


def migrate(engine: Engine) -> None:
    """Apply what is missing. Does nothing on a current database. Forward only."""
    with engine.connect() as holder:
        # The lock is held on a connection of its own that never returns to the pool with these limits.
        holder.detach()
        holder.execute(text("SET lock_timeout = '60s'"))
        holder.execute(text("SET statement_timeout = '60s'"))
        holder.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        holder.commit()
        try:
            with engine.begin() as conn:
                # Requests have five seconds; building an index on a large table may take longer.
                conn.execute(text("SET LOCAL statement_timeout = 0"))
                config = alembic_config()
                config.attributes["connection"] = conn
                command.upgrade(config, "head")
            apply_queue_schema(engine)
        finally:
            holder.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            holder.commit()


def is_current(engine: Engine) -> bool:
    """True when every migration this code knows is applied."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with engine.connect() as conn:
        return MigrationContext.configure(conn).get_current_revision() == head


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def apply_queue_schema(engine: Engine) -> None:
    """Create the job queue's own tables and functions, unless they are there."""
    with engine.connect() as conn:
        if conn.execute(text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")).scalar_one():
            return
    # Through psycopg: the SQLAlchemy connector escapes the percent signs of the schema wrongly.
    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=conninfo(engine.url)))
    with app.open():
        app.schema_manager.apply_schema()
