"""Which money that a bank only holds for us should be taken. Pure, like `domain.orders.settle`.

A payment that nobody captures goes back by itself, whole and without a fee: what we would return at once is
better never taken.
"""

from __future__ import annotations

from dataclasses import replace

from domain.gateway import GatewayPayment, GatewayPaymentStatus, Observation
from domain.observations import contradiction, distinct_attempts
from domain.orders import (
    MONEY,
    Known,
    Order,
    OrderStatus,
    PaymentRole,
    Verdict,
    role_of,
)


def payment_to_capture(
    order: Order,
    known: Known,
    observed: Observation,
    *,
    refund_late: bool = False,
    verdict: Verdict | None = None,
) -> GatewayPayment | None:
    """The authorised payment that would buy the order's period, if there is one: the earliest.

    None for a duplicate, for a closed account, for money that came too late under `refund_late`, and while a
    person has to look.
    """
    is_doubted = order.status is OrderStatus.QUARANTINED and verdict is not Verdict.ACCEPT
    observed = replace(observed, payments=distinct_attempts(observed.payments))
    if is_doubted or contradiction(order, known, observed) is not None:
        return None
    has_come = any(p.status is GatewayPaymentStatus.SUCCESS and p.is_money for p in observed.payments)
    if has_come or not MONEY.isdisjoint(known.payments.values()):
        return None
    held = [p for p in observed.payments if p.status is GatewayPaymentStatus.AUTHORIZED]
    for payment in sorted(held, key=lambda p: (p.paid_at is None, p.paid_at, p.gateway_payment_id)):
        role, _ = role_of(
            order, payment, known.primary_order_id, refund_late=refund_late, has_owner=known.has_owner
        )
        if role is PaymentRole.PRIMARY:
            return payment
    return None
