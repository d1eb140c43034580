"""What psql would show of the books, and what it would do to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from wiring import Services


def rows(services: Services, statement: str, **values: object) -> list[tuple[Any, ...]]:
    with services.engine.connect() as conn:
        return [tuple(map(_plain, row)) for row in conn.execute(text(statement), values)]


def execute(services: Services, statement: str, **values: object) -> None:
    with services.engine.begin() as conn:
        conn.execute(text(statement), values)


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value
