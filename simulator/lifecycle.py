"""What time brings: expiries, late results, processed refunds. Deliveries go to the courier."""

from __future__ import annotations

from datetime import datetime

from simulator import orders, payments, razorpay_lifecycle, refunds
from simulator.gateway import Gateway


def process_due(gateway: Gateway) -> None:
    """Do everything that has become due, oldest first, each thing at its own moment."""
    postponed = []
    while (entry := gateway.agenda.pop_due(gateway.now())) is not None:
        when, kind, key = entry
        if kind == "delivery":
            postponed.append(entry)
        else:
            _happen(gateway, kind, key, when)
    for entry in postponed:
        gateway.due_deliveries.append(entry[2])
    if postponed:
        gateway.wake_courier()


def _happen(gateway: Gateway, kind: str, key: str, when: datetime) -> None:
    if kind.startswith("razorpay_"):
        razorpay_lifecycle.happen(gateway, kind, key, when)
    elif kind == "order":
        order = gateway.store.orders.get(key)
        if order is not None and order.expires_at <= when:
            orders.expire(gateway, order)
    elif kind == "payment":
        payment = gateway.store.payments.get(key)
        if payment is not None and payment.settles_at == when and payment.settles_as:
            payments.finish(gateway, payment, payment.settles_as, at=when)
    elif kind == "refund":
        refund = gateway.store.refunds.get(key)
        if refund is not None and refund.settles_at == when and refund.settles_as:
            refunds.settle(gateway, refund, refund.settles_as, when)
