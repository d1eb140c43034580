"""Which faults a schedule arms, and which row of the fault catalogue each thing that happened exercises."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from domain.accounts import User
from domain.orders import Order, OrderStatus
from simulator.razorpay_records import RazorpayPayment
from simulator.records import Delivery, Payment

if TYPE_CHECKING:
    from tests.faults.world import World

# Names of the simulator's faults, with how often one is chosen. A huge body costs the test real time.
FAULTS_OF_REST = (
    ("http_500", 2),
    ("http_502", 2),
    ("http_503", 2),
    ("http_429", 2),
    ("slow", 1),
    ("timeout_after_effect", 6),
    ("drop_connection", 3),
    ("drop_connection_after_effect", 4),
    ("html_error_page", 2),
    ("truncated_json", 3),
    ("empty_body", 2),
    ("slow_drip", 2),
    ("redirect_302", 1),
    ("huge_body", 1),
    ("outage", 3),
    ("wrong_amount", 4),
    ("wrong_order_id", 2),
)
# Razorpay names an order by its number and nothing else: who lies about a number that we do not know yet is believed.
FAULTS_OF_RAZORPAY = (*FAULTS_OF_REST, ("list_lag", 2))
_COMMON = ("any", "any", "create_order", "get_order", "get_payments", "refund", "get_refund")
# On which calls a fault may be armed, by gateway, for one fault or for all others.
OPERATIONS = {
    ("cashfree", "*"): (*_COMMON, "terminate_order"),
    ("any", "*"): (*_COMMON, "terminate_order"),
    ("razorpay", "*"): (*_COMMON, "find_orders", "get_payment", "capture"),
    ("razorpay", "list_lag"): ("find_orders",),
    ("razorpay", "wrong_amount"): ("create_order", "get_order", "get_payments", "find_orders", "capture"),
    ("razorpay", "wrong_order_id"): ("get_order",),
}
FAULTS_OF_WEBHOOKS = (
    "hold_webhooks",
    "drop_webhooks",
    "duplicate_webhooks",
    "reorder_webhooks",
    "wrong_signature",
    "redirect_before_webhook",
    "late_success",
    "surcharge",
    "double_success",
    "double_success",
)
LIES = frozenset({"wrong_amount", "wrong_order_id"})
_LOST_AFTER_EFFECT = frozenset({"timeout_after_effect", "drop_connection_after_effect"})
_LATE_WEBHOOK = timedelta(minutes=2)


class Coverage:
    """Counts, for one schedule, how often each row was exercised."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rows: Counter[str] = Counter()
        # Then a search by receipt may have missed an order.
        self.lists_lagged = False
        self._plans: dict[Any, str] = {}
        self._failed: set[str] = set()
        self._told: set[str] = set()
        self._last_event: dict[str, int] = {}

    def begin(self) -> None:
        self.world.on_stroke = self._stroke
        self.world.on_crash = self._crashed

    def count(self, row: str) -> None:
        self.rows[row] += 1

    def _stroke(self, name: str, operation: str) -> None:
        """The simulator's fault struck a call or a webhook."""
        if operation == "create_order" and name in _LOST_AFTER_EFFECT:
            self.count("F11")
        if name in LIES:
            self.count("F17" if operation in ("create_order", "any") else "F28")
        elif name == "double_success":
            self.count("F27")
        elif name == "wrong_signature":
            self.count("F34")
        elif name in ("duplicate_webhooks",):
            self.count("F31")
        elif name == "reorder_webhooks":
            self.count("F32")
        elif name == "drop_webhooks":
            self.count("F39")
        elif name == "late_success":
            self.count("F24")
        elif name == "list_lag":
            self.lists_lagged = True
        elif name not in FAULTS_OF_WEBHOOKS:
            self.count("F12")

    def _crashed(self, words: str, label: str) -> None:
        what = words.split()[0]
        self.count({"checkout": "F10", "webhook": "F30", "job": "F30"}.get(what, "F40"))

    def checked_out(self, user: User, plan: str, order: object, *, again: bool) -> None:
        if again:
            self.count("F14")
        if self._plans.get(user.id, plan) != plan:
            self.count("F13")
        self._plans[user.id] = plan
        if order is None and self.world.steps.lines[-1].find("CircuitOpen") > 0:
            self.count("F19")

    def paid(self, order_id: str, outcome: str) -> None:
        if outcome == "SUCCESS" and order_id in self._failed:
            self.count("F25")
        if outcome == "FAILED":
            self._failed.add(order_id)

    def attempt_ended(self, payment: Payment | RazorpayPayment, order_status: str) -> None:
        if payment.status in ("SUCCESS", "authorized", "captured"):
            row = {"PAID": "F27", "paid": "F27", "ACTIVE": "F24", "attempted": "F24"}
            self.count(row.get(order_status, "F26"))

    def came_back(self, order: object) -> None:
        if isinstance(order, Order):
            is_told = order.id in self._told
            if order.status is OrderStatus.PAID:
                self.count("F21" if is_told else "F20")

    def price_changed(self) -> None:
        self.count("F16")

    def webhook(self, delivery: Delivery, fate: str) -> None:
        self.count({"twice": "F31", "lose": "F22", "forge": "F34"}.get(fate, "F30"))
        event = self.world.simulator.gateway.store.events[delivery.event_id]
        # Events are remembered in the sequence in which they happened.
        number = list(self.world.simulator.gateway.store.events).index(delivery.event_id)
        if event.order_id is not None and fate in ("deliver", "twice"):
            self._told.add(event.order_id)
            if number < self._last_event.get(event.order_id, 0):
                self.count("F32")
            self._last_event[event.order_id] = number
        if self.world.moment - event.created_at > _LATE_WEBHOOK:
            self.count("F33")
