"""Simulator time: real time plus an offset that tests may push forward, or let grow faster."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

# Indian standard time has no daylight saving, so a fixed offset is exact.
IST = timezone(timedelta(hours=5, minutes=30))


def real_time() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Clock:
    """A clock that can be moved forward and made to run faster."""

    def __init__(self, source: Callable[[], datetime] = real_time) -> None:
        self._source = source
        self._offset = timedelta()
        self._rate = 1.0
        self._since = source()

    @property
    def offset(self) -> timedelta:
        """How far the simulator is ahead of real time."""
        if self._rate == 1.0:
            return self._offset
        return self._offset + (self._source() - self._since) * (self._rate - 1.0)

    @offset.setter
    def offset(self, offset: timedelta) -> None:
        self._offset, self._since = offset, self._source()

    @property
    def rate(self) -> float:
        """Simulator seconds in a real second."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self.offset = self.offset
        self._rate = rate

    def now(self) -> datetime:
        """Return the simulator's time, in UTC."""
        return self._source() + self.offset


def ist(moment: datetime) -> str:
    """Write a moment the way the gateway does: to the second, with the Indian offset."""
    return moment.astimezone(IST).isoformat(timespec="seconds")


def ist_or_none(moment: datetime | None) -> str | None:
    """Write an optional moment."""
    return None if moment is None else ist(moment)
