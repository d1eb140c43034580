"""The world of the authorisation matrix, in a database of its own, built once for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from database.embedded import EmbeddedServer
from database.engine import connect_engine
from tests.security.people import World, build_world


@pytest.fixture(scope="module")
def world(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    _admin(server, "CREATE DATABASE matrix TEMPLATE template_app STRATEGY file_copy")
    engine = connect_engine(server.url.set(database="matrix"))
    yield build_world(engine, tmp_path_factory.mktemp("matrix"))
    engine.dispose()
    _admin(server, "DROP DATABASE matrix WITH (FORCE)")


def _admin(server: EmbeddedServer, statement: str) -> None:
    engine = create_engine(server.url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(text(statement))
    engine.dispose()
