"""Migrations: from nothing, again, by several processes at once, and with a name for everything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text

from config import ROOT
from database.embedded import EmbeddedServer
from database.engine import connect_engine
from database.migrate import alembic_config, is_current, migrate


@pytest.fixture
def empty(server: EmbeddedServer) -> Iterator[Engine]:
    """A database without a single table."""
    admin = create_engine(server.url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text("CREATE DATABASE empty_one"))
    engine = connect_engine(server.url.set(database="empty_one"))
    yield engine
    engine.dispose()
    with admin.connect() as conn:
        conn.execute(text("DROP DATABASE empty_one WITH (FORCE)"))
    admin.dispose()


def test_an_empty_database_becomes_current_and_a_second_run_changes_nothing(empty) -> None:
    assert not is_current(empty)

    migrate(empty)
    first = _shape(empty)
    migrate(empty)

    assert is_current(empty)
    assert _shape(empty) == first
    assert "procrastinate_jobs" in {table for table, _ in first}
    with empty.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM prices")).scalar_one() == 2


def test_two_processes_that_migrate_at_once_both_succeed(empty) -> None:
    program = """
import sys
from database.engine import connect_engine
from database.migrate import is_current, migrate
engine = connect_engine(sys.argv[1])
migrate(engine)
assert is_current(engine)
"""
    address = empty.url.render_as_string(hide_password=False)

    processes = [
        subprocess.Popen([sys.executable, "-c", program, address], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], errors
    with empty.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM plans")).scalar_one() == 2
        assert (
            conn.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar_one() == 0
        )


def test_there_is_one_head_and_no_way_back() -> None:
    script = ScriptDirectory.from_config(alembic_config())

    assert len(script.get_heads()) == 1
    for revision in script.walk_revisions():
        with pytest.raises(NotImplementedError):
            revision.module.downgrade()


def test_a_database_that_is_behind_is_not_current(engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM alembic_version"))

    assert not is_current(engine)


def test_every_constraint_of_ours_was_given_its_name_by_hand(engine) -> None:
    with engine.connect() as conn:
        rows = conn.execute(
            text("""
            SELECT c.relname, n.conname, array_agg(a.attname ORDER BY k.position)
            FROM pg_constraint n
            JOIN pg_class c ON c.oid = n.conrelid
            CROSS JOIN LATERAL unnest(n.conkey) WITH ORDINALITY AS k (number, position)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
            WHERE c.relnamespace = 'public'::regnamespace
              AND n.contype IN ('c', 'f', 'u', 'x')
              AND c.relname NOT LIKE 'procrastinate%'
              AND c.relname <> 'alembic_version'
            GROUP BY c.relname, n.conname
            """)
        ).all()

    generated = [
        name
        for table, name, columns in rows
        if name.startswith(f"{table}_{'_'.join(columns)}_")
        and name.removeprefix(f"{table}_{'_'.join(columns)}_")
        in {"check", "check1", "check2", "fkey", "excl"}
    ]
    assert len(rows) > 40
    assert generated == []
    assert [name for table, name, _ in rows if not name.startswith(f"{table}_")] == []


def test_the_schema_needs_no_extension(engine) -> None:
    with engine.connect() as conn:
        assert conn.execute(text("SELECT array_agg(extname::text) FROM pg_extension")).scalar_one() == [
            "plpgsql"
        ]


def test_money_is_bigint_and_time_knows_its_zone(engine) -> None:
    with engine.connect() as conn:
        rows = conn.execute(
            text("""
            SELECT table_name || '.' || column_name, data_type
            FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name NOT LIKE 'procrastinate%'
              AND (column_name LIKE '%\\_paise' OR column_name LIKE '%\\_at'
                   OR data_type IN ('real', 'double precision', 'money'))
            """)
        ).all()

    assert {kind for name, kind in rows if name.endswith("_paise")} == {"bigint"}
    assert {kind for name, kind in rows if name.endswith("_at")} == {"timestamp with time zone"}
    assert len(rows) > 30


def _shape(engine: Engine) -> set[tuple[str, str]]:
    with engine.connect() as conn:
        rows = conn.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            )
        )
        return {(row.table_name, row.column_name) for row in rows}
