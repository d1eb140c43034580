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
from domain.report_rules import ReportSettings, SentReport, next_moment
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


def next_report_at(services: Services, actor: User) -> datetime | None:
    """When the actor's next report is due. None when none is on."""
    with services.engine.connect() as conn:
        wanted, now = report_mails.find_settings(conn, actor.id), services.now(conn)
    if wanted.unsubscribed_at is not None:
        return None
    moments = [next_moment(now, wanted.weekday, wanted.hour)] if wanted.weekly else []
    moments += [next_moment(now, None, wanted.hour)] if wanted.daily else []
    return min(moments, default=None)


def list_sent_reports(services: Services, actor: User) -> list[SentReport]:
    """What was written for the actor, the newest first."""
    with services.engine.connect() as conn:
        return report_mails.list_sent(conn, actor.id, limit=_SHOWN)


def unsubscribe(services: Services, token: str) -> None:
    """End reports and alerts of whoever the token is of. The same for a forged one: nothing is said about accounts.

    Settings stay as they were, so that `resubscribe` brings back what there was. Receipts and notices still come.
    """
    _set_unsubscribed(services, token, is_unsubscribed=True)


def resubscribe(services: Services, token: str) -> None:
    """Take an unsubscription back."""
    _set_unsubscribed(services, token, is_unsubscribed=False)


def _set_unsubscribed(services: Services, token: str, *, is_unsubscribed: bool) -> None:
    user_id = read_unsubscribe_token(services.settings, token)
    with services.engine.begin() as conn:
        # Both take the same steps, so that time tells no more than the answer does.
        is_known = users.lock(conn, user_id or UUID(int=0))
        if user_id is None or not is_known:
            log.info("unsubscribe_unknown")
            return
        stored = report_mails.find_settings(conn, user_id)
        now = services.now(conn)
        if is_unsubscribed == (stored.unsubscribed_at is not None):
            return
        changed = replace(stored, unsubscribed_at=now if is_unsubscribed else None)
        report_mails.replace_settings(conn, user_id, changed, now=now)
    log.info("unsubscribed" if is_unsubscribed else "resubscribed", user_id=str(user_id))
