"""What somebody may want by mail about the market, and when the next one is due. Pure: `now` is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.subscriptions import INDIA

# A report that could not go out at its hour, because prices or the worker were late, still goes out for so long.
GRACE = timedelta(hours=23)
# What happened longer ago is no news any more, however long a mail could not be written.
OLDEST_NEWS_SESSIONS = 10


class ReportKind(StrEnum):
    WEEKLY = "weekly"
    DAILY = "daily"
    ALERTS = "alerts"
    ON_REQUEST = "on_request"


class AlertKind(StrEnum):
    ZERO_LINE = "zero_line"
    QUADRANT = "quadrant"
    RANK_JUMP = "rank_jump"


class Scope(StrEnum):
    ALL = "all"
    WATCH_LIST = "watch_list"


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What one reader wants. `weekday` is ISO (Monday is 1) and `hour` is of India's day."""

    weekly: bool = True
    daily: bool = False
    weekday: int = 6
    hour: int = 8
    alerts: frozenset[AlertKind] = frozenset()
    scope: Scope = Scope.ALL
    alerts_as_of: date | None = None
    unsubscribed_at: datetime | None = None

    def wants(self, kind: ReportKind) -> bool:
        """True when mails of this kind are switched on. What is asked for by hand is always wanted."""
        if kind is ReportKind.ON_REQUEST:
            return True
        if self.unsubscribed_at is not None:
            return False
        switches = {
            ReportKind.WEEKLY: self.weekly,
            ReportKind.DAILY: self.daily,
            ReportKind.ALERTS: bool(self.alerts),
        }
        return switches[kind]

    def is_due(self, kind: ReportKind, now: datetime) -> bool:
        """True from the chosen hour on. Whether this close was reported already is for others to say."""
        if not self.wants(kind):
            return False
        if kind is ReportKind.WEEKLY:
            return now - last_moment(now, self.weekday, self.hour) < GRACE
        return now - last_moment(now, None, self.hour) < GRACE


@dataclass(frozen=True, slots=True)
class SentReport:
    """A report that was written for somebody. `status` is its mail's; `reason` says why it did not go out."""

    kind: ReportKind
    as_of: date
    subject: str
    status: str
    reason: str | None
    created_at: datetime
    sent_at: datetime | None


def last_moment(now: datetime, weekday: int | None, hour: int) -> datetime:
    """When it was last this hour in India, on this day of the week if one is named."""
    local = now.astimezone(INDIA)
    moment = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if weekday is None:
        return moment if moment <= local else moment - timedelta(days=1)
    moment -= timedelta(days=(moment.isoweekday() - weekday) % 7)
    return moment if moment <= local else moment - timedelta(weeks=1)


def next_moment(now: datetime, weekday: int | None, hour: int) -> datetime:
    """When it will next be this hour in India, on this day of the week if one is named."""
    return last_moment(now, weekday, hour) + timedelta(days=1 if weekday is None else 7)


def moved(names: Sequence[str], name: str, places: int) -> tuple[str, ...]:
    """The list with one name so many places further down; it stops at the ends. Unchanged without the name."""
    if name not in names:
        return tuple(names)
    rest = [other for other in names if other != name]
    rest.insert(max(0, min(len(rest), names.index(name) + places)), name)
    return tuple(rest)


def placed(names: Sequence[str], name: str, position: int | None = None) -> tuple[str, ...]:
    """The list with a name at a position (from 0), or at the end. Unchanged when it is there already."""
    if name in names:
        return tuple(names)
    at = len(names) if position is None else max(0, min(len(names), position))
    return (*names[:at], name, *names[at:])
