"""The use-cases of money: start a checkout, receive a webhook, sync an order, give money back.

Webhook, return page, job and the admin's button are only reasons to look: all of them call `sync_order`,
which asks the gateway with no transaction open and then writes everything in one. What a settlement
writes is in `billing/settlement.py`, how an order is opened in `billing/checkout.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import structlog

from billing import mails, settlement
from billing.checkout import skip_payment, start_checkout, terminate_order
from billing.history import (
    OrderLine,
    PaymentLine,
    current_checkout,
    find_order,
    last_failure,
    list_orders,
    list_plans,
)
from database import books, events, orders, payments, users
from database.queue import Job
from domain.accounts import User
from domain.errors import (
    GatewayError,
    GatewayObjectNotFound,
    GatewayUnavailable,
    OrderNotFound,
    ProductError,
)
from domain.gateway import GatewayRefundStatus, Observation
from domain.money import paise_from_rupees
from domain.orders import Order, OrderStatus
from wiring import Services, get_services

__all__ = [
    "OrderLine",
    "PaymentLine",
    "confirm_return",
    "current_checkout",
    "execute_refund",
    "find_order",
    "last_failure",
    "list_orders",
    "list_plans",
    "process_event",
    "receive_webhook",
    "report_script_failure",
    "save_payment_record",
    "send_payment_receipt",
    "skip_payment",
    "start_checkout",
    "sync_order",
    "terminate_order",
]

log = structlog.get_logger()

# A page that is reloaded, and two tabs, share one answer of the gateway: its rate limit is per minute.
ANSWER_SHARED_FOR = timedelta(seconds=5)


def sync_order(services: Services, order_id: str) -> Order:
    """Bring one order in line with what its gateway says now, and return it.

    Safe to repeat and to run concurrently: the user and the order are locked, and what is settled does not
    move back. The gateway is asked before the transaction opens. Raises OrderNotFound and the GatewayError
    tree. A contradiction is recorded for a person (status `quarantined`); it gives no access.
    """
    with services.engine.connect() as conn:
        order = orders.find(conn, order_id)
    if order is None:
        raise OrderNotFound()
    gateway = services.gateway(order.gateway)
    try:
        observed = Observation(gateway.fetch_order(order_id), gateway.fetch_payments(order_id))
    except GatewayObjectNotFound:
        # Not there yet, or never: our row stays, and the next look may find it.
        observed = None
    with services.engine.begin() as conn:
        if observed is None:
            orders.mark_synced(conn, order_id, now=services.now(conn))
        else:
            settlement.apply_observation(services, conn, order_id, observed)
        synced = orders.find(conn, order_id)
    if synced is None:
        raise OrderNotFound()
    if synced.status is not order.status:
        log.info("order_moved", order_id=order_id, before=str(order.status), after=str(synced.status))
    return synced


def confirm_return(services: Services, user: User, order_id: str) -> Order:
    """The user's own order after a visit to the gateway. Raises OrderNotFound, also for somebody else's.

    The address of the return page proves nothing; it is a reason to ask the gateway, at most every five
    seconds. When the gateway does not answer, what we know is returned: the webhook or the sweep will tell.
    """
    order = find_order(services, user, order_id)
    if order.status in {OrderStatus.PAID, OrderStatus.SURPLUS, OrderStatus.QUARANTINED}:
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


def receive_webhook(services: Services, gateway_name: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Verify a webhook, keep it once, and queue the look it asks for, in one transaction.

    True when it is new. Raises WebhookRefused or WebhookUnreadable, and GatewayUnavailable for a gateway
    that is not configured. The body is kept to the byte; nothing in it is believed.
    """
    event = services.gateway(gateway_name).parse_webhook(headers, body)
    with services.engine.begin() as conn:
        event_id = events.insert_once(conn, event)
        if event_id is None:
            return False
        services.queue.defer(conn, Job.PROCESS_EVENT, lock=event.order_id, event_id=event_id)
    log.info("webhook_stored", gateway=gateway_name, event_type=event.event_type, order_id=event.order_id)
    return True


