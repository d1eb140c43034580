"""Cashfree's own spellings of amounts and moments as exact values. No entity, no network, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from domain.errors import GatewayReplyInvalid
from domain.money import NotMoney, paise_from_rupees
from gateways.fields import text_of

IST = timezone(timedelta(hours=5, minutes=30))


def timestamp(moment: datetime) -> str:
    """ISO 8601 with Cashfree's own offset, +05:30. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(IST).isoformat(timespec="seconds")


def paise_of(fields: Mapping[str, Any], name: str) -> int:
    """An amount in paise. Raises GatewayReplyInvalid for one that is missing, negative or not exact."""
    value = fields.get(name)
    try:
        # ArithmeticError: a number such as 1e999999 overflows Decimal's own limits.
        paise = paise_from_rupees(value) if value is not None else -1
    except (NotMoney, TypeError, ArithmeticError) as exc:
        raise GatewayReplyInvalid(detail=f"{name} is not an exact amount") from exc
    if paise < 0:
        raise GatewayReplyInvalid(detail=f"{name} is missing or negative")
    return paise


def moment_of(value: Any) -> datetime | None:
    """UTC of a time in any of Cashfree's spellings, Indian if it has no offset. None if unreadable."""
    try:
        moment = datetime.fromisoformat(text_of(value))
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=IST)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
