"""Cashfree's UPI attempts without a typed address: a link for one attempt, which a payer's app opens or scans."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import segno

from simulator import payments
from simulator.gateway import Gateway
from simulator.records import Order, Payment
from simulator.wire import rupees

PAYEE, PAYEE_NAME = "simulator@upi", "Simulator"
PAYERS_ADDRESS = "payer@upi"
# The channels of an attempt that a payer's app answers.
PICTURES = frozenset({"qrcode", "podQrCode"})
CODE_CHANNELS = frozenset({"link", *PICTURES})


def link(order: Order, payment: Payment, origin: str) -> str:
    """The link of one attempt. ``tr`` names the payment, ``am`` is in rupees, ``url`` leads to the phone."""
    members = {
        "pa": PAYEE,
        "pn": PAYEE_NAME,
        "tr": payment.cf_payment_id,
        "am": f"{rupees(payment.amount_paise)}",
        "cu": order.currency,
        "url": f"{origin}/upi/{payment.cf_payment_id}",
    }
    return f"upi://pay?{urlencode(members, quote_via=quote, safe='@')}"


def payload(order: Order, payment: Payment, channel: str, origin: str) -> dict[str, str] | None:
    """What POST /orders/sessions gives for a channel: links by app, a picture, or nothing to a typed address."""
    address = link(order, payment, origin)
    query = address.partition("?")[2]
    if channel in PICTURES:
        return {"qrcode": segno.make(address, error="m").png_data_uri(scale=4, border=2)}
    if channel == "link":
        return {"default": address, "gpay": f"tez://upi/pay?{query}", "phonepe": f"phonepe://pay?{query}"}
    return None


def is_code(payment: Payment) -> bool:
    """True for an attempt that a payer's app answers."""
    return payment.method == "upi" and payment.details["upi"]["channel"] in CODE_CHANNELS


def by_reference(gateway: Gateway, reference: str) -> Payment | None:
    """The UPI attempt that a link's ``tr`` names."""
    payment = gateway.store.payments.get(reference)
    return payment if payment is not None and payment.method == "upi" else None


def approve(gateway: Gateway, payment: Payment) -> None:
    """The payer typed the PIN."""
    payment.details["upi"]["upi_id"] = PAYERS_ADDRESS
    payments.finish(gateway, payment, "SUCCESS", at=gateway.now())


def decline(gateway: Gateway, payment: Payment) -> None:
    """The payer said no."""
    payments.finish(gateway, payment, "FAILED", at=gateway.now())
