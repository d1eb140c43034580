"""Looks at the gateway that are held back and applied late: the same truth ends in the same books.

The truth is an order of five steps: an attempt fails, one succeeds, a second succeeds, the money is refunded, the
order expires. Before the first and after each step somebody looks. What was seen is applied in any order.

At Razorpay the steps are those of one attempt that fails, is authorised after all, and is captured.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, text

import payment_handler
from billing.settlement import apply_observation, observe
from domain.gateway import Observation, OrderRef
from domain.orders import Known, Order, OrderStatus, PaymentRole, PaymentStatus, may_move, settle
from domain.refunds import KnownRefund, RefundablePayment, RefundStatus, settle_refunds
from simulator import payments as gateway_payments
from simulator import razorpay_payments
from simulator import refunds as gateway_refunds
from simulator.methods import instrument
from simulator.razorpay_methods import instrument as razorpay_instrument
from tests.faults.world import World

STEPS = ("fails", "succeeds", "succeeds again", "refund", "expiry")
STEPS_AT_RAZORPAY = ("fails", "authorised", "captured", "refund", "expiry")

_STATE = text("""
    SELECT jsonb_build_object(
        'order', (SELECT o.status FROM orders o WHERE o.id = :id),
        'payments', (SELECT jsonb_object_agg(gateway_payment_id, jsonb_build_array(status, role, amount_paise))
                     FROM payments WHERE order_id = :id),
        'refunds', (SELECT jsonb_object_agg(r.gateway_refund_id, jsonb_build_array(r.status, r.amount_paise, r.origin))
                    FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.order_id = :id),
        'periods', (SELECT jsonb_agg(jsonb_build_array(starts_at, ends_at, revoked_at IS NULL) ORDER BY starts_at)
                    FROM subscription_periods),
        'ledger', (SELECT jsonb_object_agg(account, sum) FROM (
                       SELECT account, sum(amount_paise) FROM ledger_entries GROUP BY account) AS sums),
        'mails', (SELECT jsonb_object_agg(kind, count) FROM (
                      SELECT kind, count(*) FROM emails WHERE kind <> 'alarm' GROUP BY kind) AS counts)
    )::text
