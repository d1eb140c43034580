"""What somebody may want by mail about the market, and when the next one is due. Pure: `now` is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.subscriptions import INDIA

# A report that could not go out at its hour, because prices or the worker were late, still goes out for so long.
GRACE = timedelta(hours=23)
# What happened longer ago is no news any more, however long a mail could not be written.
OLDEST_NEWS_SESSIONS = 10
# Equities stop trading then: a close is of the morning after, unless the reader's hour is later on the same day.
_SESSION_ENDS = time(15, 30)
_SATURDAY = 6


class ReportKind(StrEnum):
    WEEKLY = "weekly"
    DAILY = "daily"
    ALERTS = "alerts"
    ON_REQUEST = "on_request"
    EVIDENCE = "evidence"


# In the order in which they are written: a weekly report takes the place of the daily one of the same close.
SCHEDULED = (ReportKind.WEEKLY, ReportKind.DAILY, ReportKind.ALERTS, ReportKind.EVIDENCE)


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
    evidence: bool = False
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
            ReportKind.EVIDENCE: self.evidence,
        }
        return switches[kind]

    def is_due(self, kind: ReportKind, now: datetime) -> bool:
        """True from the chosen hour on. Whether this close was reported already is for others to say."""
        return self.wants(kind) and now - self.last_moment(kind, now) < GRACE

    def last_moment(self, kind: ReportKind, now: datetime) -> datetime:
        """When mails of this kind were last to be written."""
        if kind is ReportKind.EVIDENCE:
            return last_moment_of_month(now, self.hour)
        return last_moment(now, self._weekday_of(kind), self.hour)

    def next_moment(self, kind: ReportKind, now: datetime) -> datetime:
        """When mails of this kind are next to be written."""
        if kind is ReportKind.EVIDENCE:
            # First Saturdays are 28 or 35 days apart: in 36 days there is one more, and only one.
            return last_moment_of_month(self.last_moment(kind, now) + timedelta(days=36), self.hour)
        return next_moment(now, self._weekday_of(kind), self.hour)

    def _weekday_of(self, kind: ReportKind) -> int | None:
        return self.weekday if kind is ReportKind.WEEKLY else None


@dataclass(frozen=True, slots=True)
class ComingReport:
    """A kind of report that is on, and when its next one is due."""

    kind: ReportKind
    at: datetime


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


def last_moment_of_month(now: datetime, hour: int) -> datetime:
    """When it was last this hour in India on the first Saturday of a month."""
    local = now.astimezone(INDIA)
    moment = _first_saturday(local, hour)
    if moment > local:
        moment = _first_saturday(local.replace(day=1) - timedelta(days=1), hour)
    return moment


def is_of_before(as_of: date, moment: datetime) -> bool:
    """True when a close was made before that moment. One made after it waits for the next moment."""
    return datetime.combine(as_of, _SESSION_ENDS, tzinfo=INDIA) < moment


def coming_reports(wanted: ReportSettings, now: datetime) -> tuple[ComingReport, ...]:
    """The reports that are on, the soonest first. A daily one that a weekly one replaces is not among them."""
    coming = {
        kind: wanted.next_moment(kind, now)
        for kind in SCHEDULED
        if kind is not ReportKind.ALERTS and wanted.wants(kind)
    }
    if coming.get(ReportKind.DAILY) == coming.get(ReportKind.WEEKLY):
        coming.pop(ReportKind.DAILY, None)
    return tuple(ComingReport(kind, at) for kind, at in sorted(coming.items(), key=lambda item: item[1]))


def mail_kind(kind: ReportKind) -> str:
    """What the outbox calls a mail of this kind."""
    return f"report_{kind}"


def ended_by(mail_kind_: str) -> ReportKind | None:
    """The one kind that the link in such a mail ends; None when it ends everything about the market."""
    return ReportKind.EVIDENCE if mail_kind_ == mail_kind(ReportKind.EVIDENCE) else None


def _first_saturday(day: datetime, hour: int) -> datetime:
    first = day.replace(day=1, hour=hour, minute=0, second=0, microsecond=0)
    return first + timedelta(days=(_SATURDAY - first.isoweekday()) % 7)


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
