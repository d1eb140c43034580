"""Cashfree's JSON and our value types, both ways. No network, no clock.

API version 2025-01-01, https://www.cashfree.com/docs/api-reference/payments/latest (orders, payments,
refunds). Tolerant about what is new (keys, statuses, ids as numbers), strict about money and identity:
what contradicts the question or is not an exact amount raises GatewayReplyInvalid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import structlog

from domain.errors import GatewayReplyInvalid
from domain.gateway import (
    Customer,
    GatewayOrder,
    GatewayOrderStatus,
    GatewayPayment,
    GatewayPaymentStatus,
    GatewayRefund,
    GatewayRefundStatus,
    OrderRequest,
)
from domain.money import INR, NotMoney, paise_from_rupees, rupees_from_paise

IST = timezone(timedelta(hours=5, minutes=30))
ORDER_ID = re.compile(r"[A-Za-z0-9_-]{3,45}")
REFUND_ID = re.compile(r"[A-Za-z0-9_-]{3,40}")

ORDER_STATUSES = {
    "ACTIVE": GatewayOrderStatus.ACTIVE,
    "PAID": GatewayOrderStatus.PAID,
    "EXPIRED": GatewayOrderStatus.EXPIRED,
    "TERMINATED": GatewayOrderStatus.TERMINATED,
    "TERMINATION_REQUESTED": GatewayOrderStatus.TERMINATION_REQUESTED,
}
PAYMENT_STATUSES = {
    "NOT_ATTEMPTED": GatewayPaymentStatus.NOT_STARTED,
    "PENDING": GatewayPaymentStatus.PENDING,
    # Held for a risk review: only in old pages, but no reason to lose the row.
    "FLAGGED": GatewayPaymentStatus.PENDING,
    "SUCCESS": GatewayPaymentStatus.SUCCESS,
    "FAILED": GatewayPaymentStatus.FAILED,
    "USER_DROPPED": GatewayPaymentStatus.DROPPED,
    "CANCELLED": GatewayPaymentStatus.CANCELLED,
    "VOID": GatewayPaymentStatus.CANCELLED,
}
REFUND_STATUSES = {
    "PENDING": GatewayRefundStatus.PENDING,
    # Waits for the merchant's balance, then proceeds by itself.
    "ONHOLD": GatewayRefundStatus.PENDING,
    "SUCCESS": GatewayRefundStatus.SUCCESS,
    "FAILED": GatewayRefundStatus.FAILED,
    "CANCELLED": GatewayRefundStatus.CANCELLED,
}
CASH_ON_DELIVERY = "cash_on_delivery"
MAX_TAGS = 10
MAX_TEXT = 500

log = structlog.get_logger("payments.gateway")
Row = TypeVar("Row", GatewayPayment, GatewayRefund)


class UnreadableRow(GatewayReplyInvalid):
    """One row without an identity: the rest of a list is still good."""


def order_payload(request: OrderRequest) -> dict[str, Any]:
    """The body of POST /orders; the amount is an exact Decimal and optional texts keep to their limits."""
    payload: dict[str, Any] = {
        "order_id": request.order_id,
        "order_amount": rupees_from_paise(request.amount_paise),
        "order_currency": request.currency,
        "customer_details": _customer_payload(request.customer),
        "order_expiry_time": timestamp(request.expires_at),
    }
    meta = {"return_url": request.return_url, "notify_url": request.notify_url}
    if any(meta.values()):
        payload["order_meta"] = {key: url for key, url in meta.items() if url}
    if len(request.note) >= 3:
        payload["order_note"] = request.note[:200]
    tags = {key: value[:255] for key, value in request.tags.items() if value}
    if tags:
        payload["order_tags"] = dict(list(tags.items())[:MAX_TAGS])
    return payload


def refund_payload(*, refund_id: str, amount_paise: int, note: str) -> dict[str, Any]:
    """The body of POST /orders/{order_id}/refunds."""
    payload: dict[str, Any] = {"refund_id": refund_id, "refund_amount": rupees_from_paise(amount_paise)}
    if len(note) >= 3:
        payload["refund_note"] = note[:100]
    return payload


def timestamp(moment: datetime) -> str:
    """ISO 8601 with Cashfree's own offset, +05:30. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(IST).isoformat(timespec="seconds")


def order_from(document: Any, *, order_id: str) -> GatewayOrder:
    """The order of a reply about `order_id`."""
    fields = _object(document, "order")
    if _identifier(fields, "order_id") != order_id:
        raise GatewayReplyInvalid(detail="the reply is about another order")
    tags = fields.get("order_tags")
    return GatewayOrder(
        order_id=order_id,
        gateway_order_id=_identifier(fields, "cf_order_id"),
        status=ORDER_STATUSES.get(_text(fields.get("order_status")), GatewayOrderStatus.UNKNOWN),
        amount_paise=_paise(fields, "order_amount"),
        currency=_currency(fields, "order_currency"),
        payment_session_id=_text(fields.get("payment_session_id")) or None,
        expires_at=_moment(fields.get("order_expiry_time")),
        created_at=_moment(fields.get("created_at")),
        tags={_text(key): _text(value) for key, value in tags.items()} if isinstance(tags, dict) else {},
    )


def payments_from(document: Any, *, order_id: str) -> tuple[GatewayPayment, ...]:
    """All attempts of a reply. A row without an identity is left out; unreadable money is an error."""
    return tuple(_readable(document, lambda row: payment_from(row, order_id=order_id)))


