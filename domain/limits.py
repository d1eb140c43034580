"""How often something may be done: the number, the stretch of time, and what a person is told beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `uses` of one key in a stretch of time. `refusal` is said with the `{wait}` that is left."""

    name: str
    uses: int
    within: timedelta
    refusal: str


def in_words(wait: timedelta) -> str:
    """`40 seconds`, `1 minute`, `12 minutes` or `24 hours`, never less than what is left."""
    seconds = max(1, -(-wait // timedelta(seconds=1)))
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    if minutes < 60:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    hours = -(-minutes // 60)
    return "1 hour" if hours == 1 else f"{hours} hours"
