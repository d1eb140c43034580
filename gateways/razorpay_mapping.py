"""Razorpay's JSON and our value types, both ways. No network, no clock.

https://razorpay.com/docs/api (orders, payments, refunds). Amounts are whole paise on the wire. Tolerant about
what is new (keys, statuses, `notes` that are [] when empty), strict about money and identity: what contradicts
the question or is no whole number raises GatewayReplyInvalid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.errors import GatewayReplyInvalid
from domain.gateway import (
    RETURNED_UNTAKEN,
    GatewayOrder,
    GatewayOrderStatus,
    GatewayPayment,
    GatewayPaymentStatus,
    GatewayRefund,
    GatewayRefundStatus,
    OrderRequest,
)
from gateways.fields import UnreadableRow, currency_of, identifier_of, object_of, text_of
from gateways.razorpay_errors import describe_attempt

ORDER_STATUSES = {
    "created": GatewayOrderStatus.ACTIVE,
    "attempted": GatewayOrderStatus.ACTIVE,
    "paid": GatewayOrderStatus.PAID,
}
PAYMENT_STATUSES = {
    "created": GatewayPaymentStatus.PENDING,
    # Cash on delivery of another product of Razorpay's: no money has moved.
    "pending": GatewayPaymentStatus.PENDING,
    "authorized": GatewayPaymentStatus.AUTHORIZED,
    "captured": GatewayPaymentStatus.SUCCESS,
    "failed": GatewayPaymentStatus.FAILED,
}
REFUND_STATUSES = {
    "pending": GatewayRefundStatus.PENDING,
    "processed": GatewayRefundStatus.SUCCESS,
    "failed": GatewayRefundStatus.FAILED,
}
MAX_NOTES = 15
LONGEST_NOTE = 256
# Our order id as the buyer's browser repeats it in a payment's notes.
ORDER_NOTE = "order_id"


def order_payload(request: OrderRequest, *, unique_receipt: bool = False) -> dict[str, Any]:
    """The body of POST /orders. The receipt is our id, by which the order is found again.

    `unique_receipt`: Razorpay answers with the order that has the receipt already, instead of opening another one.
    """
    notes = {ORDER_NOTE: request.order_id, **request.tags}
    kept = {key: value[:LONGEST_NOTE] for key, value in notes.items() if value}
    return {
        "amount": request.amount_paise,
        "currency": request.currency,
        "receipt": request.order_id,
        "notes": dict(list(kept.items())[:MAX_NOTES]),
        **({"unique_receipt": True} if unique_receipt else {}),
    }


def refund_payload(*, refund_id: str, amount_paise: int, note: str) -> dict[str, Any]:
    """The body of POST /payments/{id}/refund. The receipt is our id."""
    notes = {"reason": note[:LONGEST_NOTE]} if note else {}
    return {"amount": amount_paise, "speed": "normal", "receipt": refund_id, "notes": notes}


def is_id(prefix: str, value: str) -> bool:
    """Whether Razorpay can have given this id: its prefix, letters and digits, and nothing that changes a path."""
    return re.fullmatch(rf"{prefix}_[A-Za-z0-9]{{1,40}}", value) is not None


def items_of(document: Any) -> list[Any]:
    """The rows of a collection."""
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise GatewayReplyInvalid(detail="not a collection")
    return items


def order_from(document: Any, *, order_id: str, gateway_order_id: str | None = None) -> GatewayOrder:
    """The order of a reply about `order_id`, told by its receipt."""
    fields = object_of(document, "order")
    number = identifier_of(fields, "id")
    if text_of(fields.get("receipt")) != order_id or gateway_order_id not in {None, number}:
        raise GatewayReplyInvalid(detail="the reply is about another order")
    return GatewayOrder(
        order_id=order_id,
        gateway_order_id=number,
        status=ORDER_STATUSES.get(text_of(fields.get("status")), GatewayOrderStatus.UNKNOWN),
        amount_paise=whole_paise_of(fields, "amount"),
        currency=currency_of(fields, "currency"),
        # The checkout is opened with the order's own number; there is no session beside it.
        payment_session_id=number,
        created_at=second_of(fields.get("created_at")),
        tags=notes_of(fields),
    )


def payment_from(document: Any, *, order_id: str, gateway_order_id: str) -> GatewayPayment:
    """One attempt to pay `order_id`."""
    fields = object_of(document, "payment")
    payment_id = identifier_of(fields, "id")
    if text_of(fields.get("order_id")) != gateway_order_id:
        raise GatewayReplyInvalid(detail="the row is about another order")
    status = payment_status_of(fields)
    amount_paise, currency = whole_paise_of(fields, "amount"), currency_of(fields, "currency")
    code, reason = text_of(fields.get("error_code")), text_of(fields.get("error_reason"))
    has_money = status in {GatewayPaymentStatus.SUCCESS, GatewayPaymentStatus.AUTHORIZED}
    return GatewayPayment(
        gateway_payment_id=payment_id,
        order_id=order_id,
        status=status,
        amount_paise=amount_paise,
        currency=currency,
        charged_paise=amount_paise,
        charged_currency=currency,
        method=text_of(fields.get("method")) or "unknown",
        # A sentence of ours, because the buyer reads it; the code where the reason is new to us.
        message="" if has_money else describe_attempt(code, reason) or code,
        error_code=code,
        error_reason=RETURNED_UNTAKEN
        if text_of(fields.get("status")) == "refunded" and not has_money
        else "",
        # Razorpay tells no other time: when this attempt began.
        paid_at=second_of(fields.get("created_at")) if has_money else None,
    )


def payment_status_of(fields: Mapping[str, Any]) -> GatewayPaymentStatus:
    """What became of an attempt.

    A payment that was given back in full was money of ours first, unless nobody had captured it: then it went back
    by itself, and is no more than an attempt. A fee is told of captured payments only.
    """
    text = text_of(fields.get("status"))
    if text == "refunded":
        was_captured = fields.get("captured") in (True, 1, "1", "true") or fields.get("fee") is not None
        return GatewayPaymentStatus.SUCCESS if was_captured else GatewayPaymentStatus.CANCELLED
    return PAYMENT_STATUSES.get(text, GatewayPaymentStatus.UNKNOWN)


def refund_from(document: Any, *, order_id: str, gateway_payment_id: str) -> GatewayRefund:
    """One refund of a payment. Its receipt is our id where we asked for it; its own id stands in elsewhere."""
    fields = object_of(document, "refund")
    number = identifier_of(fields, "id")
    if text_of(fields.get("payment_id")) != gateway_payment_id:
        raise GatewayReplyInvalid(detail="the refund is of another payment")
    status = REFUND_STATUSES.get(text_of(fields.get("status")), GatewayRefundStatus.UNKNOWN)
    is_done = status is GatewayRefundStatus.SUCCESS
    return GatewayRefund(
        refund_id=text_of(fields.get("receipt")) or number,
        gateway_refund_id=number,
        order_id=order_id,
        gateway_payment_id=gateway_payment_id,
        amount_paise=whole_paise_of(fields, "amount"),
        currency=currency_of(fields, "currency"),
        status=status,
        # Razorpay tells only when it was asked for.
        processed_at=second_of(fields.get("created_at")) if is_done else None,
    )


def whole_paise_of(fields: Mapping[str, Any], name: str) -> int:
    """An amount in paise. Raises GatewayReplyInvalid for one that is missing, negative or no whole number."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise GatewayReplyInvalid(detail=f"{name} is not a whole number of paise")
    return value


def second_of(value: Any) -> datetime | None:
    """UTC of a Unix time in seconds. None if unreadable."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def notes_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """The notes of an object. Without any, Razorpay sends an empty list."""
    notes = fields.get("notes")
    return {text_of(key): text_of(value) for key, value in notes.items()} if isinstance(notes, dict) else {}


def order_number_of(fields: Mapping[str, Any]) -> str:
    """Razorpay's number of the order that a payment belongs to. Raises UnreadableRow for one without an order."""
    number = text_of(fields.get("order_id"))
    if not number:
        raise UnreadableRow(detail="a payment without an order")
    return number
