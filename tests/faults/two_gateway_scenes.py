"""Directed scenes with both gateways: one purchase paid twice, one gateway out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import payment_handler
from domain.orders import OrderStatus
from tests.faults.scene_parts import (
    GATEWAYS,
    MINUTE,
    begin,
    differences,
    goes_back_by_itself,
    open_order,
    other_gateway,
    pay,
    status_of,
    succeed,
    sweep_for_a_while,
    work,
)
from tests.faults.world import World


def paid_at_both(world: World) -> list[str]:
    """Both orders of one checkout are paid, at two gateways. Whichever is seen first buys; the other goes back."""
    for first in GATEWAYS:
        for seen_first in (0, 1):
            user = begin(world, f"paid at both, {first} {seen_first}")
            orders = [open_order(world, user, gateway) for gateway in (first, other_gateway(first))]
            for order in orders:
                pay(world, order, "SUCCESS", even_if_paid=True)
            looked = orders if seen_first == 0 else orders[::-1]
            statuses = [payment_handler.sync_order(world.services, order.id).status for order in looked]
            work(world)
            # The refund takes a moment; its news finds our books.
            sweep_for_a_while(world, rounds=1)
            wrong = differences(world)
            if statuses != [OrderStatus.PAID, OrderStatus.SURPLUS]:
                wrong.append(f"{first} first, seen {seen_first}: the orders became {statuses}")
            returned = [r["order_id"] for r in world.truth()["refunds"] if r["status"] == "SUCCESS"]
            if returned != [looked[1].id]:
                wrong.append(f"{first} first, seen {seen_first}: money went back for {returned}")
            if wrong:
                return wrong
    return []


def held_duplicate(world: World) -> list[str]:
    """Who has paid at Cashfree and also at Razorpay, where the money is only held, gets it back untouched."""
    user = begin(world, "held duplicate")
    at_razorpay, at_cashfree = (open_order(world, user, gateway) for gateway in ("razorpay", "cashfree"))
    pay(world, at_cashfree, "SUCCESS")
    pay(world, at_razorpay, "AUTHORIZED")
    for order in (at_cashfree, at_razorpay):
        payment_handler.sync_order(world.services, order.id)
    return goes_back_by_itself(world, "a duplicate")


def failover(world: World) -> list[str]:
    """One gateway is out, the purchase goes on at the other, and the first order is paid late all the same."""
    for out, fault in product(GATEWAYS, ("outage", "http_429")):
        user = begin(world, f"failover {out} {fault}")
        world.configure(payment_gateway=out)
        first = payment_handler.start_checkout(world.services, user, "monthly")
        begun = pay(world, first, "PENDING")
        world.simulator.arm(fault, gateway=out)
        usable = payment_handler.usable_gateways(world.services, "monthly", besides=out)
        if usable != (other_gateway(out),):
            return [f"while {out} is out, {usable} can be used"]
        second = open_order(world, user, usable[0])
        pay(world, second, "SUCCESS")
        world.advance(3 * MINUTE)
        world.lose_all()
        payment_handler.sweep(world.services)
        if status_of(world, second) != "paid":
            return [f"while {out} is out, the order at {usable[0]} is {status_of(world, second)}"]
        work(world)
        succeed(world, out, begun)
        world.lose_all()
        world.simulator.disarm()
        sweep_for_a_while(world, rounds=12)
        wrong = differences(world)
        if status_of(world, first) != "surplus":
            wrong.append(f"the first order, paid late at {out}, is {status_of(world, first)}")
        if wrong:
            return wrong
    return []


SCENES: dict[str, Callable[[World], list[str]]] = {
    "paid at both gateways": paid_at_both,
    "held duplicate": held_duplicate,
    "failover": failover,
}
ROWS = {
    "paid at both gateways": "F18",
    "held duplicate": "F18",
    "failover": "F19",
}
