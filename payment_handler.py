"""The use-cases of money: start a checkout, receive a webhook, sync an order, give money back.

Webhook, return page, job and the admin's button are only reasons to look: all of them call `sync_order`,
which asks the gateway with no transaction open and then writes everything in one. What a settlement
writes is in `billing/settlement.py`, how an order is opened in `billing/checkout.py`, how webhooks become
looks in `billing/inbox.py`, what is looked for without a message in `billing/reconciliation.py`.
"""

from __future__ import annotations

from decimal import Decimal

import structlog

from billing import mails
from billing.alarms import raise_alarm
from billing.checkout import (
    checkout_options,
    leave_for_gateway,
    skip_payment,
    start_checkout,
    terminate_order,
)
from billing.dead_letters import list_dead_letters, replay_dead_letter, retry_stalled_jobs
from billing.gateway_choice import usable_gateways
from billing.history import (
    OrderLine,
    PaymentLine,
    current_checkout,
    find_order,
    last_failure,
    list_orders,
    list_plans,
    telling_attempt,
)
from billing.inbox import find_event, process_event, receive_webhook, replay_event
from billing.quarantine import release_order
from billing.reconciliation import (
    Reconciliation,
    SweepResult,
    reconcile,
    reconcile_last_days,
    sweep,
)
from billing.recovery import recover_order
from billing.refunds import execute_refund, request_refund
from billing.settlement import sync_order
from billing.upi import UpiCode, make_upi_code, offers_upi_code
from billing.verification import confirm_return, receive_callback, verify_again, was_answered
from database import orders, users
from domain.accounts import User
from domain.errors import ProductError
from domain.money import NotMoney, paise_from_rupees
from domain.orders import OrderStatus
from wiring import Services, get_services

__all__ = [
    "OrderLine",
    "PaymentLine",
    "Reconciliation",
    "SweepResult",
    "UpiCode",
    "checkout_options",
    "confirm_return",
    "current_checkout",
    "execute_refund",
    "find_event",
    "find_order",
    "last_failure",
    "leave_for_gateway",
    "list_dead_letters",
    "list_orders",
    "list_plans",
    "make_upi_code",
    "offers_upi_code",
    "process_event",
    "receive_callback",
    "receive_webhook",
    "reconcile",
    "reconcile_last_days",
    "recover_order",
    "release_order",
    "replay_dead_letter",
    "replay_event",
    "report_script_failure",
    "request_refund",
    "retry_stalled_jobs",
    "save_payment_record",
    "send_payment_receipt",
    "skip_payment",
    "start_checkout",
    "sweep",
    "sync_order",
    "telling_attempt",
    "terminate_order",
    "usable_gateways",
    "verify_again",
    "was_answered",
]

log = structlog.get_logger()


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
