"""Razorpay's entities as its API and its webhooks show them. Pure: records in, dictionaries out."""

from __future__ import annotations

from typing import Any

from simulator.razorpay_records import RazorpayOrder, RazorpayPayment, RazorpayRefund

NO_ERROR = {"code": None, "description": None, "source": None, "step": None, "reason": None}


def order_entity(order: RazorpayOrder) -> dict[str, Any]:
    """The order; how it is captured is not shown."""
    return {
        "id": order.order_id,
        "entity": "order",
        "amount": order.amount_paise,
        "amount_paid": order.amount_paid_paise,
        "amount_due": order.amount_paise - order.amount_paid_paise,
        "currency": order.currency,
        "receipt": order.receipt,
        "offer_id": None,
        "status": order.status,
        "attempts": order.attempts,
        "notes": shown_notes(order.notes),
        "created_at": int(order.created_at.timestamp()),
    }


def payment_entity(payment: RazorpayPayment) -> dict[str, Any]:
    """The payment without its card's block, which has to be asked for."""
    error = payment.error or NO_ERROR
    entity = {
        "id": payment.payment_id,
        "entity": "payment",
        "amount": payment.amount_paise,
        "currency": payment.currency,
        "status": payment.status,
        "order_id": payment.order_id,
        "invoice_id": None,
        "international": bool(payment.details.get("card", {}).get("international")),
        "method": payment.method,
        "amount_refunded": payment.amount_refunded_paise,
        "refund_status": refund_status(payment),
        "captured": payment.captured,
        "description": payment.description,
        "card_id": payment.details.get("card_id"),
        "bank": payment.details.get("bank"),
        "wallet": payment.details.get("wallet"),
        "vpa": payment.details.get("vpa"),
        "email": payment.email,
        "contact": payment.contact,
        "notes": shown_notes(payment.notes),
        "fee": payment.fee_paise,
        "tax": payment.tax_paise,
        **{f"error_{name}": error[name] for name in NO_ERROR},
        "acquirer_data": dict(payment.acquirer),
        "created_at": int(payment.created_at.timestamp()),
    }
    if payment.method == "upi":
        entity["upi"] = dict(payment.details["upi"])
    return entity


def told_payment(payment: RazorpayPayment) -> dict[str, Any]:
    """The payment as webhooks show it: with its card."""
    entity = payment_entity(payment)
    if payment.method == "card":
        entity["card"] = dict(payment.details["card"])
    if payment.captured:
        entity["base_amount"] = payment.amount_paise
    return entity


def refund_entity(refund: RazorpayRefund) -> dict[str, Any]:
    """The refund."""
    return {
        "id": refund.refund_id,
        "entity": "refund",
        "amount": refund.amount_paise,
        "currency": refund.currency,
        "payment_id": refund.payment_id,
        "notes": shown_notes(refund.notes),
        "receipt": refund.receipt,
        "acquirer_data": {"arn": refund.arn},
        "created_at": int(refund.created_at.timestamp()),
        "batch_id": None,
        "status": refund.status,
        "speed_processed": refund.speed_processed,
        "speed_requested": refund.speed_requested,
    }


def collection(items: list[dict[str, Any]]) -> dict[str, Any]:
    """A list; ``count`` is what is in it, not what there is."""
    return {"entity": "collection", "count": len(items), "items": items}


def shown_notes(notes: dict[str, str]) -> dict[str, str] | list[Any]:
    """No notes are an empty list, as the gateway's language writes an empty map."""
    return dict(notes) if notes else []


def refund_status(payment: RazorpayPayment) -> str | None:
    """Whether the payment went back in full, in part or not."""
    if not payment.amount_refunded_paise:
        return None
    return "full" if payment.amount_refunded_paise >= payment.amount_paise else "partial"
