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
from analyzer.market import Market
from billing.alarms import raise_alarm
from billing.outbox import send_mail, store_mail
from database import books, report_mails, users, watch_lists
from database.queue import Job
from domain.accounts import User
from domain.errors import InvalidInput, NotSignedIn
from domain.report_rules import ReportKind, ReportSettings, Scope
from mail import market_mail
from mail.composing import Business, Mail
from mail.market_mail import ReportText
from sectors.alerts import find_alerts
from sectors.market import market_of_the_day, open_market
from sectors.ranking import rank_sectors
from sectors.report import Report, report_of
from sectors.report_picture import draw_map
from sectors.report_text import words_of_alerts, words_of_report
from wiring import Services

log = structlog.get_logger()

_GATE_ALARM = "reports:data"
# Of the closes that were written about last, so that a preview and a thousand mails draw one picture.
_KEPT_CLOSES = 2


@dataclass(frozen=True, slots=True)
class _Close:
    """What every report of one close is made of."""

    market: Market
    report: Report
    png: bytes


_closes: dict[tuple[str, date], _Close] = {}


@dataclass(frozen=True, slots=True)
class Preview:
    """The next report as it would be mailed now: its subject, and its body as HTML with the picture in it."""

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
    due = [
        (user, kind)
        for user, wanted in readers
        for kind in (ReportKind.WEEKLY, ReportKind.DAILY, ReportKind.ALERTS)
        if wanted.is_due(kind, now)
    ]
    if not due:
        return 0
    found = market_of_the_day(services)
    if found.gate is not None:
        _call_a_person(services, found.gate)
        return 0
    _resolve_gate(services)
    close = _close_of(found.market)
    return sum(_write(services, user, kind, close) for user, kind in due)


def send_report(services: Services, email_id: int) -> None:
    """Send a report that was written, unless it is not due to its reader any more: then say why beside it. A job.

    Raises MailNotSent to be tried again.
    """
    with services.engine.begin() as conn:
        stored = report_mails.find_queued(conn, email_id)
        user = None if stored is None else users.find(conn, stored.user_id)
        if stored is None or user is None:
            return
        wanted = report_mails.find_settings(conn, user.id)
    reason = _why_not(services, user, wanted, stored.kind)
    if reason is not None:
        with services.engine.begin() as conn:
            report_mails.withhold(conn, email_id, reason=reason)
        log.info("report_withheld", email_id=email_id, reason=reason)
        return
    send_mail(services, email_id)


def send_now(services: Services, actor: User) -> None:
    """Write the report of this moment to the actor. Raises NoActiveSubscription, TooManyRequests, and InvalidInput
    with the reason while the address is not proved or a gate of the data has fired."""
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
    brakes.spend(services, (brakes.REPORTS_BY_ACCOUNT, str(user.id)))
    _write(services, user, ReportKind.ON_REQUEST, _close_of(market))


def preview_report(services: Services, actor: User) -> Preview:
    """The report that the actor would get now. Raises NoActiveSubscription."""
    market = open_market(services, actor)
    close = _close_of(market)
    with services.engine.connect() as conn:
        watched = watch_lists.find(conn, actor.id)
    content = words_of_report(_for_reader(close, watched), ReportKind.WEEKLY)
    picture = f"data:image/png;base64,{base64.b64encode(close.png).decode()}"
    business = Business.from_settings(services.settings)
    return Preview(content.subject, market_mail.report_preview(business, content, picture))


def _write(services: Services, user: User, kind: ReportKind, close: _Close) -> bool:
    """Write one mail, unless it was written before or has nothing to say. True when this call wrote it."""
    as_of = close.report.as_of
    with services.engine.begin() as conn:
        if not users.lock(conn, user.id):
            return False
        if kind is not ReportKind.ON_REQUEST and report_mails.was_written(conn, user.id, as_of, kind):
            return False
        if kind is ReportKind.DAILY and report_mails.was_written(conn, user.id, as_of, ReportKind.WEEKLY):
            return False  # The same close twice on one morning would be no news.
        now = services.now(conn)
        content = _content(conn, user, kind, close, now)
        if content is None:
            return False
        png = close.png if content.image_alt else None
        cause = f"{user.id}:{as_of.isoformat()}"
        email_id = store_mail(
            services,
            conn,
            f"report_{kind}",
            f"{cause}:{uuid4()}" if kind is ReportKind.ON_REQUEST else cause,
            user_id=user.id,
            to=user.email,
            mail=_compose(services, content),
            image_digest=None if png is None else report_mails.store_image(conn, png),
            can_unsubscribe=True,
        )
        if email_id is None or not report_mails.insert_once(conn, user.id, as_of, kind, email_id=email_id):
            return False
        services.queue.defer(conn, Job.SEND_REPORT, lock=f"mail:{email_id}", email_id=email_id)
    return True


def _content(
    conn: Connection, user: User, kind: ReportKind, close: _Close, now: datetime
) -> ReportText | None:
    """What the mail says. None when nothing happened that was asked for."""
    watched = watch_lists.find(conn, user.id)
    if kind is not ReportKind.ALERTS:
        return words_of_report(_for_reader(close, watched), kind)
    wanted = report_mails.find_settings(conn, user.id)
    if wanted.alerts_as_of == close.report.as_of:
        return None
    found = find_alerts(close.market, close.report.benchmark, since=wanted.alerts_as_of, kinds=wanted.alerts)
    report_mails.replace_settings(conn, user.id, replace(wanted, alerts_as_of=close.report.as_of), now=now)
    told = [alert for alert in found if wanted.scope is Scope.ALL or alert.sector in watched]
    return words_of_alerts(close.report, told) if told else None


def _for_reader(close: _Close, watched: tuple[str, ...]) -> Report:
    if not watched:
        return close.report
    return report_of(close.market, rank_sectors(close.market, close.report.benchmark), watched)


def _close_of(market: Market) -> _Close:
    key = (market.version, market.as_of)
    close = _closes.get(key)
    if close is None:
        report = report_of(market, rank_sectors(market, market.benchmarks[0]))
        close = _Close(market, report, draw_map(report))
        while len(_closes) >= _KEPT_CLOSES:
            _closes.pop(next(iter(_closes)), None)
        _closes[key] = close
    return close


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
        raise_alarm(services, conn, _GATE_ALARM, f"No report was sent. {gate}")


def _resolve_gate(services: Services) -> None:
    with services.engine.begin() as conn:
        books.resolve_alarm(conn, _GATE_ALARM, now=services.now(conn))
