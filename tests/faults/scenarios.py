"""Small directed scenes in the world, for what one thread that looks once cannot show: races and held-back looks."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count, permutations
from threading import Barrier

import payment_handler
import user_management
from billing.settlement import apply_observation, observe
from domain.errors import ProductError
from domain.gateway import Observation
from domain.orders import OrderStatus
from simulator import payments as gateway_payments
from tests.faults import interleavings, oracle, razorpay_scenes, two_gateway_scenes
from tests.faults.world import World

_MINUTE = timedelta(minutes=1)
_THREADS = 4
_RACES = 5
_TRUTHS = 12


def race(world: World) -> list[str]:
    """Four processes have looked at one paid order and write what they saw at the same moment."""
    for number in range(_RACES):
        world.begin(f"race {number}")
        user = world.register_buyer()
        order = payment_handler.start_checkout(world.services, user, "monthly")
        world.control("POST", f"/orders/{order.id}/pay", outcome="SUCCESS")
        seen = observe(world.services.gateway("cashfree"), order.ref)
        assert seen is not None
        wrong = _write_at_once(world, order.id, seen)
        wrong += [
            difference
            for difference in oracle.differences(world.database, world.truth(), {})
            if "job" not in difference
        ]
        if wrong:
            return wrong
    return []


def _write_at_once(world: World, order_id: str, seen: Observation) -> list[str]:
    barrier = Barrier(_THREADS, timeout=10)

    def write() -> str | None:
        try:
            with world.engine.begin() as conn:
                barrier.wait()
                apply_observation(world.services, conn, order_id, seen)
        except ProductError:
            return None
        except Exception as exc:  # what a buyer would see as an error 500
            return f"{type(exc).__name__}: {exc}"
        return None

    with ThreadPoolExecutor(_THREADS) as threads:
        found = [future.result() for future in [threads.submit(write) for _ in range(_THREADS)]]
    return [sentence for sentence in found if sentence is not None]


def held_back(world: World) -> list[str]:
    """Old looks are applied after new ones."""
    truths = list(permutations(interleavings.STEPS))
    for steps in random.Random(7).sample(truths, _TRUTHS):
        order, looks = interleavings.looks_at(world, steps)
        in_order = interleavings.words_of_the_database(world, order, looks)
        late = interleavings.words_of_the_database(world, order, looks[::-1])
        if in_order != late:
            return [f"{steps}: in order {in_order}, newest first {late}"]
        by_rules = interleavings.state_by_the_rules(order, looks)
        if by_rules != interleavings.state_by_the_rules(order, looks[::-1]):
            return [f"{steps}: the rules alone end differently"]
    return []


def lies(world: World) -> list[str]:
    """The gateway names another amount once: the money waits for a person, and nobody gets in before."""
    for operation in ("get_order", "get_payments"):
        world.begin(f"lie of {operation}")
        user = world.register_buyer()
        order = payment_handler.start_checkout(world.services, user, "monthly")
        world.control("POST", f"/orders/{order.id}/pay", outcome="SUCCESS")
        world.simulator.arm("wrong_amount", operation=operation, count=1)
        doubted = payment_handler.sync_order(world.services, order.id)
        if doubted.status is not OrderStatus.QUARANTINED:
            return [f"after a lie of {operation} the order is {doubted.status}"]
        if user_management.entitlement(world.services, user).is_active:
            return [f"after a lie of {operation} the buyer has access"]
        payment_handler.release_order(world.services, world.admin, order.id, give_back=False)
        wrong = oracle.differences(world.database, world.truth(), {})
        if wrong:
            return wrong
    return []


def corrected(world: World) -> list[str]:
    """A bank corrects itself: the attempt that had failed has succeeded after all."""
    world.begin("corrected")
    user = world.register_buyer()
    order = payment_handler.start_checkout(world.services, user, "monthly")
    paid = world.control("POST", f"/orders/{order.id}/pay", outcome="FAILED")
    payment_handler.sync_order(world.services, order.id)
    gateway = world.simulator.gateway
    attempt = gateway.store.payments[paid["cf_payment_id"]]
    attempt.status = "PENDING"
    gateway_payments.finish(gateway, attempt, "SUCCESS", at=world.moment)
    payment_handler.sync_order(world.services, order.id)
    return oracle.differences(world.database, world.truth(), {})


def cut_short(world: World) -> list[str]:
    """The process dies at each boundary of receiving a webhook, one after the other."""
    for boundary in count():
        world.begin(f"cut short {boundary}")
        user = world.register_buyer()
        order = payment_handler.start_checkout(world.services, user, "monthly")
        world.control("POST", f"/orders/{order.id}/pay", outcome="SUCCESS")
        (delivery,) = world.due_deliveries()
        world.attempt("webhook", lambda delivery=delivery: world.hand_over(delivery), crash_at=boundary)
        wrong = oracle.forgotten(world.database, world.acknowledged)
        wrong += oracle.kept_and_unwatched(world.database)
        if wrong:
            return wrong
        if not world.crashes:
            break
    return []


def unanswered(world: World) -> list[str]:
    """The gateway is away when a webhook is worked on: the event is not done."""
    world.begin("unanswered")
    user = world.register_buyer()
    order = payment_handler.start_checkout(world.services, user, "monthly")
    world.control("POST", f"/orders/{order.id}/pay", outcome="SUCCESS")
    (delivery,) = world.due_deliveries()
    world.hand_over(delivery)
    world.simulator.arm("outage")
    while world.jobs.run_one() is not None:
        pass
    world.simulator.disarm()
    return oracle.events_without_effect(world.database)


def late(world: World) -> list[str]:
    """An attempt that began in time succeeds after the expiry; the webhook is lost and nobody comes back."""
    for choice in ("honour", "refund"):
        world.begin(f"late {choice}")
        world.configure(late_payment=choice)
        user = world.register_buyer()
        order = payment_handler.start_checkout(world.services, user, "monthly")
        world.advance(27 * _MINUTE)
        paid = world.control("POST", f"/orders/{order.id}/pay", outcome="PENDING")
        world.advance(5 * _MINUTE)
        payment_handler.sweep(world.services)
        gateway = world.simulator.gateway
        gateway_payments.finish(
            gateway, gateway.store.payments[paid["cf_payment_id"]], "SUCCESS", at=world.moment
        )
        for delivery in world.due_deliveries():
            world.lose(delivery)
        for _ in range(3):
            world.advance(5 * _MINUTE)
            payment_handler.sweep(world.services)
            while world.jobs.run_one() is not None:
                pass
        wrong = oracle.differences(world.database, world.truth(), {})
        if choice == "refund":
            wrong += oracle.late_but_bought(world.database)
        if wrong:
            return wrong
    return []


def odd_money(world: World) -> list[str]:
    """A price with odd paise, a surcharge on it, and a refund that the gateway has not made yet."""
    world.begin("odd money")
    world.change_price("monthly", 51206)
    user = world.register_buyer()
    order = payment_handler.start_checkout(world.services, user, "monthly")
    world.simulator.arm("surcharge", count=1)
    world.control("POST", f"/orders/{order.id}/pay", outcome="SUCCESS")
    payment_handler.sync_order(world.services, order.id)
    wrong = oracle.differences(world.database, world.truth(), {})
    world.control("POST", f"/orders/{order.id}/refund", note="PENDING")
    payment_handler.sync_order(world.services, order.id)
    return [*wrong, *oracle.refunded_too_early(world.database, world.truth())]


def unreported(world: World) -> list[str]:
    """Money goes back in the gateway's dashboard and no message says so: the nightly comparison finds it."""
    world.begin("unreported")
    user = world.register_buyer()
    order = payment_handler.start_checkout(world.services, user, "monthly")
    world.control("POST", f"/orders/{order.id}/pay", outcome="SUCCESS")
    payment_handler.sync_order(world.services, order.id)
    world.control("POST", f"/orders/{order.id}/refund", note="SUCCESS")
    for delivery in world.due_deliveries():
        world.lose(delivery)
    world.advance(timedelta(days=1))
    payment_handler.reconcile_last_days(world.services)
    while world.jobs.run_one() is not None:
        pass
    return oracle.differences(world.database, world.truth(), {})


SCENES: dict[str, Callable[[World], list[str]]] = {
    "race": race,
    "held back": held_back,
    "lies": lies,
    "corrected": corrected,
    "cut short": cut_short,
    "unanswered": unanswered,
    "late": late,
    "odd money": odd_money,
    "unreported": unreported,
    **razorpay_scenes.SCENES,
    **two_gateway_scenes.SCENES,
}


def play(world: World, scene: str) -> list[str]:
    """What is wrong after one scene."""
    try:
        with world.in_effect():
            return SCENES[scene](world)
    except Exception as exc:
        return [f"{type(exc).__name__}: {exc}"]
