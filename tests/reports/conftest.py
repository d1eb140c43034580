"""Services that read inside the test's own transaction, at a moment at which two days meet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from domain.accounts import User
from tests.reports.rows import insert_user

# 23 November 2026, 1:00 am in India, while it is still the 22nd in UTC.
NOW = datetime(2026, 11, 22, 19, 30, tzinfo=UTC)


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
