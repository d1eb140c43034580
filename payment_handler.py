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

from billing import mails
from billing.alarms import raise_alarm
from billing.checkout import (
    leave_for_gateway,
    look_again,
    skip_payment,
    start_checkout,
    terminate_order,
)
from billing.history import (
    OrderLine,
    PaymentLine,
    current_checkout,
    find_order,
    last_failure,
    list_orders,
    list_plans,
)
from billing.refunds import execute_refund
from billing.settlement import sync_order
from database import events, orders, payments, users
from database.queue import Job
from domain.accounts import User
from domain.errors import GatewayError, GatewayReplyInvalid, ProductError
from domain.money import NotMoney, paise_from_rupees
from domain.orders import SETTLED, Order, OrderStatus
from wiring import Services, get_services

__all__ = [
    "OrderLine",
    "PaymentLine",
    "confirm_return",
    "current_checkout",
    "execute_refund",
    "find_order",
    "last_failure",
    "leave_for_gateway",
    "list_orders",
    "list_plans",
    "look_again",
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

_PAID_EVENT = "PAYMENT_SUCCESS"

# A page that is reloaded, and two tabs, share one answer of the gateway: its rate limit is per minute.
ANSWER_SHARED_FOR = timedelta(seconds=5)


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


def receive_webhook(services: Services, gateway_name: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Verify a webhook, keep it once, and queue the look it asks for, in one transaction.

    True when it is new. Raises WebhookRefused or WebhookUnreadable, and GatewayUnavailable for a gateway
    that is not configured. The body is kept to the byte; nothing in it is believed.
    """
    event = services.gateway(gateway_name).parse_webhook(headers, body)
    with services.engine.begin() as conn:
        event_id = events.insert_once(conn, event)
        # A repeat of an event that led to nothing in a minute is a welcome second chance.
        long_ago = services.now(conn) - timedelta(minutes=1)
        waiting_id = event_id or events.find_unprocessed(conn, event, received_before=long_ago)
        if waiting_id is not None:
            services.queue.defer(conn, Job.PROCESS_EVENT, event_id=waiting_id)
    if event_id is None:
        return False
    log.info("webhook_stored", gateway=gateway_name, event_type=event.event_type, order_id=event.order_id)
    return True


def process_event(services: Services, event_id: int) -> None:
    """Do what a stored event asks for: look at its order and its open refunds. Safe to repeat.

    Raises GatewayError to be tried again, also when the event speaks of a payment that the gateway does not
    show yet: an event is done when something was learnt from it.
    """
    with services.engine.connect() as conn:
        event = events.find(conn, event_id)
        order = None if event is None or event.order_id is None else orders.find(conn, event.order_id)
    if event is None or event.status != "new":
        return
    if order is not None:
        _look_because_of(services, event, order.id)
    with services.engine.begin() as conn:
        if order is None and event.order_id is not None and event.event_type.startswith(_PAID_EVENT):
            raise_alarm(
                services,
                conn,
                f"event:{event.gateway}:{event.order_id}:unknown order",
                f"{event.gateway} reports a payment for order {event.order_id}, which is not ours.",
            )
        events.mark(conn, event_id, "ignored" if order is None else "processed", now=services.now(conn))


def _look_because_of(services: Services, event: events.StoredEvent, order_id: str) -> None:
    synced = sync_order(services, order_id)
    if event.event_type.startswith(_PAID_EVENT) and synced.status not in SETTLED:
        raise GatewayReplyInvalid(detail="the gateway does not show the payment that it reported")
    with services.engine.connect() as conn:
        open_refunds = payments.open_refund_keys(conn, order_id)
    for refund_key in open_refunds:
        execute_refund(services, refund_key)


def save_payment_record(order_id: str) -> bool:
    """The guide's name for "make the books agree with the gateway". True when the order is paid afterwards."""
    try:
        return sync_order(get_services(), order_id).status is OrderStatus.PAID
    except ProductError as exc:
        log.warning("payment_not_recorded", order_id=order_id, error=type(exc).__name__)
        return False


def send_payment_receipt(user_email: str, order_id: str, amount: Decimal | int | float | str) -> bool:
    """Queue the receipt of a paid order (amount in rupees), and say whether there is one.

    Every payment queues its receipt by itself; this sends it once more on its way if it has not gone yet.
    The arguments must match our books: they choose nothing.
    """
    services = get_services()
    try:
        # A float is read as it prints: 499.0 is ₹499.
        paise = paise_from_rupees(str(amount))
    except NotMoney:
        return False
    with services.engine.begin() as conn:
        order = orders.find(conn, order_id)
        user = None if order is None else users.find(conn, order.user_id)
        if order is None or user is None or order.status is not OrderStatus.PAID:
            return False
        if user.email != user_email.strip().lower() or paise != order.amount_paise:
            return False
        return mails.queue_receipt(services, conn, order_id)


def report_script_failure(services: Services, user: User, order_id: str) -> None:
    """The buyer's browser could not load the gateway's checkout script. Raises an alarm, once an hour at most."""
    find_order(services, user, order_id)
    with services.engine.begin() as conn:
        hour = services.now(conn).strftime("%Y-%m-%dT%H")
        raise_alarm(
            services,
            conn,
            f"checkout:script:{hour}",
            "A browser could not load the payment script: buyers may be unable to pay.",
        )
    log.warning("checkout_script_not_loaded", order_id=order_id)
