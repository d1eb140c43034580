"""What reaches the merchant's bank: settlements and reconciliation, simple but right in shape."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from simulator import errors
from simulator.clock import IST, ist
from simulator.gateway import Gateway
from simulator.records import Order, Payment, Refund
from simulator.wire import rupees

SETTLES_AFTER = timedelta(days=1)
FEE_BASIS_POINTS = 200
MIN_LIMIT, MAX_LIMIT = 10, 1000


def fees(payment: Payment) -> tuple[int, int]:
    """Return the gateway's charge and the tax on it, in paise: 2 % and 18 % of that."""
    charge = payment.amount_paise * FEE_BASIS_POINTS // 10_000
    return charge, charge * 18 // 100


def of_order(gateway: Gateway, order: Order) -> dict[str, Any]:
    """Settlement of an order's payment. Raises ApiError 404 while it is not settled."""
    for payment in gateway.payments_of(order):
        if _is_settled(gateway, payment):
            return _settlement(gateway, order, payment)
    raise errors.ApiError(404, "settlement not found", "settlement_get_not_found")


def listed(gateway: Gateway, fields: dict[str, Any]) -> dict[str, Any]:
    """POST /settlements: settled payments in a range of dates."""
    start, end = _range(fields)
    rows = [
        _settlement(gateway, gateway.store.orders[payment.order_id], payment)
        for payment in gateway.store.payments.values()
        if _is_settled(gateway, payment) and start <= _settled_at(payment) <= end
    ]
    return _page(rows, fields)


def recon(gateway: Gateway, fields: dict[str, Any]) -> dict[str, Any]:
    """POST /settlement/recon: every movement of money in a range of dates, oldest first."""
    start, end = _range(fields)
    movements: list[tuple[datetime, dict[str, Any]]] = []
    for payment in gateway.store.payments.values():
        when = payment.finished_at
        if payment.status == "SUCCESS" and when is not None and start <= when <= end:
            movements.append((when, _payment_row(gateway, payment, when)))
    for refund in gateway.store.refunds.values():
        when = refund.processed_at
        if refund.status == "SUCCESS" and when is not None and start <= when <= end:
            movements.append((when, _refund_row(gateway, refund, when)))
    movements.sort(key=lambda movement: movement[0])
    return _page([row for _, row in movements], fields)


def _is_settled(gateway: Gateway, payment: Payment) -> bool:
    return payment.status == "SUCCESS" and _settled_at(payment) <= gateway.now()


def _settled_at(payment: Payment) -> datetime:
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
        **_settlement_ids(payment),
        "transfer_id": int(payment.cf_payment_id),
        "transfer_time": ist(_settled_at(payment)),
        "forex_conversion_handling_charge": 0,
        "forex_conversion_handling_tax": 0,
        "forex_conversion_rate": 0,
        "charges_currency": order.currency,
    }


def _settlement_ids(payment: Payment) -> dict[str, str]:
    return {
        "cf_settlement_id": payment.cf_payment_id[-9:],
        "transfer_utr": f"UTR{payment.cf_payment_id}",
    }


def _payment_row(gateway: Gateway, payment: Payment, when: datetime) -> dict[str, Any]:
    charge, tax = fees(payment)
    event = _event(
        event_id=payment.cf_payment_id,
        event_type="PAYMENT",
        amount=payment.amount_paise,
        charge=charge,
        tax=tax,
        when=when,
        sale_type="CREDIT",
        currency=payment.currency,
    )
    return _row(gateway, payment, event, None)


def _refund_row(gateway: Gateway, refund: Refund, when: datetime) -> dict[str, Any]:
    event = _event(
        event_id=refund.cf_refund_id,
        event_type="REFUND",
        amount=refund.amount_paise,
        charge=0,
        tax=0,
        when=when,
        sale_type="DEBIT",
        currency=refund.currency,
    )
    return _row(gateway, gateway.store.payments[refund.cf_payment_id], event, refund)


def _event(
    *,
    event_id: str,
    event_type: str,
    amount: int,
    charge: int,
    tax: int,
    when: datetime,
    sale_type: str,
    currency: str,
) -> dict[str, Any]:
    return {
        "entity": "recon",
        "event_id": event_id,
        "event_type": event_type,
        "event_status": "SUCCESS",
        "event_amount": rupees(amount),
        "event_settlement_amount": rupees(amount - charge - tax),
        "event_service_charge": rupees(charge),
        "event_service_tax": rupees(tax),
        "event_currency": currency,
        "event_time": ist(when),
        "sale_type": sale_type,
    }


def _row(gateway: Gateway, payment: Payment, event: dict[str, Any], refund: Refund | None) -> dict[str, Any]:
    order = gateway.store.orders[payment.order_id]
    is_settled = _is_settled(gateway, payment)
    return {
        # The gateway's own spelling.
        "cutomer_details": {
            "customer_id": order.customer.get("customer_id"),
            "customer_name": order.customer.get("customer_name"),
            "customer_email": order.customer.get("customer_email"),
            "customer_phone": order.customer.get("customer_phone"),
        },
        "dispute_details": None,
        "event_details": event,
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
            "payment_group": payment.group,
            "payment_utr": payment.bank_reference,
        },
        "refund_details": None
        if refund is None
        else {
            "refund_id": refund.refund_id,
            "cf_refund_id": refund.cf_refund_id,
            "refund_arn": refund.arn,
            "refund_note": refund.note,
            "refund_processed_at": ist(refund.processed_at or refund.created_at),
        },
        "settlement_details": {
            "cf_settlement_id": payment.cf_payment_id[-9:],
            "settlement_utr": f"UTR{payment.cf_payment_id}",
            "settlement_date": ist(_settled_at(payment)),
        }
        if is_settled
        else None,
    }


def _range(fields: dict[str, Any]) -> tuple[datetime, datetime]:
    filters = fields.get("filters")
    if not isinstance(filters, dict):
        raise errors.missing("filters")
    return _moment(filters, "start_date"), _moment(filters, "end_date")


def _moment(filters: dict[str, Any], name: str) -> datetime:
    written = filters.get(name)
    if not isinstance(written, str) or not written:
        raise errors.missing(f"filters.{name}")
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as exc:
        raise errors.invalid(f"filters.{name}", "invalid time", written) from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=IST)


def _page(rows: list[dict[str, Any]], fields: dict[str, Any]) -> dict[str, Any]:
    pagination = fields.get("pagination")
    if not isinstance(pagination, dict):
        raise errors.missing("pagination")
    limit = pagination.get("limit")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < MIN_LIMIT:
        raise errors.invalid("pagination.limit", f"should be at least {MIN_LIMIT}")
    if limit > MAX_LIMIT:
        raise errors.invalid("pagination.limit", f"should be at max {MAX_LIMIT}")
    cursor = pagination.get("cursor") or "0"
    start = int(cursor) if str(cursor).isdigit() else 0
    end = start + limit
    return {
        "cursor": str(end) if end < len(rows) else None,
        "limit": limit,
        "data": rows[start:end],
    }
