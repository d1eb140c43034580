"""What the scenes with Razorpay are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import payment_handler
from domain.accounts import User
from domain.errors import ProductError
from domain.orders import Order
from simulator import payments as cashfree_payments
from tests.faults import oracle
from tests.faults.world import World

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
GATEWAYS = ("cashfree", "razorpay")


def begin(world: World, name: str) -> User:
    world.begin(name)
    return world.register_buyer()


def open_order(world: World, user: User, gateway: str) -> Order:
    return payment_handler.start_checkout(world.services, user, "monthly", gateway=gateway)


def other_gateway(gateway: str) -> str:
    return next(name for name in GATEWAYS if name != gateway)


def number_of(world: World, order: Order) -> str:
    """What the order's gateway calls it."""
    if order.gateway == "cashfree":
        return order.id
    ((number,),) = world.database.rows("SELECT gateway_order_id FROM orders WHERE id = %s", order.id)
    return str(number)


def pay(world: World, order: Order, outcome: str, **fields: object) -> dict[str, Any]:
    """An attempt in the gateway's checkout. What the browser carries away."""
    paid = world.control("POST", f"/orders/{number_of(world, order)}/pay", outcome=outcome, **fields)
    if paid is None:
        raise AssertionError(f"{order.id} could not be paid")
    return dict(paid)


def succeed(world: World, gateway: str, begun: dict[str, Any]) -> None:
    store = world.simulator.gateway.store
    if gateway == "razorpay":
        world.finish_at_razorpay(store.razorpay_payments[begun["payment_id"]], "SUCCESS")
    else:
        attempt = store.payments[begun["cf_payment_id"]]
        cashfree_payments.finish(world.simulator.gateway, attempt, "SUCCESS", at=world.moment)


def result_or_refusal(work: Callable[[], object]) -> object:
    """What came of it, or how the product refused."""
    try:
        return work()
    except ProductError as exc:
        return exc


def status_of(world: World, order: Order) -> str:
    ((status,),) = world.database.rows("SELECT status FROM orders WHERE id = %s", order.id)
    return str(status)


def work(world: World) -> None:
    while world.jobs.run_one() is not None:
        pass


def sweep_for_a_while(world: World, *, rounds: int = 5) -> None:
    for _ in range(rounds):
        world.advance(10 * MINUTE)
        payment_handler.sweep(world.services)
        work(world)


def goes_back_by_itself(world: World, what: str) -> list[str]:
    """Nothing that is held is taken; after the gateway's three days it was returned, and never was ours."""
    sweep_for_a_while(world)
    world.advance(4 * DAY)
    for delivery in world.due_deliveries():
        world.hand_over(delivery)
    work(world)
    held = list(world.simulator.gateway.store.razorpay_payments.values())
    if any(payment.captured for payment in held):
        return [f"{what} that a bank only held was captured"]
    if any(payment.status != "refunded" for payment in held):
        return [f"{what} did not go back"]
    return differences(world)


def differences(world: World) -> list[str]:
    return [
        *oracle.differences(world.database, world.truth(), world.acknowledged),
        *world.broken_invariants(),
    ]
