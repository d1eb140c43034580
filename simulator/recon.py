"""The gateway's two reports of money that moved: the account's ledger, and what was paid out.

/recon lists events by the time at which they happened, /settlement/recon by the day on which they reached
the merchant's bank, so a payment of the last day is in the first alone. Reference section 7; shapes of
OpenAPI 2025-01-01.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.clock import ist
from simulator.gateway import Gateway
from simulator.records import Order, Payment, Refund
from simulator.reports import page, wanted_time
from simulator.settlements import SETTLES_AFTER, fees, settled_at, settlement_ids
from simulator.wire import rupees


@dataclass(frozen=True, slots=True)
class _Movement:
    """Money that came in with a payment or went back with a refund."""

    order: Order
    payment: Payment
    refund: Refund | None
    happened_at: datetime

    @property
    def settled_at(self) -> datetime:
        return self.happened_at + SETTLES_AFTER


def ledger(gateway: Gateway, fields: dict[str, Any]) -> dict[str, Any]:
    """POST /recon: what happened in a time, oldest first, payouts too."""
    start, end = wanted_time(fields)
    rows = [(m.happened_at, _ledger_row(gateway, m)) for m in _movements(gateway)]
    rows += [
        (settled_at(payment), _payout_row(payment))
        for payment in gateway.store.payments.values()
        if payment.status == "SUCCESS" and settled_at(payment) <= gateway.now()
    ]
    return page(_in_time(rows, start, end), fields)


def settled(gateway: Gateway, fields: dict[str, Any]) -> dict[str, Any]:
    """POST /settlement/recon: what was paid out in a time, oldest first."""
    start, end = wanted_time(fields)
    rows = [(m.settled_at, _settled_row(m)) for m in _movements(gateway) if m.settled_at <= gateway.now()]
    return page(_in_time(rows, start, end), fields)


def _movements(gateway: Gateway) -> list[_Movement]:
    store = gateway.store
    payments = [
        _Movement(store.orders[payment.order_id], payment, None, payment.finished_at)
        for payment in store.payments.values()
        if payment.status == "SUCCESS" and payment.finished_at is not None
    ]
    refunds = [
        _Movement(
            store.orders[refund.order_id], store.payments[refund.cf_payment_id], refund, refund.processed_at
        )
        for refund in store.refunds.values()
        if refund.status == "SUCCESS" and refund.processed_at is not None
    ]
    return payments + refunds


def _in_time(
    rows: list[tuple[datetime, dict[str, Any]]], start: datetime, end: datetime
) -> list[dict[str, Any]]:
    chosen = [row for row in rows if start <= row[0] <= end]
    return [row for _, row in sorted(chosen, key=lambda row: row[0])]


def _ledger_row(gateway: Gateway, movement: _Movement) -> dict[str, Any]:
    order, payment, refund = movement.order, movement.payment, movement.refund
    charge, tax = fees(payment)
    is_settled = movement.settled_at <= gateway.now()
    ids = settlement_ids(payment)
    return {
        **_event(movement),
        "order_id": order.order_id,
        "order_amount": rupees(order.amount_paise),
        "customer_name": order.customer.get("customer_name"),
        "customer_phone": order.customer.get("customer_phone"),
        "customer_email": order.customer.get("customer_email"),
        "cf_payment_id": payment.cf_payment_id,
        "payment_amount": rupees(payment.amount_paise),
        "payment_utr": payment.bank_reference,
        "payment_time": ist(payment.finished_at or payment.started_at),
        "payment_service_charge": rupees(charge),
        "payment_service_tax": rupees(tax),
        "payment_group": payment.group,
        "cf_settlement_id": ids["cf_settlement_id"] if is_settled else None,
        "settlement_utr": ids["transfer_utr"] if is_settled else None,
        "settlement_date": ist(movement.settled_at) if is_settled else None,
        **_refund_members(refund),
    }


def _payout_row(payment: Payment) -> dict[str, Any]:
    charge, tax = fees(payment)
    ids, when = settlement_ids(payment), settled_at(payment)
    return {
        "entity": "recon",
        "event_id": ids["cf_settlement_id"],
        "event_type": "SETTLEMENT",
        "event_status": "PAID",
        "event_amount": rupees(payment.amount_paise),
        "event_settlement_amount": rupees(payment.amount_paise - charge - tax),
        "event_currency": payment.currency,
        "event_time": ist(when),
        "sale_type": "CREDIT",
        "cf_settlement_id": ids["cf_settlement_id"],
        "settlement_utr": ids["transfer_utr"],
        "settlement_date": ist(when),
        "remarks": "Settled",
    }


def _settled_row(movement: _Movement) -> dict[str, Any]:
    order, payment, refund = movement.order, movement.payment, movement.refund
    charge, tax = fees(payment)
    ids, when = settlement_ids(payment), movement.settled_at
    event = _event(movement)
    if refund is None:
        event |= {"event_service_charge": rupees(charge), "event_service_tax": rupees(tax)}
    return {
        # The gateway's own spelling, not that of its schema.
        "cutomer_details": {
            "customer_id": order.customer.get("customer_id"),
            "customer_name": order.customer.get("customer_name"),
            "customer_email": order.customer.get("customer_email"),
            "customer_phone": order.customer.get("customer_phone"),
            "customer_bank_account_number": None,
            "customer_bank_code": None,
            "customer_bank_ifsc": None,
        },
        "dispute_details": {
            "closed_in_favor_of": None,
            "dispute_category": None,
            "dispute_note": None,
            "dispute_resolved_on": None,
        },
        "event_details": event | {"event_remarks": None},
        "order_details": {
            "order_id": order.order_id,
            "order_amount": rupees(order.amount_paise),
            "order_currency": order.currency,
            "order_tags": order.tags,
        },
        "payment_details": {
            "cf_payment_id": payment.cf_payment_id,
            "payment_amount": rupees(payment.amount_paise),
            "payment_currency": payment.currency,
            "payment_time": ist(payment.finished_at or payment.started_at),
            "payment_mode": payment.group.upper(),
            "payment_service_charge": rupees(charge),
            "payment_service_tax": rupees(tax),
            "bank_reference": payment.bank_reference,
            "status": payment.status,
            "forex_conversion_handling_charge": None,
            "forex_conversion_handling_tax": None,
            "charges_currency": payment.currency,
        },
        "refund_details": _refund_members(refund),
        "settlement_details": {
            "cf_settlement_id": ids["cf_settlement_id"],
            "utr": ids["transfer_utr"],
            "settlement_date": ist(when),
            "settlement_initiated_on": ist(when),
            "settlement_type": "NORMAL_SETTLEMENT",
            "split_service_charge": 0,
            "split_service_tax": 0,
            "vendor_commission": 0,
            "reason": None,
            "remarks": None,
        },
    }


def _event(movement: _Movement) -> dict[str, Any]:
    payment, refund = movement.payment, movement.refund
    charge, tax = fees(payment)
    amount = payment.amount_paise if refund is None else refund.amount_paise
    return {
        "entity": "recon",
        "event_id": payment.cf_payment_id if refund is None else refund.cf_refund_id,
        "event_type": "PAYMENT" if refund is None else "REFUND",
        "event_status": "SUCCESS",
        "event_amount": rupees(amount),
        "event_settlement_amount": rupees(amount - charge - tax if refund is None else amount),
        "event_currency": payment.currency,
        "event_time": ist(movement.happened_at),
        "sale_type": "CREDIT" if refund is None else "DEBIT",
    }


def _refund_members(refund: Refund | None) -> dict[str, Any]:
    """Neither report names the gateway's own id of a refund but as the event's."""
    if refund is None:
        return {"refund_id": None, "refund_arn": None, "refund_note": None, "refund_processed_at": None}
    return {
        "refund_id": refund.refund_id,
        "refund_arn": refund.arn,
        "refund_note": refund.note,
        "refund_processed_at": ist(refund.processed_at or refund.created_at),
    }
