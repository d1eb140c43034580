"""Bodies of webhooks, key for key in the gateway's order. Pure: records in, dictionaries out.

Follows the webhook pages of versions 2023-08-01, 2025-01-01 and 2026-01-01.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simulator.clock import ist, ist_or_none
from simulator.records import Order, Payment, Refund
from simulator.wire import rupees

WEBHOOK_VERSIONS = ("2022-09-01", "2023-08-01", "2025-01-01", "2026-01-01")


def envelope(event_type: str, content: dict[str, Any], at: datetime) -> dict[str, Any]:
    """Wrap an event's content the way every webhook is wrapped."""
    return {"data": content, "event_time": ist(at), "type": event_type}


def payment_event(order: Order, payment: Payment, version: str) -> dict[str, Any]:
    """Content of PAYMENT_SUCCESS, PAYMENT_FAILED and PAYMENT_USER_DROPPED."""
    content: dict[str, Any] = {
        "order": {
            "order_id": order.order_id,
            "order_amount": rupees(order.amount_paise),
            "order_currency": order.currency,
            "order_tags": order.tags,
        },
        "payment": _payment(payment, version),
        "customer_details": {
            "customer_name": order.customer.get("customer_name"),
            "customer_id": order.customer.get("customer_id"),
            "customer_email": order.customer.get("customer_email"),
            "customer_phone": order.customer.get("customer_phone"),
        },
    }
    if version >= "2026-01-01":
        content["order"]["order_note"] = order.note
    if payment.status == "FAILED":
        content["error_details"] = payment.error
    if payment.status != "USER_DROPPED":
        content["payment_gateway_details"] = {
            "gateway_name": "CASHFREE",
            "gateway_order_id": order.cf_order_id,
            "gateway_payment_id": payment.cf_payment_id,
            "gateway_status_code": None,
            "gateway_order_reference_id": None,
            "gateway_settlement": "CASHFREE",
            "gateway_reference_name": None,
        }
    content["payment_offers"] = _offers(payment)
    content["terminal_details"] = None
    return content


def refund_event(refund: Refund, version: str) -> dict[str, Any]:
    """Content of REFUND_STATUS_WEBHOOK: integer ids and a capital in entity, unlike the API."""
    content: dict[str, Any] = {
        "cf_refund_id": int(refund.cf_refund_id),
        "cf_payment_id": int(refund.cf_payment_id),
        "refund_id": refund.refund_id,
        "order_id": refund.order_id,
        "refund_amount": rupees(refund.amount_paise),
        "refund_currency": refund.currency,
        "entity": "Refund",
        "refund_type": refund.refund_type,
        "refund_arn": refund.arn,
        "refund_status": refund.status,
        "status_description": status_description(refund.status),
        "created_at": ist(refund.created_at),
        "processed_at": ist_or_none(refund.processed_at),
        "refund_note": refund.note,
        "refund_splits": [],
        "metadata": None,
    }
    if version >= "2025-01-01":
        content |= {"requested_speed": refund.speed, "processed_speed": refund.speed}
        content |= {"service_charge": 0, "service_tax": 0}
    else:
        content |= {"refund_charge": 0, "refund_mode": refund.speed}
    return {"refund": content, "terminalDetails": None}


def auto_refund_event(refund: Refund, payment: Payment) -> dict[str, Any]:
    """Content of AUTO_REFUND_STATUS_WEBHOOK."""
    return {
        "auto_refund": {
            "event": "AUTO-REFUND",
            "cf_refund_id": int(refund.cf_refund_id),
            "cf_payment_id": int(refund.cf_payment_id),
            "bank_reference": payment.bank_reference,
            "order_id": refund.order_id,
            "refund_amount": rupees(refund.amount_paise),
            "refund_currency": refund.currency,
            "refund_type": "PAYMENT_AUTO_REFUND",
            "refund_arn": refund.arn,
            "refund_status": refund.status,
            "status_description": status_description(refund.status),
            "refund_reason": refund.reason,
            "created_at": ist(refund.created_at),
            "processed_at": ist_or_none(refund.processed_at),
            "refund_charge": 0,
        }
    }


def status_description(refund_status: str) -> str:
    """The gateway's words for a refund's state."""
    return {
        "SUCCESS": "Refund processed successfully",
        "FAILED": "Refund failed",
        "CANCELLED": "Refund cancelled",
        "ONHOLD": "Refund on hold: insufficient balance",
    }.get(refund_status, "In Progress")


def _payment(payment: Payment, version: str) -> dict[str, Any]:
    is_old = version < "2023-08-01"
    failed = payment.status == "FAILED"
    return {
        "cf_payment_id": int(payment.cf_payment_id) if is_old else payment.cf_payment_id,
        "payment_status": payment.status,
        "payment_amount": rupees(payment.amount_paise),
        "payment_currency": payment.currency,
        "payment_message": payment.message,
        "payment_time": ist(payment.finished_at or payment.started_at),
        "bank_reference": "NA" if failed else payment.bank_reference,
        "auth_id": "null" if failed else None,
        "payment_method": _method(payment),
        "payment_group": payment.group,
        "international_payment": None,
        "payment_surcharge": surcharge(payment),
    }


def surcharge(payment: Payment) -> dict[str, Any] | None:
    """The part of a payment that was added on top of the order amount."""
    if not payment.surcharge_paise:
        return None
    tax = payment.surcharge_paise * 18 // 118
    return {
        "payment_surcharge_service_charge": rupees(payment.surcharge_paise - tax),
        "payment_surcharge_service_tax": rupees(tax),
    }


def _offers(payment: Payment) -> list[dict[str, Any]] | None:
    """The offer that took something off, which only a webhook tells of."""
    if not payment.discount_paise:
        return None
    return [
        {
            "offer_id": "offer_simulator",
            "offer_type": "DISCOUNT",
            "offer_meta": {"offer_title": "Ten per cent", "offer_code": "TEN"},
            "offer_redemption": {
                "redemption_status": "SUCCESS",
                "discount_amount": rupees(payment.discount_paise),
                "cashback_amount": rupees(0),
            },
        }
    ]


def _method(payment: Payment) -> dict[str, Any]:
    """Method block of a webhook, which differs from the API's in three small ways."""
    ((name, block),) = payment.details.items()
    if name == "upi":
        return {name: block | {"channel": None, "upi_instrument": "UPI", "upi_instrument_number": ""}}
    if name == "netbanking":
        return {name: block | {"netbanking_bank_code": str(block["netbanking_bank_code"])}}
    if name == "card":
        return {name: block | {"par": None}}
    return {name: block}
