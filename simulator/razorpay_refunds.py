"""Razorpay's refunds: by the merchant's API, by its dashboard and by the gateway itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator import razorpay_errors as errors
from simulator.gateway import Gateway
from simulator.razorpay_entities import refund_entity, told_payment
from simulator.razorpay_ids import new_id
from simulator.razorpay_records import RazorpayAccount, RazorpayPayment, RazorpayRefund
from simulator.razorpay_webhooks import emit

PROCESSING_TIME = timedelta(seconds=2)
REFUND_WINDOW = timedelta(days=183)
RESULTS = ("processed", "late", "failed", "pending")
STATUSES = ("pending", "processed", "failed")


@dataclass(frozen=True, slots=True)
class RazorpayRefundRequest:
    """What a merchant asks for; no amount means all that is left."""

    amount_paise: int | None = None
    speed: str = "normal"
    notes: dict[str, str] = field(default_factory=dict)
    receipt: str | None = None


def request(
    gateway: Gateway, account: RazorpayAccount, payment: RazorpayPayment, wanted: RazorpayRefundRequest
) -> RazorpayRefund:
    """Accept a refund; the account's switch decides its result. Raises RazorpayError."""
    now = gateway.now()
    left = payment.amount_paise - payment.amount_refunded_paise
    amount_paise = left if wanted.amount_paise is None else wanted.amount_paise
    _require_refundable(account, payment, amount_paise, now)
    if account.balance_paise is not None:
        account.balance_paise -= amount_paise
        gateway.store.save(account)
    refund = _store(
        gateway,
        payment,
        amount_paise,
        RazorpayRefundRequest(amount_paise, wanted.speed, wanted.notes, wanted.receipt),
    )
    _tell(gateway, "refund.created", refund, now)
    if wanted.speed == "optimum" and account.instant_refunds:
        refund.speed_processed = "instant"
    elif wanted.speed == "optimum":
        _tell(gateway, "refund.speed_changed", refund, now)
    if account.refund_result == "processed":
        settle(gateway, refund, "processed", now)
    elif account.refund_result in ("late", "failed"):
        outcome = "processed" if account.refund_result == "late" else "failed"
        _foresee(gateway, refund, outcome, now + PROCESSING_TIME)
    return refund


def give_back(gateway: Gateway, payment: RazorpayPayment, at: datetime, why: str) -> RazorpayRefund:
    """Return a payment that was never captured, as the gateway does of its own accord."""
    payment.settles_at = payment.settles_as = None
    wanted = RazorpayRefundRequest(payment.amount_paise, notes={"reason": why})
    refund = _store(gateway, payment, payment.amount_paise, wanted, is_automatic=True)
    _tell(gateway, "refund.created", refund, at)
    settle(gateway, refund, "processed", at)
    return refund


def settle(gateway: Gateway, refund: RazorpayRefund, status: str, at: datetime) -> None:
    """Give a pending refund its result. A failed one puts its amount back on the payment."""
    if refund.status != "pending" or status == "pending":
        return
    refund.status, refund.settles_at, refund.settles_as = status, None, None
    if status == "processed":
        refund.arn = str(gateway.store.next_number())[-12:]
    gateway.store.save(refund)
    _count(gateway, gateway.store.razorpay_payments[refund.payment_id])
    _tell(gateway, f"refund.{status}", refund, at)


def of_payment(gateway: Gateway, payment: RazorpayPayment) -> list[RazorpayRefund]:
    """Return a payment's refunds, oldest first."""
    return [gateway.store.razorpay_refunds[key] for key in payment.refund_ids]


def find(gateway: Gateway, account: RazorpayAccount, refund_id: str) -> RazorpayRefund:
    """Return a refund of this account. Raises RazorpayError."""
    refund = gateway.store.razorpay_refunds.get(refund_id)
    if refund is None or refund.key_id != account.key_id:
        raise errors.no_such_id()
    return refund


def _require_refundable(
    account: RazorpayAccount, payment: RazorpayPayment, amount_paise: int, now: datetime
) -> None:
    left = payment.amount_paise - payment.amount_refunded_paise
    if payment.status == "refunded" or (payment.captured and left <= 0):
        raise errors.RazorpayError("The payment has been fully refunded already")
    if payment.status != "captured":
        raise errors.RazorpayError("The payment status should be captured for action to be taken")
    if now - (payment.captured_at or payment.created_at) > REFUND_WINDOW:
        raise errors.RazorpayError(
            "Refund is not supported by the bank because the payment is more than 6 months old"
        )
    if amount_paise > left:
        raise errors.RazorpayError(
            "The refund amount provided is greater than amount captured", field="amount"
        )
    if account.balance_paise is not None and amount_paise > account.balance_paise:
        raise errors.RazorpayError(
            "Your account does not have enough balance to carry out the refund operation. You can add"
            " funds to your account from your Razorpay dashboard or capture new payments.",
            reason="insufficient_funds",
        )


def _store(
    gateway: Gateway,
    payment: RazorpayPayment,
    amount_paise: int,
    wanted: RazorpayRefundRequest,
    *,
    is_automatic: bool = False,
) -> RazorpayRefund:
    refund = RazorpayRefund(
        refund_id=new_id("rfnd"),
        payment_id=payment.payment_id,
        order_id=payment.order_id,
        key_id=payment.key_id,
        amount_paise=amount_paise,
        currency=payment.currency,
        created_at=gateway.now(),
        notes=wanted.notes,
        receipt=wanted.receipt,
        speed_requested=wanted.speed,
        is_automatic=is_automatic,
    )
    payment.refund_ids.append(refund.key)
    gateway.store.save(refund)
    _count(gateway, payment)
    return refund


def _count(gateway: Gateway, payment: RazorpayPayment) -> None:
    """Bring what the payment says about its refunds in line with them."""
    standing = [refund for refund in of_payment(gateway, payment) if refund.status != "failed"]
    payment.amount_refunded_paise = sum(refund.amount_paise for refund in standing)
    if payment.amount_refunded_paise >= payment.amount_paise:
        payment.status = "refunded"
    elif payment.status == "refunded":
        payment.status = "captured" if payment.captured else "authorized"
    gateway.store.save(payment)


def _foresee(gateway: Gateway, refund: RazorpayRefund, outcome: str, when: datetime) -> None:
    refund.settles_at, refund.settles_as = when, outcome
    gateway.store.save(refund)
    gateway.agenda.add(when, "razorpay_refund", refund.key)


def _tell(gateway: Gateway, event_type: str, refund: RazorpayRefund, at: datetime) -> None:
    payment = gateway.store.razorpay_payments[refund.payment_id]
    emit(
        gateway,
        event_type,
        {"refund": refund_entity(refund), "payment": told_payment(payment)},
        key_id=refund.key_id,
        order_id=refund.order_id,
        at=at,
    )
