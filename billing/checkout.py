"""Open an order for a plan: one open order per checkout, our row before the gateway's, a timeout is not a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from billing.alarms import raise_alarm
from billing.gateway_choice import choose_gateway
from billing.history import find_order
from billing.settlement import sync_order
from database import books, orders, plans, users
from database.queue import Job
from domain.accounts import User
from domain.errors import (
    CheckoutClosed,
    CircuitOpen,
    GatewayCredentialsRejected,
    GatewayError,
    GatewayObjectNotFound,
    GatewayReplyInvalid,
    GatewayUnavailable,
    NotSignedIn,
    OrderNotFound,
    TooManyRequests,
)
from domain.gateway import CheckoutPage, Customer, GatewayOrder, OrderRequest
from domain.identifiers import new_order_id
from domain.orders import SETTLED, Order, OrderStatus, may_move
from domain.plans import Plan, find_plan
from wiring import Services

log = structlog.get_logger()

# Long enough for a one-time password and a second try; the gateway's minimum is more than 15 minutes.
ORDER_LIFETIME = timedelta(minutes=30)
# The gateway refuses to open an order that expires sooner than this.
SHORTEST_LIFETIME = timedelta(minutes=16)
# An order that is handed out again should leave the buyer time to pay.
USEFUL_LIFETIME = timedelta(minutes=2)
# The second guide's limit. Reusing the open order does not count.
ORDERS_PER_HOUR = 10


def start_checkout(services: Services, user: User, plan: str, *, gateway: str | None = None) -> Order:
    """The order with which the user can pay for `plan` now: the open one, or a new one.

    Repeating it, in two tabs or by a double click, gives the same order. Another plan, or another `gateway` that
    the buyer chose, supersedes the open order; the new one belongs to the same purchase. Raises UnknownPlan,
    TooManyRequests and the GatewayError tree; after GatewayUnavailable the same call continues with the same
    order, and `usable_gateways` tells where else it can be paid. Raises CheckoutClosed when money for this
    purchase has arrived, or may have: nobody is asked to pay twice.
    """
    _look_before_replacing(services, user, plan, gateway)
    order, is_new = _reserve(services, user, plan, gateway)
    if order.status is OrderStatus.CREATED and order.payment_session_id is not None:
        return order
    return _open_at_gateway(services, user, order, may_exist=not is_new)


def leave_for_gateway(services: Services, user: User, order_id: str) -> Order | None:
    """The user's own order on the way to the gateway's page; None when it cannot be paid (any more).

    Whoever comes back from there brings news: the return must not be answered from an earlier look.
    Raises OrderNotFound.
    """
    order = find_order(services, user, order_id)
    with services.engine.begin() as conn:
        if not order.is_payable(services.now(conn)):
            return None
        orders.forget_sync(conn, order.id)
    return order


def checkout_options(services: Services, user: User, order_id: str) -> Mapping[str, object]:
    """What the gateway of the user's own order wants its checkout script to be called with.

    Raises OrderNotFound, also for an order that no gateway has opened yet.
    """
    order = find_order(services, user, order_id)
    if order.payment_session_id is None:
        raise OrderNotFound()
    settings = services.settings
    with services.engine.connect() as conn:
        left = order.expires_at - services.now(conn)
    page = CheckoutPage(
        order=order.ref,
        payment_session_id=order.payment_session_id,
        amount_paise=order.amount_paise,
        currency=order.currency,
        customer=customer_of(user),
        business_name=settings.business_name,
        description=describe_order(services, order),
        callback_url=f"{settings.app_base_url.rstrip('/')}/checkout/{order.gateway}/callback?order_id={order.id}",
        seconds_left=int(left.total_seconds()),
    )
    return services.gateway(order.gateway).checkout_options(page)


def skip_payment(services: Services, user: User) -> None:
    """Let the user in as a pending account; the checkout can be resumed from the dashboard."""
    with services.engine.begin() as conn:
        orders.skip_checkout(conn, user.id, now=services.now(conn))


def terminate_order(services: Services, order_id: str) -> None:
    """Ask the gateway to accept no new attempt on an order that the buyer gave up. A job; safe to repeat."""
    with services.engine.connect() as conn:
        order = orders.find(conn, order_id)
    if order is None or order.status is not OrderStatus.SUPERSEDED:
        return
    try:
        services.gateway(order.gateway).terminate_order(order.ref)
    except GatewayObjectNotFound:
        return  # It never came into being there, so nobody can pay it.
    # It may have been paid in the meantime: the gateway's answer counts, not our wish.
    sync_order(services, order_id)


def customer_of(user: User) -> Customer:
    """The buyer as a gateway may know them."""
    return Customer(user.customer_id, user.full_name, user.email, user.phone[-10:] or "9999999999")


def describe_order(services: Services, order: Order) -> str:
    """What a gateway shows the payer about an order."""
    return f"{services.settings.business_name} {order.plan_id} plan"


def _look_before_replacing(services: Services, user: User, plan_text: str, gateway: str | None) -> None:
    """An order that is about to be replaced may have been paid without our knowing: look first.

    Whoever leaves a gateway that gives no usable answer is not held back: should both be paid, one payment goes back.
    """
    with services.engine.connect() as conn:
        chosen = find_plan(plans.list_current(conn), plan_text)
        order = orders.find_open_of_user(conn, user.id)
        now = services.now(conn)
    if (
        order is None
        or order.payment_session_id is None
        or _is_reusable(services, order, chosen, now, gateway)
    ):
        return
    try:
        looked = sync_order(services, order.id)
    except GatewayError as exc:
        if gateway in {None, order.gateway} and order.gateway in services.gateways:
            raise
        log.warning("replaced_without_a_look", order_id=order.id, error=type(exc).__name__)
        return
    if looked.status in SETTLED:
        raise CheckoutClosed()


def _reserve(services: Services, user: User, plan_text: str, gateway: str | None) -> tuple[Order, bool]:
    """The open order, or a new row; and whether it is new: then no gateway has heard of it."""
    with services.engine.connect() as conn:
        chosen_gateway = choose_gateway(services, find_plan(plans.list_current(conn), plan_text), gateway)
    with services.engine.begin() as conn:
        chosen = find_plan(plans.list_current(conn), plan_text)
        if not users.lock(conn, user.id):
            # The account was closed in another tab: no order may begin for nobody.
            raise NotSignedIn()
        now = services.now(conn)
        checkout_id = orders.open_checkout(conn, user.id)
        if orders.is_quarantined(conn, checkout_id):
            raise CheckoutClosed(
                "A payment of yours is being checked by a person. Please do not pay again: we give access or "
                "return the money, and write to your email."
            )
        found = orders.find_open(conn, checkout_id)
        if found is not None:
            if _is_reusable(services, found, chosen, now, gateway):
                return found, False
            _put_aside(services, conn, found, chosen, now)
        if orders.count_since(conn, user.id, since=now - timedelta(hours=1)) >= ORDERS_PER_HOUR:
            raise TooManyRequests(
                "You have opened many orders within an hour. You were not charged by this. Please try again later."
            )
        order_id = new_order_id()
        orders.insert(
            conn,
            id=order_id,
            checkout_id=checkout_id,
            user_id=user.id,
            plan_id=chosen.id,
            price_id=chosen.price_id,
            amount_paise=chosen.amount_paise,
            currency=chosen.currency,
            gateway=chosen_gateway,
            expires_at=now + ORDER_LIFETIME,
        )
        books.audit(conn, "order_made", f"order:{order_id}", actor_id=user.id, detail={"plan": chosen.id})
        return _load(conn, order_id), True


def _is_reusable(services: Services, order: Order, plan: Plan, now: datetime, gateway: str | None) -> bool:
    # A gateway whose keys were taken out cannot be left for.
    if gateway not in {None, order.gateway} or order.gateway not in services.gateways:
        return False
    if order.plan_id != plan.id or order.amount_paise != plan.amount_paise:
        return False
    needed = USEFUL_LIFETIME if order.status is OrderStatus.CREATED else SHORTEST_LIFETIME
    return order.expires_at - now > needed


def _put_aside(services: Services, conn: Connection, order: Order, chosen: Plan, now: datetime) -> None:
    if order.plan_id == chosen.id and order.expires_at <= now:
        orders.set_status(conn, order.id, OrderStatus.EXPIRED, now=now)
        return
    orders.set_status(conn, order.id, OrderStatus.SUPERSEDED, now=now)
    services.queue.defer(conn, Job.TERMINATE_ORDER, order_id=order.id)


def _open_at_gateway(services: Services, user: User, order: Order, *, may_exist: bool) -> Order:
    request = replace(_request(services, user, order), may_exist=may_exist)
    try:
        opened = services.gateway(order.gateway).create_order(request)
    except CircuitOpen:
        raise  # The gateway was not asked: the order stays as it is.
    except (GatewayUnavailable, GatewayReplyInvalid) as exc:
        _note_failure(services, order, OrderStatus.UNKNOWN, exc)
        raise
    except GatewayError as exc:
        _note_failure(services, order, OrderStatus.FAILED, exc)
        raise
    return _note_opened(services, order, opened)


def _request(services: Services, user: User, order: Order) -> OrderRequest:
    settings = services.settings
    base = settings.app_base_url.rstrip("/")
    # Cashfree takes notify_url only over https; elsewhere its dashboard's endpoint list is used.
    notify = f"{base}/webhooks/{order.gateway}" if settings.uses_simulator or base.startswith("https") else ""
    return OrderRequest(
        order_id=order.id,
        amount_paise=order.amount_paise,
        currency=order.currency,
        customer=customer_of(user),
        return_url=f"{base}/?order_id={{order_id}}",
        notify_url=notify,
        expires_at=order.expires_at,
        tags={
            "user_id": str(user.id),
            "plan_id": order.plan_id,
            "amount_paise": str(order.amount_paise),
            "checkout_id": str(order.checkout_id),
        },
        note=describe_order(services, order),
    )


def _note_failure(services: Services, order: Order, status: OrderStatus, error: GatewayError) -> None:
    log.warning("order_not_opened", order_id=order.id, outcome=str(status), error=type(error).__name__)
    with services.engine.begin() as conn:
        current = orders.lock(conn, order.id)
        if may_move(current.status, status):
            orders.set_status(conn, order.id, status, now=services.now(conn))
        if isinstance(error, GatewayCredentialsRejected):
            raise_alarm(
                services,
                conn,
                "gateway:credentials",
                f"{order.gateway} refuses our credentials: nobody can pay.",
            )


def _note_opened(services: Services, order: Order, opened: GatewayOrder) -> Order:
    with services.engine.begin() as conn:
        current = orders.lock(conn, order.id)
        status = OrderStatus.CREATED if may_move(current.status, OrderStatus.CREATED) else current.status
        orders.set_created(
            conn,
            order.id,
            gateway_order_id=opened.gateway_order_id,
            payment_session_id=opened.payment_session_id,
            status=status,
        )
        if status is OrderStatus.SUPERSEDED:
            # Another tab changed the plan while the gateway was asked: this order must not stay payable.
            services.queue.defer(conn, Job.TERMINATE_ORDER, order_id=order.id)
        noted = _load(conn, order.id)
    if noted.status is OrderStatus.SUPERSEDED:
        raise CheckoutClosed(
            "The plan was changed in another tab. You were not charged. Please reload this page."
        )
    return noted


def _load(conn: Connection, order_id: str) -> Order:
    order = orders.find(conn, order_id)
    if order is None:
        raise OrderNotFound()
    return order
