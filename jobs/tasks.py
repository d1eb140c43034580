"""The tasks of the queue. Each is one use-case called with the job's arguments, retried with growing pauses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import procrastinate
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import payment_handler
from billing import outbox
from billing.alarms import report_job
from database.engine import conninfo
from database.queue import Job
from domain.errors import ProductError
from mail.sender import MailNotSent
from wiring import Services

# 2, 4, 8 … seconds, about four and a half hours in all: longer than an outage of a gateway usually lasts.
_ATTEMPTS = 13
_WORTH_RETRYING = (ProductError, MailNotSent, DBAPIError, PoolTimeout)
_RETRY = procrastinate.RetryStrategy(
    max_attempts=_ATTEMPTS, exponential_wait=2, retry_exceptions=set(_WORTH_RETRYING)
)

USE_CASES: dict[Job, Callable[..., object]] = {
    Job.PROCESS_EVENT: payment_handler.process_event,
    Job.LOOK_AGAIN: payment_handler.look_again,
    Job.TERMINATE_ORDER: payment_handler.terminate_order,
    Job.EXECUTE_REFUND: payment_handler.execute_refund,
    Job.SEND_MAIL: outbox.send_mail,
}


def build_job_app(services: Services) -> procrastinate.App:
    """The worker's application with every task, on a connection pool of its own."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo(services.engine.url)))
    for job, use_case in USE_CASES.items():
        app.task(name=str(job), retry=_RETRY, pass_context=True)(_task(services, job, use_case))
    return app


def _task(services: Services, job: Job, use_case: Callable[..., object]) -> Callable[..., None]:
    def run(context: procrastinate.JobContext, **arguments: Any) -> None:
        try:
            use_case(services, **arguments)
        except Exception as exc:  # the outermost edge of a job: what nobody else answers is told here
            tries_are_over = context.job.attempts >= _ATTEMPTS or not isinstance(exc, _WORTH_RETRYING)
            report_job(services, job, context.job.id, exc, is_over=tries_are_over)
            raise

    return run
