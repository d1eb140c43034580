"""Beginnings of schedules: constellations that chance alone would bring about too rarely."""

from __future__ import annotations

from datetime import timedelta

from tests.faults.steps import NotPossible, Steps

_PLOTS = 0.6


class Plots(Steps):
    """Steps with a beginning."""

    def begin_with_a_plot(self) -> None:
        plots = (
            self.late_money,
            self.two_orders,
            self.unknown_order,
            self.paid_twice,
            self.doubted,
            self.deaf,
            self.failover,
            self.both_gateways,
            self.late_authorisation,
            self.held_only,
        )
        try:
            self.checkout()
            if self.dice.random() < _PLOTS:
                self.dice.choice(plots)()
        except NotPossible:
            return

    def late_money(self) -> None:
        """An attempt begins in time and succeeds when its order has expired."""
        order_id = self._payable()
        self.world.advance(timedelta(minutes=27))
        self.world.control("POST", f"/orders/{order_id}/pay", outcome="PENDING")
        self.world.advance(timedelta(minutes=5))
        if self.dice.random() < 0.6:
            self.sweep()
        self.settle_pending()
        self._lose_all(0.5)

    def two_orders(self) -> None:
        """The buyer changes the plan while an attempt is running, and both are paid."""
        order_id = self._payable()
        self.world.control("POST", f"/orders/{order_id}/pay", outcome="PENDING")
        self.checkout()
        self.pay()
        self.settle_pending()
        self._lose_all(0.3)

    def unknown_order(self) -> None:
        """The gateway makes the order and its answer is lost, as often as it is asked."""
        fault = self.dice.choice(("timeout_after_effect", "drop_connection_after_effect", "truncated_json"))
        self.world.simulator.arm(fault, operation="create_order", count=4)
        self.checkout()
        if self.dice.random() < 0.5:
            self.pay()
            self._lose_all(0.5)

    def paid_twice(self) -> None:
        """Two successes on one order."""
        self.world.simulator.arm("double_success", count=1)
        self.pay()
        self._lose_all(0.3)

    def doubted(self) -> None:
        """The gateway names another amount for a moment."""
        self.pay()
        operation = self.dice.choice(("get_order", "get_payments"))
        self.world.simulator.arm("wrong_amount", operation=operation, count=1)
        self.come_back()

    def deaf(self) -> None:
        """The webhook is worked on while the gateway does not answer."""
        self.pay()
        self.world.simulator.arm(self.dice.choice(("outage", "timeout_after_effect", "http_429")), count=8)
        self.webhooks()
        self.jobs()

    def failover(self) -> None:
        """The buyer's gateway is out, the other takes over; what was begun at the first is paid late."""
        order_id = self._payable()
        begun = self._gateway_of(order_id)
        self.world.control("POST", f"/orders/{order_id}/pay", outcome="PENDING")
        self.world.simulator.arm("outage", gateway=begun)
        user, other = self._user(), "cashfree" if begun == "razorpay" else "razorpay"
        self._open(user, "monthly", other, again=False)
        self.coverage.count("F19")
        if self.dice.random() < 0.7:
            self.pay()
        if self.dice.random() < 0.5:
            self.repair()
        self.settle_pending()
        self._lose_all(0.3)

    def both_gateways(self) -> None:
        """One checkout, an order at each gateway, and both are paid; either is heard of first."""
        first = self._payable()
        self.world.control("POST", f"/orders/{first}/pay", outcome="PENDING")
        other = "cashfree" if self._gateway_of(first) == "razorpay" else "razorpay"
        self._open(self._user(), "monthly", other, again=False)
        self.pay()
        for _ in range(2):
            self.settle_pending()
        self._lose_all(0.3)

    def late_authorisation(self) -> None:
        """An attempt at Razorpay fails, perhaps another succeeds, and then the bank says yes to the first, too."""
        self._open(self._user(), "monthly", "razorpay", again=False)
        order_id = self._payable()
        self.world.control("POST", f"/orders/{order_id}/pay", outcome="FAILED")
        if self.dice.random() < 0.4:
            self.pay()
        if self.dice.random() < 0.4:
            self.world.advance(timedelta(minutes=self.dice.choice((3, 35, 600))))
        self.bank_answers_late()
        self._lose_all(0.4)

    def held_only(self) -> None:
        """Nothing is captured by itself: the money is ours when we ask for it, and not before."""
        self.world.razorpay_account.capture = "manual"
        self._open(self._user(), "monthly", "razorpay", again=False)
        order_id = self._payable()
        self.world.control("POST", f"/orders/{order_id}/pay", outcome="AUTHORIZED")
        if self.dice.random() < 0.5:
            self.world.simulator.arm(
                self.dice.choice(("timeout_after_effect", "drop_connection_after_effect", "http_500")),
                operation="capture",
                gateway="razorpay",
                count=self.dice.choice((1, 2)),
            )
        self.dice.choice((self.come_back, self.webhooks, self.sweep))()
        self._lose_all(0.4)

    def _gateway_of(self, order_id: str) -> str:
        at_razorpay = self.world.simulator.gateway.store.razorpay_orders
        return "razorpay" if order_id in at_razorpay else "cashfree"

    def _lose_all(self, probability: float) -> None:
        if self.dice.random() < probability:
            for delivery in self.world.due_deliveries():
                self.world.lose(delivery)
                self.coverage.webhook(delivery, "lose")
            self.world.steps.note("all webhooks so far are lost")
