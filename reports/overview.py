"""How the business stands, and its newest orders, payments, events, mails and accounts, for admins.

Read-only. Every function refuses an actor who is not an admin with Forbidden.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from accounts.authority import require_admin
from accounts.link_tokens import fill_in
from database import books, events, order_reports
from database import reports as statements
from database.events import StoredEvent
from domain.accounts import User
from domain.links import Purpose
from domain.subscriptions import INDIA
from reports.rows import (
    AlarmRow,
    DayRevenue,
    EventText,
    MailRow,
    MailText,
    OrderRow,
    Overview,
    Page,
    PaymentRow,
    PlanCount,
    UserRow,
)

if TYPE_CHECKING:
    from wiring import Services

Row = TypeVar("Row")

CHART_DAYS = 30
# The newest; a bad night may open thousands, and the section Checks pages through them.
_ALARMS = 50
# A browser shows this much text at once without complaint; a gateway's message is a few kilobytes.
_BODY_CHARACTERS = 100_000
_BIGINT_MAX = 2**63 - 1


def overview(services: Services, actor: User) -> Overview:
    """Counts, revenue of today, this month and ever, the last 30 days, and open alarms, as of one moment."""
    with reading(services, actor) as conn:
        now = services.now(conn)
        day_start = now.astimezone(INDIA).replace(hour=0, minute=0, second=0, microsecond=0)
        month_start = day_start.replace(day=1)
        first_day = day_start - timedelta(days=CHART_DAYS - 1)
        accounts = statements.count_accounts(conn, now=now, day_start=day_start, month_start=month_start)
        earned = statements.revenue(conn, day_start=day_start, month_start=month_start)
        return Overview(
            at=now,
            **accounts,
            by_plan=tuple(PlanCount(**row) for row in statements.count_by_plan(conn, now=now)),
            revenue_today_paise=earned["today_paise"],
            revenue_month_paise=earned["month_paise"],
            revenue_total_paise=earned["total_paise"],
            payments_failed_today=statements.count_failed_payments(conn, since=day_start),
            days=_every_day(statements.revenue_by_day(conn, since=first_day), first_day),
            open_alarms=books.count_open_alarms(conn),
            alarms=tuple(AlarmRow(**row) for row in order_reports.open_alarms(conn, limit=_ALARMS)),
        )


def recent_users(services: Services, actor: User, *, limit: int = 50, offset: int = 0) -> Page[UserRow]:
    """Accounts, the newest first, with what each may use now."""
    with reading(services, actor) as conn:
        now = services.now(conn)
        return _page(statements.recent_users(conn, now=now, limit=limit, offset=offset), UserRow, limit)


def recent_orders(services: Services, actor: User, *, limit: int = 50, offset: int = 0) -> Page[OrderRow]:
    with reading(services, actor) as conn:
        rows = statements.recent_orders(conn, user_id=None, limit=limit, offset=offset)
        return _page(rows, OrderRow.of, limit)


def recent_payments(services: Services, actor: User, *, limit: int = 50, offset: int = 0) -> Page[PaymentRow]:
    """Attempts to pay, refused ones included."""
    with reading(services, actor) as conn:
        rows = statements.recent_payments(conn, user_id=None, limit=limit, offset=offset)
        return _page(rows, PaymentRow, limit)


def recent_events(services: Services, actor: User, *, limit: int = 50, offset: int = 0) -> Page[StoredEvent]:
    """What the gateways sent, without bodies."""
    with reading(services, actor) as conn:
        return _page(statements.recent_events(conn, limit=limit, offset=offset), StoredEvent, limit)


def read_event(services: Services, actor: User, event_id: int) -> EventText | None:
    """One event with its body laid out, or None when there is none with this id."""
    with reading(services, actor) as conn:
        found = events.read(conn, event_id) if 0 < event_id <= _BIGINT_MAX else None
    return None if found is None else EventText(found.event, found.dedupe_key, readable(found.body))


def recent_mails(services: Services, actor: User, *, limit: int = 50, offset: int = 0) -> Page[MailRow]:
    """Mails that were sent, wait, or are kept because no server is set."""
    with reading(services, actor) as conn:
        rows = statements.recent_mails(conn, user_id=None, limit=limit, offset=offset)
        return _page(rows, MailRow, limit)


def read_mail(services: Services, actor: User, mail_id: int) -> MailText | None:
    """One mail with its plain text, or None when there is none with this id."""
    with reading(services, actor) as conn:
        row = statements.read_mail(conn, mail_id) if 0 < mail_id <= _BIGINT_MAX else None
    if row is None:
        return None
    values = dict(row)
    text, message_id = values.pop("text_body"), values.pop("message_id")
    token_id, purpose = values.pop("email_token_id"), values.pop("link_purpose")
    if token_id is not None and services.mail_sender is None and not services.settings.is_production:
        # Without a mail server this page is the mailbox. In production a link is for its reader alone.
        text = fill_in(services.settings, text, token_id, Purpose(purpose))
    return MailText(MailRow(**values), message_id, text)


@contextmanager
def reading(services: Services, actor: User) -> Iterator[Connection]:
    """A connection for one report. Raises Forbidden unless the actor is an admin."""
    with services.engine.connect() as conn:
        require_admin(conn, actor)
        yield conn


def readable(body: bytes) -> str:
    """A body laid out for reading, its numbers with the digits that were sent; no JSON is shown as it is."""
    text = body.decode("utf-8", errors="replace")
    try:
        # Through float, 499.00 would be shown as 499.0: numbers travel as marked strings and are unmarked.
        value = json.loads(text, parse_float=lambda digits: f"\x00{digits}")
        laid_out = json.dumps(value, indent=2, ensure_ascii=False)
        text = re.sub(r'"\\u0000([0-9.eE+-]+)"', r"\1", laid_out)
    except (ValueError, RecursionError):
        pass
    # JSON may spell out half a character, which no page can carry.
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    if len(text) > _BODY_CHARACTERS:
        return text[:_BODY_CHARACTERS] + "\n… (cut here)"
    return text


def _page(rows: statements.Rows, make: Callable[..., Row], limit: int) -> Page[Row]:
    return Page(tuple(make(**row) for row in rows[:limit]), has_more=len(rows) > limit)


def _every_day(rows: statements.Rows, first_day: datetime) -> tuple[DayRevenue, ...]:
    # Days on which no money moved are part of the picture.
    known = {row["day"]: DayRevenue(**row) for row in rows}
    days = [(first_day + timedelta(days=number)).date() for number in range(CHART_DAYS)]
    return tuple(known.get(day, DayRevenue(day, 0, 0, 0)) for day in days)