def payment_from(document: Any, *, order_id: str) -> GatewayPayment:
    """One attempt to pay `order_id`."""
    fields = _object(document, "payment")
    payment_id = _identifier(fields, "cf_payment_id")
    _refuse_other_order(fields, order_id)
    status = PAYMENT_STATUSES.get(_text(fields.get("payment_status")), GatewayPaymentStatus.UNKNOWN)
    amount_paise, currency = _paise(fields, "order_amount"), _currency(fields, "order_currency")
    error = fields.get("error_details")
    error = error if isinstance(error, dict) else {}
    # An attempt that never reached a bank may carry no charge of its own.
    is_charged = status is GatewayPaymentStatus.SUCCESS or fields.get("payment_amount") is not None
    return GatewayPayment(
        gateway_payment_id=payment_id,
        order_id=order_id,
        status=status,
        amount_paise=amount_paise,
        currency=currency,
        charged_paise=_paise(fields, "payment_amount") if is_charged else amount_paise,
        charged_currency=_text(fields.get("payment_currency")) or currency,
        method=_method(fields),
        message=_text(fields.get("payment_message")),
        error_code=_text(error.get("error_code")),
        error_reason=_text(error.get("error_reason")),
        paid_at=_paid_at(fields) if status is GatewayPaymentStatus.SUCCESS else None,
        is_money=_is_money(fields),
    )


def refunds_from(document: Any, *, order_id: str) -> tuple[GatewayRefund, ...]:
    """All refunds of a reply, the gateway's own ones too."""
    return tuple(_readable(document, lambda row: refund_from(row, order_id=order_id)))


def refund_from(document: Any, *, order_id: str) -> GatewayRefund:
    """One refund of `order_id`. A refund that Cashfree made by itself may have only Cashfree's id."""
    fields = _object(document, "refund")
    gateway_refund_id = _identifier(fields, "cf_refund_id")
    _refuse_other_order(fields, order_id)
    return GatewayRefund(
        refund_id=_text(fields.get("refund_id")) or gateway_refund_id,
        gateway_refund_id=gateway_refund_id,
        order_id=order_id,
        gateway_payment_id=_text(fields.get("cf_payment_id")),
        amount_paise=_paise(fields, "refund_amount"),
        currency=_text(fields.get("refund_currency")) or INR,
        status=REFUND_STATUSES.get(_text(fields.get("refund_status")), GatewayRefundStatus.UNKNOWN),
        kind=_text(fields.get("refund_type")),
        processed_at=_moment(fields.get("processed_at")),
    )


def _customer_payload(customer: Customer) -> dict[str, str]:
    payload = {"customer_id": customer.id, "customer_phone": customer.phone}
    # Name and e-mail are optional but 3 to 100 characters long; a two-letter name must not stop a sale.
    if len(customer.name) >= 3:
        payload["customer_name"] = customer.name[:100]
    if 3 <= len(customer.email) <= 100:
        payload["customer_email"] = customer.email
    return payload


def _readable(document: Any, read: Callable[[Any], Row]) -> Iterable[Row]:
    if not isinstance(document, list):
        raise GatewayReplyInvalid(detail="not a list")
    for row in document:
        try:
            yield read(row)
        except UnreadableRow as exc:
            log.warning("gateway_row_left_out", gateway="cashfree", detail=exc.detail)


def _object(document: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise UnreadableRow(detail=f"{what} is not an object")
    return document


def _identifier(fields: Mapping[str, Any], name: str) -> str:
    text = _text(fields.get(name))
    if not text:
        raise UnreadableRow(detail=f"{name} is missing")
    return text


def _refuse_other_order(fields: Mapping[str, Any], order_id: str) -> None:
    if (_text(fields.get("order_id")) or order_id) != order_id:
        raise GatewayReplyInvalid(detail="the row is about another order")


def _paise(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name)
    try:
        # ArithmeticError: a number such as 1e999999 overflows Decimal's own limits.
        paise = paise_from_rupees(value) if value is not None else -1
    except (NotMoney, TypeError, ArithmeticError) as exc:
        raise GatewayReplyInvalid(detail=f"{name} is not an exact amount") from exc
    if paise < 0:
        raise GatewayReplyInvalid(detail=f"{name} is missing or negative")
    return paise


def _currency(fields: Mapping[str, Any], name: str) -> str:
    text = _text(fields.get(name))
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise GatewayReplyInvalid(detail=f"{name} is not a currency")
    return text


def _method(fields: Mapping[str, Any]) -> str:
    """The key of Cashfree's one-key union, known or not; else the payment group."""
    union = fields.get("payment_method")
    keys = list(union) if isinstance(union, dict) else []
    return _text(keys[0] if keys else fields.get("payment_group")) or "unknown"


def _is_money(fields: Mapping[str, Any]) -> bool:
    if CASH_ON_DELIVERY in (_text(fields.get("payment_group")), _method(fields)):
        return False
    # Versions before pre-authorisation do not send the key at all.
    return fields.get("is_captured") in (None, True)


def _paid_at(fields: Mapping[str, Any]) -> datetime | None:
    return _moment(fields.get("payment_completion_time")) or _moment(fields.get("payment_time"))


def _moment(value: Any) -> datetime | None:
    """UTC of a time in any of Cashfree's spellings, Indian if it has no offset. None if unreadable."""
    try:
        moment = datetime.fromisoformat(_text(value))
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=IST)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: Any) -> str:
    """Text, or a whole number as text (ids were numbers before 2023); everything else is empty.

    NUL and lone surrogates are taken out: PostgreSQL stores neither.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:MAX_TEXT].replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
