"""Rebuild an order that our database lost, from what the gateway kept of it.

Every order carries its user, plan, price and checkout in the gateway's order tags. What the gateway does
not know, or knows without our tags, cannot come back: an order that was never opened there had no money.
"""

from __future__ import annotations

import structlog
from sqlalchemy import Connection

from billing.settlement import sync_order
from database import books, orders, plans, users
from domain.errors import GatewayObjectNotFound
from domain.gateway import GatewayOrder, OrderRef
from domain.identifiers import ORDER_ID_PATTERN, parse_uuid
from domain.orders import Order
from wiring import Services

log = structlog.get_logger()


def recover_order(services: Services, gateway_name: str, order_id: str) -> Order | None:
    """The order as it is in our books, rebuilt first if only the gateway has it; None when it is not ours.

    Rebuilding is safe to repeat and to run twice at once. Raises the GatewayError tree.
    """
    if not ORDER_ID_PATTERN.fullmatch(order_id):
        return None
    with services.engine.connect() as conn:
        known = orders.find(conn, order_id)
    if known is not None:
        return known
    try:
        theirs = services.gateway(gateway_name).fetch_order(OrderRef(order_id))
    except GatewayObjectNotFound:
        return None
    with services.engine.begin() as conn:
        if not _rebuild(services, conn, gateway_name, theirs):
            log.warning("order_not_recoverable", order_id=order_id)
            return None
        books.audit(conn, "order_recovered", f"order:{order_id}", actor_id=None, detail={})
    log.warning("order_recovered", order_id=order_id)
    return sync_order(services, order_id)


def _rebuild(services: Services, conn: Connection, gateway_name: str, theirs: GatewayOrder) -> bool:
    # Both are UUIDs of ours, and nothing else is looked up.
    user_id, checkout_id = (parse_uuid(theirs.tags.get(name)) for name in ("user_id", "checkout_id"))
    if user_id is None or checkout_id is None or not users.exists(conn, user_id):
        return False
    plan_id = theirs.tags.get("plan_id", "")
    price_id = plans.find_price(conn, plan_id, amount_paise=theirs.amount_paise, currency=theirs.currency)
    if price_id is None:
        # Tags and amount contradict each other, or the price was never ours: a person looks.
        return False
    users.lock(conn, user_id)
    # Closed at once: the buyer may have begun another purchase since.
    now = services.now(conn)
    if orders.restore_checkout(conn, checkout_id, user_id, now=now) != user_id:
        return False
    orders.insert_recovered(
        conn,
        id=theirs.order_id,
        checkout_id=checkout_id,
        user_id=user_id,
        plan_id=plan_id,
        price_id=price_id,
        amount_paise=theirs.amount_paise,
        currency=theirs.currency,
        gateway=gateway_name,
        expires_at=theirs.expires_at or now,
        created_at=theirs.created_at or now,
        now=now,
    )
    return True
