"""Put jobs into the queue, inside the caller's transaction: a job exists if and only if its cause committed.

Also what has to be done about jobs that no worker ends: those of a killed worker, and those whose tries are
over. Procrastinate's own functions move them; what they mean is in `billing/dead_letters.py`.
The names here are those of the tasks in `jobs/`; a test keeps them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import procrastinate
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

# Tries after the first one. With pauses of 2, 4, 8 … seconds they last about four and a half hours:
# longer than an outage of a gateway usually does.
RETRY_LIMIT = 13
# A worker reports every ten seconds. One that was not heard of for three reports was killed.
SILENCE = timedelta(seconds=30)
# No use-case of a job takes minutes. A job that does has ended, and its worker could not write that down.
LONGEST_JOB = timedelta(minutes=10)
# The queue's name for failed jobs that killed their workers: only a person lets one of them run again.
POISON = "poison"
_DEFAULT_QUEUE = "default"


class Job(StrEnum):
    PROCESS_EVENT = "process_event"
    TERMINATE_ORDER = "terminate_order"
    EXECUTE_REFUND = "execute_refund"
    SEND_MAIL = "send_mail"
    SEND_LINK = "send_link"
    SEND_REPORT = "send_report"
    RETRY_STALLED_JOBS = "retry_stalled_jobs"
    SWEEP = "sweep"
    CHECK = "check"
    RECONCILE = "reconcile"
    TIDY = "tidy"
    SCHEDULE_REPORTS = "schedule_reports"
    UPDATE_MARKET = "update_market"


# Jobs that no cause queues but the clock (UTC), at most one of each waiting. The next run is the retry.
PERIODIC: Mapping[Job, str] = {
    Job.RETRY_STALLED_JOBS: "* * * * *",
    Job.SWEEP: "* * * * *",
    Job.CHECK: "*/5 * * * *",
    # 02:30 in India: nobody buys, and the gateway's account of the day before is complete.
    Job.RECONCILE: "0 21 * * *",
    Job.TIDY: "30 21 * * *",
    # At each full and half hour: India's hours begin at the half hours of UTC.
    Job.SCHEDULE_REPORTS: "1,31 * * * *",
    # 19:30 in India, and each hour until 22:30 while the day's files are not there. Every day: there are sessions on
    # Saturdays and Sundays.
    Job.UPDATE_MARKET: "0 14-17 * * *",
}


@dataclass(frozen=True, slots=True)
class StalledJob:
    """A job that its worker left behind, and what became of it."""

    id: int
    name: str
    has_tries: bool


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job whose tries are over. `alarm` is the open alarm's text."""

    job_id: int
    job: str
    arguments: Mapping[str, object]
    attempts: int
    failed_at: datetime | None
    alarm: str | None


class JobQueue:
    """Defers jobs on the caller's connection."""

    def __init__(self, engine: Engine) -> None:
        self._app = procrastinate.App(connector=SQLAlchemyPsycopg2Connector())
        self._app.open(engine)

    def defer(
        self,
        conn: Connection,
        job: Job,
        *,
        lock: str | None = None,
        **arguments: int | str,
    ) -> None:
        """Queue a job that commits or rolls back with the caller, to run at once.

        Jobs with the same lock run one at a time, and wait behind one that waits for its next try: orders
        are kept apart by their row locks instead, so that no event waits behind another.
        """
        task = self._app.configure_task(
            job,
            allow_unknown=True,
            lock=lock,
            connection=conn,
        )
        try:
            task.defer(**arguments)
        except ConnectorException as exc:
            # The caller's edges know the database's errors by their usual names.
            if isinstance(exc.__cause__, SQLAlchemyError):
                raise exc.__cause__ from exc
            raise


def worker_is_alive(conn: Connection) -> bool:
    """True when a worker reported within half a minute; a live one does so every ten seconds."""
    alive: bool = conn.execute(
        text("SELECT EXISTS (SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - :silence)"),
        {"silence": SILENCE},
    ).scalar_one()
    return alive


