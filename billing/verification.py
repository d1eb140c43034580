"""Look at an order for its buyer: when they come back from the gateway, and when they click to check again."""

from __future__ import annotations

from datetime import timedelta

import structlog

from billing.history import find_order
from billing.limits import VERIFICATIONS, spend
from billing.settlement import sync_order
from domain.accounts import User
from domain.errors import GatewayError
from domain.orders import SETTLED, Order
from wiring import Services

log = structlog.get_logger()

# A page that is reloaded, and two tabs, share one answer of the gateway: its rate limit is per minute.
ANSWER_SHARED_FOR = timedelta(seconds=5)
# A shared answer is still new; the second more is the time to draw the page.
_ANSWER_IS_NEW = ANSWER_SHARED_FOR + timedelta(seconds=1)


def confirm_return(services: Services, user: User, order_id: str) -> Order:
    """The user's own order after a visit to the gateway. Raises OrderNotFound, also for somebody else's.

    The address of the return page proves nothing; it is a reason to ask the gateway, at most every five
    seconds. When the gateway does not answer, what we know is returned: the webhook or the sweep will tell.
    """
    order = find_order(services, user, order_id)
    if order.status in SETTLED:
        return order
    with services.engine.connect() as conn:
        is_fresh = order.synced_at is not None and services.now(conn) - order.synced_at < ANSWER_SHARED_FOR
    if is_fresh:
        return order
    try:
        return sync_order(services, order_id)
    except GatewayError as exc:
        # Any failure: "you were not charged by this step" would be wrong for a buyer who comes from paying.
        log.warning("return_not_confirmed", order_id=order_id, error=type(exc).__name__)
        return order


def was_answered(services: Services, order: Order) -> bool:
    """True when the gateway's answer about this order is of this moment, or none is needed any more."""
    if order.status in SETTLED:
        return True
    with services.engine.connect() as conn:
        age = None if order.synced_at is None else services.now(conn) - order.synced_at
    return age is not None and age < _ANSWER_IS_NEW


def verify_again(services: Services, user: User, order_id: str) -> Order:
    """The same, because the user clicked: at most three times a minute for each order.

    Raises OrderNotFound, and TooManyRequests with the time to wait; then the gateway was not asked. A
    settled order is returned without counting: there is nothing to ask about.
    """
    if find_order(services, user, order_id).status not in SETTLED:
        spend(services, VERIFICATIONS, order_id)
    return confirm_return(services, user, order_id)
