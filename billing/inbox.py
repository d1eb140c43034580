"""The inbox of verified webhooks: each is kept once, to the byte, and asks for a look at its order.

Nothing in a webhook is believed: what is true is asked of the gateway by `sync_order`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog

from billing.alarms import raise_alarm
from billing.refunds import execute_refund
from billing.settlement import sync_order
from database import events, orders, payments
from database.queue import Job
from domain.errors import GatewayReplyInvalid
from domain.orders import SETTLED
from wiring import Services

log = structlog.get_logger()

_PAID_EVENT = "PAYMENT_SUCCESS"


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
