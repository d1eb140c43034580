"""Events on their way to merchants, whichever gateway they come from. The courier sends.

What differs between the gateways (headers, signature, what counts as an answer, when to try again) is a
Sender; each gateway's webhook module has one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from simulator.gateway import Gateway
from simulator.records import Delivery, Event

REORDER_PATIENCE = timedelta(seconds=30)
DEFAULT_REDIRECT_LEAD_SECONDS = 5.0
# Events of one moment leave this far apart at most; whoever waits for webhooks waits as long.
SPREAD = timedelta(seconds=1)


class SignedHeaders(Protocol):
    """Headers for the bytes of one attempt."""

    def __call__(
        self, gateway: Gateway, delivery: Delivery, *, has_wrong_signature: bool
    ) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """One gateway's way of delivering. ``plan_next`` decides what follows an attempt that failed."""

    signed_headers: SignedHeaders
    is_accepted: Callable[[str], bool]
    plan_next: Callable[[Gateway, Delivery], None]


@dataclass(frozen=True, slots=True)
class Letter:
    """What one address gets for one event."""

    url: str
    body: str
    key: str
    version: str = ""
    secret: str = ""
    endpoint_id: str = ""


def plan(gateway: Gateway, delivery: Delivery, due_at: datetime) -> None:
    """Let a delivery wait until a moment."""
    delivery.state, delivery.due_at = "waiting", due_at
    gateway.store.save(delivery)
    gateway.agenda.add(due_at, "delivery", delivery.key)


def enqueue(gateway: Gateway, event: Event, letter: Letter, *, lag: timedelta = timedelta()) -> None:
    """Let a letter leave after ``lag``, unless a fault has other plans with it."""

    take = gateway.faults.taker(event.gateway)
    delivery = _new_delivery(gateway, event, letter)
    now, order_id = gateway.now(), event.order_id
    if take("drop_webhooks", order_id=order_id):
        delivery.state = "dropped"
        return
    if take("hold_webhooks", order_id=order_id):
        delivery.state = "held"
        return
    late = take("redirect_before_webhook", order_id=order_id)
    if late is not None:
        lead = DEFAULT_REDIRECT_LEAD_SECONDS if late.seconds is None else late.seconds
        plan(gateway, delivery, now + lag + timedelta(seconds=lead))
        return
    if not behind(gateway, letter.url) and take("reorder_webhooks", order_id=order_id):
        gateway.put_behind.add(delivery.key)
        plan(gateway, delivery, now + REORDER_PATIENCE)
        return
    plan(gateway, delivery, now + lag)


def resend(gateway: Gateway, event: Event) -> int:
    """Send an event again to every address it had, with its old body and key. Returns how many."""
    latest = {d.url: d for d in (gateway.store.deliveries[key] for key in event.delivery_ids)}
    for delivery in latest.values():
        letter = Letter(
            url=delivery.url,
            body=delivery.body,
            key=delivery.idempotency_key,
            version=delivery.version,
            secret=delivery.secret,
            endpoint_id=delivery.endpoint_id,
        )
        plan(gateway, _new_delivery(gateway, event, letter), gateway.now())
    gateway.wake_courier()
    return len(latest)


def release_held(gateway: Gateway) -> int:
    """Make every held delivery due now. Returns how many."""
    held = [d for d in gateway.store.deliveries.values() if d.state == "held"]
    for delivery in held:
        plan(gateway, delivery, gateway.now())
    gateway.wake_courier()
    return len(held)


def behind(gateway: Gateway, url: str) -> list[Delivery]:
    """Deliveries to an address that were put behind the next one."""
    waiting = [gateway.store.deliveries[key] for key in gateway.put_behind]
    return [delivery for delivery in waiting if delivery.url == url]


def _new_delivery(gateway: Gateway, event: Event, letter: Letter) -> Delivery:
    delivery = Delivery(
        delivery_id=f"dlv_{gateway.store.next_number()}_{secrets.token_hex(2)}",
        event_id=event.event_id,
        url=letter.url,
        version=letter.version,
        body=letter.body,
        idempotency_key=letter.key,
        due_at=gateway.now(),
        gateway=event.gateway,
        secret=letter.secret,
        endpoint_id=letter.endpoint_id,
    )
    event.delivery_ids.append(delivery.delivery_id)
    gateway.store.save(event)
    gateway.store.save(delivery)
    return delivery
