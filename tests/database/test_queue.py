"""A job exists if and only if its cause committed."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from database.queue import Job, JobQueue, worker_is_alive
from jobs.tasks import USE_CASES


def test_a_job_commits_with_its_cause(engine) -> None:
    queue = JobQueue(engine)

    with engine.begin() as conn:
        queue.defer(conn, Job.LOOK_AGAIN, lock="ORDER1", order_id="ORDER1")

    assert _jobs(engine) == [("look_again", "ORDER1", {"order_id": "ORDER1"})]


def test_a_job_is_not_seen_before_its_cause_commits(engine) -> None:
    queue = JobQueue(engine)

    with engine.begin() as conn:
        queue.defer(conn, Job.SEND_MAIL, email_id=7)
        seen_by_others = _jobs(engine)

    assert seen_by_others == []
    assert _jobs(engine) == [("send_mail", None, {"email_id": 7})]


def test_a_job_is_gone_when_its_cause_rolls_back(engine) -> None:
    queue = JobQueue(engine)

    with pytest.raises(ZeroDivisionError), engine.begin() as conn:
        queue.defer(conn, Job.LOOK_AGAIN, order_id="ORDER1")
        raise ZeroDivisionError

    assert _jobs(engine) == []


def test_every_job_that_can_be_queued_has_a_use_case() -> None:
    assert set(USE_CASES) == set(Job)


def test_a_worker_is_alive_while_its_heart_beats(conn) -> None:
    assert not worker_is_alive(conn)

    conn.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))
    assert worker_is_alive(conn)

    conn.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'"))
    assert not worker_is_alive(conn)


def _jobs(engine) -> list[tuple]:
    with engine.connect() as conn:
        return [
            tuple(row)
            for row in conn.execute(text("SELECT task_name, lock, args FROM procrastinate_jobs ORDER BY id"))
        ]
