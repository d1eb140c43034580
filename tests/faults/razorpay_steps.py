"""What can happen at Razorpay only: authorisation without capture, late answers of banks, signed returns, switches."""

from __future__ import annotations

from datetime import timedelta

import payment_handler
from simulator import razorpay_payments, razorpay_refunds
from simulator.razorpay_accounts import checkout_signature
from simulator.razorpay_records import RazorpayOrder, RazorpayPayment, RazorpayRefund
from tests.faults.stage import NotPossible, Stage
from tests.faults.world import Violation

_OUTCOMES = (
    ("SUCCESS", 10),
    ("AUTHORIZED", 5),
    ("FAILED", 3),
    ("PENDING", 4),
    ("LATE", 3),
    ("USER_DROPPED", 1),
    ("DUPLICATE", 2),
)
# So long after a failure the bank may still say yes.
_MAY_STILL_SUCCEED = timedelta(days=3)


class RazorpaySteps(Stage):
    """Single steps at Razorpay, by the dice of the seed."""

    def pay_at_razorpay(self, number: str) -> None:
        """An attempt in Razorpay's checkout, which may tell us of it by the browser at once, or vanish."""
        names, weights = zip(*_OUTCOMES, strict=True)
        outcome = self.dice.choices(names, weights)[0]
        method = self.dice.choice(("card", "upi", "netbanking", "wallet"))
        late = {"seconds": self.dice.choice((300, 900, 7200))} if outcome == "LATE" else {}
        paid = self.world.control("POST", f"/orders/{number}/pay", outcome=outcome, method=method, **late)
        self.world.steps.note(f"pay {number} by {method} {outcome}: {paid and paid['status']}")
        self.coverage.paid(number, outcome)
        if paid and "razorpay_signature" in paid and self.dice.random() < 0.3:
            self._return_from(self._attempts()[paid["payment_id"]], "genuine")

    def bank_answers_late(self) -> None:
        """An attempt that had failed was a success after all."""
        now = self.world.moment
        failed = [
            p
            for p in self._attempts().values()
            if p.status == "failed" and now - p.created_at < _MAY_STILL_SUCCEED
        ]
        payment = self._one_of(failed)
        razorpay_payments.authorize(self.world.simulator.gateway, payment, at=now)
        self.world.steps.note(
            f"attempt {payment.key} of {payment.order_id} had failed and is {payment.status}"
        )
        self.coverage.count("F25")

    def capture_in_dashboard(self) -> None:
        """A person takes the money that the bank holds."""
        held = self._one_of([p for p in self._attempts().values() if p.status == "authorized"])
        made = self.world.control("POST", f"/orders/{held.order_id}/capture")
        self.world.steps.note(f"dashboard capture of {held.order_id}: {made}")

    def come_back_with_form(self) -> None:
        """The browser posts the gateway's form; or somebody else's, or one that nobody signed."""
        payment = self._one_of(
            [p for p in self._attempts().values() if p.status in ("authorized", "captured", "refunded")]
        )
        self._return_from(payment, self.dice.choice(("genuine", "genuine", "of another order", "unsigned")))

    def switch_account(self) -> None:
        """The merchant's account captures otherwise from now on."""
        account = self.world.razorpay_account
        account.capture = self.dice.choice(("automatic", "manual"))
        account.capture_delay_seconds = self.dice.choice((0, 120, 3600))
        account.unique_receipts = self.dice.choice((False, False, True))
        self.world.steps.note(
            f"account: {account.capture} after {account.capture_delay_seconds} s, "
            f"unique receipts {account.unique_receipts}"
        )

    def switch_refunds(self) -> None:
        """Refunds take their time from now on, or the account holds too little for any."""
        account = self.world.razorpay_account
        account.refund_result = self.dice.choice(("processed", "late", "pending", "failed"))
        account.balance_paise = self.dice.choice((None, None, 0))
        self.world.steps.note(f"account: refunds {account.refund_result}, balance {account.balance_paise}")

    def end_refund_at_razorpay(self, refund: RazorpayRefund) -> None:
        outcome = self.dice.choice(("processed", "failed"))
        razorpay_refunds.settle(self.world.simulator.gateway, refund, outcome, self.world.moment)
        self.world.steps.note(f"refund {refund.refund_id} becomes {refund.status}")

    def refund_in_razorpays_dashboard(self, order: RazorpayOrder) -> None:
        captured = [self._attempts()[key] for key in order.payment_ids if self._attempts()[key].captured]
        if not captured or captured[0].amount_paise - captured[0].amount_refunded_paise < 10000:
            raise NotPossible
        fields = self.dice.choice(({}, {}, {"amount_paise": 10000}))
        made = self.world.control("POST", f"/orders/{order.order_id}/refund", **fields)
        self.world.steps.note(f"dashboard refund {order.order_id} {fields}: {made}")

    def _return_from(self, payment: RazorpayPayment, form_is: str) -> None:
        gateway = self.world.simulator.gateway
        order = gateway.store.razorpay_orders[payment.order_id]
        address = order.receipt or ""
        signed = checkout_signature(self.world.razorpay_account, order.order_id, payment.payment_id)
        form = {
            "razorpay_payment_id": payment.payment_id,
            "razorpay_order_id": order.order_id,
            "razorpay_signature": signed,
        }
        if form_is == "of another order":
            others = [o.receipt for o in gateway.store.razorpay_orders.values() if o.receipt != address]
            address = self._one_of(others) or ""
        elif form_is == "unsigned":
            form["razorpay_signature"] = signed[::-1]
        asked_before = len(self.world.simulator.calls)
        self._try(
            f"form of {payment.payment_id} ({form_is}) for {address}",
            lambda: payment_handler.receive_callback(self.world.services, "razorpay", address, form),
        )
        if form_is != "genuine":
            self.coverage.count("F23")
            if len(self.world.simulator.calls) != asked_before:
                raise Violation(f"a form {form_is} made us ask about {address}")

    def _attempts(self) -> dict[str, RazorpayPayment]:
        return self.world.simulator.gateway.store.razorpay_payments
