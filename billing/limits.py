"""How often something about money may be asked for: the limits of the second guide, shared by all processes.

The limit on orders (10 an hour for each user) is counted where orders are made, in `billing/checkout.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from database import limits
from domain.errors import TooManyRequests
from wiring import Services


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `uses` of one key in a stretch of time. `refusal` is said with the `{seconds}` to wait."""

    name: str
    uses: int
    within: timedelta
    refusal: str


# The guide says three for each order. A buyer whose bank is slow asks more often than that in an afternoon:
# three a minute keeps the gateway's rate limit free, and nobody is locked out.
VERIFICATIONS = Limit(
    name="verify",
    uses=3,
    within=timedelta(minutes=1),
    refusal=(
        "You have checked three times within a minute. You can check again in {seconds} seconds; this page also "
        "turns to the answer by itself. Nothing was charged by this step, and a payment you made is safe."
    ),
)


def spend(services: Services, limit: Limit, key: str) -> None:
    """Count one use. Raises TooManyRequests, with the time to wait, when the limit is reached."""
    name = f"{limit.name}:{key}"
    with services.engine.begin() as conn:
        now = services.now(conn)
        if limits.use(conn, name, limit=limit.uses, within=limit.within, now=now):
            return
        free_at = limits.find_free_moment(conn, name, limit=limit.uses, within=limit.within, now=now)
    seconds = max(1, math.ceil((free_at - now).total_seconds()))
    raise TooManyRequests(limit.refusal.format(seconds=seconds))
