"""What payment services are called on pages and in mails. The one place that knows."""

from __future__ import annotations

from collections.abc import Iterable

_NAMES = {"cashfree": "Cashfree", "razorpay": "Razorpay"}


def gateway_name(gateway: str) -> str:
    """The name of a gateway as people know it."""
    return _NAMES.get(gateway, gateway.title())


def gateway_names(gateways: Iterable[str]) -> str:
    """`Cashfree`, or `Cashfree or Razorpay`."""
    return " or ".join(gateway_name(gateway) for gateway in gateways)
