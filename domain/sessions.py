"""How long a browser stays signed in, by role (ASVS 7.3.1 and 7.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.accounts import Role


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """A session ends after `idle` without a page being drawn, and after `absolute` whatever happens."""

    idle: timedelta
    absolute: timedelta


LIMITS = {
    # A month, so that a monthly subscriber logs in about once per payment.
    Role.SUBSCRIBER: SessionLimits(idle=timedelta(days=14), absolute=timedelta(days=30)),
    # Who moves money logs in each working day, and not on a screen that was left alone.
    Role.ADMIN: SessionLimits(idle=timedelta(hours=1), absolute=timedelta(hours=12)),
}
LONGEST_IDLE = max(limits.idle for limits in LIMITS.values())


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `user_agent` and `address` are what it said of itself when it signed in."""

    id: int
    created_at: datetime
    seen_at: datetime
    user_agent: str
    address: str

    def is_idle(self, role: Role, now: datetime) -> bool:
        """True when it was not used for so long that its user has to log in again."""
        return now - self.seen_at >= LIMITS[role].idle
