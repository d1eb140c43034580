"""What one look at the gateway says, made safe to reason about.

Each attempt once, what of it goes back, what of it cannot be true of our order, and when its time is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.gateway import (
    GatewayOrder,
    GatewayOrderStatus,
    GatewayPayment,
    GatewayPaymentStatus,
    GatewayRefundStatus,
    Observation,
)
from domain.money import INR, format_rupees

if TYPE_CHECKING:
    from domain.orders import Known, Order

# What a row of `payments` can hold.
LONGEST_PAYMENT_ID = 100

# A gateway's clock differs, its books lag, its keys are being changed: minutes heal that. Longer, and the sweep's next
# look comes after the 45 minutes of invariant I17.
GRACE = timedelta(minutes=5)


def distinct_attempts(payments: tuple[GatewayPayment, ...]) -> tuple[GatewayPayment, ...]:
    """Each attempt once, a success before anything else; without attempts that our books cannot hold."""
    best: dict[str, GatewayPayment] = {}
    for payment in payments:
        is_paid = payment.status is GatewayPaymentStatus.SUCCESS
        if not is_paid and (
            payment.amount_paise <= 0 or len(payment.gateway_payment_id) > LONGEST_PAYMENT_ID
        ):
            continue
        other = best.get(payment.gateway_payment_id)
        if other is None or (is_paid and other.status is not GatewayPaymentStatus.SUCCESS):
            best[payment.gateway_payment_id] = payment
    return tuple(best.values())


def returned_payments(observed: Observation) -> list[GatewayPayment]:
    """Payments that refunds of the gateway give back in full already, or are about to."""
    failed = {GatewayRefundStatus.FAILED, GatewayRefundStatus.CANCELLED}
    return [
        payment
        for payment in observed.payments
        if payment.amount_paise
        <= sum(
            refund.amount_paise
            for refund in observed.refunds
            if refund.gateway_payment_id == payment.gateway_payment_id and refund.status not in failed
        )
    ]


def is_out_of_time(order: Order, observed: Observation, now: datetime) -> bool:
    """True when an order has had its time, as we set it, whatever its gateway still calls it.

    A gateway whose orders never end names no end: there it is our deadline. Any other is waited for a little longer.
    """
    theirs = observed.order
    has_no_end = theirs.expires_at is None and theirs.status is GatewayOrderStatus.ACTIVE
    return now >= (order.expires_at if has_no_end else order.expires_at + GRACE)


def contradiction(order: Order, known: Known, observed: Observation) -> str | None:
    """What the gateway says that cannot be true of our order, in words; None if all of it can."""
    theirs = observed.order
    if theirs.order_id != order.id:
        return "the gateway answered about another order"
    if (theirs.amount_paise, theirs.currency) != (order.amount_paise, order.currency):
        return f"the gateway's order amount or currency is not ours: {_stated_amount(theirs)}"
    owner = theirs.tags.get("user_id")
    if owner is not None and owner != str(order.user_id):
        return "the gateway's order belongs to another user"
    for payment in observed.payments:
        if payment.order_id != order.id or payment.gateway_payment_id in known.elsewhere:
            return "a payment of another order was listed"
        is_paid = payment.status in {GatewayPaymentStatus.SUCCESS, GatewayPaymentStatus.AUTHORIZED}
        if len(payment.gateway_payment_id) > LONGEST_PAYMENT_ID:
            return "a payment has an id that our books cannot hold"
        if is_paid and (payment.amount_paise, payment.currency) != (order.amount_paise, order.currency):
            return f"a payment's order amount or currency is not ours: {_stated_amount(payment)}"
    return None


def _stated_amount(stated: GatewayOrder | GatewayPayment) -> str:
    """The amount that the gateway states, as a person reads it."""
    if stated.currency == INR:
        return format_rupees(stated.amount_paise)
    return f"{stated.amount_paise / 100:.2f} {stated.currency[:10]}"
