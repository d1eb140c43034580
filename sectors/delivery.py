"""Write reports and alerts for whom they are due, and send them to whom they are still due when their turn comes.

Each is written once for a reader, a close and a kind: mail, note and job in one transaction, under the reader's lock.
Before anything is written or sent the data's gates are asked, and the subscription again.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import uuid4

import structlog
from sqlalchemy import Connection

import user_management
from accounts import brakes
from accounts.link_tokens import marked_unsubscribe_url
from billing.alarms import raise_standing_alarm
from billing.outbox import send_mail, store_mail
from database import books, report_mails, users, watch_lists
from database.queue import Job
from domain.accounts import User
from domain.errors import InvalidInput, NotSignedIn
from domain.report_rules import SCHEDULED, ReportKind, ReportSettings, Scope, is_of_before, mail_kind
from mail import market_mail
from mail.composing import Business, Mail
from mail.market_mail import ReportText
from sectors.alerts import find_alerts
from sectors.market import market_of_the_day, open_market
from sectors.report_content import Close, Content, close_of, evidence_for, report_for
from sectors.report_text import words_of_alerts
from wiring import Services

log = structlog.get_logger()

_GATE_ALARM = "reports:data"


@dataclass(frozen=True, slots=True)
class Preview:
    """The next mail of a kind as it would be sent now: its subject, and its body as HTML with the picture in it."""

    subject: str
    html: str


def schedule_reports(services: Services) -> int:
    """Write every report and every mail of alerts that is due. The number written. A periodic job.

    Safe to repeat, after a crash, and in two processes at once. Nothing is written while a gate of the data has
    fired: a person is called instead.
    """
    with services.engine.connect() as conn:
        now = services.now(conn)
        readers = report_mails.list_readers(conn, now=now)
    due = [(user, kind) for user, wanted in readers for kind in SCHEDULED if wanted.is_due(kind, now)]
    if not due:
        return 0
    found = market_of_the_day(services)
    if found.gate is not None:
        _call_a_person(services, found.gate)
        return 0
    _resolve_gate(services)
    close = close_of(found.market)
    if any(kind is ReportKind.EVIDENCE for _, kind in due):
        # Computed here once: in the first reader's transaction it would hold their account meanwhile.
        evidence_for(close, ReportKind.EVIDENCE)
    written, unforeseen = 0, None
    for user, kind in due:
        try:
            written += _write(services, user, kind, close)
        except Exception as exc:  # raised below: one reader must not keep the others waiting
            unforeseen = unforeseen or exc
            log.error("report_not_written", user_id=str(user.id), kind=kind, error=type(exc).__name__)
    if unforeseen is not None:
        raise unforeseen
    return written


def send_report(services: Services, email_id: int) -> None:
    """Send a report that was written, unless it is not due to its reader any more: then say why beside it. A job.

    It goes to the address that is proved by now: the one that it was written to may be somebody else's.
    Raises MailNotSent to be tried again.
    """
    with services.engine.begin() as conn:
        stored = report_mails.find_queued(conn, email_id)
        user = None if stored is None else users.find(conn, stored.user_id)
        if stored is None or user is None:
            return
        wanted = report_mails.find_settings(conn, user.id)
    reason = _why_not(services, user, wanted, stored.kind)
    with services.engine.begin() as conn:
        if reason is not None:
            report_mails.withhold(conn, email_id, reason=reason)
        else:
            report_mails.readdress(conn, email_id, to=user.email)
    if reason is not None:
        log.info("report_withheld", email_id=email_id, reason=reason)
        return
    send_mail(services, email_id)


def send_now(services: Services, actor: User, kind: ReportKind = ReportKind.WEEKLY) -> None:
    """Write the report of this moment, or the evidence note, to the actor.

    Raises NoActiveSubscription, TooManyRequests, and InvalidInput with the reason while the address is not proved, a
    gate of the data has fired, or there is too little history.
    """
    market = open_market(services, actor)
    with services.engine.connect() as conn:
        user = users.find(conn, actor.id)
    if user is None:
        raise NotSignedIn()
    if not user.is_email_verified:
        raise InvalidInput({"email": "Reports go to confirmed addresses only. Confirm yours first."})
    found = market_of_the_day(services)
    if found.gate is not None:
        raise InvalidInput({"email": f"{found.gate} Reports wait until the data are in order."})
    close = close_of(market)
    with services.engine.connect() as conn:
        content = _report(conn, user, kind, close, as_kind=ReportKind.ON_REQUEST)
    if content is None:
        raise InvalidInput({"email": "There is too little history for evidence yet."})
    brakes.spend(services, (brakes.REPORTS_BY_ACCOUNT, str(user.id)))
    with services.engine.begin() as conn:
        if users.lock(conn, user.id):
            _store(services, conn, user, ReportKind.ON_REQUEST, close, content)


def preview_report(services: Services, actor: User, kind: ReportKind = ReportKind.WEEKLY) -> Preview | None:
    """The report, or the evidence note, that the actor would get now. Raises NoActiveSubscription.

    None while there is too little history for it.
    """
    close = close_of(open_market(services, actor))
    with services.engine.connect() as conn:
        content = _report(conn, actor, kind, close, as_kind=kind)
    if content is None:
        return None
    picture = "" if content.png is None else f"data:image/png;base64,{base64.b64encode(content.png).decode()}"
    business = Business.from_settings(services.settings)
    return Preview(content.text.subject, market_mail.report_preview(business, content.text, picture))


def _write(services: Services, user: User, kind: ReportKind, close: Close) -> bool:
    """Write one mail that is due, unless it was written before or has nothing to say. True when this call wrote it."""
    with services.engine.begin() as conn:
        if not users.lock(conn, user.id):
            return False
        now = services.now(conn)
        if not _is_news(conn, user, kind, close.report.as_of, now):
            return False
        content = _content(conn, user, kind, close, now)
        return content is not None and _store(services, conn, user, kind, close, content)


def _is_news(conn: Connection, user: User, kind: ReportKind, as_of: date, now: datetime) -> bool:
    """True unless this close was told of already, or is to be told of at the next hour.

    Of each kind at most one is written at each of its hours, whatever prices come in after it. The weekly and the daily
    report of one close say the same: who takes both gets one.
    """
    moment = report_mails.find_settings(conn, user.id).last_moment(kind, now)
    if not is_of_before(as_of, moment) or report_mails.was_written(conn, user.id, as_of, kind):
        return False
    if report_mails.was_written_since(conn, user.id, kind, moment):
        return False
    if kind is ReportKind.DAILY:
        return not report_mails.was_written(conn, user.id, as_of, ReportKind.WEEKLY)
    if kind is ReportKind.WEEKLY:
        # Switched on in the morning, after the daily one had gone.
        return not (
            report_mails.was_written(conn, user.id, as_of, ReportKind.DAILY)
            and report_mails.was_written_since(conn, user.id, ReportKind.DAILY, moment)
        )
    return True


def _store(
    services: Services, conn: Connection, user: User, kind: ReportKind, close: Close, content: Content
) -> bool:
    """Mail, note and job, unless they are there already. True when this call stored them."""
    as_of = close.report.as_of
    cause = f"{user.id}:{as_of.isoformat()}"
    email_id = store_mail(
        services,
        conn,
        mail_kind(kind),
        f"{cause}:{uuid4()}" if kind is ReportKind.ON_REQUEST else cause,
        user_id=user.id,
        to=user.email,
        mail=_compose(services, content.text),
        image_digest=None if content.png is None else report_mails.store_image(conn, content.png),
        can_unsubscribe=True,
    )
    if email_id is None or not report_mails.insert_once(
        conn, user.id, as_of, kind, email_id=email_id, now=services.now(conn)
    ):
        return False
    services.queue.defer(conn, Job.SEND_REPORT, lock=f"mail:{email_id}", email_id=email_id)
    return True


def _content(conn: Connection, user: User, kind: ReportKind, close: Close, now: datetime) -> Content | None:
    """What the mail says. None when nothing happened that was asked for."""
    if kind is not ReportKind.ALERTS:
        return _report(conn, user, kind, close, as_kind=kind)
    wanted = report_mails.find_settings(conn, user.id)
    if wanted.alerts_as_of == close.report.as_of:
        return None
    found = find_alerts(close.market, close.report.benchmark, since=wanted.alerts_as_of, kinds=wanted.alerts)
    report_mails.replace_settings(conn, user.id, replace(wanted, alerts_as_of=close.report.as_of), now=now)
    watched = watch_lists.find(conn, user.id)
    told = [alert for alert in found if wanted.scope is Scope.ALL or alert.sector in watched]
    return Content(words_of_alerts(close.report, told)) if told else None


def _report(
    conn: Connection, user: User, kind: ReportKind, close: Close, *, as_kind: ReportKind
) -> Content | None:
    if kind is ReportKind.EVIDENCE:
        return evidence_for(close, as_kind)
    return report_for(close, watch_lists.find(conn, user.id), as_kind)


def _compose(services: Services, content: ReportText) -> Mail:
    return market_mail.report(
        Business.from_settings(services.settings),
        content,
        unsubscribe_url=marked_unsubscribe_url(services.settings),
    )


def _why_not(services: Services, user: User, wanted: ReportSettings, kind: ReportKind) -> str | None:
    """Why a report that was written must not go out now. None when it may."""
    if not user_management.entitlement(services, user).is_active:
        return "The subscription had ended when it was to be sent."
    if not user.is_email_verified:
        return "The address was not confirmed when it was to be sent."
    if not wanted.wants(kind):
        return "It was switched off before it was to be sent."
    gate = market_of_the_day(services).gate
    return None if gate is None else f"The data were in doubt when it was to be sent. {gate}"


def _call_a_person(services: Services, gate: str) -> None:
    with services.engine.begin() as conn:
        raise_standing_alarm(services, conn, _GATE_ALARM, f"No report was sent. {gate}")


def _resolve_gate(services: Services) -> None:
    with services.engine.begin() as conn:
        books.resolve_alarm(conn, _GATE_ALARM, now=services.now(conn))
