"""Refunds: by the merchant's API, by the gateway's dashboard and by the gateway itself."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from simulator import errors, event_bodies, webhooks
from simulator.clock import ist, ist_or_none
from simulator.gateway import Gateway
from simulator.orders import versioned_id
from simulator.records import Order, Payment, Refund
from simulator.wire import rupees

PROCESSING_TIME = timedelta(seconds=2)
REFUND_WINDOW = timedelta(days=182)
# A refund in one of these states has taken, or will take, its amount.
COUNTING = frozenset({"PENDING", "SUCCESS", "ONHOLD"})
FINAL = frozenset({"SUCCESS", "FAILED", "CANCELLED"})
STATUSES = FINAL | COUNTING


def refundable_payment(gateway: Gateway, order: Order) -> Payment:
    """Return the payment that paid the order. Raises ApiError 400 when it is unpaid."""
    for payment in gateway.payments_of(order):
        if payment.status == "SUCCESS" and not payment.auto_refunded:
            return payment
    raise errors.ApiError(
        400, "Transaction for the order id is not successful", "order_id_not_paid", has_help=True
    )


def refundable_paise(gateway: Gateway, order: Order) -> int:
    """What is left to give back on an order's own payment."""
    paid = refundable_payment(gateway, order)
    taken = sum(
        refund.amount_paise
        for refund in gateway.refunds_of(order)
        if refund.cf_payment_id == paid.cf_payment_id and refund.status in COUNTING
    )
    return paid.amount_paise - taken


def request(
    gateway: Gateway,
    order: Order,
    *,
    refund_id: str | None,
    amount_paise: int,
    note: str | None,
    speed: str = "STANDARD",
) -> Refund:
    """Accept a refund, or return the existing one when the same id and amount come again.

    A note that is exactly SUCCESS, FAILED or PENDING decides the result, as in the sandbox; any
    other note means PENDING first and SUCCESS shortly afterwards. Raises ApiError.
    """
    known = by_id(gateway, order, refund_id)
    if known is not None:
        if known.amount_paise == amount_paise and known.note == note:
            return known
        raise errors.ApiError(
            400, "refund with same id is already present", "refund_id_already_exists", has_help=True
        )
    paid = refundable_payment(gateway, order)
    now = gateway.now()
    if now - (paid.finished_at or paid.started_at) > REFUND_WINDOW:
        raise errors.ApiError(400, "payment is older than 6 months", "refund_invalid", has_help=True)
    if amount_paise > refundable_paise(gateway, order):
        raise errors.invalid("refund_amount", "should not be more than the amount left", rupees(amount_paise))
    refund = _store(
        gateway,
        order,
        paid,
        refund_id=refund_id or f"refund_{secrets.token_hex(8)}",
        amount_paise=amount_paise,
        refund_type="MERCHANT_INITIATED",
    )
    refund.note, refund.speed = note, speed
    _foresee(gateway, refund, note, now)
    return refund


def refund_automatically(gateway: Gateway, order: Order, payment: Payment, *, reason: str) -> Refund:
    """Give back a payment that the order could not take."""
    payment.auto_refunded = True
    gateway.store.save(payment)
    refund = _store(
        gateway,
        order,
        payment,
        refund_id=f"auto_{payment.cf_payment_id}",
        amount_paise=payment.amount_paise,
        refund_type="PAYMENT_AUTO_REFUND",
    )
    refund.reason = refund.note = reason
    _foresee(gateway, refund, None, gateway.now())
    return refund


def settle(gateway: Gateway, refund: Refund, status: str, at: datetime) -> None:
    """Move a refund that is not final to another state, and tell the merchant about a final one."""
    if refund.status in FINAL:
        return
    refund.status, refund.settles_at, refund.settles_as = status, None, None
    if status == "SUCCESS":
        refund.arn, refund.processed_at = str(gateway.store.next_number())[-12:], at
    gateway.store.save(refund)
    if status in FINAL:
        _tell(gateway, refund, at)


def by_id(gateway: Gateway, order: Order, refund_id: str | None) -> Refund | None:
    """Return the order's refund with the merchant's own id."""
    return next((r for r in gateway.refunds_of(order) if r.refund_id == refund_id), None)


def entity(refund: Refund, version: str) -> dict[str, Any]:
    """The refund as the API shows it."""
    is_done = refund.status == "SUCCESS"
    number = versioned_id(refund.cf_refund_id, version)
    return {
        "cf_payment_id": versioned_id(refund.cf_payment_id, version),
        "cf_refund_id": number if isinstance(number, str) else f"refund_{number}",
        "refund_id": refund.refund_id,
        "order_id": refund.order_id,
        "entity": "refund",
        "refund_amount": rupees(refund.amount_paise),
        "refund_currency": refund.currency,
        "refund_note": refund.note,
        "refund_status": refund.status,
        "refund_type": refund.refund_type,
        "refund_splits": [],
        "status_description": event_bodies.status_description(refund.status),
        "refund_arn": refund.arn,
        "metadata": None,
        "created_at": ist(refund.created_at),
        "processed_at": ist_or_none(refund.processed_at),
        "refund_charge": 0,
        "refund_mode": refund.speed,
        "refund_speed": {
            "requested": refund.speed,
            "accepted": refund.speed,
            "processed": refund.speed if is_done else None,
            "message": None,
        },
        "forex_conversion_handling_charge": 0,
        "forex_conversion_handling_tax": 0,
        "forex_conversion_rate": 0,
        "charges_currency": refund.currency,
    }


def _store(
    gateway: Gateway,
    order: Order,
    payment: Payment,
    *,
    refund_id: str,
    amount_paise: int,
    refund_type: str,
) -> Refund:
    refund = Refund(
        cf_refund_id=str(gateway.store.next_number()),
        refund_id=refund_id,
        order_id=order.order_id,
        cf_payment_id=payment.cf_payment_id,
        amount_paise=amount_paise,
        currency=order.currency,
        created_at=gateway.now(),
        refund_type=refund_type,
    )
    order.refund_ids.append(refund.key)
    gateway.store.save(order)
    gateway.store.save(refund)
    return refund


def _foresee(gateway: Gateway, refund: Refund, note: str | None, now: datetime) -> None:
    if note in ("SUCCESS", "FAILED"):
        settle(gateway, refund, str(note), now)
    elif note != "PENDING":
        refund.settles_at, refund.settles_as = now + PROCESSING_TIME, "SUCCESS"
        gateway.store.save(refund)
        gateway.agenda.add(refund.settles_at, "refund", refund.key)


def _tell(gateway: Gateway, refund: Refund, at: datetime) -> None:
    order = gateway.store.orders[refund.order_id]
    if refund.refund_type == "PAYMENT_AUTO_REFUND":
        payment = gateway.store.payments[refund.cf_payment_id]
        content = event_bodies.auto_refund_event(refund, payment)
        webhooks.emit(gateway, "AUTO_REFUND_STATUS_WEBHOOK", lambda version: content, order=order, at=at)
        return
    webhooks.emit(
        gateway,
        "REFUND_STATUS_WEBHOOK",
        lambda version: event_bodies.refund_event(refund, version),
        order=order,
        at=at,
    )
