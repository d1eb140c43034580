"""Attempts to pay an order, and the order's answer to their results."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from simulator import errors, event_bodies, refunds, webhooks
from simulator.clock import ist, ist_or_none
from simulator.event_bodies import surcharge
from simulator.gateway import Gateway
from simulator.methods import Instrument
from simulator.orders import versioned_id
from simulator.records import Order, Payment
from simulator.wire import rupees

# How long after its start an attempt may still pay an order that expired meanwhile. The gateway
# does not publish its figure; fifteen minutes is the upper end of a UPI request's life.
ATTEMPT_LIFETIME = timedelta(minutes=15)
USER_DROP_DELAY = timedelta(minutes=10)
LATE_SUCCESS_SECONDS = 900.0
OUTCOMES = frozenset({"SUCCESS", "FAILED", "PENDING", "USER_DROPPED"})
# Orders on which a success still counts at once.
PAYABLE = frozenset({"ACTIVE", "TERMINATION_REQUESTED", "PAID"})

SUCCESS_MESSAGE = "00::Transaction success"
DROPPED_MESSAGE = "User dropped and did not complete the two factor authentication"
DECLINED = {
    "error_code": "TRANSACTION_DECLINED",
    "error_description": "Transaction was declined by the bank",
    "error_reason": "auth_declined",
    "error_source": "customer",
    "error_code_raw": None,
    "error_description_raw": None,
    "error_subcode_raw": None,
}


def start(
    gateway: Gateway,
    order: Order,
    instrument: Instrument,
    *,
    amount_paise: int | None = None,
    status: str = "PENDING",
) -> Payment:
    """Open an attempt. ``amount_paise`` charges something else than the order amount."""
    charged, on_top, off = amount_paise or order.amount_paise, 0, 0
    if gateway.faults.take("surcharge", order_id=order.order_id):
        on_top = charged * 2 // 100
    if gateway.faults.take("offer", order_id=order.order_id):
        off = charged // 10
    payment = Payment(
        cf_payment_id=str(gateway.store.next_number()),
        order_id=order.order_id,
        method=instrument.method,
        group=instrument.group,
        details=instrument.details,
        amount_paise=charged + on_top - off,
        surcharge_paise=on_top,
        discount_paise=off,
        currency=order.currency,
        started_at=gateway.now(),
        status=status,
        message="Transaction is pending",
    )
    order.payment_ids.append(payment.key)
    gateway.store.save(order)
    gateway.store.save(payment)
    return payment


def foresee(gateway: Gateway, payment: Payment, outcome: str, delay: timedelta) -> None:
    """Let an open attempt end by itself after a while of simulator time."""
    payment.settles_at, payment.settles_as = gateway.now() + delay, outcome
    gateway.store.save(payment)
    gateway.agenda.add(payment.settles_at, "payment", payment.key)


def abandon(gateway: Gateway, payment: Payment) -> None:
    """The payer walked away: the gateway notices after ten minutes."""
    foresee(gateway, payment, "USER_DROPPED", USER_DROP_DELAY)


def finish(
    gateway: Gateway,
    payment: Payment,
    outcome: str,
    *,
    at: datetime,
    error: dict[str, Any] | None = None,
) -> None:
    """Give an open attempt its result, settle its order and tell the merchant.

    Does nothing for an attempt that has its result already.
    """
    if not payment.is_open or outcome == "PENDING":
        return
    order = gateway.store.orders[payment.order_id]
    if outcome == "SUCCESS" and _comes_late(gateway, payment):
        return
    payment.settles_at, payment.settles_as, payment.finished_at = None, None, at
    if outcome == "SUCCESS":
        _succeed(gateway, order, payment, at)
        return
    payment.status = outcome
    payment.error = (error or DECLINED) if outcome == "FAILED" else None
    payment.message = DROPPED_MESSAGE if outcome == "USER_DROPPED" else "Transaction failed"
    gateway.store.save(payment)
    _complete_termination(gateway, order)
    _tell(gateway, f"PAYMENT_{outcome}_WEBHOOK", order, payment, at)


def find(gateway: Gateway, order: Order, cf_payment_id: str) -> Payment:
    """Return one attempt of an order. Raises ApiError 404."""
    if cf_payment_id not in order.payment_ids:
        raise errors.payment_not_found()
    return gateway.store.payments[cf_payment_id]


def entity(order: Order, payment: Payment, version: str) -> dict[str, Any]:
    """The attempt as the API shows it."""
    return {
        "cf_payment_id": versioned_id(payment.cf_payment_id, version),
        "order_id": order.order_id,
        "entity": "payment",
        "error_details": payment.error,
        "is_captured": payment.status == "SUCCESS",
        "order_amount": rupees(order.amount_paise),
        "order_currency": order.currency,
        "payment_group": payment.group,
        "payment_currency": payment.currency,
        "payment_amount": rupees(payment.amount_paise),
        "payment_time": ist(payment.started_at),
        "payment_completion_time": ist_or_none(payment.finished_at),
        "payment_status": payment.status,
        "payment_message": payment.message,
        "bank_reference": payment.bank_reference,
        "auth_id": None,
        "authorization": None,
        "payment_method": payment.details,
        "international_payment": {"international": False},
        "payment_gateway_details": {
            "gateway_name": "CASHFREE",
            "gateway_order_id": None,
            "gateway_payment_id": None,
            "gateway_order_reference_id": None,
            "gateway_status_code": None,
            "gateway_settlement": "cashfree",
            "gateway_reference_name": None,
        },
        "payment_surcharge": surcharge(payment),
    }


def _comes_late(gateway: Gateway, payment: Payment) -> bool:
    fault = gateway.faults.take("late_success", order_id=payment.order_id)
    if fault is None:
        return False
    delay = LATE_SUCCESS_SECONDS if fault.seconds is None else fault.seconds
    foresee(gateway, payment, "SUCCESS", timedelta(seconds=delay))
    return True


def _succeed(gateway: Gateway, order: Order, payment: Payment, at: datetime) -> None:
    payment.bank_reference = str(gateway.store.next_number())[-12:]
    within_lifetime = at - payment.started_at <= ATTEMPT_LIFETIME
    if order.status not in PAYABLE and not (order.status == "EXPIRED" and within_lifetime):
        payment.status, payment.message = "CANCELLED", "Success came too late; amount is reversed"
        gateway.store.save(payment)
        refunds.refund_automatically(
            gateway, order, payment, reason="Payment succeeded after the order was closed."
        )
        return
    was_paid, order.status = order.status == "PAID", "PAID"
    payment.status, payment.message = "SUCCESS", SUCCESS_MESSAGE
    gateway.store.save(payment)
    gateway.store.save(order)
    _tell(gateway, "PAYMENT_SUCCESS_WEBHOOK", order, payment, at)
    if was_paid:
        refunds.refund_automatically(
            gateway,
            order,
            payment,
            reason="Multiple payments were performed against same order.",
        )
    elif gateway.faults.take("double_success", order_id=order.order_id):
        instrument = Instrument(payment.method, payment.group, payment.details)
        finish(gateway, start(gateway, order, instrument), "SUCCESS", at=at)


def _complete_termination(gateway: Gateway, order: Order) -> None:
    has_running = any(payment.is_open for payment in gateway.payments_of(order))
    if order.status == "TERMINATION_REQUESTED" and not has_running:
        order.status = "TERMINATED"
        gateway.store.save(order)


def _tell(gateway: Gateway, event_type: str, order: Order, payment: Payment, at: datetime) -> None:
    webhooks.emit(
        gateway,
        event_type,
        lambda version: event_bodies.payment_event(order, payment, version),
        order=order,
        at=at,
    )
