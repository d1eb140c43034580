"""Faults by name, taken one at a time. Decided here: whether a fault strikes, not what it does."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

# name -> what happens; README.md repeats this list and a test keeps the two equal.
FAULTS = {
    "http_500": "answer 500 (internal_error, SERVER_ERROR), nothing done",
    "http_502": "answer 502 (bank_processing_failure; Razorpay an HTML page), nothing done",
    "http_503": "answer 503, nothing done",
    "http_429": "answer 429 (Cashfree with x-ratelimit-retry), nothing done",
    "slow": "wait `seconds` (5), then work as usual",
    "timeout_after_effect": "do the work, then wait `seconds` (30) before replying",
    "drop_connection": "close the connection without reply, nothing done",
    "drop_connection_after_effect": "do the work, then close the connection without reply",
    "html_error_page": "answer 200 with an HTML page, nothing done",
    "truncated_json": "do the work, answer 200 with half of the JSON",
    "empty_body": "do the work, answer 200 with nothing",
    "slow_drip": "do the work, send the reply one byte every `seconds` (1)",
    "redirect_302": "answer 302 to another host, nothing done",
    "huge_body": "answer 200 with 50 MB, nothing done",
    "outage": "every REST call answers 503",
    "wrong_amount": "do the work, reply with another amount",
    "wrong_order_id": "do the work, reply with another order id",
    "hold_webhooks": "keep webhooks until POST /control/webhooks/release",
    "drop_webhooks": "lose webhooks",
    "duplicate_webhooks": "send each webhook twice",
    "reorder_webhooks": "send a webhook after the one that follows it (or after 30 s)",
    "wrong_signature": "sign a webhook with another secret",
    "older_secret": "sign a Cashfree webhook with the older of the account's two secrets",
    "webhook_before_redirect": "the browser returns only after the webhook was answered",
    "redirect_before_webhook": "the webhook leaves `seconds` (5) after the browser",
    "late_success": "a success comes `seconds` (900) later: PENDING until then, with Razorpay failed",
    "surcharge": "the payer is charged 2 % on top: it pays another amount than the order's",
    "offer": "Cashfree's payer is charged 10 % less than the order's amount, and the webhook names the offer",
    "double_success": "a success is followed by a second one on the same order",
    "sdk_unavailable": "the scripts cashfree.js and checkout.js answer 503",
    "list_lag": "Razorpay's lists leave out what is younger than `seconds` (120)",
    "reordered_keys": "a Razorpay webhook's JSON has its keys in another order",
    "extra_fields": "a Razorpay webhook has members that nobody knows",
    "utf8_bodies": "a Razorpay webhook writes letters beyond ASCII as they are, not escaped",
}


@dataclass(slots=True)
class Fault:
    """One armed fault; ``count`` None means until removed."""

    name: str
    fault_id: str
    count: int | None = None
    operation: str = "any"
    order_id: str | None = None
    gateway: str = "any"
    seconds: float | None = None
    probability: float = 1.0
    seed: int = 0
    taken: int = 0
    dice: random.Random = field(default_factory=random.Random, repr=False)

    def shown(self) -> dict[str, Any]:
        """The fault as the control interface shows it."""
        return {
            "id": self.fault_id,
            "name": self.name,
            "count": self.count,
            "taken": self.taken,
            "operation": self.operation,
            "order_id": self.order_id,
            "gateway": self.gateway,
            "seconds": self.seconds,
            "probability": self.probability,
            "seed": self.seed,
        }


class Faults:
    """The armed faults, in the order in which they were armed."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []
        self._last_id = 0

    def arm(self, **settings: Any) -> Fault:
        """Arm a fault whose settings were checked by the caller."""
        self._last_id += 1
        fault = Fault(fault_id=str(self._last_id), **settings)
        fault.dice.seed(fault.seed)
        self.armed.append(fault)
        return fault

    def disarm(self, name: str | None = None) -> int:
        """Remove the faults of one name, or all. Returns how many."""
        before = len(self.armed)
        self.armed = [f for f in self.armed if name is not None and name not in (f.name, f.fault_id)]
        return before - len(self.armed)

    def take(self, *names: str, operation: str = "any", order_id: str | None = None) -> Fault | None:
        """Return the first armed fault that strikes Cashfree here, using up one of its count."""
        return self.take_for("cashfree", *names, operation=operation, order_id=order_id)

    def take_for(
        self, gateway: str, *names: str, operation: str = "any", order_id: str | None = None
    ) -> Fault | None:
        """The same for either gateway."""
        for fault in self.armed:
            is_of_gateway = fault.gateway in ("any", gateway)
            if is_of_gateway and fault.name in names and _fits(fault, operation, order_id):
                return self._use(fault)
        return None

    def taker(self, gateway: str) -> Callable[..., Fault | None]:
        """Return the way of taking one gateway's faults, for code that serves both."""
        return self.take if gateway == "cashfree" else partial(self.take_for, gateway)

    def _use(self, fault: Fault) -> Fault | None:
        if fault.dice.random() >= fault.probability:
            return None
        fault.taken += 1
        if fault.count is not None:
            fault.count -= 1
            if fault.count <= 0:
                self.armed.remove(fault)
        return fault


def _fits(fault: Fault, operation: str, order_id: str | None) -> bool:
    if fault.operation not in ("any", operation):
        return False
    return fault.order_id is None or fault.order_id == order_id
