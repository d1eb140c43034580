"""The life of an order: its states, the allowed edges, and `settle`, the one rule that reads a gateway's answer.

`settle` is pure and monotonic: applying it twice, or applying an old observation late, adds nothing and
takes nothing back. It decides; `payment_handler.sync_order` writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.gateway import (
    RETURNED_UNTAKEN,
    GatewayOrderStatus,
    GatewayPayment,
    GatewayPaymentStatus,
    Observation,
    OrderRef,
)
from domain.observations import (
    LONGEST_PAYMENT_ID,
    contradiction,
    distinct_attempts,
    is_out_of_time,
    returned_payments,
)


class OrderStatus(StrEnum):
    CREATING = "creating"  # our row is committed, the gateway was not asked yet
    UNKNOWN = "unknown"  # the gateway was asked and did not answer: it may know the order
    CREATED = "created"  # payable at the gateway
    FAILED = "failed"  # the gateway refused to open it
    SUPERSEDED = "superseded"  # the buyer changed the plan; the gateway was asked to close it
    EXPIRED = "expired"
    TERMINATED = "terminated"
    PAID = "paid"
    SURPLUS = "surplus"  # money came that this purchase did not need; it goes back
    QUARANTINED = "quarantined"  # what the gateway says contradicts our order: a person looks


# What the gateway says later changes nothing for the buyer any more, or a person decides.
SETTLED = frozenset({OrderStatus.PAID, OrderStatus.SURPLUS, OrderStatus.QUARANTINED})
_CLOSED = frozenset({OrderStatus.EXPIRED, OrderStatus.TERMINATED})

# Every other edge is refused. Expired, failed and terminated orders may still be paid: the gateway lets an
# attempt that began in time succeed later.
EDGES: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.CREATING: SETTLED
    | _CLOSED
    | {OrderStatus.CREATED, OrderStatus.UNKNOWN, OrderStatus.FAILED, OrderStatus.SUPERSEDED},
    OrderStatus.UNKNOWN: SETTLED
    | _CLOSED
    | {OrderStatus.CREATED, OrderStatus.FAILED, OrderStatus.SUPERSEDED},
    OrderStatus.CREATED: SETTLED | _CLOSED | {OrderStatus.SUPERSEDED},
    # Never open again: the buyer may have been given another order, and one of a checkout is open at a time.
    OrderStatus.FAILED: SETTLED | _CLOSED,
    OrderStatus.SUPERSEDED: SETTLED | _CLOSED,
    OrderStatus.EXPIRED: SETTLED,
    OrderStatus.TERMINATED: SETTLED,
    OrderStatus.PAID: frozenset(),
    # The gateway may tell late of a payment that came in time, after one that came too late.
    OrderStatus.SURPLUS: frozenset({OrderStatus.PAID}),
    # By a person's verdict only. Never open again: the buyer begins anew.
    OrderStatus.QUARANTINED: frozenset(
        {OrderStatus.PAID, OrderStatus.SURPLUS, OrderStatus.SUPERSEDED} | _CLOSED
    ),
}

# How the alarm begins about money that the gateway speaks of and does not show.
NO_MONEY = "no money came"


class Verdict(StrEnum):
    """What a person decided about a quarantined order."""

    ACCEPT = "accept"  # look again, and go on as usual if nothing contradicts us any more
    GIVE_BACK = "give_back"  # the money that came returns to the buyer


class PaymentStatus(StrEnum):
    PENDING = "pending"
    FAILED = "failed"
    DROPPED = "dropped"
    CANCELLED = "cancelled"
    HELD = "held"  # the gateway reports money for a quarantined order: a person decides
    CAPTURED = "captured"
    REFUNDED = "refunded"


class PaymentRole(StrEnum):
    PRIMARY = "primary"  # bought the period
    DUPLICATE = "duplicate"  # money that bought nothing


@dataclass(frozen=True, slots=True)
class Order:
    """Our attempt to be paid. `gateway_order_id` is the gateway's own number, once it has told us."""

    id: str
    checkout_id: UUID
    user_id: UUID
    plan_id: str
    months: int
    amount_paise: int
    currency: str
    gateway: str
    status: OrderStatus
    payment_session_id: str | None
    expires_at: datetime
    created_at: datetime
    synced_at: datetime | None = None
    paid_at: datetime | None = None
    gateway_order_id: str | None = None

    @property
    def ref(self) -> OrderRef:
        """The order as its gateway is asked for it."""
        return OrderRef(self.id, self.gateway_order_id)

    def is_payable(self, now: datetime) -> bool:
        """True while the buyer can be sent to the gateway with it."""
        return (
            self.status is OrderStatus.CREATED
            and self.payment_session_id is not None
            and now < self.expires_at
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What our books hold before an observation is applied.

    `payments` are the recorded attempts of this order by gateway payment id; `primary_order_id` is the
    order of the same checkout that has bought the period already, if any; `elsewhere` are the observed
    payment ids that are recorded under another order. `has_owner` is false once the account is closed.
    """

    payments: Mapping[str, PaymentStatus]
    primary_order_id: str | None = None
    elsewhere: frozenset[str] = frozenset()
    has_owner: bool = True


@dataclass(frozen=True, slots=True)
class PaymentChange:
    """One attempt to insert or to move forward. `role` is set when the attempt is money."""

    payment: GatewayPayment
    status: PaymentStatus
    role: PaymentRole | None = None
    refund_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one observation changes. Empty when it says nothing new."""

    status: OrderStatus
    changes: tuple[PaymentChange, ...] = ()
    quarantine_reason: str | None = None
    alarms: tuple[str, ...] = ()

    @property
    def activating(self) -> GatewayPayment | None:
        """The payment that buys the period, if this observation brought it."""
        return next((c.payment for c in self.changes if c.role is PaymentRole.PRIMARY), None)


_ATTEMPT = {
    GatewayPaymentStatus.PENDING: PaymentStatus.PENDING,
    GatewayPaymentStatus.AUTHORIZED: PaymentStatus.PENDING,
    GatewayPaymentStatus.UNKNOWN: PaymentStatus.PENDING,
    GatewayPaymentStatus.FAILED: PaymentStatus.FAILED,
    GatewayPaymentStatus.DROPPED: PaymentStatus.DROPPED,
    GatewayPaymentStatus.CANCELLED: PaymentStatus.CANCELLED,
}

MONEY = frozenset({PaymentStatus.CAPTURED, PaymentStatus.REFUNDED})
_FAILED = frozenset({PaymentStatus.FAILED, PaymentStatus.DROPPED})

_FROM_GATEWAY = {
    GatewayOrderStatus.ACTIVE: OrderStatus.CREATED,
    GatewayOrderStatus.EXPIRED: OrderStatus.EXPIRED,
    GatewayOrderStatus.TERMINATED: OrderStatus.TERMINATED,
}


def may_move(current: OrderStatus, following: OrderStatus) -> bool:
    """True when the edge is allowed, or when nothing moves."""
    return current is following or following in EDGES[current]


def settle(
    order: Order,
    known: Known,
    observed: Observation,
    *,
    now: datetime,
    refund_late: bool = False,
    verdict: Verdict | None = None,
) -> Settlement:
    """Decide what an observation changes about an order, its payments and the access it buys.

    A contradiction in id, amount, currency or owner quarantines the order: it is recorded, it alarms and it
    gives no access. The gateway's *order* amount must be ours; a surcharge or an offer may change only what
    the buyer's bank was charged. With `refund_late` money that came after the expiry goes back. An order that
    brought no money ends some minutes after its time, in whatever words its gateway keeps it open.
    """
    observed = replace(observed, payments=distinct_attempts(observed.payments))
    if order.status is OrderStatus.QUARANTINED and verdict is None:
        return Settlement(order.status, _held(order, known, observed))
    if order.status is OrderStatus.QUARANTINED and verdict is Verdict.GIVE_BACK:
        return _give_back(order, known, observed)
    reason = contradiction(order, known, observed)
    if reason is not None:
        if order.status in {OrderStatus.PAID, OrderStatus.SURPLUS}:
            return Settlement(order.status, alarms=(reason,))
        held = _held(order, known, observed)
        return Settlement(OrderStatus.QUARANTINED, held, quarantine_reason=reason, alarms=(reason,))

    changes = _payment_changes(order, known, observed, refund_late=refund_late)
    # Money that waits for a person, and that the gateway shows no more, is not forgotten by the clock.
    is_over = PaymentStatus.HELD not in known.payments.values() and is_out_of_time(order, observed, now)
    status = _next_status(order, observed, changes, is_over=is_over)
    return Settlement(
        status, tuple(changes), alarms=_alarms(order, observed, changes, status, is_over=is_over)
    )


def _successes(order: Order, known: Known, observed: Observation) -> list[GatewayPayment]:
    """Money that the gateway reports for this order, whether or not it fits."""
    return [
        payment
        for payment in observed.payments
        if payment.status is GatewayPaymentStatus.SUCCESS
        and payment.is_money
        and payment.order_id == order.id
        and payment.gateway_payment_id not in known.elsewhere
        and payment.amount_paise > 0
        and len(payment.gateway_payment_id) <= LONGEST_PAYMENT_ID
    ]


def _held(order: Order, known: Known, observed: Observation) -> tuple[PaymentChange, ...]:
    """Money that came and is not written down yet: it waits for a person, too."""
    return tuple(
        PaymentChange(payment, PaymentStatus.HELD)
        for payment in _successes(order, known, observed)
        if known.payments.get(payment.gateway_payment_id) is not PaymentStatus.HELD
    )


def _give_back(order: Order, known: Known, observed: Observation) -> Settlement:
    """The whole money of a quarantined order returns. One refund: the gateway returns further successes itself.

    A gateway that contradicts itself about an amount would have us return a part and call it all: nothing is done.
    """
    successes = _successes(order, known, observed)
    for payment in successes:
        # The amount is what our order is over, or, for a part payment, what the bank was asked for.
        is_certain = payment.amount_paise in {order.amount_paise, payment.charged_paise}
        if not is_certain or payment.currency != order.currency:
            return Settlement(order.status)
    returned = returned_payments(observed)
    changes: list[PaymentChange] = []
    reason: str | None = "returned after a check by a person"
    for payment in successes:
        is_ours_to_return = payment not in returned
        changes.append(
            PaymentChange(
                payment,
                PaymentStatus.CAPTURED,
                PaymentRole.DUPLICATE,
                reason if is_ours_to_return else None,
            )
        )
        if is_ours_to_return:
            reason = None
    return Settlement(OrderStatus.SURPLUS if changes else order.status, tuple(changes))


def _payment_changes(
    order: Order, known: Known, observed: Observation, *, refund_late: bool
) -> list[PaymentChange]:
    changes: list[PaymentChange] = []
    primary_order_id = known.primary_order_id
    has_money = not MONEY.isdisjoint(known.payments.values())
    # Of two successes the gateway returns one, whether or not it says that it did so by itself: the other bought
    # the period. Otherwise it is the earliest, which the buyer meant; the list's own order means nothing.
    given_up = {r.gateway_payment_id for r in observed.refunds if r.is_automatic}
    returned = returned_payments(observed)
    in_time = sorted(observed.payments, key=lambda p: (p.paid_at is None, p.paid_at, p.gateway_payment_id))
    for payment in sorted(in_time, key=lambda p: p.gateway_payment_id in given_up or p in returned):
        recorded = known.payments.get(payment.gateway_payment_id)
        if recorded in MONEY or payment.status is GatewayPaymentStatus.NOT_STARTED:
            continue
        if payment.status is GatewayPaymentStatus.SUCCESS and payment.is_money:
            role, reason = role_of(
                order, payment, primary_order_id, refund_late=refund_late, has_owner=known.has_owner
            )
            # One refund for one order: refunds are asked for by order, and the gateway itself sends back
            # every further success on it. A second request could take the good payment.
            is_returned = payment in returned
            if has_money or is_returned:
                reason = None
            changes.append(PaymentChange(payment, PaymentStatus.CAPTURED, role, reason))
            has_money = has_money or not is_returned
            if role is PaymentRole.PRIMARY:
                primary_order_id = order.id
    return [*changes, *_attempts(order, known, observed, changes, refund_late=refund_late)]


def _attempts(
    order: Order, known: Known, observed: Observation, money: list[PaymentChange], *, refund_late: bool
) -> Iterator[PaymentChange]:
    """What is new of attempts that brought no money, beside the `money` that came.

    What a bank holds and we leave to go back (see `domain.captures`) is an attempt that ended: nobody waits for it.
    """
    has_money = bool(money) or not MONEY.isdisjoint(known.payments.values())
    for payment in observed.payments:
        recorded = known.payments.get(payment.gateway_payment_id)
        if recorded in MONEY or payment.status not in _ATTEMPT:
            continue
        role, _ = role_of(
            order, payment, known.primary_order_id, refund_late=refund_late, has_owner=known.has_owner
        )
        goes_back = payment.status is GatewayPaymentStatus.AUTHORIZED and (
            has_money or role is PaymentRole.DUPLICATE
        )
        status = PaymentStatus.CANCELLED if goes_back else _ATTEMPT[payment.status]
        # An older observation may still say "pending" after the attempt ended. But a bank may come to hold the
        # money of one that it had called failed.
        is_new = recorded is None or (
            recorded is PaymentStatus.PENDING and status is not PaymentStatus.PENDING
        )
        if is_new or (goes_back and recorded in _FAILED):
            yield PaymentChange(
                replace(payment, error_reason=RETURNED_UNTAKEN) if goes_back else payment, status
            )


def role_of(
    order: Order,
    payment: GatewayPayment,
    primary_order_id: str | None,
    *,
    refund_late: bool,
    has_owner: bool,
) -> tuple[PaymentRole, str | None]:
    """What the money of a payment does for its buyer, and why it goes back if we have to send it."""
    if primary_order_id == order.id:
        return PaymentRole.DUPLICATE, None
    if primary_order_id is not None:
        return PaymentRole.DUPLICATE, "paid twice in one checkout"
    if not has_owner:
        return PaymentRole.DUPLICATE, "paid for an account that is closed"
    if refund_late and payment.paid_at is not None and payment.paid_at > order.expires_at:
        return PaymentRole.DUPLICATE, "paid after the order had expired"
    return PaymentRole.PRIMARY, None


def money_to_return(gateway_payment_id: str) -> str:
    """How the alarm begins about a payment that bought nothing. It ends when its money went back."""
    return f"money came that goes back, {gateway_payment_id}:"


def _next_status(
    order: Order, observed: Observation, changes: list[PaymentChange], *, is_over: bool
) -> OrderStatus:
    roles = {change.role for change in changes}
    if PaymentRole.PRIMARY in roles:
        return OrderStatus.PAID
    if PaymentRole.DUPLICATE in roles and order.status is not OrderStatus.PAID:
        return OrderStatus.SURPLUS
    following = _FROM_GATEWAY.get(observed.order.status, order.status)
    if is_over and following not in _CLOSED:
        # It may still be paid, like any that expired.
        following = OrderStatus.EXPIRED
    if order.status is OrderStatus.QUARANTINED and following is OrderStatus.CREATED:
        following = OrderStatus.SUPERSEDED
    return following if may_move(order.status, following) else order.status


def _alarms(
    order: Order, observed: Observation, changes: list[PaymentChange], status: OrderStatus, *, is_over: bool
) -> tuple[str, ...]:
    """What a person should hear of. Each sentence names its fact: the same one calls nobody twice."""
    alarms = []
    for change in changes:
        if change.role is PaymentRole.DUPLICATE:
            why = change.refund_reason or "a second payment"
            alarms.append(f"{money_to_return(change.payment.gateway_payment_id)} {why}")
    successes = [p for p in observed.payments if p.status is GatewayPaymentStatus.SUCCESS]
    unpaid = [p.gateway_payment_id for p in successes if not p.is_money]
    if order.status is not OrderStatus.PAID:
        alarms += [f"{NO_MONEY} with payment {identity}, which is called a success" for identity in unpaid]
    if observed.order.status is GatewayOrderStatus.PAID and is_over and not unpaid and status not in SETTLED:
        alarms.append(f"{NO_MONEY} with the order, which is called paid")
    return tuple(alarms)
