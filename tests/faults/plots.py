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

    def _lose_all(self, probability: float) -> None:
        if self.dice.random() < probability:
            for delivery in self.world.due_deliveries():
                self.world.lose(delivery)
                self.coverage.webhook(delivery, "lose")
            self.world.steps.note("all webhooks so far are lost")
