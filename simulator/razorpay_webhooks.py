"""From a Razorpay event to signed requests: who is told, when, and how long it is tried.

A delivery carries no time stamp and no attempt number: every attempt has the same bytes and headers.
Follows the gateway's webhook pages and deliveries measured in its test mode.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from simulator.deliveries import Letter, Sender, enqueue, plan
from simulator.gateway import Gateway
from simulator.razorpay_ids import new_id
from simulator.records import Delivery, Endpoint, Event

EVENTS = (
    "payment.authorized",
    "payment.captured",
    "payment.failed",
    "order.paid",
    "refund.created",
    "refund.processed",
    "refund.failed",
    "refund.speed_changed",
)
# Measured: seconds between an attempt and the next one. With the first they are sixteen within a day.
RETRY_GAPS = (5.8, 13, 20, 43, 82, 162, 324, 643, 1283, 2563, 5127, 10241, 20481, 40964)
FIRST_GAP_OF_PAYMENTS, FIRST_GAP_OF_OTHERS = 0.23, 7.0
QUICKLY_RETRIED = frozenset({"payment.authorized", "payment.captured", "order.paid"})
# An event is tried for so long; the webhook that never took it is then switched off.
PATIENCE = timedelta(hours=24)
# What one payment tells leaves in this order, a little apart.
LAGS = {
    "payment.captured": timedelta(seconds=0.15),
    "order.paid": timedelta(seconds=0.4),
    "refund.speed_changed": timedelta(seconds=0.15),
    "refund.processed": timedelta(seconds=0.3),
    "refund.failed": timedelta(seconds=0.3),
}


def emit(
    gateway: Gateway,
    event_type: str,
    entities: Mapping[str, dict[str, Any]],
    *,
    key_id: str,
    order_id: str | None,
    at: datetime,
) -> Event:
    """Store an event and one delivery per webhook that wants it; ``entities`` are shown as they are now."""
    event = Event(
        event_id=new_id(), event_type=event_type, order_id=order_id, created_at=at, gateway="razorpay"
    )
    gateway.store.save(event)

    def strike(name: str) -> bool:
        return gateway.faults.take_for("razorpay", name, order_id=order_id) is not None

    body = {
        "entity": "event",
        "account_id": gateway.store.razorpay_accounts[key_id].account_id,
        "event": event_type,
        "contains": list(entities),
        "payload": {name: {"entity": entity} for name, entity in entities.items()},
        "created_at": int(at.timestamp()),
    }
    if strike("extra_fields"):
        body = {"of_tomorrow": {"unit": "paise"}, **body, "revision": 7}
    if strike("reordered_keys"):
        body = _reordered(body)
    written = json.dumps(body, separators=(",", ":"), ensure_ascii=not strike("utf8_bodies"))
    copies = 2 if strike("duplicate_webhooks") else 1
    for endpoint in _listeners(gateway, key_id, event_type):
        for _ in range(copies):
            _send(gateway, event, endpoint, written)
    gateway.wake_courier()
    return event


def emit_raw(gateway: Gateway, body: str, *, key_id: str, order_id: str | None) -> Event:
    """Send a body as it is, rightly signed, to every webhook of an account."""
    event = Event(
        event_id=new_id(),
        event_type="raw",
        order_id=order_id,
        created_at=gateway.now(),
        gateway="razorpay",
    )
    gateway.store.save(event)
    for endpoint in _listeners(gateway, key_id, None):
        _send(gateway, event, endpoint, body)
    gateway.wake_courier()
    return event


def signed_headers(gateway: Gateway, delivery: Delivery, *, has_wrong_signature: bool) -> dict[str, str]:
    """Headers of every attempt; the secret is the one the webhook had when the event happened."""
    secret = f"not-{delivery.secret}" if has_wrong_signature else delivery.secret
    return {
        "content-type": "application/json",
        "user-agent": "Razorpay-Webhook/v1",
        "accept-encoding": "gzip",
        "x-razorpay-signature": signature(secret, delivery.body.encode("utf-8", "surrogatepass")),
        "x-razorpay-event-id": delivery.idempotency_key,
        "request-id": delivery.idempotency_key,
    }


def signature(secret: str, body: bytes) -> str:
    """hex(HMAC-SHA256(the webhook's secret, raw body))."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def give_up(gateway: Gateway, delivery: Delivery) -> None:
    """A day has passed in vain: switch the webhook off. Nothing reaches it until a person switches it on."""
    delivery.state = "given_up"
    gateway.store.save(delivery)
    endpoint = gateway.store.endpoints.get(delivery.endpoint_id)
    if endpoint is None:
        return
    endpoint.is_active = False
    gateway.store.save(endpoint)
    for other in gateway.store.deliveries.values():
        if other.endpoint_id == endpoint.endpoint_id and other.state in ("waiting", "exhausted"):
            other.state = "given_up"
            gateway.store.save(other)


def _listeners(gateway: Gateway, key_id: str, event_type: str | None) -> list[Endpoint]:
    return [
        endpoint
        for endpoint in gateway.store.endpoints.values()
        if endpoint.gateway == "razorpay"
        and endpoint.key_id == key_id
        and endpoint.is_active
        # An event that no list can name yet goes to everybody.
        and (not endpoint.events or event_type in endpoint.events or event_type not in EVENTS)
    ]


def _send(gateway: Gateway, event: Event, endpoint: Endpoint, body: str) -> None:
    letter = Letter(
        url=endpoint.url,
        body=body,
        key=event.event_id,
        secret=endpoint.secret,
        endpoint_id=endpoint.endpoint_id,
    )
    enqueue(gateway, event, letter, lag=LAGS.get(event.event_type, timedelta()))


def _reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reordered(value[key]) for key in sorted(value, reverse=True)}
    return [_reordered(item) for item in value] if isinstance(value, list) else value


def _plan_next(gateway: Gateway, delivery: Delivery) -> None:
    event = gateway.store.events[delivery.event_id]
    endpoint = gateway.store.endpoints.get(delivery.endpoint_id)
    if endpoint is not None and not endpoint.is_active:
        delivery.state = "given_up"
        return
    is_quick = event.event_type in QUICKLY_RETRIED
    gaps = [FIRST_GAP_OF_PAYMENTS if is_quick else FIRST_GAP_OF_OTHERS, *RETRY_GAPS]
    if delivery.attempt <= len(gaps):
        # From the planned moment, not from now: one long jump of the clock runs all retries.
        plan(gateway, delivery, delivery.due_at + timedelta(seconds=gaps[delivery.attempt - 1]))
        return
    delivery.state, delivery.due_at = "exhausted", event.created_at + PATIENCE
    gateway.store.save(delivery)
    gateway.agenda.add(delivery.due_at, "razorpay_delivery", delivery.key)


SENDER = Sender(
    signed_headers,
    is_accepted=lambda answer: answer.startswith("2") and answer.isdigit(),
    plan_next=_plan_next,
)
