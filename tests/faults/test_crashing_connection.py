"""The instrument itself: boundaries are counted, and dying at one leaves what a dead process leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from database.queue import Job, JobQueue
from tests.faults.crashing_connection import Boundaries, Crash, crashing_engine


@pytest.fixture
def boundaries() -> Boundaries:
    return Boundaries()


@pytest.fixture
def crashing(engine: Engine, boundaries: Boundaries) -> Iterator[Engine]:
    crashing = crashing_engine(engine.url, boundaries)
    yield crashing
    boundaries.revive()
    crashing.dispose()


def two_inserts(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("INSERT INTO alarms (key, message) VALUES ('one', 'x')"))
        JobQueue(engine).defer(conn, Job.SEND_MAIL, email_id=1)


def count(engine: Engine) -> tuple[int, int]:
    with engine.connect() as conn:
        return tuple(conn.execute(text(
            "SELECT (SELECT count(*) FROM alarms), (SELECT count(*) FROM procrastinate_jobs)"
        )).one())  # fmt: skip


def test_every_statement_and_commit_is_two_boundaries(crashing: Engine, boundaries: Boundaries) -> None:
    two_inserts(crashing)

    kinds = [label.split()[0] for label in boundaries.passed]
    assert kinds == ["before", "after"] * 3
    assert boundaries.passed[-2:] == ["before COMMIT", "after COMMIT"]
    assert "procrastinate_defer_jobs" in boundaries.passed[2]


def test_dying_anywhere_leaves_all_or_nothing(
    engine: Engine, crashing: Engine, boundaries: Boundaries
) -> None:
    for at in range(6):
        before = count(engine)
        boundaries.arm(at)
        with pytest.raises(Crash):
            two_inserts(crashing)
        added = tuple(b - a for a, b in zip(before, count(engine), strict=True))
        assert added == ((1, 1) if boundaries.crashed_at == "after COMMIT" else (0, 0))
        boundaries.revive()
        with crashing.begin() as conn:
            conn.execute(text("DELETE FROM alarms"))
    boundaries.arm(6)
    two_inserts(crashing)


def test_the_dead_send_nothing_more(crashing: Engine, boundaries: Boundaries) -> None:
    boundaries.arm(0)
    with pytest.raises(Crash):
        two_inserts(crashing)
    with pytest.raises(Crash):
        two_inserts(crashing)

    boundaries.revive()
    two_inserts(crashing)


def test_it_can_be_a_real_kill(engine: Engine, boundaries: Boundaries) -> None:
    child = os.fork()
    if child == 0:
        crashing = crashing_engine(engine.url, boundaries)
        boundaries.arm(3, kill=True)
        two_inserts(crashing)
        os._exit(0)
    _, status = os.waitpid(child, 0)

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert count(engine) == (0, 0)
