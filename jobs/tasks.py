"""The tasks of the queue. Each is one use-case called with the job's arguments, retried with growing pauses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import procrastinate
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import payment_handler
from billing import mails
from database.engine import conninfo
from database.queue import Job
from domain.errors import ProductError
from mail.sender import MailNotSent
from wiring import Services

# 2, 4, 8 … seconds, about four and a half hours in all: longer than an outage of a gateway usually lasts.
_RETRY = procrastinate.RetryStrategy(
    max_attempts=13,
    exponential_wait=2,
    retry_exceptions={ProductError, MailNotSent, DBAPIError, PoolTimeout},
)

USE_CASES: dict[Job, Callable[..., object]] = {
    Job.PROCESS_EVENT: payment_handler.process_event,
    Job.SYNC_ORDER: payment_handler.sync_order,
    Job.TERMINATE_ORDER: payment_handler.terminate_order,
    Job.EXECUTE_REFUND: payment_handler.execute_refund,
    Job.SEND_MAIL: mails.send_mail,
}


def build_job_app(services: Services) -> procrastinate.App:
    """The worker's application with every task, on a connection pool of its own."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo(services.engine.url)))
    for job, use_case in USE_CASES.items():
        app.task(name=str(job), retry=_RETRY)(_task(services, use_case))
    return app


def _task(services: Services, use_case: Callable[..., object]) -> Callable[..., None]:
    def run(**arguments: Any) -> None:
        use_case(services, **arguments)

    return run
