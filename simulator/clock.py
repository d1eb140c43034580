"""Simulator time: real time plus an offset that tests may push forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

# Indian standard time has no daylight saving, so a fixed offset is exact.
IST = timezone(timedelta(hours=5, minutes=30))


def real_time() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Clock:
    """A clock that can be moved forward."""

    def __init__(self, source: Callable[[], datetime] = real_time) -> None:
        self._source = source
        self.offset = timedelta()

    def now(self) -> datetime:
        """Return the simulator's time, in UTC."""
        return self._source() + self.offset


def ist(moment: datetime) -> str:
    """Write a moment the way the gateway does: to the second, with the Indian offset."""
    return moment.astimezone(IST).isoformat(timespec="seconds")


def ist_or_none(moment: datetime | None) -> str | None:
    """Write an optional moment."""
    return None if moment is None else ist(moment)
