"""A worker for one thread: takes due jobs from the queue by the queue's own functions and runs them at once.

A crash is a killed worker: its job stays `doing` under a worker whose heartbeat has stopped.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import procrastinate.utils
from procrastinate import JobContext
from procrastinate.jobs import Job
from sqlalchemy import text

from domain.errors import ProductError
from jobs.tasks import build_job_app
from mail.sender import MailNotSent
from wiring import Services

_FETCH = text("""
    SELECT id, status::text, task_name, priority, lock, queueing_lock, args, scheduled_at, queue_name,
           attempts, worker_id
    FROM procrastinate_fetch_job_v2(NULL, :worker)
""")
_FINISH = text("SELECT procrastinate_finish_job_v1(:id, CAST(:status AS procrastinate_job_status), false)")
_RETRY = text("SELECT procrastinate_retry_job_v2(:id, CAST(:retry_at AS timestamptz), NULL, NULL, NULL)")


class JobRunner:
    """Runs jobs as one worker process. `surprises` collects errors that are no answer of the product."""

    def __init__(self, services: Services, surprises: list[str]) -> None:
        self._services = services
        self._app = build_job_app(services)
        self.worker: int | None = None
        self._surprises = surprises

    def run_one(self) -> str | None:
        """Run the next due job to its end, and say which and how it ended. None when there is none."""
        engine = self._services.engine
        with engine.begin() as conn:
            if self.worker is None:
                self.worker = conn.execute(text("SELECT procrastinate_register_worker_v1()")).scalar_one()
            row = conn.execute(_FETCH, {"worker": self.worker}).mappings().one()
        if row["id"] is None:
            return None
        job = Job.from_row(dict(row))
        error = self._run(job)
        with engine.begin() as conn:
            if error is None:
                conn.execute(_FINISH, {"id": job.id, "status": "succeeded"})
                return f"{job.task_name} done"
            pause = self._pause(job, error)
            if pause is None:
                conn.execute(_FINISH, {"id": job.id, "status": "failed"})
                return f"{job.task_name} gave up: {type(error).__name__}"
            conn.execute(_RETRY, {"id": job.id, "retry_at": self._services.now(conn) + pause})
            return f"{job.task_name} again in {pause}: {type(error).__name__}"

    def _run(self, job: Job) -> Exception | None:
        task = self._app.tasks[job.task_name]
        context = JobContext(app=self._app, job=job, start_timestamp=time.time(), abort_reason=lambda: None)
        arguments: Any = job.task_kwargs
        try:
            task.func(context, **arguments) if task.pass_context else task.func(**arguments)
        except Exception as exc:  # a worker's outermost edge
            if not isinstance(exc, ProductError | MailNotSent):
                self._surprises.append(f"job {job.task_name} {arguments}: {type(exc).__name__}: {exc}")
            return exc
        return None

    def _pause(self, job: Job, error: Exception) -> timedelta | None:
        task = self._app.tasks[job.task_name]
        strategy = task.retry_strategy
        decision = None if strategy is None else strategy.get_retry_decision(exception=error, job=job)
        if decision is None:
            return None
        # The library reckons from the process's clock, which here is the world's.
        return max(decision.retry_at - procrastinate.utils.utcnow(), timedelta())
