"""The form with which Razorpay sends a buyer's browser back: which order it names, and what its signature proves.

https://razorpay.com/docs/payments/payment-gateway/web-integration/standard/integration-steps (1.5) and
…/callback-url. A success is signed. A failure is not; it carries JSON in one of its fields.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateways.json_codec import UnreadableJson, read_json
from gateways.razorpay_mapping import is_id
from gateways.razorpay_signatures import is_signed, payment_message


def named_order(form: Mapping[str, str]) -> str | None:
    """Razorpay's number of the order, from a form of either kind. Nothing proves it."""
    number = form.get("razorpay_order_id") or _number_in_failure(form)
    return number if is_id("order", number) else None


def claimed_payment(number: str | None, form: Mapping[str, str], key_secret: str) -> str | None:
    """The payment of which the signature says that it belongs to the order of this number of our books."""
    payment_id = form.get("razorpay_payment_id", "")
    if not number or not is_id("pay", payment_id) or form.get("razorpay_order_id", number) != number:
        return None
    signature = form.get("razorpay_signature", "")
    is_genuine = is_signed(payment_message(number, payment_id), signature, (key_secret,))
    return payment_id if is_genuine else None


def _number_in_failure(form: Mapping[str, str]) -> str:
    try:
        metadata = read_json(form.get("error[metadata]", "").encode("utf-8", "replace"))
    except UnreadableJson:
        return ""
    number = metadata.get("order_id") if isinstance(metadata, dict) else None
    return number if isinstance(number, str) else ""