def process_event(services: Services, event_id: int) -> None:
    """Do what a stored event asks for: look at its order. Safe to repeat. Raises GatewayError to be tried again."""
    with services.engine.connect() as conn:
        event = events.find(conn, event_id)
        order = None if event is None or event.order_id is None else orders.find(conn, event.order_id)
    if event is None or event.status != "new":
        return
    if order is not None:
        sync_order(services, order.id)
    with services.engine.begin() as conn:
        if order is None and event.order_id is not None and event.event_type.startswith("PAYMENT_SUCCESS"):
            books.raise_alarm(
                conn,
                f"event:{event.gateway}:{event.order_id}:unknown order",
                f"{event.gateway} reports a payment for order {event.order_id}, which is not ours.",
            )
        events.mark(conn, event_id, "ignored" if order is None else "processed", now=services.now(conn))


def execute_refund(services: Services, refund_key: str) -> None:
    """Carry out an intention to refund, under its own id. Safe to repeat. Raises GatewayError to be tried again.

    The same call asks again later while the gateway says "pending".
    """
    with services.engine.connect() as conn:
        refund = payments.find_refund(conn, refund_key)
    if refund is None or refund.status in {"processed", "failed"}:
        return
    gateway = services.gateway(refund.gateway)
    if refund.status == "intended":
        answer = gateway.create_refund(
            refund.order_id, refund_id=refund_key, amount_paise=refund.amount_paise, note=refund.reason
        )
    else:
        answer = gateway.fetch_refund(refund.order_id, refund_key)
    status = {
        GatewayRefundStatus.SUCCESS: "processed",
        GatewayRefundStatus.FAILED: "failed",
        GatewayRefundStatus.CANCELLED: "failed",
    }.get(answer.status, "pending")
    with services.engine.begin() as conn:
        current = payments.find_refund(conn, refund_key, for_update=True)
        if current is None or current.status in {"processed", "failed"}:
            return
        payments.set_refund_status(conn, refund_key, status, gateway_refund_id=answer.gateway_refund_id)
        if status == "processed":
            payments.mark_refunded(conn, refund.payment_id)
            books.post(
                conn,
                {"owed_to_buyers": refund.amount_paise, "gateway_receivable": -refund.amount_paise},
                payment_id=refund.payment_id,
                refund_id=refund.id,
            )
        elif status == "failed":
            books.raise_alarm(
                conn, f"refund:{refund_key}:failed", f"Refund {refund_key} failed at the gateway."
            )
    if status == "pending":
        raise GatewayUnavailable(detail="the refund is still pending at the gateway")


def save_payment_record(order_id: str) -> bool:
    """The guide's name for "make the books agree with the gateway". True when the order is paid afterwards."""
    try:
        return sync_order(get_services(), order_id).status is OrderStatus.PAID
    except ProductError as exc:
        log.warning("payment_not_recorded", order_id=order_id, error=type(exc).__name__)
        return False


def send_payment_receipt(user_email: str, order_id: str, amount: Decimal | int | str) -> bool:
    """Queue the receipt of a paid order (amount in rupees), and say whether there is one.

    Every payment queues its receipt by itself; this sends it once more on its way if it has not gone yet.
    The arguments must match our books: they choose nothing.
    """
    services = get_services()
    with services.engine.begin() as conn:
        order = orders.find(conn, order_id)
        user = None if order is None else users.find(conn, order.user_id)
        if order is None or user is None or order.status is not OrderStatus.PAID:
            return False
        if user.email != user_email.strip().lower() or paise_from_rupees(amount) != order.amount_paise:
            return False
        return mails.queue_receipt(services, conn, order_id)


def report_script_failure(services: Services, user: User, order_id: str) -> None:
    """The buyer's browser could not load the gateway's checkout script. Raises an alarm, once an hour at most."""
    find_order(services, user, order_id)
    with services.engine.begin() as conn:
        hour = services.now(conn).strftime("%Y-%m-%dT%H")
        books.raise_alarm(
            conn,
            f"checkout:script:{hour}",
            "A browser could not load the payment script: buyers may be unable to pay.",
        )
    log.warning("checkout_script_not_loaded", order_id=order_id)
