"""What a reader wants by mail: their settings, what was sent, and the link that ends it all with one click."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from accounts.link_tokens import read_unsubscribe_token
from database import report_mails, users
from domain.accounts import User
from domain.errors import NotSignedIn
from domain.report_rules import ComingReport, ReportKind, ReportSettings, SentReport, coming_reports
from wiring import Services

log = structlog.get_logger()

# A year of weekly reports, or two months of daily ones.
_SHOWN = 52


def find_report_settings(services: Services, actor: User) -> ReportSettings:
    """What the actor wants; the defaults for who never said."""
    with services.engine.connect() as conn:
        return report_mails.find_settings(conn, actor.id)


def save_report_settings(services: Services, actor: User, wanted: ReportSettings) -> ReportSettings:
    """Store what the actor wants, and what is stored then. Who saves wants mail again after an unsubscription.

    Up to which close alerts were looked for is not theirs to say.
    """
    with services.engine.begin() as conn:
        if not users.lock(conn, actor.id):
            raise NotSignedIn()
        stored = report_mails.find_settings(conn, actor.id)
        # Whoever switches alerts on is told what happens from then on.
        since = stored.alerts_as_of if stored.alerts else None
        saved = replace(wanted, alerts_as_of=since, unsubscribed_at=None)
        report_mails.replace_settings(conn, actor.id, saved, now=services.now(conn))
    return saved


def next_reports(services: Services, actor: User) -> tuple[ComingReport, ...]:
    """When the actor's next reports are due, the soonest first; none of what is off. Alerts have no date."""
    with services.engine.connect() as conn:
        return coming_reports(report_mails.find_settings(conn, actor.id), services.now(conn))


def list_sent_reports(services: Services, actor: User) -> list[SentReport]:
    """What was written for the actor, the newest first."""
    with services.engine.connect() as conn:
        return report_mails.list_sent(conn, actor.id, limit=_SHOWN)


def unsubscribe(services: Services, token: str) -> None:
    """End reports and alerts of whoever the token is of, or the one kind that it speaks of. The same for a forged one:
    nothing is said about accounts.

    Settings stay as they were, so that `resubscribe` brings back what there was. Receipts and notices still come.
    """
    _set_unsubscribed(services, token, is_unsubscribed=True)


def resubscribe(services: Services, token: str) -> None:
    """Take an unsubscription back."""
    _set_unsubscribed(services, token, is_unsubscribed=False)


def _set_unsubscribed(services: Services, token: str, *, is_unsubscribed: bool) -> None:
    ended = read_unsubscribe_token(services.settings, token)
    with services.engine.begin() as conn:
        # Both take the same steps, so that time tells no more than the answer does.
        is_known = users.lock(conn, UUID(int=0) if ended is None else ended.user_id)
        if ended is None or not is_known:
            log.info("unsubscribe_unknown")
            return
        stored = report_mails.find_settings(conn, ended.user_id)
        now = services.now(conn)
        changed = _changed(stored, ended.only, now if is_unsubscribed else None)
        if changed == stored:
            return
        report_mails.replace_settings(conn, ended.user_id, changed, now=now)
    log.info(
        "unsubscribed" if is_unsubscribed else "resubscribed", user_id=str(ended.user_id), only=ended.only
    )


def _changed(stored: ReportSettings, only: ReportKind | None, ended_at: datetime | None) -> ReportSettings:
    """The settings after all mails ended at that moment, or came back; with `only` it is about this kind."""
    if only is ReportKind.EVIDENCE:
        return replace(stored, evidence=ended_at is None)
    if (stored.unsubscribed_at is None) == (ended_at is None):
        return stored
    return replace(stored, unsubscribed_at=ended_at)
