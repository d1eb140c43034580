"""A UPI link of Razorpay's for one order: what is asked for it, and what is believed of the answer.

https://razorpay.com/docs/payments/payment-gateway/s2s-integration/payment-methods/upi/intent. An account has the
feature on request only: one that has not is answered as if the address did not exist, and is not asked again for an
hour. The link is Razorpay's own, bound to the order; it is passed on as it came or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

from domain.errors import GatewayFeatureDisabled, GatewayReplyInvalid
from domain.gateway import UpiLink, UpiRequest
from domain.money import NotMoney, paise_from_rupees
from gateways.razorpay_api import RazorpayApi
from gateways.razorpay_mapping import ORDER_NOTE, is_id

# Whoever lets Razorpay switch the feature on sees it within the hour.
ASKED_AGAIN_AFTER_SECONDS = 3600.0
# A code of more letters cannot be scanned from a screen.
LONGEST_LINK = 1000
LONGEST_USER_AGENT = 250


class UpiLinks:
    """Makes links in the name of an account, and remembers that it has none to make."""

    def __init__(self, api: RazorpayApi, *, clock: Callable[[], float] = monotonic) -> None:
        self._api = api
        self._clock = clock
        self._missing_until: float | None = None

    def are_offered(self) -> bool:
        """False for an hour after Razorpay said that the account has no such links."""
        return self._missing_until is None or self._clock() >= self._missing_until

    def make(self, request: UpiRequest, description: str, deadline: float) -> UpiLink | None:
        """A new link, or None where the account has no such feature. Sent once."""
        if not self.are_offered():
            return None
        try:
            document = self._api.post_once(
                "upi_link",
                request.order.order_id,
                "/payments/create/upi",
                _payload(request, description),
                deadline,
            )
        except GatewayFeatureDisabled:
            self._missing_until = self._clock() + ASKED_AGAIN_AFTER_SECONDS
            return None
        return link_from(document, request)


def link_from(document: Any, request: UpiRequest) -> UpiLink:
    """The link of a reply. Raises GatewayReplyInvalid for one that would not pay this order's whole amount."""
    fields = document if isinstance(document, dict) else {}
    payment_id, link = fields.get("razorpay_payment_id"), fields.get("link")
    if not isinstance(payment_id, str) or not is_id("pay", payment_id):
        raise GatewayReplyInvalid(detail="the reply names no payment")
    if not isinstance(link, str) or not re.fullmatch(r"upi://pay\?[\x21-\x7e]+", link):
        raise GatewayReplyInvalid(detail="the reply has no UPI link")
    members = parse_qs(urlsplit(link).query)
    if len(link) > LONGEST_LINK or not members.get("pa"):
        raise GatewayReplyInvalid(detail="the UPI link names no payee, or is too long")
    if _stated_paise(members) != request.amount_paise or members.get("cu", ["INR"]) != [request.currency]:
        raise GatewayReplyInvalid(detail="the UPI link is over another amount or currency")
    return UpiLink(link, payment_id)


def _stated_paise(members: dict[str, list[str]]) -> int | None:
    """The one amount that a link names, in paise. Without any the payer could type their own."""
    try:
        (amount,) = members.get("am", [])
        return paise_from_rupees(amount)
    except (ValueError, NotMoney):
        return None


def _payload(request: UpiRequest, description: str) -> dict[str, Any]:
    customer = request.customer
    return {
        "amount": request.amount_paise,
        "currency": request.currency,
        "order_id": request.order.gateway_order_id,
        "email": customer.email,
        "contact": f"+91{customer.phone}",
        "method": "upi",
        "ip": request.ip_address,
        "referer": request.referer,
        "user_agent": request.user_agent[:LONGEST_USER_AGENT],
        "description": description,
        "notes": {ORDER_NOTE: request.order.order_id},
        "upi": {"flow": "intent"},
    }
