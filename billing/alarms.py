"""Call a person: a row in `alarms`, an ERROR line, and one mail to ADMIN_EMAIL for each alarm that opens."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing.outbox import defer_mail
from database import books
from domain.accounts import User
from domain.orders import money_to_return
from domain.wording import format_moment
from mail.composing import Business
from mail.operator_mail import alarm
from wiring import Services

log = structlog.get_logger()

# Looks come every few minutes. A day is enough to mend what they find, and too short to forget it.
CLOSED_FOR = timedelta(hours=24)
# Only a message without this is compared, so it must not be cut off: an alarm holds 500 characters.
_CLOSED_BEFORE = " (closed before by "
_LONGEST = 380


def raise_alarm(services: Services, conn: Connection, key: str, message: str, *, once: bool = False) -> None:
    """Raise an alarm in the caller's transaction, unless one with this key is open already.

    With `once` also unless a person closed one: the key names a fact that each look finds again.
    """
    alarm_id = books.insert_alarm(conn, key, message, once=once)
    if alarm_id is None:
        return
    log.error("alarm", key=key, message=message)
    settings = services.settings
    if settings.admin_email:
        business = Business.from_settings(settings)
        mail = alarm(business, message=message, admin_url=f"{business.base_url}/admin")
        defer_mail(services, conn, "alarm", str(alarm_id), user_id=None, to=settings.admin_email, mail=mail)


def raise_standing_alarm(services: Services, conn: Connection, key: str, message: str) -> None:
    """Raise the alarm about what each look finds again until it is mended. Otherwise like `raise_alarm`.

    Who closed it is left alone with it for a day, unless its message changes: then there is news. When it is still so
    after that, it is raised again, and says who had closed it.
    """
    message = message[:_LONGEST]
    closing = books.find_closing(conn, key)
    if closing is not None:
        is_news = closing.message.partition(_CLOSED_BEFORE)[0] != message
        if not is_news and services.now(conn) < closing.closed_at + CLOSED_FOR:
            return
        message += f"{_CLOSED_BEFORE}{closing.closed_by} on {format_moment(closing.closed_at)})"
    raise_alarm(services, conn, key, message)


def end_return(
    conn: Connection, payment_id: int, gateway_payment_id: str, *, now: datetime, actor: User | None = None
) -> None:
    """Close the alarms about a payment of which everything went back: through the gateway, or by an admin's hand."""
    books.resolve_alarms_of_payment(
        conn,
        payment_id,
        money_to_return(gateway_payment_id),
        now=now,
        actor_id=None if actor is None else actor.id,
    )


def report_job(services: Services, job: str, job_id: int | None, error: Exception, *, is_over: bool) -> None:
    """Log a job's failure under a reference; when its tries are over, raise an alarm that names it.

    Without a `job_id` it is a periodic job, which has one alarm however often it fails.
    """
    reference = uuid.uuid4().hex[:8]
    log.warning(
        "job_failed", job=job, job_id=job_id, reference=reference, exc_info=error if is_over else None
    )
    if not is_over:
        return
    name = job if job_id is None else f"{job} {job_id}"
    try:
        with services.engine.begin() as conn:
            message = f"Job {name} gave up ({type(error).__name__}); the log has reference {reference}."
            raise_alarm(services, conn, job_alarm(job, job_id), message)
    except SQLAlchemyError as exc:
        log.error("alarm_not_raised", job=job, job_id=job_id, error=type(exc).__name__)


def report_recovery(services: Services, job: str, job_id: int | None) -> None:
    """Resolve the alarm of a job that succeeded after all."""
    try:
        with services.engine.begin() as conn:
            books.resolve_alarm(conn, job_alarm(job, job_id), now=services.now(conn))
    except SQLAlchemyError as exc:
        # The job is done. Its alarm waits for a person, who will find that out.
        log.warning("alarm_not_resolved", job=job, job_id=job_id, error=type(exc).__name__)


def job_alarm(job: str, job_id: int | None) -> str:
    """The key of a job's alarm."""
    return f"job:{job}" if job_id is None else f"job:{job}:{job_id}"
