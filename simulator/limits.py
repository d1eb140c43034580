"""Requests per minute, as published for sandbox and production. Off until switched on."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)
# operation -> (production, sandbox); unpublished operations get the most generous figure.
PUBLISHED = {
    "create_order": (200, 30),
    "get_order": (400, 60),
    "get_payments": (100, 30),
    "get_payment": (130, 130),
    "pay_order": (100, 30),
    "settlements": (30, 20),
    "refund": (100, 30),
    "get_refund": (30, 60),
}
UNPUBLISHED = (400, 400)
KEYED_BY_IP = frozenset({"pay_order", "authenticate"})


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the x-ratelimit headers say about one call."""

    limit: int
    remaining: int
    retry_seconds: int
    keyed_by: str

    @property
    def is_exceeded(self) -> bool:
        return self.retry_seconds > 0


class Limits:
    """Sliding one-minute windows per operation and caller."""

    def __init__(self) -> None:
        self.is_on = False
        self.profile = "sandbox"
        self.overrides: dict[str, int] = {}
        self._calls: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)

    def switch(self, *, on: bool, profile: str, overrides: dict[str, int]) -> None:
        """Turn limiting on or off and start counting anew."""
        self.is_on, self.profile, self.overrides = on, profile, overrides
        self._calls.clear()

    def count(self, operation: str, caller: str, now: datetime) -> Allowance:
        """Count one call; the reply says whether it is still allowed."""
        keyed_by = "ip" if operation in KEYED_BY_IP else "app_id"
        limit = self._limit(operation)
        if not self.is_on:
            return Allowance(limit, limit, 0, keyed_by)
        calls = self._calls[operation, caller]
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= limit:
            wait = (calls[0] + WINDOW - now).total_seconds() if calls else 59
            return Allowance(limit, 0, min(59, max(1, int(wait) + 1)), keyed_by)
        calls.append(now)
        return Allowance(limit, limit - len(calls), 0, keyed_by)

    def _limit(self, operation: str) -> int:
        published = PUBLISHED.get(operation, UNPUBLISHED)
        return self.overrides.get(operation, published[1 if self.profile == "sandbox" else 0])
