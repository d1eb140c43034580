"""Directed scenes at Razorpay: held money, answers that come late, replies that are lost, webhooks switched off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import payment_handler
from domain.identifiers import new_refund_key
from domain.orders import Order, OrderStatus
from simulator import razorpay_payments
from tests.books import shown_payment
from tests.faults import held_money
from tests.faults.scene_parts import (
    DAY,
    MINUTE,
    begin,
    differences,
    goes_back_by_itself,
    number_of,
    open_order,
    pay,
    result_or_refusal,
    status_of,
    sweep_for_a_while,
    work,
)
from tests.faults.world import World


def held_and_late(world: World) -> list[str]:
    """Money that came too late and is only held is not taken where late money goes back."""
    user = begin(world, "held and late")
    world.configure(late_payment="refund")
    order = open_order(world, user, "razorpay")
    world.advance(31 * MINUTE)
    pay(world, order, "AUTHORIZED")
    payment_handler.sync_order(world.services, order.id)
    return goes_back_by_itself(world, "late money")


def held_for_us(world: World) -> list[str]:
    """The bank holds the money and nobody captures by itself: until we do it is no money, then it is ours."""
    user = begin(world, "held for us")
    order = open_order(world, user, "razorpay")
    pay(world, order, "AUTHORIZED")
    for fault, operation in (("http_500", "capture"), ("timeout_after_effect", "capture")):
        world.simulator.arm(fault, operation=operation, gateway="razorpay", count=1)
        looked = result_or_refusal(lambda: payment_handler.sync_order(world.services, order.id))
        captured = any(p.captured for p in world.simulator.gateway.store.razorpay_payments.values())
        if (getattr(looked, "status", None) is OrderStatus.PAID) and not captured:
            return ["there is access for money that the bank only holds"]
    sweep_for_a_while(world)
    return differences(world)


def capture_races(world: World) -> list[str]:
    """The gateway's automatic capture comes between our look and our capture."""
    user = begin(world, "capture races")
    order = open_order(world, user, "razorpay")
    pay(world, order, "AUTHORIZED")

    def capture_first(operation: str) -> None:
        if operation == "capture":
            world.control("POST", f"/orders/{number_of(world, order)}/capture")

    world.simulator.before_call = capture_first
    looked = payment_handler.sync_order(world.services, order.id)
    world.simulator.before_call = lambda operation: None
    if looked.status is not OrderStatus.PAID:
        return [f"after the gateway's own capture the order is {looked.status}"]
    return differences(world)


def failed_then_authorised(world: World) -> list[str]:
    """The bank says yes after a failure we have seen: at once or when the order has expired, alone or as a second."""
    for pause in (3 * MINUTE, 35 * MINUTE, DAY):
        for is_second in (False, True):
            user = begin(world, f"failed then authorised {pause} {is_second}")
            order = open_order(world, user, "razorpay")
            failed = pay(world, order, "FAILED")
            payment_handler.sync_order(world.services, order.id)
            if is_second:
                pay(world, order, "SUCCESS")
                payment_handler.sync_order(world.services, order.id)
            world.advance(pause)
            payment_handler.sweep(world.services)
            store = world.simulator.gateway.store
            razorpay_payments.authorize(
                world.simulator.gateway, store.razorpay_payments[failed["payment_id"]], at=world.moment
            )
            world.lose_all()
            for _ in range(3):
                world.advance(pause / 4 + 3 * MINUTE)
                payment_handler.sweep(world.services)
            work(world)
            wrong = differences(world)
            if wrong:
                return wrong
    return []


def three_messages(world: World) -> list[str]:
    """payment.authorized, payment.captured and order.paid tell of one payment, in any sequence."""
    for sequence in permutations(range(3)):
        user = begin(world, f"three messages {sequence}")
        order = open_order(world, user, "razorpay")
        pay(world, order, "SUCCESS")
        world.advance(timedelta(seconds=2))
        told = world.due_deliveries()
        if len(told) != 3:
            return [f"there are {len(told)} messages"]
        for number in sequence:
            world.hand_over(told[number])
            work(world)
            # A message that comes twice finds an order that was looked at in between.
            payment_handler.sync_order(world.services, order.id)
        wrong = differences(world)
        if wrong:
            return wrong
    return []


def found_by_receipt(world: World) -> list[str]:
    """Razorpay makes the order and its answer is lost, once or also for the search: there is one order in the end."""
    for lost in ("timeout_after_effect", "drop_connection_after_effect", "truncated_json", "empty_body"):
        for searches_lost in (0, 5):
            user = begin(world, f"found by receipt {lost} {searches_lost}")
            world.simulator.arm(lost, operation="create_order", gateway="razorpay", count=1)
            if searches_lost:
                world.simulator.arm(
                    "http_503", operation="find_orders", gateway="razorpay", count=searches_lost
                )
            order = result_or_refusal(lambda user=user: open_order(world, user, "razorpay"))
            world.simulator.disarm()
            if isinstance(order, Order) == bool(searches_lost):
                return [f"{lost}: the first answer was {order}"]
            world.advance(MINUTE)
            order = open_order(world, user, "razorpay")
            wrong = held_money.opened_twice(world.truth())
            pay(world, order, "SUCCESS")
            payment_handler.sync_order(world.services, order.id)
            wrong += differences(world)
            if wrong:
                return wrong
    return []


