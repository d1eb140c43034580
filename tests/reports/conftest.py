"""A rolled-back transaction on a migrated database, and services that read inside of it.

`engine` and `conn` are to be replaced by those of tests/conftest.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from database.embedded import start_embedded_server
from database.engine import connect_engine
from database.migrate import migrate
from domain.accounts import User
from tests.reports.rows import insert_user

# 23 November 2026, 1:00 am in India, while it is still the 22nd in UTC.
NOW = datetime(2026, 11, 22, 19, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    server = start_embedded_server(tmp_path_factory.mktemp("pg") / "data")
    admin = connect_engine(server.url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("CREATE DATABASE reports_test"))
    admin.dispose()
    found = connect_engine(server.url.set(database="reports_test"))
    migrate(found)
    yield found
    found.dispose()
    server.stop()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection
        connection.rollback()


@dataclass(frozen=True)
class OneConnection:
    """An engine that lends the test's own connection, so that its uncommitted rows are seen."""

    conn: Connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        yield self.conn


@dataclass(frozen=True)
class ReadingServices:
    engine: OneConnection

    def now(self, conn: Connection) -> datetime:
        return NOW


@pytest.fixture
def services(conn: Connection) -> Any:
    return ReadingServices(OneConnection(conn))


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def admin(conn: Connection) -> User:
    return insert_user(conn, "boss", created_at=NOW, role="admin")
