"""What every route of both gateways works on: accounts, memory, time, faults and agenda."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator.clock import Clock
from simulator.faults import Faults
from simulator.limits import Limits
from simulator.records import Order, Payment, Refund
from simulator.settings import Account, RazorpayKeys
from simulator.store import Store

ANSWER_SECONDS = 5.0


class Agenda:
    """What time will bring: (when, kind, key), soonest first. Stale entries stay; readers check."""

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, str, str]] = []

    def add(self, when: datetime, kind: str, key: str) -> None:
        """Note that something becomes due."""
        heapq.heappush(self._entries, (when, kind, key))

    def pop_due(self, now: datetime) -> tuple[datetime, str, str] | None:
        """Take the next entry that is due, if any."""
        if self._entries and self._entries[0][0] <= now:
            return heapq.heappop(self._entries)
        return None

    def next_at(self) -> datetime | None:
        """When the next entry becomes due."""
        return self._entries[0][0] if self._entries else None

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


def _nothing_to_wake() -> None:
    """Stand-in until a courier is running."""


@dataclass(slots=True)
class Gateway:
    """State and rules' surroundings; the rules live in orders, payments, refunds and webhooks."""

    account: Account
    store: Store
    clock: Clock
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    agenda: Agenda = field(default_factory=Agenda)
    due_deliveries: list[str] = field(default_factory=list)
    put_behind: set[str] = field(default_factory=set)
    wake_courier: Callable[[], None] = _nothing_to_wake
    razorpay: RazorpayKeys = field(default_factory=RazorpayKeys)
    # Refunds under way, by idempotency key: a second one under the same key is turned away.
    running_refunds: set[str] = field(default_factory=set)
    # Real seconds a merchant's server may take for a webhook.
    answer_seconds: float = ANSWER_SECONDS

    def now(self) -> datetime:
        """Return simulator time."""
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        """Move simulator time and remember it across restarts."""
        self.clock.offset += timedelta(seconds=seconds)
        self.store.set_text("clock_offset_seconds", str(self.clock.offset.total_seconds()))

    def payments_of(self, order: Order) -> list[Payment]:
        """Return an order's attempts, oldest first."""
        return [self.store.payments[key] for key in order.payment_ids]

    def refunds_of(self, order: Order) -> list[Refund]:
        """Return an order's refunds, oldest first."""
        return [self.store.refunds[key] for key in order.refund_ids]

    def restore(self) -> None:
        """Take up the clock and the agenda where an earlier process left them."""
        self.clock.offset = timedelta(seconds=float(self.store.text("clock_offset_seconds", "0")))
        for order in self.store.orders.values():
            if order.status == "ACTIVE":
                self.agenda.add(order.expires_at, "order", order.key)
        for payment in self.store.payments.values():
            if payment.settles_at is not None:
                self.agenda.add(payment.settles_at, "payment", payment.key)
        for refund in self.store.refunds.values():
            if refund.settles_at is not None:
                self.agenda.add(refund.settles_at, "refund", refund.key)
        for delivery in self.store.deliveries.values():
            if delivery.state == "sending":
                delivery.state = "waiting"
            if delivery.state == "waiting":
                self.agenda.add(delivery.due_at, "delivery", delivery.key)
            if delivery.state == "exhausted":
                self.agenda.add(delivery.due_at, "razorpay_delivery", delivery.key)
        for attempt in self.store.razorpay_payments.values():
            if attempt.settles_at is not None:
                self.agenda.add(attempt.settles_at, "razorpay_payment", attempt.key)
        for given_back in self.store.razorpay_refunds.values():
            if given_back.settles_at is not None:
                self.agenda.add(given_back.settles_at, "razorpay_refund", given_back.key)
