"""How often something about money may be asked for: the limits of the second guide, shared by all processes.

The limit on orders (10 an hour for each user) is counted where orders are made, in `billing/checkout.py`.
"""

from __future__ import annotations

from datetime import timedelta

from database import limits
from domain.errors import TooManyRequests
from domain.limits import Limit, in_words
from wiring import Services

# The guide says three for each order. A buyer whose bank is slow asks more often than that in an afternoon:
# three a minute keeps the gateway's rate limit free, and nobody is locked out.
VERIFICATIONS = Limit(
    name="verify",
    uses=3,
    within=timedelta(minutes=1),
    refusal=(
        "You have checked three times within a minute. You can check again in {wait}; this page also "
        "turns to the answer by itself. Nothing was charged by this step, and a payment you made is safe."
    ),
)


# A signed return is one request of one browser; a few more are a buyer who goes back and forth.
CALLBACKS = Limit(
    name="callback",
    uses=5,
    within=timedelta(minutes=1),
    refusal="This payment was checked just now. It is checked again in {wait}; nothing was charged by this step.",
)


# A code that nobody scanned in time is made anew. More than this is a page that makes attempts for nobody.
UPI_LINKS = Limit(
    name="upi-link",
    uses=5,
    within=timedelta(minutes=10),
    refusal=(
        "You have asked for many UPI codes. You can ask for another in {wait}. Nothing was charged by this step; "
        "you can pay another way meanwhile."
    ),
)


def spend(services: Services, limit: Limit, key: str) -> None:
    """Count one use. Raises TooManyRequests, with the time to wait, when the limit is reached."""
    with services.engine.begin() as conn:
        wait = limits.use_or_wait(conn, f"{limit.name}:{key}", limit, now=services.now(conn))
    if wait is not None:
        raise TooManyRequests(limit.refusal.format(wait=in_words(wait)))
