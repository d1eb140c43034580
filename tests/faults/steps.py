"""The single steps of a schedule: what buyers, the gateway, messages, jobs, admins and faults may do next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import payment_handler
from billing.checkout import ORDER_LIFETIME
from billing.dead_letters import retry_stalled_jobs
from domain.accounts import User
from domain.identifiers import new_refund_key
from simulator import payments as gateway_payments
from simulator import refunds as gateway_refunds
from simulator.razorpay_records import RazorpayPayment, RazorpayRefund
from simulator.records import Delivery
from tests.books import shown_payment
from tests.faults import oracle
from tests.faults.razorpay_steps import RazorpaySteps
from tests.faults.stage import NotPossible
from tests.faults.strokes import (
    FAULTS_OF_RAZORPAY,
    FAULTS_OF_REST,
    FAULTS_OF_WEBHOOKS,
    LIES,
    OPERATIONS,
)
from tests.faults.world import Violation


class Steps(RazorpaySteps):
    """Everything that can happen, each thing by the dice of the seed."""

    def menu(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self.checkout, 9),
            (self.pay, 24),
            (self.settle_pending, 10),
            (self.come_back, 6),
            (self.leave, 2),
            (self.skip, 1),
            (self.webhooks, 11),
            (self.jobs, 7),
            (self.sweep, 4),
            (self.clock, 5),
            (self.refund, 6),
            (self.refund_in_dashboard, 3),
            (self.refund_ends, 3),
            (self.release, 6),
            (self.fault_of_rest, 8),
            (self.fault_of_webhooks, 5),
            (self.repair, 2),
            (self.change_price, 1),
            (self.come_back_forged, 1),
            (self.come_back_with_form, 4),
            (self.bank_answers_late, 4),
            (self.capture_in_dashboard, 2),
            (self.switch_account, 2),
            (self.switch_refunds, 2),
            (self.stalled, 1),
        ]

    def checkout(self) -> None:
        """A buyer wants to pay: by the setting's gateway or one of their own choice, and elsewhere if that fails."""
        user, plan = self._user(), self.dice.choice(("monthly", "monthly", "annual"))
        gateway = self.dice.choice((None, None, "cashfree", "razorpay"))
        for again in range(self.dice.choice((1, 1, 1, 2))):
            order = self._open(user, plan, gateway, again=bool(again))
        if order is None and self.dice.random() < 0.4:
            usable = payment_handler.usable_gateways(self.world.services, plan, besides=gateway)
            if usable:
                self._open(user, plan, usable[0], again=True)

    def _open(self, user: User, plan: str, gateway: str | None, *, again: bool) -> object:
        order = self._try(
            f"checkout {user.username} {plan} at {gateway or 'whichever'}",
            lambda: payment_handler.start_checkout(self.world.services, user, plan, gateway=gateway),
        )
        self.coverage.checked_out(user, plan, order, again=again)
        return order

    def pay(self) -> None:
        order_id = self._payable()
        if order_id in self.world.simulator.gateway.store.razorpay_orders:
            self.pay_at_razorpay(order_id)
            return
        outcome = self.dice.choices(("SUCCESS", "FAILED", "PENDING", "USER_DROPPED"), (10, 3, 5, 1))[0]
        method = self.dice.choice(("card", "upi", "netbanking"))
        paid = self.world.control("POST", f"/orders/{order_id}/pay", outcome=outcome, method=method)
        self.world.steps.note(f"pay {order_id} by {method}: {paid}")
        self.coverage.paid(order_id, outcome)

    def settle_pending(self) -> None:
        """One running attempt ends: not all at once, so that orders are left with a second one."""
        gateway = self.world.simulator.gateway
        running = [p for p in gateway.store.payments.values() if p.is_open and p.settles_at is None]
        at_razorpay = [p for p in gateway.store.razorpay_payments.values() if p.status == "created"]
        payment = self._one_of([*running, *at_razorpay])
        outcome = self.dice.choice(("SUCCESS", "SUCCESS", "FAILED"))
        if isinstance(payment, RazorpayPayment):
            order = gateway.store.razorpay_orders[payment.order_id]
            is_late = self.world.moment - order.created_at > ORDER_LIFETIME
            before = "late" if is_late and order.status != "paid" else order.status
            self.world.finish_at_razorpay(payment, outcome)
        else:
            before = gateway.store.orders[payment.order_id].status
            gateway_payments.finish(gateway, payment, outcome, at=self.world.moment)
            self.world.steps.note(
                f"attempt {payment.key} of {payment.order_id} ({before}) ends: {payment.status}"
            )
        self.coverage.attempt_ended(payment, before)

    def come_back(self) -> None:
        own = self._own_order()
        user, order_id = own
        order = self._try(
            f"return {order_id}",
            lambda: payment_handler.confirm_return(self.world.services, user, order_id),
        )
        self.coverage.came_back(order)

    def come_back_forged(self) -> None:
        own = self._own_order()
        stranger = self._one_of([user for user in self.world.buyers if user.id != own[0].id])
        result = self._try(
            f"forged return {own[1]}",
            lambda: payment_handler.confirm_return(self.world.services, stranger, own[1]),
        )
        if result is not None:
            raise Violation(f"{stranger.username} saw order {own[1]} of somebody else")
        self.coverage.count("F23")

    def leave(self) -> None:
        own = self._own_order()
        user, order_id = own
        self._try(
            f"leave for {order_id}",
            lambda: payment_handler.leave_for_gateway(self.world.services, user, order_id),
        )

    def skip(self) -> None:
        user = self._user()
        self._try("skip", lambda: payment_handler.skip_payment(self.world.services, user))

    def webhooks(self) -> None:
        due = self.world.due_deliveries()
        self._one_of(due)
        self.dice.shuffle(due)
        for delivery in due[: self.dice.choice((1, 2, 5))]:
            self._webhook(delivery)

    def _webhook(self, delivery: Delivery) -> None:
        words = f"webhook {delivery.event_id} {kind(delivery)}"
        fate = self.dice.choices(("deliver", "twice", "lose", "forge", "wait"), (12, 3, 2, 1, 2))[0]
        self.coverage.webhook(delivery, fate)
        if fate == "lose":
            self.world.lose(delivery)
            self.world.steps.note(f"{words} is lost")
        elif fate == "forge":
            status = self._try(f"{words} forged", lambda: self.world.hand_over(delivery, is_forged=True))
            if status not in (401, None):
                raise Violation(f"a forged webhook was answered {status}")
        elif fate != "wait":
            for _ in range(2 if fate == "twice" else 1):
                self._try(words, lambda: self.world.hand_over(delivery))

    def jobs(self) -> None:
        for _ in range(self.dice.choice((1, 2, 4, 8))):
            if self._try("job", self.world.jobs.run_one) is None:
                break
        self.late_violations += oracle.events_without_effect(self.world.database)

    def sweep(self) -> None:
        self._try("sweep", lambda: payment_handler.sweep(self.world.services))

    def stalled(self) -> None:
        self._try("stalled jobs", lambda: retry_stalled_jobs(self.world.services))

    def clock(self) -> None:
        step = timedelta(seconds=self.dice.choice((40, 150, 700, 1500, 1900, 4000, 20000)))
        self.world.advance(step)
        self.world.steps.note(f"{step} pass")

    def refund(self) -> None:
        order_id = self._our_id(self._order_with_money())
        amount = self.dice.choice((49900, 49900, 499000, 100, 20000))
        reason = self.dice.choice(("the buyer asked", "the buyer asked", "PENDING", "FAILED"))
        key = new_refund_key()
        payment_id = shown_payment(self.world.services, order_id)
        for _ in range(self.dice.choice((1, 1, 2))):
            self._try(
                f"refund {key} {order_id} {amount} {reason}",
                lambda: payment_handler.request_refund(
                    self.world.services,
                    self.world.admin,
                    order_id=order_id,
                    payment_id=payment_id,
                    amount_paise=amount,
                    reason=reason,
                    refund_key=key,
                ),
            )

    def refund_in_dashboard(self) -> None:
        order_id = self._order_with_money()
        gateway = self.world.simulator.gateway
        if order_id in gateway.store.razorpay_orders:
            self.refund_in_razorpays_dashboard(gateway.store.razorpay_orders[order_id])
            return
        if gateway_refunds.refundable_paise(gateway, gateway.store.orders[order_id]) < 10000:
            raise NotPossible
        fields = self.dice.choice(({}, {}, {"amount_paise": 10000}, {"note": "PENDING"}))
        made = self.world.control("POST", f"/orders/{order_id}/refund", **fields)
        self.world.steps.note(f"dashboard refund {order_id} {fields}: {made}")

    def refund_ends(self) -> None:
        gateway = self.world.simulator.gateway
        pending = [r for r in gateway.store.refunds.values() if r.status == "PENDING"]
        at_razorpay = [r for r in gateway.store.razorpay_refunds.values() if r.status == "pending"]
        refund = self._one_of([*pending, *at_razorpay])
        if isinstance(refund, RazorpayRefund):
            self.end_refund_at_razorpay(refund)
            return
        outcome = self.dice.choice(("SUCCESS", "FAILED", "ONHOLD"))
        self.world.control("POST", f"/refunds/{refund.refund_id}/settle", outcome=outcome)
        self.world.steps.note(f"refund {refund.refund_id} becomes {outcome}")

    def release(self) -> None:
        doubted = self.world.database.rows("SELECT id FROM orders WHERE status = 'quarantined' ORDER BY id")
        (order_id,) = self._one_of(doubted)
        self._release(str(order_id), give_back=self.dice.random() < 0.5)

    def _release(self, order_id: str, *, give_back: bool) -> None:
        self._try(
            f"release {order_id} give_back={give_back}",
            lambda: payment_handler.release_order(
                self.world.services, self.world.admin, order_id, give_back=give_back
            ),
        )
        self.coverage.count("F28")

    def fault_of_rest(self) -> None:
        """One gateway misbehaves, or both. Lies are told by one: only what can be seen through may be lied about."""
        gateway = self.dice.choice(("cashfree", "razorpay", "razorpay", "any"))
        name, weight = zip(*(FAULTS_OF_RAZORPAY if gateway == "razorpay" else FAULTS_OF_REST), strict=True)
        chosen = self.dice.choices(name, weight)[0]
        if chosen in LIES and gateway == "any":
            gateway = "cashfree"
        operation = self.dice.choice(
            OPERATIONS[gateway, chosen] if (gateway, chosen) in OPERATIONS else OPERATIONS[gateway, "*"]
        )
        count = self.dice.choice((1, 1, 2, 3, 8))
        self.world.simulator.arm(chosen, operation=operation, count=count, gateway=gateway)
        self.world.steps.note(f"fault {chosen} x{count} on {operation} of {gateway}")

    def fault_of_webhooks(self) -> None:
        chosen = self.dice.choice(FAULTS_OF_WEBHOOKS)
        self.world.simulator.arm(chosen, count=self.dice.choice((1, 2)))
        self.world.steps.note(f"fault {chosen}")

    def repair(self) -> None:
        self.world.simulator.disarm()
        self.world.steps.note("faults end")

    def change_price(self) -> None:
        """An admin changes what the plan costs from now on."""
        self.world.change_price("monthly", self.dice.choice((51206, 59900, 39900)))
        self.coverage.price_changed()


def kind(delivery: Delivery) -> str:
    """What a webhook says of itself, at either gateway."""
    if delivery.gateway == "razorpay":
        return delivery.body.partition('"event":"')[2].partition('"')[0]
    return delivery.body.rpartition('"type":')[2].strip('"}')
