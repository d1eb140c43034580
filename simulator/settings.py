"""The simulator's accounts, and the only place in it that reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_CLIENT_ID = "TESTSIMULATOR"
DEFAULT_CLIENT_SECRET = "cfsk_ma_test_simulator"  # noqa: S105 - published: it opens only this simulator
DEFAULT_KEY_ID = "rzp_test_simulator"
DEFAULT_KEY_SECRET = "simulator_secret"  # noqa: S105 - published: it opens only this simulator
DEFAULT_WEBHOOK_SECRET = "simulator_webhook_secret"  # noqa: S105 - published: it signs only here
DEFAULT_DATA_DIR = Path(".data/simulator")


@dataclass(frozen=True, slots=True)
class Account:
    """The Cashfree account; its secret also signs the webhooks."""

    client_id: str
    client_secret: str

    @property
    def older_secret(self) -> str:
        """The secret before the last rotation: opens nothing any more, but may still sign."""
        return f"{self.client_secret}_older"


@dataclass(frozen=True, slots=True)
class RazorpayKeys:
    """The Razorpay account that is always there. ``webhook_url`` is registered from the start."""

    key_id: str = DEFAULT_KEY_ID
    key_secret: str = DEFAULT_KEY_SECRET
    webhook_secret: str = DEFAULT_WEBHOOK_SECRET
    webhook_url: str | None = None


def account_from(environ: Mapping[str, str]) -> Account:
    """Return the account that CASHFREE_CLIENT_ID and _SECRET name, else the well-known one."""
    return Account(
        client_id=environ.get("CASHFREE_CLIENT_ID") or DEFAULT_CLIENT_ID,
        client_secret=environ.get("CASHFREE_CLIENT_SECRET") or DEFAULT_CLIENT_SECRET,
    )


def razorpay_keys_from(environ: Mapping[str, str], webhook_url: str | None = None) -> RazorpayKeys:
    """Return the keys that RAZORPAY_KEY_ID, _KEY_SECRET and _WEBHOOK_SECRET name, else the well-known ones."""
    return RazorpayKeys(
        key_id=environ.get("RAZORPAY_KEY_ID") or DEFAULT_KEY_ID,
        key_secret=environ.get("RAZORPAY_KEY_SECRET") or DEFAULT_KEY_SECRET,
        webhook_secret=environ.get("RAZORPAY_WEBHOOK_SECRET") or DEFAULT_WEBHOOK_SECRET,
        webhook_url=webhook_url,
    )
