"""A job exists if and only if its cause committed, and is not lost with the worker that took it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from database.queue import (
    PERIODIC,
    RETRY_LIMIT,
    Job,
    JobQueue,
    delete_old_runs,
    replay,
    retry_stalled,
    worker_is_alive,
)
from jobs.tasks import USE_CASES


def test_a_job_commits_with_its_cause(engine) -> None:
    queue = JobQueue(engine)

    with engine.begin() as conn:
        queue.defer(conn, Job.TERMINATE_ORDER, lock="ORDER1", order_id="ORDER1")

    assert _jobs(engine) == [("terminate_order", "ORDER1", {"order_id": "ORDER1"})]


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
        queue.defer(conn, Job.TERMINATE_ORDER, order_id="ORDER1")
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


def test_the_job_of_a_silent_worker_is_given_back_and_the_worker_forgotten(conn) -> None:
    job_id, worker_id = _taken_job(conn, lock="mail:7")
    _silence(conn, worker_id, seconds=31)

    stalled = retry_stalled(conn)

    assert [(job.id, job.name, job.has_tries) for job in stalled] == [(job_id, "send_mail", True)]
    assert _job(conn, job_id) == ("todo", 1, "mail:7", None)
    assert conn.execute(text("SELECT count(*) FROM procrastinate_workers")).scalar_one() == 0
    assert _fetch(conn, _worker(conn)) == job_id


def test_the_job_of_a_worker_that_is_gone_is_given_back(conn) -> None:
    job_id, worker_id = _taken_job(conn)
    conn.execute(text("SELECT procrastinate_unregister_worker_v1(:id)"), {"id": worker_id})

    assert [job.id for job in retry_stalled(conn)] == [job_id]


def test_the_job_of_a_living_worker_is_left_to_it(conn) -> None:
    job_id, worker_id = _taken_job(conn)
    _silence(conn, worker_id, seconds=29)

    assert retry_stalled(conn) == []
    assert _job(conn, job_id)[0] == "doing"


def test_a_job_that_lasts_longer_than_any_is_given_back_by_a_living_worker(conn) -> None:
    job_id, _ = _taken_job(conn)
    conn.execute(text("UPDATE procrastinate_events SET at = at - interval '601 seconds'"))

    assert [job.id for job in retry_stalled(conn)] == [job_id]


def test_a_job_without_a_try_left_fails_instead(conn) -> None:
    job_id, worker_id = _taken_job(conn)
    conn.execute(text("UPDATE procrastinate_jobs SET attempts = :tries"), {"tries": RETRY_LIMIT})
    _silence(conn, worker_id, seconds=31)

    stalled = retry_stalled(conn)

    assert [job.has_tries for job in stalled] == [False]
    assert _job(conn, job_id)[0] == "failed"


def test_a_periodic_job_just_ends_because_its_next_run_waits(conn) -> None:
    first_id = _queue_periodic_job(conn)
    worker_id = _worker(conn)
    _fetch(conn, worker_id)
    next_id = _queue_periodic_job(conn)
    _silence(conn, worker_id, seconds=31)

    stalled = retry_stalled(conn)

    assert [(job.id, job.has_tries) for job in stalled] == [(first_id, False)]
    assert (_job(conn, first_id)[0], _job(conn, next_id)[0]) == ("failed", "todo")


def test_two_that_give_back_at_once_give_back_once(engine) -> None:
    job_id = _committed_stalled_job(engine)

    with engine.begin() as one, engine.begin() as other:
        given_back = [job.id for job in retry_stalled(one)]
        _committed_stalled_job(engine)
        meanwhile = retry_stalled(other)

    assert (given_back, meanwhile) == ([job_id], [])
    with engine.connect() as conn:
        assert _job(conn, job_id)[:2] == ("todo", 1)


def test_a_worker_that_ends_its_job_at_this_moment_is_not_overruled(engine) -> None:
    job_id = _committed_stalled_job(engine)

    with engine.begin() as slow, engine.begin() as other:
        slow.execute(text("SELECT procrastinate_finish_job_v1(:id, 'succeeded', false)"), {"id": job_id})
        given_back = retry_stalled(other)

    assert given_back == []
    with engine.connect() as conn:
        assert _job(conn, job_id)[0] == "succeeded"


def test_only_a_failed_job_is_replayed(conn) -> None:
    job_id, _ = _taken_job(conn, lock="mail:7")

    while_it_runs = replay(conn, job_id)
    conn.execute(text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": job_id})
    answers = [replay(conn, job_id), replay(conn, job_id)]

    assert while_it_runs is None
    assert answers == ["send_mail", None]
    assert _job(conn, job_id) == ("todo", 0, "mail:7", None)


def test_runs_of_periodic_jobs_are_kept_for_a_day_and_other_jobs_for_ever(conn) -> None:
    conn.execute(
        text("""
        INSERT INTO procrastinate_jobs (queue_name, task_name, status)
        VALUES ('default', 'retry_stalled_jobs', 'succeeded'), ('default', 'send_mail', 'succeeded')
        """)
    )
    conn.execute(
        text("""
        INSERT INTO procrastinate_events (job_id, type, at)
        SELECT id, 'succeeded', now() - interval '25 hours' FROM procrastinate_jobs
        """)
    )
    conn.execute(
        text("""
        INSERT INTO procrastinate_jobs (queue_name, task_name, status)
        VALUES ('default', 'retry_stalled_jobs', 'doing')
        """)
    )

    delete_old_runs(conn)

    left = conn.execute(text("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")).all()
    assert [tuple(row) for row in left] == [("send_mail", "succeeded"), ("retry_stalled_jobs", "doing")]


def test_every_periodic_job_is_a_job() -> None:
    assert set(PERIODIC) < set(Job)


def _taken_job(conn: Connection, *, lock: str | None = None) -> tuple[int, int]:
    """A job that a worker has begun, and the worker."""
    JobQueue(conn.engine).defer(conn, Job.SEND_MAIL, lock=lock, email_id=7)
    worker_id = _worker(conn)
    job_id = _fetch(conn, worker_id)
    assert job_id is not None
    return job_id, worker_id


def _committed_stalled_job(engine) -> int:
    with engine.begin() as conn:
        job_id, worker_id = _taken_job(conn)
        _silence(conn, worker_id, seconds=31)
    return job_id


def _queue_periodic_job(conn: Connection) -> int:
    return conn.execute(
        text("""
        INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock)
        VALUES ('default', 'retry_stalled_jobs', 'retry_stalled_jobs')
        RETURNING id
        """)
    ).scalar_one()


def _worker(conn: Connection) -> int:
    return conn.execute(text("SELECT procrastinate_register_worker_v1()")).scalar_one()


def _fetch(conn: Connection, worker_id: int) -> int | None:
    return conn.execute(
        text("SELECT id FROM procrastinate_fetch_job_v2(NULL, :id)"), {"id": worker_id}
    ).scalar()


def _silence(conn: Connection, worker_id: int, *, seconds: int) -> None:
    conn.execute(
        text("UPDATE procrastinate_workers SET last_heartbeat = now() - :silence WHERE id = :id"),
        {"silence": timedelta(seconds=seconds), "id": worker_id},
    )


def _job(conn: Connection, job_id: int) -> tuple:
    row = conn.execute(
        text("SELECT status::text, attempts, lock, scheduled_at FROM procrastinate_jobs WHERE id = :id"),
        {"id": job_id},
    )
    return tuple(row.one())


def _jobs(engine) -> list[tuple]:
    with engine.connect() as conn:
        return [
            tuple(row)
            for row in conn.execute(text("SELECT task_name, lock, args FROM procrastinate_jobs ORDER BY id"))
        ]