def retry_stalled(conn: Connection) -> list[StalledJob]:
    """Give the jobs of silent workers back to the queue, and forget those workers. Says what was found.

    A job that was tried as often as jobs are becomes a dead letter: it may be what kills its workers.
    A periodic job just ends. One caller at a time: another one at once finds nothing.
    """
    if not conn.execute(text("SELECT pg_try_advisory_xact_lock(hashtext('retry_stalled'))")).scalar_one():
        return []
    # A worker that is slow, not dead, may end its job right now: the row's lock lets one of us come first.
    rows = conn.execute(
        text("""
        SELECT j.id, j.task_name, j.attempts
        FROM procrastinate_jobs j
        WHERE j.status = 'doing'
          AND (
              NOT EXISTS (
                  SELECT 1
                  FROM procrastinate_workers w
                  WHERE w.id = j.worker_id AND w.last_heartbeat > now() - :silence
              )
              OR (
                  NOT j.task_name = ANY(:periodic)
                  AND NOT EXISTS (
                      SELECT 1
                      FROM procrastinate_events e
                      WHERE e.job_id = j.id AND e.type = 'started' AND e.at > now() - :longest
                  )
              )
          )
        ORDER BY j.id
        FOR UPDATE OF j SKIP LOCKED
        """),
        {"silence": SILENCE, "longest": LONGEST_JOB, "periodic": list(PERIODIC)},
    ).all()
    stalled = [
        StalledJob(row.id, row.task_name, row.task_name not in PERIODIC and row.attempts < RETRY_LIMIT)
        for row in rows
    ]
    for job in stalled:
        if job.has_tries:
            _retry(conn, job.id)
        else:
            _bury(conn, job.id)
    # A worker whose job is being ended at this moment stays for the next round: forgetting it would wait.
    conn.execute(
        text("""
        SELECT procrastinate_unregister_worker_v1(w.id)
        FROM procrastinate_workers w
        WHERE w.last_heartbeat < now() - :silence
          AND NOT EXISTS (
              SELECT 1
              FROM procrastinate_jobs j
              WHERE j.worker_id = w.id AND j.status = 'doing'
          )
        """),
        {"silence": SILENCE},
    )
    return stalled


def delete_old_runs(conn: Connection) -> None:
    """Forget the runs of periodic jobs that ended a day ago: there are thousands each day."""
    conn.execute(
        text("""
        DELETE FROM procrastinate_jobs j
        WHERE j.task_name = ANY(:periodic)
          AND j.status IN ('succeeded', 'failed')
          AND NOT EXISTS (
              SELECT 1
              FROM procrastinate_events e
              WHERE e.job_id = j.id AND e.at > now() - interval '1 day'
          )
        """),
        {"periodic": list(PERIODIC)},
    )


def list_dead_letters(conn: Connection, *, limit: int) -> list[DeadLetter]:
    """Failed jobs, the newest first, each with its open alarm. A failed periodic run is none: it runs again."""
    rows = conn.execute(
        text("""
        SELECT j.id AS job_id, j.task_name AS job, j.args AS arguments, j.attempts, f.failed_at, a.message AS alarm
        FROM procrastinate_jobs j
        LEFT JOIN LATERAL (
            SELECT max(e.at) AS failed_at
            FROM procrastinate_events e
            WHERE e.job_id = j.id AND e.type = 'failed'
        ) f ON true
        LEFT JOIN alarms a ON a.key = 'job:' || j.task_name || ':' || j.id AND a.resolved_at IS NULL
        WHERE j.status = 'failed' AND NOT j.task_name = ANY(:periodic)
        ORDER BY f.failed_at DESC NULLS LAST, j.id DESC
        LIMIT :limit
        """),
        {"periodic": list(PERIODIC), "limit": limit},
    )
    return [DeadLetter(**row) for row in rows.mappings()]


def replay(conn: Connection, job_id: int) -> str | None:
    """Give a failed job all its tries again, with its arguments and lock. Its name, or None if it has not failed.

    The row's lock makes one replay of two at once.
    """
    name: str | None = conn.execute(
        text("""
        SELECT task_name
        FROM procrastinate_jobs
        WHERE id = :id AND status = 'failed' AND NOT task_name = ANY(:periodic)
        FOR UPDATE
        """),
        {"id": job_id, "periodic": list(PERIODIC)},
    ).scalar()
    if name is not None:
        _retry(conn, job_id)
        conn.execute(
            text("UPDATE procrastinate_jobs SET attempts = 0, queue_name = :queue WHERE id = :id"),
            {"id": job_id, "queue": _DEFAULT_QUEUE},
        )
    return name


def try_once_more(conn: Connection, job_id: int) -> None:
    """Let a failed job run one more time; it is a dead letter again if it fails."""
    found = conn.execute(
        text("SELECT 1 FROM procrastinate_jobs WHERE id = :id AND status = 'failed' FOR UPDATE"),
        {"id": job_id},
    ).first()
    if found is not None:
        _retry(conn, job_id)


def _retry(conn: Connection, job_id: int) -> None:
    conn.execute(text("SELECT procrastinate_retry_job_v2(:id, NULL, NULL, NULL, NULL)"), {"id": job_id})


def _bury(conn: Connection, job_id: int) -> None:
    conn.execute(text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": job_id})
    conn.execute(
        text("UPDATE procrastinate_jobs SET queue_name = :queue WHERE id = :id"),
        {"id": job_id, "queue": POISON},
    )
