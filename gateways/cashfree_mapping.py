"""Cashfree's JSON and our value types, both ways. No network, no clock.

API version 2025-01-01, https://www.cashfree.com/docs/api-reference/payments/latest (orders, payments,
refunds). Tolerant about what is new (keys, statuses, ids as numbers), strict about money and identity:
what contradicts the question or is not an exact amount raises GatewayReplyInvalid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

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
from domain.money import INR, rupees_from_paise
from gateways.cashfree_fields import moment_of, paise_of, timestamp
from gateways.fields import UnreadableRow, currency_of, identifier_of, object_of, readable_rows, text_of

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

Row = TypeVar("Row", GatewayPayment, GatewayRefund)


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


def order_from(document: Any, *, order_id: str) -> GatewayOrder:
    """The order of a reply about `order_id`."""
    fields = object_of(document, "order")
    if identifier_of(fields, "order_id") != order_id:
        raise GatewayReplyInvalid(detail="the reply is about another order")
    tags = fields.get("order_tags")
    return GatewayOrder(
        order_id=order_id,
        gateway_order_id=identifier_of(fields, "cf_order_id"),
        status=ORDER_STATUSES.get(text_of(fields.get("order_status")), GatewayOrderStatus.UNKNOWN),
        amount_paise=paise_of(fields, "order_amount"),
        currency=currency_of(fields, "order_currency"),
        payment_session_id=text_of(fields.get("payment_session_id")) or None,
        expires_at=moment_of(fields.get("order_expiry_time")),
        created_at=moment_of(fields.get("created_at")),
        tags={text_of(key): text_of(value) for key, value in tags.items()} if isinstance(tags, dict) else {},
    )


def payments_from(document: Any, *, order_id: str) -> tuple[GatewayPayment, ...]:
    """All attempts of a reply. A row without an identity is left out; unreadable money is an error."""
    return tuple(_readable(document, lambda row: payment_from(row, order_id=order_id), order_id))


def payment_from(document: Any, *, order_id: str) -> GatewayPayment:
    """One attempt to pay `order_id`."""
    fields = object_of(document, "payment")
    payment_id = identifier_of(fields, "cf_payment_id")
    _refuse_other_order(fields, order_id)
    status = PAYMENT_STATUSES.get(text_of(fields.get("payment_status")), GatewayPaymentStatus.UNKNOWN)
    amount_paise, currency = paise_of(fields, "order_amount"), currency_of(fields, "order_currency")
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
        charged_paise=paise_of(fields, "payment_amount") if is_charged else amount_paise,
        charged_currency=text_of(fields.get("payment_currency")) or currency,
        method=_method(fields),
        message=text_of(fields.get("payment_message")),
        error_code=text_of(error.get("error_code")),
        error_reason=text_of(error.get("error_reason")),
        paid_at=_paid_at(fields) if status is GatewayPaymentStatus.SUCCESS else None,
        is_money=_is_money(fields),
    )


def refunds_from(document: Any, *, order_id: str) -> tuple[GatewayRefund, ...]:
    """All refunds of a reply: ours, those of the dashboard, and those Cashfree made by itself.

    A row with neither of the two ids is left out, with a warning in the log that names the order: without
    an identity each look would record it anew. The other rows stay. Unreadable money is an error.
    """
    return tuple(_readable(document, lambda row: refund_from(row, order_id=order_id), order_id))


def refund_from(document: Any, *, order_id: str) -> GatewayRefund:
    """One refund of `order_id`.

    Where one of the two ids is missing the other stands in: a refund that Cashfree made by itself may have
    only Cashfree's, and one of ours is known by ours. `gateway_payment_id` is empty where the row does not
    say whose money goes back. A status that is new to us is UNKNOWN.
    """
    fields = object_of(document, "refund")
    our_id, gateway_id = text_of(fields.get("refund_id")), text_of(fields.get("cf_refund_id"))
    if not our_id and not gateway_id:
        raise UnreadableRow(detail="refund_id and cf_refund_id are missing")
    _refuse_other_order(fields, order_id)
    return GatewayRefund(
        refund_id=our_id or gateway_id,
        gateway_refund_id=gateway_id or our_id,
        order_id=order_id,
        gateway_payment_id=text_of(fields.get("cf_payment_id")),
        amount_paise=paise_of(fields, "refund_amount"),
        currency=text_of(fields.get("refund_currency")) or INR,
        status=REFUND_STATUSES.get(text_of(fields.get("refund_status")), GatewayRefundStatus.UNKNOWN),
        is_automatic=text_of(fields.get("refund_type")).endswith("AUTO_REFUND"),
        processed_at=moment_of(fields.get("processed_at")),
    )


def _customer_payload(customer: Customer) -> dict[str, str]:
    payload = {"customer_id": customer.id, "customer_phone": customer.phone}
    # Name and e-mail are optional but 3 to 100 characters long; a two-letter name must not stop a sale.
    if len(customer.name) >= 3:
        payload["customer_name"] = customer.name[:100]
    if 3 <= len(customer.email) <= 100:
        payload["customer_email"] = customer.email
    return payload


def _readable(document: Any, read: Callable[[Any], Row], order_id: str) -> Iterable[Row]:
    if not isinstance(document, list):
        raise GatewayReplyInvalid(detail="not a list")
    return readable_rows(document, read, gateway="cashfree", order_id=order_id)


def _refuse_other_order(fields: Mapping[str, Any], order_id: str) -> None:
    if (text_of(fields.get("order_id")) or order_id) != order_id:
        raise GatewayReplyInvalid(detail="the row is about another order")


def _method(fields: Mapping[str, Any]) -> str:
    """The key of Cashfree's one-key union, known or not; else the payment group."""
    union = fields.get("payment_method")
    keys = list(union) if isinstance(union, dict) else []
    return text_of(keys[0] if keys else fields.get("payment_group")) or "unknown"


def _is_money(fields: Mapping[str, Any]) -> bool:
    if CASH_ON_DELIVERY in (text_of(fields.get("payment_group")), _method(fields)):
        return False
    # Versions before pre-authorisation do not send the key at all.
    return fields.get("is_captured") in (None, True)


def _paid_at(fields: Mapping[str, Any]) -> datetime | None:
    return moment_of(fields.get("payment_completion_time")) or moment_of(fields.get("payment_time"))
