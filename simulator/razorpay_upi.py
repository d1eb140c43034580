"""UPI without a typed address: a link bound to one payment, which a payer's app would open or scan.

The gateway offers it on request only, so an account has it or has not (switch ``upi_intent``); one that
has not gets the answer of an unknown URL. The link's ``url`` leads to the page that plays the phone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from simulator import razorpay_errors as errors
from simulator import razorpay_methods as methods
from simulator import razorpay_orders as orders
from simulator import razorpay_payments as payments
from simulator import razorpay_validation as validation
from simulator.gateway import Gateway
from simulator.razorpay_calls import RazorpayCall
from simulator.razorpay_records import RazorpayPayment
from simulator.wire import rupees

PAYEE, CATEGORY = "simulatorshop@rzpsimulator", "5817"
NOTE_LENGTH = 50
# A collect request is answered by test mode's payer a moment later.
COLLECT_ANSWER_TIME = timedelta(seconds=1)
FIELDS = frozenset(
    {
        "amount", "currency", "order_id", "email", "contact", "method", "ip", "referer", "user_agent",
        "description", "notes", "upi", "customer_id", "save", "callback_url",
    }
)  # fmt: skip


def create_upi(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """POST /payments/create/upi: start an attempt from the merchant's server."""
    fields, wanted = call.fields, call.fields.get("upi")
    flow = wanted.get("flow", "collect") if isinstance(wanted, dict) else None
    if flow == "intent" and not call.account.upi_intent:
        raise errors.no_such_url()
    for name in ("amount", "currency", "order_id", "email", "contact"):
        if not fields.get(name):
            raise errors.required(name)
    validation.refuse_unknown(fields, FIELDS)
    if flow not in ("intent", "collect") or fields.get("method", "upi") != "upi":
        raise errors.invalid("flow", "The upi flow should be intent or collect")
    order = orders.find(gateway, call.account, str(fields["order_id"]))
    orders.require_payable(gateway, order)
    if validation.amount(fields) != order.amount_paise or fields["currency"] != order.currency:
        raise errors.RazorpayError(
            "Payment amount and currency should be those of the order", reason="order_amount_mismatch"
        )
    vpa = str((wanted or {}).get("vpa") or "").strip()
    if flow == "collect" and not methods.is_vpa(vpa):
        raise errors.invalid("vpa", methods.INVALID_VPA["description"])
    instrument = methods.upi(vpa or None, str(flow))
    payment = payments.start(
        gateway,
        order,
        instrument,
        email=str(fields["email"]),
        contact=str(fields["contact"]),
        description=str(fields["description"])[:255] if fields.get("description") else None,
        notes=validation.notes(fields),
    )
    if flow == "intent":
        return {"razorpay_payment_id": payment.payment_id, "link": link(gateway, payment, call.origin)}
    if instrument.always_refused:
        payments.fail(gateway, payment, methods.BANK_REFUSED, at=gateway.now())
    else:
        payments.answer_later(gateway, payment, COLLECT_ANSWER_TIME)
    url = f"{call.origin}/v1/payments/{payment.payment_id}/status"
    return {"razorpay_payment_id": payment.payment_id, "next": [{"action": "poll", "url": url}]}


def validate_vpa(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """POST /payments/validate/vpa"""
    vpa = str(call.fields.get("vpa") or "")
    if not methods.is_vpa(vpa):
        raise errors.invalid("vpa", methods.INVALID_VPA["description"])
    return {"vpa": vpa, "success": True, "customer_name": "Test Payer"}


def link(gateway: Gateway, payment: RazorpayPayment, origin: str) -> str:
    """The link of one attempt. ``tr`` names the payment, ``am`` is in rupees."""
    account = gateway.store.razorpay_accounts[payment.key_id]
    members = {
        "pa": PAYEE,
        "pn": account.name,
        "mc": CATEGORY,
        "tr": payment.reference,
        "tn": (payment.description or f"Order {payment.order_id}")[:NOTE_LENGTH],
        "am": f"{rupees(payment.amount_paise)}",
        "cu": payment.currency,
        "url": f"{origin}/upi/{payment.reference}",
    }
    return f"upi://pay?{urlencode(members, quote_via=quote, safe='@')}"


def by_reference(gateway: Gateway, reference: str) -> RazorpayPayment | None:
    """The UPI payment that a link's ``tr`` names."""
    payment = gateway.store.razorpay_payments.get(f"pay_{reference}")
    return payment if payment is not None and payment.method == "upi" else None


def approve(gateway: Gateway, payment: RazorpayPayment) -> None:
    """The payer typed the PIN. An order that was paid meanwhile does not keep the money."""
    payment.details["vpa"] = payment.details["upi"]["vpa"] = methods.TEST_VPA
    payments.authorize(gateway, payment, at=gateway.now())


def decline(gateway: Gateway, payment: RazorpayPayment) -> None:
    """The payer said no."""
    payments.fail(gateway, payment, methods.CANCELLED, at=gateway.now())
