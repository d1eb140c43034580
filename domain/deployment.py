"""What is wrong with the addresses, proxies, accounts and folders that a configuration names. Values in, sentences out.

Sentences name variables and never show values. The gateways' keys have rules of their own, `cashfree_keys` and
`razorpay_keys`; what makes a secret weak is in `placeholders`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import PurePath
from urllib.parse import urlsplit

from domain.accounts import check_password, normal_email

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class MarketDataProvider(StrEnum):
    """Where daily prices come from by themselves. Files that an admin sends are taken whatever it is."""

    NONE = "none"
    NSE_FOLDER = "nse-folder"
    YFINANCE = "yfinance"


def is_local(url: str) -> bool:
    """True for an address that only this machine's browsers reach."""
    return urlsplit(url).hostname in LOCAL_HOSTS


def address_problems(app_base_url: str, proxies: Sequence[str]) -> Iterator[str]:
    """What is wrong with our own address, and with the proxies before it."""
    url = urlsplit(app_base_url)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path not in {"", "/"} or url.query:
        yield "APP_BASE_URL must be http(s)://host[:port] without a path"
    if not all(_is_some_network(text) for text in proxies):
        yield "TRUSTED_PROXIES must be addresses or networks such as 10.0.0.5, 10.0.0.0/24"


def account_problems(admin_email: str, admin_password: str) -> Iterator[str]:
    """What is wrong with the account that the first start makes."""
    if bool(admin_email) != bool(admin_password):
        yield "ADMIN_EMAIL and ADMIN_PASSWORD belong together: set both or neither"
    elif admin_email:
        for variable, check, text in (
            ("ADMIN_EMAIL", normal_email, admin_email),
            ("ADMIN_PASSWORD", check_password, admin_password),
        ):
            try:
                check(text)
            except ValueError as exc:
                yield f"{variable}: {exc}"


def market_data_problems(provider: MarketDataProvider, folder: str) -> Iterator[str]:
    """What is wrong with the source of prices. Whether the folder is there is `manage.py doctor`'s to say."""
    if provider is MarketDataProvider.NSE_FOLDER and not folder:
        yield "MARKET_DATA_PROVIDER=nse-folder needs MARKET_DATA_FOLDER"
    if folder and not PurePath(folder).is_absolute():
        yield "MARKET_DATA_FOLDER must be a path from the root, as the worker may run elsewhere"


def production_problems(app_base_url: str, *, has_database: bool) -> Iterator[str]:
    """What is wrong in production besides."""
    if not app_base_url.startswith("https://"):
        yield "APP_BASE_URL must begin with https:// in production"
    if _is_this_machine(urlsplit(app_base_url).hostname or ""):
        yield "APP_BASE_URL must be the address that buyers use, not this machine's own"
    if not has_database:
        yield "DATABASE_URL is required in production (the embedded server is for development)"


def _is_some_network(text: str) -> bool:
    """True for an address or a network, but not for one that holds everybody."""
    try:
        return ip_network(text).prefixlen > 0
    except ValueError:
        return False


def _is_this_machine(host: str) -> bool:
    if host in LOCAL_HOSTS or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