def refund_repeated(world: World) -> list[str]:
    """The answer to a refund of a part is lost again and again: it is one refund."""
    user = begin(world, "refund repeated")
    order = open_order(world, user, "razorpay")
    pay(world, order, "SUCCESS")
    payment_handler.sync_order(world.services, order.id)
    payment_handler.request_refund(
        world.services, world.admin, order_id=order.id, payment_id=shown_payment(world.services, order.id),
        amount_paise=10000, reason="a part",
        refund_key=new_refund_key(),
    )  # fmt: skip
    world.simulator.arm("timeout_after_effect", operation="refund", gateway="razorpay", count=5)
    for _ in range(6):
        world.advance(MINUTE)
        work(world)
    world.simulator.disarm()
    world.advance(timedelta(hours=1))
    payment_handler.sweep(world.services)
    work(world)
    made = [(r["order_id"], r["amount_paise"]) for r in world.truth()["refunds"]]
    if made != [(order.id, 10000)]:
        return [f"the gateway made the refunds {made}"]
    return differences(world)


def switched_off(world: World) -> list[str]:
    """A day of failures, then Razorpay sends nothing any more: the sweep gives access, and an alarm tells."""
    user = begin(world, "switched off")
    order = open_order(world, user, "razorpay")
    pay(world, order, "SUCCESS")
    for _ in range(60):
        world.advance(timedelta(minutes=31))
        for delivery in world.due_deliveries():
            # Any answer but 2xx is a failure; here the address in the dashboard carries another secret.
            world.hand_over(delivery, is_forged=True)
        payment_handler.sweep(world.services)
    webhook = next(iter(world.simulator.gateway.store.endpoints.values()))
    if webhook.is_active:
        return ["the webhook was not switched off"]
    again = open_order(world, world.register_buyer(), "razorpay")
    pay(world, again, "SUCCESS")
    if world.due_deliveries():
        return ["a webhook that is switched off still sends"]
    sweep_for_a_while(world)
    wrong = differences(world)
    if not world.database.rows("SELECT 1 FROM alarms WHERE key = 'webhooks:razorpay:silent'"):
        wrong.append("nobody was told that Razorpay sends nothing")
    return wrong


def strange_forms(world: World) -> list[str]:
    """A signed form is believed for the order it was signed for, and for no other."""
    user = begin(world, "strange forms")
    orders = [open_order(world, user, "razorpay"), open_order(world, world.register_buyer(), "razorpay")]
    forms = [pay(world, order, "SUCCESS") for order in orders]
    names = ("razorpay_payment_id", "razorpay_order_id", "razorpay_signature")
    for form in (forms[1], {**forms[1], "razorpay_order_id": forms[0]["razorpay_order_id"]}):
        asked = len(world.simulator.calls)
        payment_handler.receive_callback(
            world.services, "razorpay", orders[0].id, {name: form[name] for name in names}
        )
        if len(world.simulator.calls) != asked:
            return ["the form of another order made us ask"]
    payment_handler.receive_callback(
        world.services, "razorpay", orders[0].id, {name: forms[0][name] for name in names}
    )
    if status_of(world, orders[0]) != "paid":
        return ["a genuine form made us not ask"]
    payment_handler.sync_order(world.services, orders[1].id)
    return differences(world)


def two_tabs(world: World) -> list[str]:
    """Another tab opens the same order at Razorpay while this one's call is under way: both show one number."""
    user = begin(world, "two tabs")
    shown: list[Order] = []

    def open_in_another_tab(operation: str) -> None:
        if operation == "create_order":
            world.simulator.before_call = lambda operation: None
            shown.append(open_order(world, user, "razorpay"))

    world.simulator.before_call = open_in_another_tab
    shown.append(open_order(world, user, "razorpay"))
    if len({order.payment_session_id for order in shown}) != 1:
        return [f"two numbers were shown: {[order.payment_session_id for order in shown]}"]
    world.control("POST", f"/orders/{shown[0].payment_session_id}/pay", outcome="SUCCESS")
    world.lose_all()
    payment_handler.sync_order(world.services, shown[0].id)
    return differences(world)


SCENES: dict[str, Callable[[World], list[str]]] = {
    "held and late": held_and_late,
    "held for us": held_for_us,
    "capture races": capture_races,
    "failed then authorised": failed_then_authorised,
    "three messages": three_messages,
    "found by receipt": found_by_receipt,
    "refund repeated": refund_repeated,
    "switched off": switched_off,
    "strange forms": strange_forms,
    "two tabs": two_tabs,
}
ROWS = {
    "held and late": "F26",
    "held for us": "F22",
    "capture races": "F40",
    "failed then authorised": "F25",
    "three messages": "F31",
    "found by receipt": "F11",
    "refund repeated": "F43",
    "switched off": "F39",
    "strange forms": "F23",
    "two tabs": "F14",
}
