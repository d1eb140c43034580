"""The right to use the product: periods that were bought or granted, and what they mean at a moment.

Entitlement is computed from periods at read time. `subscriptions.status` is kept for reports only.
Calendar months are counted in India's time zone, because that is where buyers read their dates.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

INDIA = ZoneInfo("Asia/Kolkata")


class SubscriptionStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of access, from `starts_at` up to but not including `ends_at`. Bought, unless it has a `grant_id`."""

    plan_id: str
    starts_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    grant_id: int | None = None

    @property
    def is_given(self) -> bool:
        return self.grant_id is not None

    def covers(self, now: datetime) -> bool:
        return self.revoked_at is None and self.starts_at <= now < self.ends_at

    def unused(self, now: datetime) -> timedelta:
        """What of it is still to come."""
        return max(self.ends_at - max(self.starts_at, now), timedelta())


@dataclass(frozen=True, slots=True)
class Subscription:
    """One user's subscription with its whole history of periods."""

    id: int
    stored_status: SubscriptionStatus
    periods: tuple[Period, ...]

    def is_active(self, now: datetime) -> bool:
        return any(period.covers(now) for period in self.periods)

    def status(self, now: datetime) -> SubscriptionStatus:
        """Pending until the first period, active within one, expired after the last."""
        if self.is_active(now):
            return SubscriptionStatus.ACTIVE
        if self.stored_status is SubscriptionStatus.CANCELLED:
            return SubscriptionStatus.CANCELLED
        return SubscriptionStatus.EXPIRED if self.periods else SubscriptionStatus.PENDING

    def current(self, now: datetime) -> Period | None:
        """The period within which this moment lies. Live periods never overlap: there is one at most."""
        return next((period for period in self.periods if period.covers(now)), None)

    def current_plan_id(self, now: datetime) -> str | None:
        current = self.current(now)
        return None if current is None else current.plan_id

    def access_until(self) -> datetime | None:
        """The end of the last period that is not revoked."""
        return max((p.ends_at for p in self.periods if p.revoked_at is None), default=None)


def next_period(plan_id: str, months: int, *, now: datetime, paid_until: datetime | None) -> Period:
    """The period that a payment buys: it begins now, or where the time already paid for ends."""
    starts_at = _beginning(now, paid_until)
    return Period(plan_id, starts_at, add_months(starts_at, months))


def given_period(plan_id: str, days: int, *, now: datetime, access_until: datetime | None) -> Period:
    """The period that an admin gives: like a bought one it begins now, or where the present access ends."""
    starts_at = _beginning(now, access_until)
    return Period(plan_id, starts_at, starts_at + timedelta(days=days))


def add_months(moment: datetime, months: int) -> datetime:
    """The same wall-clock time in India, `months` later; the 31st becomes the last day of a shorter month."""
    local = moment.astimezone(INDIA)
    index = local.year * 12 + local.month - 1 + months
    year, month = index // 12, index % 12 + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day).astimezone(moment.tzinfo)


def _beginning(now: datetime, until: datetime | None) -> datetime:
    return now if until is None else max(now, until)
