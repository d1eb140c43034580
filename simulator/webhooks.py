"""From a Cashfree event to signed requests: who is told, in which version, when. The courier sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from simulator.deliveries import Letter, Sender, enqueue, plan
from simulator.event_bodies import envelope
from simulator.gateway import Gateway
from simulator.records import Delivery, Event, Order
from simulator.wire import to_json

# After attempt 1, 2 and 3; then the event is given up, as with the gateway's default policy.
RETRY_DELAYS = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

Content = Callable[[str], dict[str, Any]]


def is_acceptable_address(url: str) -> bool:
    """True for https anywhere and http on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and parts.hostname in LOCAL_HOSTS


def emit(gateway: Gateway, event_type: str, content: Content, *, order: Order | None, at: datetime) -> Event:
    """Store an event and one delivery per address: registered endpoints and the order's notify_url.

    ``content`` builds the event's data for a webhook version.
    """
    event = Event(
        event_id=f"evt_{gateway.store.next_number()}",
        event_type=event_type,
        order_id=None if order is None else order.order_id,
        created_at=at,
    )
    gateway.store.save(event)
    copies = 2 if gateway.faults.take("duplicate_webhooks", order_id=event.order_id) else 1
    for url, version in _addresses(gateway, order):
        body = to_json(envelope(event_type, content(version), at)).decode()
        key = base64.b64encode(hashlib.sha256(f"{event.event_id} {url}".encode()).digest()).decode()
        for _ in range(copies):
            enqueue(gateway, event, Letter(url=url, version=version, body=body, key=key))
    gateway.wake_courier()
    return event


def emit_raw(gateway: Gateway, body: str, *, order: Order | None) -> Event:
    """Send a body as it is, rightly signed: hostile content that is genuine."""
    event = Event(
        event_id=f"evt_{gateway.store.next_number()}",
        event_type="raw",
        order_id=None if order is None else order.order_id,
        created_at=gateway.now(),
    )
    gateway.store.save(event)
    for url, version in _addresses(gateway, order):
        enqueue(gateway, event, Letter(url=url, version=version, body=body, key=event.event_id))
    gateway.wake_courier()
    return event


def signed_headers(gateway: Gateway, delivery: Delivery, *, has_wrong_signature: bool) -> dict[str, str]:
    """Headers for the bytes of one attempt; the timestamp (milliseconds) is renewed each time."""
    event = gateway.store.events.get(delivery.event_id)
    is_older = gateway.faults.take("older_secret", order_id=None if event is None else event.order_id)
    secret = gateway.account.older_secret if is_older else gateway.account.client_secret
    timestamp = str(int(gateway.now().timestamp() * 1000))
    key = f"not-{secret}" if has_wrong_signature else secret
    headers = {
        "content-type": "application/json",
        "user-agent": "cashfree-simulator",
        "x-webhook-signature": signature(key, timestamp, delivery.body.encode("utf-8", "surrogatepass")),
        "x-webhook-timestamp": timestamp,
        "x-webhook-version": delivery.version,
        "x-webhook-attempt": str(delivery.attempt),
    }
    if delivery.version >= "2025-01-01":
        headers["x-idempotency-key"] = delivery.idempotency_key
    return headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """base64(HMAC-SHA256(secret, timestamp + raw body))."""
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _addresses(gateway: Gateway, order: Order | None) -> list[tuple[str, str]]:
    known = gateway.store.endpoints.values()
    addresses = [(e.url, e.version) for e in known if e.gateway == "cashfree"]
    if order is not None and order.meta.get("notify_url"):
        # Which version notify_url gets is not documented; the order's own version is the likeliest.
        addresses.append((order.meta["notify_url"], order.api_version))
    return addresses


def _plan_next(gateway: Gateway, delivery: Delivery) -> None:
    if delivery.attempt > len(RETRY_DELAYS):
        delivery.state = "given_up"
        return
    # From the planned moment, not from now: one long jump of the clock runs all retries.
    plan(gateway, delivery, delivery.due_at + RETRY_DELAYS[delivery.attempt - 1])


SENDER = Sender(signed_headers, is_accepted=lambda answer: answer == "200", plan_next=_plan_next)