""")


def looks_at(world: World, steps: Sequence[str]) -> tuple[Order, list[Observation]]:
    """Let the steps happen to a new order, and return it as it was made with all different looks, oldest first."""
    world.begin(" ".join(steps))
    user = world.register_buyer()
    made = payment_handler.start_checkout(world.services, user, "monthly")
    gateway = world.simulator.gateway
    theirs = gateway.store.orders[made.id]
    # Late enough that the attempts outlive the order, which the gateway lets them do for a while.
    world.advance(timedelta(minutes=28))
    attempts = [gateway_payments.start(gateway, theirs, instrument("upi")) for _ in range(3)]
    outcomes = dict(zip(STEPS, ("FAILED", "SUCCESS", "SUCCESS"), strict=False))
    seen = [_look(world, made.id)]
    for step in steps:
        world.advance(timedelta(minutes=5) if step == "expiry" else timedelta(seconds=10))
        if step in outcomes:
            attempt = attempts[STEPS.index(step)]
            gateway_payments.finish(gateway, attempt, outcomes[step], at=world.moment)
        elif step == "refund" and theirs.status == "PAID":
            left = gateway_refunds.refundable_paise(gateway, theirs)
            gateway_refunds.request(gateway, theirs, refund_id="dashboard_1", amount_paise=left, note=None)
            seen.append(_look(world, made.id))
        world.advance(timedelta(seconds=5))
        seen.append(_look(world, made.id))
    return made, [look for number, look in enumerate(seen) if look not in seen[:number]]


def looks_at_razorpay(world: World, steps: Sequence[str]) -> tuple[Order, list[Observation]]:
    """The same for an order at Razorpay. Nobody of us captures: the looks are all there is."""
    world.begin(f"razorpay {' '.join(steps)}")
    world.razorpay_account.capture = "manual"
    user = world.register_buyer()
    made = payment_handler.start_checkout(world.services, user, "monthly", gateway="razorpay")
    gateway = world.simulator.gateway
    theirs = gateway.store.razorpay_orders[str(made.gateway_order_id)]
    world.advance(timedelta(minutes=28))
    attempt = razorpay_payments.start(gateway, theirs, razorpay_instrument("card"))
    seen = [_look(world, made.id, made.gateway)]
    for step in steps:
        world.advance(timedelta(minutes=5) if step == "expiry" else timedelta(seconds=10))
        if step == "fails":
            world.finish_at_razorpay(attempt, "FAILED")
        elif step in ("authorised", "captured"):
            razorpay_payments.authorize(gateway, attempt, at=world.moment)
        if step == "captured" or (step == "refund" and attempt.captured):
            world.control("POST", f"/orders/{theirs.order_id}/{'capture' if step == 'captured' else step}")
        seen.append(_look(world, made.id, made.gateway))
    return made, [look for number, look in enumerate(seen) if look not in seen[:number]]


def _look(world: World, order_id: str, gateway: str = "cashfree") -> Observation:
    seen = observe(world.services.gateway(gateway), OrderRef(order_id))
    assert seen is not None
    return seen


def state_in_the_database(world: World, order: Order, looks: Sequence[Observation]) -> str:
    """Apply the looks in this sequence, read what the books say then, and undo it all."""
    with _undone(world) as conn:
        for look in looks:
            apply_observation(world.services, conn, order.id, look)
        conn.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        return hashlib.sha256(conn.execute(_STATE, {"id": order.id}).scalar_one().encode()).hexdigest()


def words_of_the_database(world: World, order: Order, looks: Sequence[Observation]) -> str:
    """The same state in words, for a failure."""
    with _undone(world) as conn:
        for look in looks:
            apply_observation(world.services, conn, order.id, look)
        return str(conn.execute(_STATE, {"id": order.id}).scalar_one())


@contextmanager
def _undone(world: World) -> Iterator[Connection]:
    with world.engine.connect() as conn:
        try:
            yield conn
        finally:
            conn.rollback()


def state_by_the_rules(order: Order, looks: Sequence[Observation]) -> tuple[object, ...]:
    """The same with the pure rules alone, and no database to catch a mistake."""
    status, payments, refunds = order.status, {}, {}
    roles: dict[str, PaymentRole] = {}
    for look in looks:
        primary = order.id if PaymentRole.PRIMARY in roles.values() else None
        now = _with_status(order, status)
        decided = settle(now, Known(dict(payments), primary), look, now=order.created_at)
        assert may_move(status, decided.status)
        status = decided.status
        for change in decided.changes:
            key = change.payment.gateway_payment_id
            payments[key] = change.status
            if change.role is not None:
                roles[key] = change.role
        _apply_refunds(order, look, payments, roles, refunds)
    return (
        status,
        tuple(sorted(payments.items())),
        tuple(sorted(roles.items())),
        tuple(sorted(refunds.items())),
    )


def _apply_refunds(
    order: Order,
    look: Observation,
    payments: dict[str, PaymentStatus],
    roles: dict[str, PaymentRole],
    refunds: dict[str, tuple[str, int, RefundStatus]],
) -> None:
    numbers = {key: number for number, key in enumerate(sorted(roles))}
    names = {number: key for key, number in numbers.items()}
    taken = dict.fromkeys(numbers, 0)
    for payment, amount, state in refunds.values():
        taken[payment] += 0 if state is RefundStatus.FAILED else amount
    money = [
        RefundablePayment(numbers[key], key, roles[key], order.amount_paise, taken[key])
        for key in sorted(roles)
    ]
    known = [
        KnownRefund(
            key=key,
            payment_id=numbers[row[0]],
            amount_paise=row[1],
            gateway_amount_paise=row[1],
            status=row[2],
        )
        for key, row in refunds.items()
    ]
    changes, _alarms = settle_refunds(money, known, look.refunds)
    for change in changes:
        refunds[change.key] = (names[change.payment_id], change.amount_paise, change.status)
        returned = sum(
            amount
            for payment, amount, state in refunds.values()
            if payment == names[change.payment_id] and state is RefundStatus.PROCESSED
        )
        if returned == order.amount_paise:
            payments[names[change.payment_id]] = PaymentStatus.REFUNDED


def _with_status(order: Order, status: OrderStatus) -> Order:
    return Order(**{name: getattr(order, name) for name in order.__dataclass_fields__} | {"status": status})


def shuffled(looks: Sequence[Observation], dice: random.Random) -> list[Observation]:
    """The looks in another sequence, the last one held back or not."""
    mixed = list(looks)
    dice.shuffle(mixed)
    return mixed
