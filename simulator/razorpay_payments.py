"""Razorpay's payments: attempts, authorisation, capture, failure that need not be final, auto-refund."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from simulator import razorpay_errors as errors
from simulator import razorpay_methods as methods
from simulator import razorpay_orders as orders
from simulator import razorpay_refunds as refunds
from simulator.gateway import Gateway
from simulator.razorpay_entities import order_entity, told_payment
from simulator.razorpay_ids import new_id
from simulator.razorpay_methods import RazorpayInstrument
from simulator.razorpay_records import RazorpayAccount, RazorpayOrder, RazorpayPayment
from simulator.razorpay_webhooks import emit

# Without the bank's answer an attempt fails after so long; the bank may still say yes later.
ANSWER_TIME = timedelta(minutes=10)
LATE_SECONDS = 900.0
# What the gateway writes for a payer who gave no address.
NO_EMAIL, NO_CONTACT = "void@razorpay.com", "+919999999999"


def start(
    gateway: Gateway,
    order: RazorpayOrder,
    instrument: RazorpayInstrument,
    *,
    email: str = "",
    contact: str = "",
    description: str | None = None,
    notes: dict[str, str] | None = None,
    amount_paise: int | None = None,
) -> RazorpayPayment:
    """Open an attempt. The caller has asked whether the order may be paid."""
    charged = amount_paise or order.amount_paise
    if gateway.faults.take_for("razorpay", "surcharge", order_id=order.order_id):
        charged += charged * 2 // 100
    payment = RazorpayPayment(
        payment_id=new_id("pay"),
        order_id=order.order_id,
        key_id=order.key_id,
        method=instrument.method,
        details={
            **instrument.details,
            "refusal": instrument.refusal,
            "always_refused": instrument.always_refused,
        },
        amount_paise=charged,
        currency=order.currency,
        created_at=gateway.now(),
        email=email or NO_EMAIL,
        contact=contact or NO_CONTACT,
        description=description,
        notes=notes or {},
    )
    order.payment_ids.append(payment.key)
    order.attempts += 1
    if order.status == "created":
        order.status = "attempted"
    gateway.store.save(order)
    _foresee(gateway, payment, "timed_out", gateway.now() + ANSWER_TIME)
    return payment


def settle(gateway: Gateway, payment: RazorpayPayment, outcome: str, at: datetime) -> None:
    """Let time do to a payment what was foreseen."""
    payment.settles_at = payment.settles_as = None
    gateway.store.save(payment)
    if outcome == "timed_out":
        fail(gateway, payment, methods.TIMED_OUT, at=at)
    elif outcome in ("authorized", "authorized_late"):
        authorize(gateway, payment, at=at, may_be_late=False)
    elif outcome == "captured" and payment.status == "authorized":
        _capture(gateway, payment, at)
    elif outcome == "returned" and payment.status == "authorized":
        refunds.give_back(gateway, payment, at, "The payment was not captured in time.")


def authorize(gateway: Gateway, payment: RazorpayPayment, *, at: datetime, may_be_late: bool = True) -> None:
    """The bank said yes. Does nothing to a payment that has its money already.

    The order's account captures at once, later or by hand; what the order cannot take goes back.
    """
    if payment.status not in ("created", "failed"):
        return
    order = gateway.store.razorpay_orders[payment.order_id]
    if may_be_late:
        late = gateway.faults.take_for("razorpay", "late_success", order_id=order.order_id)
        if late is not None:
            fail_for_now(gateway, payment, at=at, seconds=late.seconds)
            return
    is_surplus = orders.is_taken(gateway, order, besides=payment)
    payment.status, payment.error = "authorized", None
    payment.settles_at = payment.settles_as = None
    payment.acquirer = _acquirer(gateway, payment)
    gateway.store.save(payment)
    _tell(gateway, "payment.authorized", payment, at)
    if is_surplus:
        refunds.give_back(gateway, payment, at, "The order was paid by another payment.")
        return
    _plan_capture(gateway, order, payment, at)


def fail(gateway: Gateway, payment: RazorpayPayment, error: dict[str, Any], *, at: datetime) -> None:
    """The attempt did not succeed, which the bank may yet revise. Does nothing unless it is open."""
    if payment.status != "created":
        return
    payment.status, payment.error = "failed", error
    payment.settles_at = payment.settles_as = None
    gateway.store.save(payment)
    _tell(gateway, "payment.failed", payment, at)


def fail_for_now(
    gateway: Gateway, payment: RazorpayPayment, *, at: datetime, seconds: float | None = None
) -> None:
    """The bank gave no answer: failed now, authorised ``seconds`` (900) of simulator time later."""
    fail(gateway, payment, methods.TIMED_OUT, at=at)
    delay = timedelta(seconds=LATE_SECONDS if seconds is None else seconds)
    _foresee(gateway, payment, "authorized_late", at + delay)


def answer_later(gateway: Gateway, payment: RazorpayPayment, delay: timedelta) -> None:
    """The payer agrees after a while of simulator time."""
    _foresee(gateway, payment, "authorized", gateway.now() + delay)


def capture(
    gateway: Gateway,
    payment: RazorpayPayment,
    *,
    amount_paise: int | None = None,
    currency: str | None = None,
) -> None:
    """Take an authorised payment for the merchant. Raises RazorpayError."""
    if payment.captured:
        raise errors.RazorpayError("This payment has already been captured", step="payment_capture")
    if payment.status != "authorized":
        raise errors.RazorpayError(
            "Only payments which have been authorized and not yet captured can be captured",
            step="payment_capture",
        )
    if amount_paise != payment.amount_paise:
        raise errors.RazorpayError(
            "Capture amount must be equal to the amount authorized", field="amount", step="payment_capture"
        )
    if currency != payment.currency:
        raise errors.RazorpayError(
            "Capture currency must be the currency authorized", field="currency", step="payment_capture"
        )
    _capture(gateway, payment, gateway.now())


def find(gateway: Gateway, account: RazorpayAccount, payment_id: str) -> RazorpayPayment:
    """Return a payment of this account. Raises RazorpayError."""
    payment = gateway.store.razorpay_payments.get(payment_id)
    if payment is None or payment.key_id != account.key_id:
        raise errors.no_such_id()
    return payment


def fee_and_tax(amount_paise: int) -> tuple[int, int]:
    """Two per cent and the tax on them, in paise; the fee includes the tax."""
    base = (amount_paise * 2 + 50) // 100
    tax = -(-base * 18 // 100)
    return base + tax, tax


def _plan_capture(gateway: Gateway, order: RazorpayOrder, payment: RazorpayPayment, at: datetime) -> None:
    account = gateway.store.razorpay_accounts[order.key_id]
    seconds = account.capture_window_seconds if order.window_seconds is None else order.window_seconds
    ends_at = payment.created_at + timedelta(seconds=seconds)
    is_automatic = (order.capture or account.capture) == "automatic"
    if at > ends_at:
        refunds.give_back(gateway, payment, at, "The payment was authorised too late.")
    elif not is_automatic:
        _foresee(gateway, payment, "returned", ends_at)
    elif account.capture_delay_seconds:
        _foresee(gateway, payment, "captured", at + timedelta(seconds=account.capture_delay_seconds))
    else:
        _capture(gateway, payment, at)


def _capture(gateway: Gateway, payment: RazorpayPayment, at: datetime) -> None:
    order = gateway.store.razorpay_orders[payment.order_id]
    payment.status, payment.captured, payment.captured_at = "captured", True, at
    payment.settles_at = payment.settles_as = None
    payment.fee_paise, payment.tax_paise = fee_and_tax(payment.amount_paise)
    order.status, order.amount_paid_paise = "paid", order.amount_paise
    gateway.store.save(payment)
    gateway.store.save(order)
    _tell(gateway, "payment.captured", payment, at)
    emit(
        gateway,
        "order.paid",
        {"payment": told_payment(payment), "order": order_entity(order)},
        key_id=order.key_id,
        order_id=order.order_id,
        at=at,
    )
    if gateway.faults.take_for("razorpay", "double_success", order_id=order.order_id):
        pay_twice(gateway, payment, at=at)


def pay_twice(gateway: Gateway, payment: RazorpayPayment, *, at: datetime) -> RazorpayPayment:
    """The payer's bank approved a second attempt on the same order; the gateway returns the surplus."""
    order = gateway.store.razorpay_orders[payment.order_id]
    instrument = RazorpayInstrument(
        payment.method, payment.details, refusal=payment.details.get("refusal") or methods.BANK_REFUSED
    )
    again = start(
        gateway, order, instrument, email=payment.email, contact=payment.contact, notes=payment.notes
    )
    authorize(gateway, again, at=at, may_be_late=False)
    return again


def _foresee(gateway: Gateway, payment: RazorpayPayment, outcome: str, when: datetime) -> None:
    payment.settles_at, payment.settles_as = when, outcome
    gateway.store.save(payment)
    gateway.agenda.add(when, "razorpay_payment", payment.key)


def _acquirer(gateway: Gateway, payment: RazorpayPayment) -> dict[str, Any]:
    number = str(gateway.store.next_number())[-12:]
    if payment.method == "card":
        return {"auth_code": number[-6:]}
    if payment.method == "netbanking":
        return {"bank_transaction_id": number}
    if payment.method == "wallet":
        return {"transaction_id": number}
    return {"rrn": number, "upi_transaction_id": secrets.token_hex(16).upper()}


def _tell(gateway: Gateway, event_type: str, payment: RazorpayPayment, at: datetime) -> None:
    emit(
        gateway,
        event_type,
        {"payment": told_payment(payment)},
        key_id=payment.key_id,
        order_id=payment.order_id,
        at=at,
    )
