"""The tasks of the queue. Each is one use-case called with the job's arguments, retried with growing pauses.

Periodic tasks are not retried: their next run is the retry. Each has one alarm however often it fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import procrastinate
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import payment_handler
from accounts.email_links import send_link
from billing import dead_letters, outbox
from billing.alarms import report_job, report_recovery
from database.engine import conninfo
from database.queue import PERIODIC, RETRY_LIMIT, Job
from domain.errors import ProductError
from mail.sender import MailNotSent
from operations.check import check_and_alarm
from operations.housekeeping import tidy
from sectors import delivery, market_update
from wiring import Services

_POOL_SECONDS = 3.0
_WORTH_RETRYING = (ProductError, MailNotSent, DBAPIError, PoolTimeout)
_RETRY = procrastinate.RetryStrategy(
    max_attempts=RETRY_LIMIT, exponential_wait=2, retry_exceptions=set(_WORTH_RETRYING)
)

USE_CASES: dict[Job, Callable[..., object]] = {
    Job.PROCESS_EVENT: payment_handler.process_event,
    Job.TERMINATE_ORDER: payment_handler.terminate_order,
    Job.EXECUTE_REFUND: payment_handler.execute_refund,
    Job.SEND_MAIL: outbox.send_mail,
    Job.SEND_LINK: send_link,
    Job.SEND_REPORT: delivery.send_report,
    Job.RETRY_STALLED_JOBS: dead_letters.retry_stalled_jobs,
    Job.SWEEP: payment_handler.sweep,
    Job.CHECK: check_and_alarm,
    Job.RECONCILE: payment_handler.reconcile_last_days,
    Job.TIDY: tidy,
    Job.SCHEDULE_REPORTS: delivery.schedule_reports,
    Job.UPDATE_MARKET: market_update.update_market,
}


def build_job_app(services: Services) -> procrastinate.App:
    """The worker's application with every task, on a connection pool of its own."""
    # A worker whose connections were killed ends and is started anew: it must not wait half a minute to end.
    connector = procrastinate.PsycopgConnector(conninfo=conninfo(services.engine.url), timeout=_POOL_SECONDS)
    app = procrastinate.App(connector=connector)
    for job, use_case in USE_CASES.items():
        if job not in PERIODIC:
            app.task(name=str(job), retry=_RETRY, pass_context=True)(_task(services, job, use_case))
    for job, cron in PERIODIC.items():
        # The lock lets one run wait and no more: a worker that slept makes up for nothing.
        task = app.task(name=str(job), queueing_lock=str(job))(_periodic_task(services, job))
        app.periodic(cron=cron)(task)
    return app


def _task(services: Services, job: Job, use_case: Callable[..., object]) -> Callable[..., None]:
    def run(context: procrastinate.JobContext, **arguments: Any) -> None:
        try:
            use_case(services, **arguments)
        except Exception as exc:  # the outermost edge of a job: what nobody else answers is told here
            tries_are_over = context.job.attempts >= RETRY_LIMIT or not isinstance(exc, _WORTH_RETRYING)
            report_job(services, job, context.job.id, exc, is_over=tries_are_over)
            raise
        if context.job.attempts:
            report_recovery(services, job, context.job.id)

    return run


def _periodic_task(services: Services, job: Job) -> Callable[[int], None]:
    def run(timestamp: int) -> None:
        try:
            USE_CASES[job](services)
        except Exception as exc:  # the outermost edge of a job: what nobody else answers is told here
            report_job(services, job, None, exc, is_over=True)
            raise
        report_recovery(services, job, None)

    return run
