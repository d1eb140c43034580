"""Bring an order in line with its gateway: ask, let `domain.orders.settle` decide, write it in one transaction.

What is written is payment, order, period, subscription, books, and the mails that follow.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from billing import mails
from billing.alarms import raise_alarm
from billing.refunds import apply_changes, intend_refund
from database import books, orders, payments, refunds, subscriptions, users
from database.queue import Job
from domain.captures import payment_to_capture
from domain.errors import GatewayError, GatewayObjectNotFound, GatewayRequestRejected, OrderNotFound
from domain.gateway import (
    GatewayPaymentStatus,
    Observation,
    OrderRef,
    PaymentGateway,
)
from domain.observations import GRACE
from domain.orders import (
    Order,
    OrderStatus,
    PaymentChange,
    PaymentRole,
    PaymentStatus,
    Settlement,
    Verdict,
    settle,
)
from domain.refunds import settle_refunds
from domain.subscriptions import Period, next_period
from wiring import Services

log = structlog.get_logger()

T = TypeVar("T")

_NOT_OPENED = frozenset({OrderStatus.CREATING, OrderStatus.UNKNOWN})


def sync_order(services: Services, order_id: str, *, verdict: Verdict | None = None) -> Order:
    """Bring one order in line with what its gateway says now, and return it.

    Safe to repeat and to run concurrently: the user and the order are locked, and what is settled does not
    move back. The gateway is asked before the transaction opens, and money that a bank only holds for this order
    is captured then, too. Raises OrderNotFound and the GatewayError tree. A contradiction is recorded for a
    person (status `quarantined`); it gives no access until there is a `verdict`.
    """
    with services.engine.connect() as conn:
        order = orders.find(conn, order_id)
    if order is None:
        raise OrderNotFound()
    observed = observe(services.gateway(order.gateway), order.ref)
    trouble: GatewayError | None = None
    if observed is not None:
        observed, trouble = _with_captured_money(services, order, observed, verdict)
    with services.engine.begin() as conn:
        if observed is None:
            _note_absence(services, conn, order_id)
        else:
            apply_observation(services, conn, order_id, observed, verdict=verdict)
        synced = orders.find(conn, order_id)
    if synced is None:
        raise OrderNotFound()
    if synced.status is not order.status:
        log.info("order_moved", order_id=order_id, before=str(order.status), after=str(synced.status))
    if trouble is not None:
        # What was seen is written: the buyer is not asked to pay again while the bank holds their money.
        raise trouble
    return synced


def observe(gateway: PaymentGateway, ref: OrderRef) -> Observation | None:
    """One look at an order; None when the gateway does not know it. Raises the GatewayError tree."""
    try:
        order = gateway.fetch_order(ref)
    except GatewayObjectNotFound:
        return None
    # The number is known now: a gateway that needs it is not made to search again.
    ref = OrderRef(ref.order_id, ref.gateway_order_id or order.gateway_order_id)
    attempts = _or_nothing(gateway.fetch_payments, ref)
    # Only money can go back: most looks need no third question.
    has_money = any(attempt.status is GatewayPaymentStatus.SUCCESS for attempt in attempts)
    return Observation(order, attempts, _or_nothing(gateway.fetch_refunds, ref) if has_money else ())


def _or_nothing(fetch: Callable[[OrderRef], tuple[T, ...]], ref: OrderRef) -> tuple[T, ...]:
    """Of an order that is there, "not found" can only mean that it has none."""
    try:
        return fetch(ref)
    except GatewayObjectNotFound:
        return ()


def _with_captured_money(
    services: Services, order: Order, observed: Observation, verdict: Verdict | None
) -> tuple[Observation, GatewayError | None]:
    """Take what a bank holds for this order, if it buys something, and look again. No transaction is open.

    The gateway's own automatic capture may come first: the second look tells what is true. When the capture has no
    answer, the first look and the error to raise once that is written.
    """
    if not any(payment.status is GatewayPaymentStatus.AUTHORIZED for payment in observed.payments):
        return observed, None
    with services.engine.connect() as conn:
        current = orders.find(conn, order.id) or order
        payment = payment_to_capture(
            current,
            payments.known(conn, current, observed),
            observed,
            refund_late=services.settings.late_payment == "refund",
            verdict=verdict,
        )
    if payment is None:
        return observed, None
    gateway = services.gateway(order.gateway)
    ref = OrderRef(order.id, observed.order.gateway_order_id)
    try:
        gateway.capture_payment(ref, payment)
        log.info("payment_captured_by_us", order_id=order.id)
    except GatewayError as error:
        log.warning("not_captured", order_id=order.id, error=type(error).__name__)
        if not error.retryable:
            with services.engine.begin() as conn:
                sentence = f"Order {order.id}: {order.gateway} refuses to capture money that the bank holds."
                key = f"order:{order.id}:capture refused:{payment.gateway_payment_id}"
                raise_alarm(services, conn, key, sentence, once=True)
        if not isinstance(error, GatewayRequestRejected):
            return observed, error
    return observe(gateway, ref) or observed, None


def apply_observation(
    services: Services,
    conn: Connection,
    order_id: str,
    observed: Observation,
    *,
    verdict: Verdict | None = None,
) -> None:
    """Bring our books in line with one look at the gateway. Safe to repeat, and safe with an old look.

    Locks the user, then the order, always in this order. The caller's transaction commits all of it or none.
    """
    found = orders.find(conn, order_id)
    if found is None:
        raise LookupError("orders are never deleted")
    users.lock(conn, found.user_id)
    order = orders.lock(conn, order_id)
    now = services.now(conn)
    decided = settle(
        order,
        payments.known(conn, order, observed),
        observed,
        refund_late=services.settings.late_payment == "refund",
        now=now,
        verdict=verdict,
    )
    for change in decided.changes:
        _record(services, conn, order, change, now)
    if decided.status is not OrderStatus.QUARANTINED:
        orders.keep_gateway_facts(
            conn,
            order.id,
            gateway_order_id=observed.order.gateway_order_id,
            payment_session_id=observed.order.payment_session_id,
        )
    _move(conn, order, decided, now)
    if decided.activating is not None:
        _close_other_orders(services, conn, order)
    for reason in decided.alarms:
        # Each look finds it again. But an order that comes into quarantine waits for a person each time.
        once = reason != decided.quarantine_reason
        raise_alarm(services, conn, f"order:{order.id}:{reason}", f"Order {order.id}: {reason}.", once=once)
    changes, told = settle_refunds(
        refunds.refundable(conn, order.id), refunds.known_of_order(conn, order.id), observed.refunds
    )
    apply_changes(services, conn, order, changes, told)


def _note_absence(services: Services, conn: Connection, order_id: str) -> None:
    """The gateway does not know the order: not yet, never, or not any more. After its expiry nobody waits for it.

    It may still be paid, like any expired order, should the gateway come to know it.
    """
    order, now = orders.lock(conn, order_id), services.now(conn)
    is_gone = order.status is OrderStatus.CREATED and now >= order.expires_at + GRACE
    if is_gone:
        payments.drop_pending(conn, order_id)
        # One alarm, however many orders: the keys may belong to another account now.
        sentence = (
            f"{order.gateway} denies orders that it had opened, {order_id} for one. Whose keys are set?"
        )
        raise_alarm(services, conn, f"gateway:{order.gateway}:orders gone", sentence)
    if is_gone or (order.status in _NOT_OPENED and now >= order.expires_at):
        orders.set_status(conn, order_id, OrderStatus.EXPIRED, now=now, synced=True)
    else:
        orders.mark_synced(conn, order_id, now=now)


def _record(services: Services, conn: Connection, order: Order, change: PaymentChange, now: datetime) -> None:
    payment_id = payments.record(conn, order, change)
    if change.status is not PaymentStatus.CAPTURED:
        return
    account = "sales" if change.role is PaymentRole.PRIMARY else "owed_to_buyers"
    amount = change.payment.amount_paise
    books.post(conn, {"gateway_receivable": amount, account: -amount}, payment_id=payment_id)
    if change.role is PaymentRole.PRIMARY:
        period = _give_access(conn, order, payment_id, now)
        mails.defer_receipt(services, conn, order, change.payment, period)
        mails.defer_activation(services, conn, order, change.payment, period)
    if change.refund_reason is not None:
        intend_refund(services, conn, payment_id=payment_id, amount_paise=amount, reason=change.refund_reason)
    books.audit(
        conn,
        "payment_captured",
        f"order:{order.id}",
        actor_id=None,
        detail={"payment": payment_id, "role": str(change.role), "amount_paise": amount},
    )


def _give_access(conn: Connection, order: Order, payment_id: int, now: datetime) -> Period:
    subscriptions.insert_pending(conn, order.user_id)
    subscription = subscriptions.find(conn, order.user_id)
    if subscription is None:
        raise LookupError("the subscription was just made")
    period = next_period(order.plan_id, order.months, now=now, paid_until=subscription.access_until())
    subscriptions.insert_paid_period(conn, subscription.id, period, payment_id=payment_id)
    subscriptions.refresh(conn, subscription.id, now=now)
    orders.close_checkout(conn, order.checkout_id, now=now)
    return period


def _close_other_orders(services: Services, conn: Connection, order: Order) -> None:
    """What the buyer no longer needs should not be payable: another plan, an earlier try."""
    for order_id in orders.supersede_open(conn, order.checkout_id):
        services.queue.defer(conn, Job.TERMINATE_ORDER, order_id=order_id)


def _move(conn: Connection, order: Order, decided: Settlement, now: datetime) -> None:
    if decided.status is order.status:
        orders.mark_synced(conn, order.id, now=now)
        return
    orders.set_status(
        conn, order.id, decided.status, now=now, quarantine_reason=decided.quarantine_reason, synced=True
    )
    if decided.status in {OrderStatus.PAID, OrderStatus.SURPLUS, OrderStatus.QUARANTINED}:
        books.audit(conn, f"order_{decided.status}", f"order:{order.id}", actor_id=None, detail={})
