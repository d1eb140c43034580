"""What reaches the merchant's bank: settlements, simple but right in shape."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from simulator import errors
from simulator.clock import ist
from simulator.gateway import Gateway
from simulator.records import Order, Payment
from simulator.reports import page, wanted_time
from simulator.wire import rupees

SETTLES_AFTER = timedelta(days=1)
FEE_BASIS_POINTS = 200


def fees(payment: Payment) -> tuple[int, int]:
    """Return the gateway's charge and the tax on it, in paise: 2 % and 18 % of that."""
    charge = payment.amount_paise * FEE_BASIS_POINTS // 10_000
    return charge, charge * 18 // 100


def of_order(gateway: Gateway, order: Order) -> dict[str, Any]:
    """Settlement of an order's payment. Raises ApiError 404 while it is not settled."""
    for payment in gateway.payments_of(order):
        if is_settled(gateway, payment):
            return _settlement(gateway, order, payment)
    raise errors.ApiError(404, "settlement not found", "settlement_get_not_found")


def listed(gateway: Gateway, fields: dict[str, Any]) -> dict[str, Any]:
    """POST /settlements: settled payments in a range of dates."""
    start, end = wanted_time(fields)
    rows = [
        _settlement(gateway, gateway.store.orders[payment.order_id], payment)
        for payment in gateway.store.payments.values()
        if is_settled(gateway, payment) and start <= settled_at(payment) <= end
    ]
    return page(rows, fields)


def is_settled(gateway: Gateway, payment: Payment) -> bool:
    """True once a payment has reached the merchant's bank."""
    return payment.status == "SUCCESS" and settled_at(payment) <= gateway.now()


def settled_at(payment: Payment) -> datetime:
    """When a payment reaches, or will reach, the merchant's bank."""
    return (payment.finished_at or payment.started_at) + SETTLES_AFTER


def _settlement(gateway: Gateway, order: Order, payment: Payment) -> dict[str, Any]:
    charge, tax = fees(payment)
    return {
        "cf_payment_id": payment.cf_payment_id,
        "order_id": order.order_id,
        "entity": "settlement",
        "order_amount": rupees(order.amount_paise),
        "order_currency": order.currency,
        "payment_time": ist(payment.finished_at or payment.started_at),
        "service_charge": rupees(charge),
        "service_tax": rupees(tax),
        "settlement_amount": rupees(payment.amount_paise - charge - tax),
        "settlement_currency": order.currency,
        **settlement_ids(payment),
        "transfer_id": int(payment.cf_payment_id),
        "transfer_time": ist(settled_at(payment)),
        "forex_conversion_handling_charge": 0,
        "forex_conversion_handling_tax": 0,
        "forex_conversion_rate": 0,
        "charges_currency": order.currency,
    }


def settlement_ids(payment: Payment) -> dict[str, str]:
    """What a payment's settlement is called by the gateway and by the bank."""
    return {
        "cf_settlement_id": payment.cf_payment_id[-9:],
        "transfer_utr": f"UTR{payment.cf_payment_id}",
    }
