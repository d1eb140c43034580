"""What the shape of Razorpay's keys says, and what is wrong with a set of them. Values in, sentences out.

Sentences name variables and never show values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from domain.cashfree_keys import CashfreeEnv

SIMULATOR_KEY_ID = "rzp_test_simulator"
SIMULATOR_KEY_SECRET = "simulator_secret"  # noqa: S105 - published, like all of the simulator's
SIMULATOR_WEBHOOK_SECRET = "simulator_webhook_secret"  # noqa: S105 - published
LIVE_PREFIX = "rzp_live_"
# One host for test and live: the key decides.
RAZORPAY_HOST = "https://api.razorpay.com/v1"


class RazorpayEnv(StrEnum):
    SIMULATOR = "simulator"
    TEST = "test"
    LIVE = "live"


def environment_of(key_id: str) -> RazorpayEnv:
    """The environment that a key belongs to."""
    if key_id == SIMULATOR_KEY_ID:
        return RazorpayEnv.SIMULATOR
    return RazorpayEnv.LIVE if key_id.startswith(LIVE_PREFIX) else RazorpayEnv.TEST


def with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as given, with the environment by the key's shape.

    Without keys it is the simulator beside Cashfree's, or not configured.
    """
    filled = dict(given)
    key_id = str(filled.get("razorpay_key_id", ""))
    has_keys = bool(key_id) or "razorpay_key_secret" in filled
    if "razorpay_env" not in filled:
        if has_keys:
            filled["razorpay_env"] = environment_of(key_id)
        elif filled["cashfree_env"] == CashfreeEnv.SIMULATOR:
            filled["razorpay_env"] = RazorpayEnv.SIMULATOR
    if filled.get("razorpay_env") == RazorpayEnv.SIMULATOR and not has_keys:
        filled["razorpay_key_id"] = SIMULATOR_KEY_ID
        filled["razorpay_key_secret"] = SIMULATOR_KEY_SECRET
    if filled.get("razorpay_env") == RazorpayEnv.SIMULATOR:
        filled.setdefault("razorpay_webhook_secret", SIMULATOR_WEBHOOK_SECRET)
    return filled


def key_problems(
    env: RazorpayEnv | None, key_id: str, key_secret: str, webhook_secrets: Sequence[str], *, is_local: bool
) -> Iterator[str]:
    """What is wrong anywhere. `env` is None where Razorpay is not configured."""
    if env is RazorpayEnv.SIMULATOR and not is_local:
        yield "RAZORPAY_ENV=simulator is refused unless APP_BASE_URL is a local address"
    if bool(key_id) != bool(key_secret) or (env is not None and not key_id):
        yield "RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET belong together: set both or neither"
    held = {
        "RAZORPAY_KEY_ID": (key_id,),
        "RAZORPAY_KEY_SECRET": (key_secret,),
        "RAZORPAY_WEBHOOK_SECRET": tuple(webhook_secrets),
    }
    for name, values in held.items():
        # A stray space is the classic reason of a 401; what cannot be sent would fail at the first payment.
        if any(not (text.isascii() and text.isprintable()) or " " in text for text in values):
            yield f"{name} holds white space or a character that cannot be sent"
    if env is RazorpayEnv.LIVE and not key_id.startswith(LIVE_PREFIX):
        yield "RAZORPAY_ENV=live needs live keys (rzp_live_…)"
    if env in {RazorpayEnv.TEST, RazorpayEnv.SIMULATOR} and key_id.startswith(LIVE_PREFIX):
        yield f"RAZORPAY_ENV={env} was given live keys"


def production_problems(env: RazorpayEnv, webhook_secrets: Sequence[str], url: str) -> Iterator[str]:
    """What is wrong in production besides."""
    if env is not RazorpayEnv.LIVE:
        yield "RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET must be live keys in production"
    if not webhook_secrets:
        yield "RAZORPAY_WEBHOOK_SECRET is empty: without it no webhook can be verified"
    if url != RAZORPAY_HOST:
        yield "RAZORPAY_API_BASE must be Razorpay's host in production"
