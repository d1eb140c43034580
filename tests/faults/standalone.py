"""A world outside pytest: a throw-away PostgreSQL, a world on it, and nothing left behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from database.embedded import start_embedded_server
from tests.faults.movable_database import make_movable_database
from tests.faults.world import World


@contextmanager
def throw_away_server() -> Iterator[tuple[URL, Path]]:
    """A PostgreSQL whose data may be lost, and a folder that goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    server = start_embedded_server(folder / "postgres")
    admin = create_engine(server.url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            conn.execute(text(f"ALTER SYSTEM SET {name} = off"))
        conn.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()
    try:
        yield server.url, folder
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def standalone_world() -> Iterator[World]:
    """A world for commands: `python -m tests.faults.schedule` and `python -m tests.faults.hunt`."""
    with throw_away_server() as (url, folder):
        world = World(make_movable_database(url, "world"), folder)
        try:
            yield world
        finally:
            world.close()
