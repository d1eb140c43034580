"""Which Razorpay account is used, where it answers and what opens it. Secrets show in no repr."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config import Settings


@dataclass(frozen=True, slots=True)
class Account:
    """One merchant account. Webhooks are signed with secrets of their own, never with the key's.

    `key_id` is public: the browser's checkout is opened with it. Raises ValueError for what is empty or cannot
    be sent. Without a webhook secret no webhook is believed. `unique_receipt` asks Razorpay to open one order only
    under a receipt, which accounts that do not know the option refuse.
    """

    key_id: str
    key_secret: str = field(repr=False)
    api_base: str
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    unique_receipt: bool = False

    def __post_init__(self) -> None:
        _refuse_unsendable("key_id", self.key_id)
        _refuse_unsendable("key_secret", self.key_secret)
        for secret in self.webhook_secrets:
            _refuse_unsendable("webhook_secrets", secret)


def account_from(settings: Settings) -> Account:
    """The account that the configuration names."""
    return Account(
        key_id=settings.razorpay_key_id,
        key_secret=settings.razorpay_key_secret.get_secret_value(),
        api_base=settings.razorpay_url,
        webhook_secrets=tuple(secret.get_secret_value() for secret in settings.razorpay_webhook_secret),
        unique_receipt=settings.razorpay_unique_receipt,
    )


def _refuse_unsendable(name: str, value: str) -> None:
    # An empty secret would sign for everybody; a colon in the key's id would end it in the header.
    if not re.fullmatch(r"[\x21-\x7e]+", value) or (name == "key_id" and ":" in value):
        raise ValueError(f"{name} must be visible ASCII characters without spaces, and not empty")
