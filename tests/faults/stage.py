"""What every step of a schedule is made of: dice, attempts that a crash may cut short, and whom or what it concerns."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from domain.accounts import User
from simulator import razorpay_orders
from tests.faults.strokes import Coverage
from tests.faults.world import World

_CRASHES = 0.22

T = TypeVar("T")


class NotPossible(Exception):
    """A step has nothing to act on now; another is chosen."""


class Stage:
    """The world, the dice of its seed, and the choices between what is there now."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dice = random.Random()
        self.coverage = Coverage(world)
        self.late_violations: list[str] = []

    def _try(self, words: str, work: Callable[[], object]) -> object:
        crash_at = int(self.dice.expovariate(1 / 9)) if self.dice.random() < _CRASHES else None
        return self.world.attempt(words, work, crash_at=crash_at)

    def _calm(self, words: str, work: Callable[[], object]) -> object:
        return self.world.attempt(words, work)

    def _one_of(self, candidates: Sequence[T]) -> T:
        if not candidates:
            raise NotPossible
        return self.dice.choice(candidates)

    def _user(self) -> User:
        return self._one_of(self.world.buyers)

    def _own_order(self) -> tuple[User, str]:
        rows = self.world.database.rows("SELECT id, user_id::text FROM orders ORDER BY created_at, id")
        order_id, user_id = self._one_of(rows)
        return next(user for user in self.world.buyers if str(user.id) == user_id), str(order_id)

    def _payable(self) -> str:
        """The gateway's name of an order that takes money, at Razorpay one whose number was given to a page."""
        store = self.world.simulator.gateway.store
        known = {row[0] for row in self.world.database.rows("SELECT gateway_order_id FROM orders")}
        at_razorpay = [
            order.order_id
            for order in store.razorpay_orders.values()
            if order.order_id in known and not razorpay_orders.is_taken(self.world.simulator.gateway, order)
        ]
        return self._one_of([o.order_id for o in store.orders.values() if o.status == "ACTIVE"] + at_razorpay)

    def _order_with_money(self) -> str:
        """The gateway's name of an order that was paid."""
        store = self.world.simulator.gateway.store
        paid = [order.order_id for order in store.orders.values() if order.status == "PAID"]
        paid += [order.order_id for order in store.razorpay_orders.values() if order.status == "paid"]
        return self._one_of(paid)

    def _our_id(self, name: str) -> str:
        """Our id of an order that a gateway calls so."""
        theirs = self.world.simulator.gateway.store.razorpay_orders.get(name)
        return name if theirs is None else str(theirs.receipt)
