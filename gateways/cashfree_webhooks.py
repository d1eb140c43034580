"""Cashfree's webhooks: who sent it, and which order it hints at.

Webhook version 2025-01-01, https://www.cashfree.com/docs/payments/online/webhooks/signature-verification:
x-webhook-signature = base64(HMAC-SHA256(client secret, x-webhook-timestamp + raw body)), no separator.
There is no check of age: retries may keep their timestamp for 42 minutes, and replays change nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import WebhookRefused
from domain.gateway import WebhookEvent
from gateways.cashfree_mapping import ORDER_ID
from gateways.webhook_bodies import event_type, only_header, read_object

SIGNATURE_HEADER = "x-webhook-signature"
TIMESTAMP_HEADER = "x-webhook-timestamp"
# Where the order id stands, by kind of event: payment, refund, automatic refund, dispute, payment link.
ORDER_ID_PATHS = (
    ("order", "order_id"),
    ("refund", "order_id"),
    ("auto_refund", "order_id"),
    ("order_details", "order_id"),
)
# How the messages that money has come begin, in each version.
PAID_EVENT = "PAYMENT_SUCCESS"
# ASCII digits only: `\d` would admit other scripts, and no sign or space may stand before them.
_TIMESTAMP = re.compile(r"[0-9]{10,13}")


def read_webhook(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> WebhookEvent:
    """Verify with any of the secrets and read. Raises WebhookRefused (401) or WebhookUnreadable (400)."""
    stamp = only_header(headers, TIMESTAMP_HEADER)
    signature = only_header(headers, SIGNATURE_HEADER)
    is_genuine = _is_signed(stamp, body, signature, secrets)
    # Nothing separates timestamp and body: digits moved from one to the other keep the signature valid.
    is_shifted = not _TIMESTAMP.fullmatch(stamp) or body[:1].isdigit()
    if not is_genuine or is_shifted:
        raise WebhookRefused(detail="signature or timestamp not valid")
    document = read_object(body)
    return WebhookEvent(
        gateway="cashfree",
        dedupe_key=hashlib.sha256(body).hexdigest(),
        event_type=event_type(document.get("type")),
        order_id=_order_id(document.get("data")),
        body=body,
    )


def sign(stamp: str, body: bytes, secret: str) -> str:
    """The signature Cashfree would send."""
    digest = hmac.new(secret.encode(), stamp.encode("utf-8", "backslashreplace") + body, hashlib.sha256)
    return base64.b64encode(digest.digest()).decode("ascii")


def _is_signed(stamp: str, body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    # Bytes: compare_digest raises TypeError for str outside ASCII. All secrets are tried, none short-cuts.
    given = signature.encode("utf-8", "backslashreplace")
    matches = [
        hmac.compare_digest(sign(stamp, body, secret).encode("ascii"), given) for secret in secrets if secret
    ]
    return any(matches)


def _order_id(contents: Any) -> str | None:
    """The order the event is about, if it names one in a form that Cashfree allows."""
    for outer, inner in ORDER_ID_PATHS:
        holder = contents.get(outer) if isinstance(contents, dict) else None
        value = holder.get(inner) if isinstance(holder, dict) else None
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if ORDER_ID.fullmatch(text):
            return text
    return None
