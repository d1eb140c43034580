"""Razorpay's webhooks: who sent it, and which order it hints at.

https://razorpay.com/docs/webhooks/validate-test: X-Razorpay-Signature = hex(HMAC-SHA256(webhook secret, raw body)).
The secret is the webhook's own. After it was changed, repetitions of old events keep the old signature, so several
secrets count. The event's id stands only in a header that nothing signs: a message is known by its bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import WebhookRefused
from domain.gateway import WebhookEvent
from domain.identifiers import ORDER_ID_PATTERN
from gateways.razorpay_mapping import ORDER_NOTE, is_id
from gateways.razorpay_signatures import is_signed
from gateways.webhook_bodies import event_type, only_header, read_object

SIGNATURE_HEADER = "x-razorpay-signature"
# Events about an order of ours. All others (subscription.*, payment_link.*, settlement.* and what is new) are
# kept and shown, and lead to no look: they carry payments that this shop did not ask for.
ABOUT_ORDERS = ("payment.", "order.", "refund.")
# Those that say that money is ours.
PAID_EVENTS = frozenset({"payment.captured", "order.paid"})


def read_webhook(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> WebhookEvent:
    """Verify with any of the secrets and read. Raises WebhookRefused (401) or WebhookUnreadable (400)."""
    if not is_signed(body, only_header(headers, SIGNATURE_HEADER), secrets):
        raise WebhookRefused(detail="signature not valid")
    document = read_object(body)
    kind = event_type(document.get("event"))
    payload = document.get("payload") if kind.startswith(ABOUT_ORDERS) else None
    return WebhookEvent(
        gateway="razorpay",
        dedupe_key=hashlib.sha256(body).hexdigest(),
        event_type=kind,
        order_id=_our_id(payload),
        body=body,
        gateway_order_id=_gateway_order_id(payload),
    )


def _gateway_order_id(payload: Any) -> str | None:
    for value in (_entity(payload, "payment").get("order_id"), _entity(payload, "order").get("id")):
        if isinstance(value, str) and is_id("order", value):
            return value
    return None


def _our_id(payload: Any) -> str | None:
    """Our id by the order's receipt, else by the notes that the buyer's browser gave the payment: a hint."""
    notes = _entity(payload, "payment").get("notes")
    noted = notes.get(ORDER_NOTE) if isinstance(notes, dict) else None
    for value in (_entity(payload, "order").get("receipt"), noted):
        if isinstance(value, str) and ORDER_ID_PATTERN.fullmatch(value):
            return value
    return None


def _entity(payload: Any, name: str) -> Mapping[str, Any]:
    holder = payload.get(name) if isinstance(payload, dict) else None
    entity = holder.get("entity") if isinstance(holder, dict) else None
    return entity if isinstance(entity, dict) else {}
