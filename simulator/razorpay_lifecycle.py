"""What time brings to Razorpay's records: time-outs, late results, captures, auto-refunds, dead webhooks."""

from __future__ import annotations

from datetime import datetime

from simulator import razorpay_payments, razorpay_refunds, razorpay_webhooks
from simulator.gateway import Gateway


def happen(gateway: Gateway, kind: str, key: str, when: datetime) -> None:
    """Do what was due at ``when``, unless something else came first."""
    if kind == "razorpay_payment":
        payment = gateway.store.razorpay_payments.get(key)
        if payment is not None and payment.settles_at == when and payment.settles_as:
            razorpay_payments.settle(gateway, payment, payment.settles_as, when)
    elif kind == "razorpay_refund":
        refund = gateway.store.razorpay_refunds.get(key)
        if refund is not None and refund.settles_at == when and refund.settles_as:
            razorpay_refunds.settle(gateway, refund, refund.settles_as, when)
    elif kind == "razorpay_delivery":
        delivery = gateway.store.deliveries.get(key)
        if delivery is not None and delivery.state == "exhausted":
            razorpay_webhooks.give_up(gateway, delivery)
