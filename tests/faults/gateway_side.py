"""What the simulator's two gateways do in a world: their truth, their attempts and refunds, and their webhooks.

The simulator's courier stays out of it: a schedule hands each webhook over itself, through the real route.
"""

from __future__ import annotations

import asyncio
import json
import random
from datetime import datetime
from typing import Any

from starlette.requests import Request

import web.webhooks
from simulator import payments as gateway_payments
from simulator import (
    razorpay_accounts,
    razorpay_methods,
    razorpay_payments,
    razorpay_refunds,
    razorpay_webhooks,
    webhooks,
)
from simulator import refunds as gateway_refunds
from simulator.lifecycle import process_due
from simulator.razorpay_records import RazorpayAccount, RazorpayPayment
from simulator.records import Delivery
from tests.faults.gateway_truth import Table, in_our_words
from tests.faults.narration import Steps
from tests.faults.transport import SimulatorInside, ask

_ROUTES = {"cashfree": web.webhooks.cashfree, "razorpay": web.webhooks.razorpay}


class GatewaySide:
    """The gateways of one world."""

    simulator: SimulatorInside
    steps: Steps
    moment: datetime
    acknowledged: dict[str, str]
    _loop: asyncio.AbstractEventLoop

    def truth(self) -> Table:
        """The simulator's truth table of both gateways, in our words."""
        return in_our_words(self.control("GET", "/truth"))

    def control(self, method: str, path: str, /, **fields: Any) -> Any:
        """Call the simulator's control interface. Returns its JSON, or None when it refuses."""
        answer = ask(self.simulator.app, method, f"/control{path}", {}, json.dumps(fields).encode())
        return json.loads(answer.body) if answer.status == 200 else None

    @property
    def razorpay_account(self) -> RazorpayAccount:
        """The merchant account, whose switches say what the gateway does by itself."""
        return razorpay_accounts.primary(self.simulator.gateway)

    # Attempts and refunds that are under way

    def finish_what_pends(self, dice: random.Random) -> None:
        """The gateways end every running attempt and every refund that is under way."""
        gateway = self.simulator.gateway
        for payment in [p for p in gateway.store.payments.values() if p.is_open]:
            gateway_payments.finish(gateway, payment, dice.choice(("SUCCESS", "FAILED")), at=self.moment)
            self.steps.note(f"attempt {payment.key} of {payment.order_id} ends: {payment.status}")
        for refund in [r for r in gateway.store.refunds.values() if r.status in ("PENDING", "ONHOLD")]:
            gateway_refunds.settle(gateway, refund, "SUCCESS", self.moment)
            self.steps.note(f"refund {refund.refund_id} of {refund.order_id} ends: {refund.status}")
        for attempt in [p for p in gateway.store.razorpay_payments.values() if p.status == "created"]:
            self.finish_at_razorpay(attempt, dice.choice(("SUCCESS", "FAILED")))
        for given in [r for r in gateway.store.razorpay_refunds.values() if r.status == "pending"]:
            razorpay_refunds.settle(gateway, given, "processed", self.moment)
            self.steps.note(f"refund {given.refund_id} of {given.order_id} ends: {given.status}")

    def finish_at_razorpay(self, payment: RazorpayPayment, outcome: str) -> None:
        """The bank answers about one attempt; after a failure, too, it may still say yes."""
        gateway = self.simulator.gateway
        if outcome == "SUCCESS":
            razorpay_payments.authorize(gateway, payment, at=self.moment)
        else:
            razorpay_payments.fail(gateway, payment, razorpay_methods.BANK_REFUSED, at=self.moment)
        self.steps.note(f"attempt {payment.key} of {payment.order_id} ends: {payment.status}")

    # Webhooks

    def due_deliveries(self) -> list[Delivery]:
        """Webhooks that the gateways would send now, oldest first."""
        process_due(self.simulator.gateway)
        gateway = self.simulator.gateway
        deliveries = [gateway.store.deliveries[key] for key in gateway.due_deliveries]
        return [delivery for delivery in deliveries if delivery.state == "waiting"]

    def hand_over(self, delivery: Delivery, *, is_forged: bool = False) -> int | None:
        """Send one webhook through the real route. Its status, or None when the process died over it."""
        gateway = self.simulator.gateway
        delivery.attempt += 1
        is_forged = is_forged or gateway.faults.take_for(delivery.gateway, "wrong_signature") is not None
        sender = razorpay_webhooks if delivery.gateway == "razorpay" else webhooks
        headers = sender.signed_headers(gateway, delivery, has_wrong_signature=is_forged)
        body = delivery.body.encode("utf-8", "surrogatepass")
        status: int | None = None
        try:
            status = self._post(delivery.gateway, headers, body)
        finally:
            if status == 200:
                self.acknowledged[delivery.body] = delivery.delivery_id
            self._plan_next(delivery, status)
        return status

    def _post(self, gateway: str, headers: dict[str, str], body: bytes) -> int:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": f"/webhooks/{gateway}", "headers": raw}
        return self._loop.run_until_complete(_ROUTES[gateway](Request(scope, receive))).status_code

    def _plan_next(self, delivery: Delivery, status: int | None) -> None:
        """What the simulator's courier does with the answer."""
        gateway = self.simulator.gateway
        if delivery.key in gateway.due_deliveries:
            gateway.due_deliveries.remove(delivery.key)
        if status == 200:
            delivery.state = "delivered"
        elif delivery.gateway == "razorpay":
            razorpay_webhooks.SENDER.plan_next(gateway, delivery)
        elif delivery.attempt > len(webhooks.RETRY_DELAYS):
            delivery.state = "given_up"
        else:
            webhooks.plan(gateway, delivery, self.moment + webhooks.RETRY_DELAYS[delivery.attempt - 1])

    def lose(self, delivery: Delivery) -> None:
        """The webhook is never heard of again."""
        delivery.state = "dropped"
        self.simulator.gateway.due_deliveries.remove(delivery.key)

    def lose_all(self) -> None:
        """Nothing that is on its way now arrives."""
        for delivery in self.due_deliveries():
            self.lose(delivery)
