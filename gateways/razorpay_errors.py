"""Razorpay's error words, our error tree, and what the second guide tells people about them.

https://razorpay.com/docs/errors: {"error": {"code", "description", "field"?, "source", "step", "reason",
"metadata"}}, any of them absent, null or "NA". An unknown id is a 400 like everything else: only the
description tells it from a refusal, so known sentences are compared. The text itself is not kept.
"""

from __future__ import annotations

import re
from typing import Any

from domain.errors import (
    GatewayConflict,
    GatewayCredentialsRejected,
    GatewayError,
    GatewayFeatureDisabled,
    GatewayObjectNotFound,
    GatewayRateLimited,
    GatewayReplyInvalid,
    GatewayRequestRejected,
    GatewayTimeout,
    GatewayUnavailable,
    IdempotencyMismatch,
)
from gateways.http import Reply

BAD_REQUEST = "BAD_REQUEST_ERROR"
GATEWAY = "GATEWAY_ERROR"
SERVER = "SERVER_ERROR"

# The second guide's sentences. Behind them stands what happened to the money: a refused request took none; of an
# attempt to pay nobody knows at this moment what the bank did.
GUIDE_MESSAGES = {
    BAD_REQUEST: "Please check your payment details.",
    GATEWAY: "Payment failed, please try again.",
    SERVER: "Something went wrong, please retry.",
}
AFTER_REFUSAL = "You were not charged by this step."
AFTER_ATTEMPT = (
    "Money that left your account for it opens your access if the bank confirms it late, or comes back by itself: "
    "please wait some minutes before you pay again."
)
# Why an attempt failed: https://razorpay.com/docs/errors/payments/list. What is not here has its code's sentence.
REASONS = {
    "payment_cancelled": "The payment was cancelled. You can try again, or pay another way.",
    "payment_timed_out": f"The bank took too long to answer. {AFTER_ATTEMPT}",
    "insufficient_funds": "The account did not hold enough money.",
    "card_declined": "Your bank declined the card. Try another card, or pay another way.",
    "incorrect_otp": "The one-time password was not right.",
    "authentication_failed": "Your bank did not accept the one-time password or the approval.",
    "invalid_vpa": "This UPI ID is not known. Check it, or scan the code.",
    "payment_collect_request_expired": "The request in your UPI app was not approved in time.",
    "order_already_paid": "This order is paid already. Please do not pay again.",
}

_BY_SENTENCE: tuple[tuple[str, type[GatewayError]], ...] = (
    ("the id provided does not exist", GatewayObjectNotFound),
    ("is not a valid id", GatewayObjectNotFound),
    ("the requested url was not found on the server", GatewayFeatureDisabled),
    ("has already been captured", GatewayConflict),
    # Of accounts that take a receipt once, and of orders that asked for it.
    ("receipt should be unique", GatewayConflict),
    ("idempotency key has already been processed", IdempotencyMismatch),
    # The first of two equal requests is at work: its outcome is known later, under the same key.
    ("idempotency key is still in progress", GatewayUnavailable),
    # It is a matter of days until the account holds enough: no refusal, which would end the refund.
    ("does not have enough balance", GatewayUnavailable),
)
_BY_STATUS: dict[int, type[GatewayError]] = {
    401: GatewayCredentialsRejected,
    403: GatewayFeatureDisabled,
    404: GatewayObjectNotFound,
    409: GatewayConflict,
    504: GatewayTimeout,
}
_WORD = re.compile(r"[A-Za-z0-9_.\-]{1,100}")


def error_from(reply: Reply) -> GatewayError:
    """The error that a reply outside 2xx stands for."""
    document = reply.document if isinstance(reply.document, dict) else {}
    error = document.get("error")
    fields = error if isinstance(error, dict) else {}
    code, reason = _word(fields.get("code")), _word(fields.get("reason"))
    detail = f"HTTP {reply.status} code={code or '-'} reason={reason or '-'} field={_word(fields.get('field')) or '-'}"
    kind = _class_for(reply.status, code, fields.get("description"))
    if kind is GatewayRateLimited:
        return GatewayRateLimited(retry_after_seconds=reply.retry_after_seconds, detail=detail, code=code)
    guide = GUIDE_MESSAGES.get(code)
    message = f"{guide} {AFTER_REFUSAL}" if guide and kind is GatewayRequestRejected else None
    return kind(message, detail=detail, code=code or reason, gateway_status=reply.status)


def describe_attempt(code: str, reason: str) -> str:
    """Why an attempt to pay failed, for the buyer; empty for words that are new to us."""
    guide = GUIDE_MESSAGES.get(code)
    return REASONS.get(reason) or (f"{guide} {AFTER_ATTEMPT}" if guide else "")


def _class_for(status: int, code: str, description: Any) -> type[GatewayError]:
    if status == 429:
        # Its code is BAD_REQUEST_ERROR as well: the status comes first.
        return GatewayRateLimited
    if status in {401, 403, 504}:
        return _BY_STATUS[status]
    sentence = description.lower() if isinstance(description, str) else ""
    for part, kind in _BY_SENTENCE:
        if part in sentence and 400 <= status < 500:
            return kind
    if status >= 500 or (status >= 400 and code in {GATEWAY, SERVER}):
        return GatewayUnavailable
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return GatewayRequestRejected if status >= 400 else GatewayReplyInvalid


def _word(value: object) -> str:
    is_word = isinstance(value, str) and _WORD.fullmatch(value) is not None and value != "NA"
    return str(value) if is_word else ""
