"""A person's decision about an order whose gateway contradicted our books."""

from __future__ import annotations

from accounts.authority import require_admin
from billing.settlement import sync_order
from database import books, orders
from database.engine import database_now
from domain.accounts import User
from domain.errors import CheckoutClosed, OrderNotFound
from domain.orders import Order, OrderStatus, Verdict
from wiring import Services


def release_order(services: Services, actor: User, order_id: str, *, give_back: bool) -> Order:
    """Look at a quarantined order again with an admin's verdict, and return it as it is then.

    Without `give_back` it goes on as usual if nothing contradicts our books any more; with it, the money
    that came returns to the buyer. Raises Forbidden, OrderNotFound, GatewayError, and CheckoutClosed when
    the order is not quarantined, or has to stay so.
    """
    verdict = Verdict.GIVE_BACK if give_back else Verdict.ACCEPT
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        order = orders.find(conn, order_id)
        if order is None:
            raise OrderNotFound()
        if order.status is not OrderStatus.QUARANTINED:
            raise CheckoutClosed("This order is not quarantined. Nothing was changed.")
        decided_at = database_now(conn)
        books.audit(
            conn, "order_verdict", f"order:{order_id}", actor_id=actor.id, detail={"verdict": str(verdict)}
        )
    released = sync_order(services, order_id, verdict=verdict)
    if released.status is OrderStatus.QUARANTINED:
        raise CheckoutClosed(
            "No money of this order can be returned from here: the payment service shows none, or contradicts "
            "itself about the amount. Try again later, or use the payment service's dashboard."
            if give_back
            else "The payment service still contradicts our books. The order stays quarantined."
        )
    with services.engine.begin() as conn:
        books.resolve_alarms_of_order(
            conn, order_id, raised_before=decided_at, now=services.now(conn), actor_id=actor.id
        )
    return released
