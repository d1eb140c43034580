"""Look at an order for its buyer: when they come back from the gateway, and when they click to check again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from billing.history import find_order
from billing.limits import CALLBACKS, VERIFICATIONS, spend
from billing.settlement import sync_order
from database import orders
from domain.accounts import User
from domain.errors import GatewayError, TooManyRequests
from domain.gateway import PaymentGateway
from domain.identifiers import ORDER_ID_PATTERN
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


def receive_callback(
    services: Services, gateway_name: str, order_id: str, form: Mapping[str, str]
) -> str | None:
    """Our id of the order with which a gateway sent a browser back; None if the form names none of ours.

    Nobody's session is behind the form. If the gateway signed it for the order in our books, that is a reason to
    look now; unsigned forms (all that tell of failures) change nothing. Either way the buyer's own page tells what
    is true. Raises GatewayUnavailable for a gateway that is not configured.
    """
    gateway = services.gateway(gateway_name)
    with services.engine.connect() as conn:
        order = _order_of_form(conn, gateway, order_id, form)
    if order is None:
        return None
    if gateway.claimed_payment(order.ref, form) is None:
        log.info("return_without_proof", order_id=order.id)
    elif order.status not in SETTLED:
        _look_for_return(services, order)
    return order.id


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


def _order_of_form(
    conn: Connection, gateway: PaymentGateway, order_id: str, form: Mapping[str, str]
) -> Order | None:
    """The order by our id, which the address carries, else by the gateway's number, which the form may carry."""
    known: str | None = order_id
    if not ORDER_ID_PATTERN.fullmatch(order_id):
        number = gateway.named_order(form)
        known = number and orders.find_id_at_gateway(conn, gateway.name, number)
    order = orders.find(conn, known) if known else None
    return order if order is not None and order.gateway == gateway.name else None


def _look_for_return(services: Services, order: Order) -> None:
    try:
        # The signature is good for ever: whoever repeats the form must not make us ask for ever.
        spend(services, CALLBACKS, order.id)
        sync_order(services, order.id)
    except (GatewayError, TooManyRequests) as exc:
        log.warning("return_not_confirmed", order_id=order.id, error=type(exc).__name__)
