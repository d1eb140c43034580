"""Times as people type and read them on the command line: in India unless they say otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from domain.subscriptions import INDIA


@dataclass(frozen=True, slots=True)
class Moment:
    """What was typed: a moment, or a whole day from its beginning to its end."""

    starts_at: datetime
    ends_at: datetime


def parse_moment(words: str) -> Moment:
    """Read `2026-11-20` (a whole day), `2026-11-20T10:00` or `2026-11-20T04:30Z`. Raises ValueError."""
    try:
        if len(words) == len("2026-11-20"):
            day = date.fromisoformat(words)
            return Moment(_midnight(day), _midnight(day + timedelta(days=1)))
        moment = datetime.fromisoformat(words)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=INDIA)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{words!r} is no time: write 2026-11-20 or 2026-11-20T10:00 (India), or end it with Z for UTC"
        ) from None
    return Moment(moment, moment)


def as_read(moment: datetime) -> str:
    """`2026-11-20 10:00:00 IST`."""
    return f"{moment.astimezone(INDIA):%Y-%m-%d %H:%M:%S %Z}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=INDIA).astimezone(UTC)
