"""Which Cashfree account is used, where it answers and what opens it. Secrets show in no repr.

The configuration is read at the first use, never at import: importing the gateway needs no environment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain.errors import GatewayCredentialsRejected

if TYPE_CHECKING:
    from config import Settings

API_VERSION = "2025-01-01"
SANDBOX_API = "https://sandbox.cashfree.com/pg"
PRODUCTION_API = "https://api.cashfree.com/pg"
PRODUCTION_SECRET_PREFIX = "cfsk_ma_prod_"  # noqa: S105 - the public beginning of every live secret
NOT_CONFIGURED = "Payments are not set up correctly. You were not charged. Please contact support."


@dataclass(frozen=True, slots=True)
class Account:
    """One merchant account. The client secret also signs webhooks; `webhook_secrets` are for rotation.

    An empty `api_base` means that the host is still to be chosen. Raises ValueError for a secret that is
    empty or cannot be sent.
    """

    client_id: str
    client_secret: str = field(repr=False)
    api_base: str = ""
    api_version: str = API_VERSION
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    app_base_url: str = ""

    def __post_init__(self) -> None:
        _refuse_unsendable("client_id", self.client_id)
        _refuse_unsendable("client_secret", self.client_secret)
        for secret in self.webhook_secrets:
            _refuse_unsendable("webhook_secrets", secret)


def account_from(settings: Settings) -> Account:
    """The account that the configuration names."""
    return Account(
        client_id=settings.cashfree_client_id,
        client_secret=settings.cashfree_client_secret.get_secret_value(),
        api_base=settings.cashfree_api_base,
        api_version=settings.cashfree_api_version,
        webhook_secrets=tuple(secret.get_secret_value() for secret in settings.cashfree_webhook_secrets),
        app_base_url=settings.app_base_url,
    )


def configured_account() -> Account:
    """The account of the environment. Raises GatewayCredentialsRejected if that describes none."""
    from config import ConfigError, load_settings

    try:
        return account_from(load_settings())
    except (ConfigError, ValueError) as exc:
        raise GatewayCredentialsRejected(NOT_CONFIGURED, detail="the configuration cannot be used") from exc


def with_host(account: Account) -> Account:
    """The account with the configured host if it is the configured account, else by its secret's shape."""
    try:
        configured = configured_account()
    except GatewayCredentialsRejected:
        configured = None
    if configured is not None and configured.client_id == account.client_id:
        return replace(account, api_base=configured.api_base, app_base_url=configured.app_base_url)
    is_live = account.client_secret.startswith(PRODUCTION_SECRET_PREFIX)
    return replace(account, api_base=PRODUCTION_API if is_live else SANDBOX_API)


def _refuse_unsendable(name: str, value: str) -> None:
    # An empty secret would sign for everybody; one with a newline ends up in the text of an exception.
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise ValueError(f"{name} must be visible ASCII characters without spaces, and not empty")
