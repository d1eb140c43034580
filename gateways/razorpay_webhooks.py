"""Razorpay's webhooks: who sent it, and which order it hints at.

https://razorpay.com/docs/webhooks/validate-test: X-Razorpay-Signature = hex(HMAC-SHA256(webhook secret, raw body)).
The secret is the webhook's own. After it was changed, repetitions of old events keep the old signature, so several
secrets count. The event's id stands only in a header that nothing signs: a message is known by its bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import WebhookRefused, WebhookUnreadable
from domain.gateway import WebhookEvent
from domain.identifiers import ORDER_ID_PATTERN
from gateways.json_codec import UnreadableJson, read_json
from gateways.razorpay_mapping import ORDER_NOTE, is_id
from gateways.razorpay_signatures import is_signed

SIGNATURE_HEADER = "x-razorpay-signature"
UNKNOWN_TYPE = "UNKNOWN"
MAX_BODY_BYTES = 1024 * 1024
# Events about an order of ours. All others (subscription.*, payment_link.*, settlement.* and what is new) are
# kept and shown, and lead to no look: they carry payments that this shop did not ask for.
ABOUT_ORDERS = ("payment.", "order.", "refund.")
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def read_webhook(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> WebhookEvent:
    """Verify with any of the secrets and read. Raises WebhookRefused (401) or WebhookUnreadable (400)."""
    if not is_signed(body, _only_header(headers, SIGNATURE_HEADER), secrets):
        raise WebhookRefused(detail="signature not valid")
    document = _read_object(body)
    event_type = _event_type(document.get("event"))
    payload = document.get("payload") if event_type.startswith(ABOUT_ORDERS) else None
    return WebhookEvent(
        gateway="razorpay",
        dedupe_key=hashlib.sha256(body).hexdigest(),
        event_type=event_type,
        order_id=_our_id(payload),
        body=body,
        gateway_order_id=_gateway_order_id(payload),
    )


def _only_header(headers: Mapping[str, str], name: str) -> str:
    """The header's value; empty if it is absent or given twice, which no signature matches."""
    values = [value for key, value in headers.items() if key.lower() == name]
    return values[0] if len(values) == 1 else ""


def _read_object(body: bytes) -> Mapping[str, Any]:
    if not body.startswith(b"{") or len(body) > MAX_BODY_BYTES:
        raise WebhookUnreadable(detail="not a JSON object, or longer than 1 MiB")
    try:
        document = read_json(body)
    except UnreadableJson as exc:
        raise WebhookUnreadable(detail=str(exc)) from exc
    if not isinstance(document, dict):
        raise WebhookUnreadable(detail="not a JSON object")
    return document


def _event_type(value: Any) -> str:
    return value if isinstance(value, str) and _EVENT_TYPE.fullmatch(value) else UNKNOWN_TYPE


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
