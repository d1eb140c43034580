"""A gateway in memory whose messages are signed and read as Cashfree's are, and what such a message looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.gateway import WebhookEvent
from gateways.cashfree_webhooks import read_webhook, sign
from tests.fakes import FakeGateway

SECRET = "cfsk_ma_test_faults"
OLD_SECRET = "cfsk_ma_test_before_the_rotation"
STAMP = "1773124200000"

Headers = list[tuple[bytes, bytes]]


class SignedGateway(FakeGateway):
    """Answers from memory, and believes nobody without its signature."""

    def __init__(self, now: Callable[[], datetime], secrets: tuple[str, ...] = (SECRET, OLD_SECRET)) -> None:
        super().__init__(now)
        self.secrets = secrets

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        return read_webhook(headers, body, self.secrets)


def message(order_id: str, event_type: str = "PAYMENT_SUCCESS_WEBHOOK", **more: Any) -> bytes:
    """The body of an event about an order; `more` makes it another event of the same type."""
    document = {"data": {"order": {"order_id": order_id}, **more}, "type": event_type}
    return json.dumps(document, separators=(",", ":")).encode()


def signed(body: bytes, *, stamp: str = STAMP, secret: str = SECRET, **more: str) -> Headers:
    """The headers under which the gateway sends a body."""
    named = {
        "x-webhook-timestamp": stamp,
        "x-webhook-signature": sign(stamp, body, secret),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return [(name.encode(), value.encode()) for name, value in named.items()]
