"""What Razorpay signs: HMAC-SHA256, lower-case hex, over bytes as they are.

https://razorpay.com/docs/payments/payment-gateway/web-integration/standard/integration-steps (1.5) and
…/docs/webhooks/validate-test. A payment that returns is signed with the key's secret over
`order_id|payment_id`; a webhook with a secret of its own over the raw body.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence


def sign(message: bytes, secret: str) -> str:
    """The signature that Razorpay would send."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed(message: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """True when one of the secrets signed the message. In constant time; an empty secret signs nothing."""
    # Bytes: compare_digest raises TypeError for str outside ASCII. All secrets are tried, none short-cuts.
    given = signature.encode("utf-8", "backslashreplace")
    matches = [
        hmac.compare_digest(sign(message, secret).encode("ascii"), given) for secret in secrets if secret
    ]
    return any(matches)


def payment_message(gateway_order_id: str, gateway_payment_id: str) -> bytes:
    """What is signed when a buyer returns. The order's number must come from our books, never from the form."""
    return f"{gateway_order_id}|{gateway_payment_id}".encode("utf-8", "backslashreplace")
