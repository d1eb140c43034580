"""After each test that wrote to the test's database: every invariant holds, whatever the test was about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine

from database.engine import database_now
from database.invariants import INVARIANTS, find_offenders


@pytest.fixture(autouse=True)
def the_books_hold(request: pytest.FixtureRequest) -> Iterator[None]:
    """Ask for all violations, as of the test's own clock where it has one, before the rows are deleted."""
    if "engine" not in request.fixturenames:
        yield
        return
    # Asked for here, so that it is torn down after this fixture.
    engine: Engine = request.getfixturevalue("engine")
    clock = request.getfixturevalue("clock") if "clock" in request.fixturenames else None
    yield
    found = violations(engine, now=None if clock is None else clock.moment)
    assert not found, found


def violations(engine: Engine, *, now: datetime | None = None) -> dict[str, tuple[str, ...]]:
    """The first offenders of each invariant that does not hold, by its id and sentence."""
    with engine.connect() as conn:
        moment = now or database_now(conn)
        found = {
            f"{invariant.id} {invariant.sentence}": find_offenders(conn, invariant, now=moment, limit=3).first
            for invariant in INVARIANTS
            if invariant.sql is not None
        }
        return {name: first for name, first in found.items() if first}
