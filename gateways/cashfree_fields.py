"""Single members of Cashfree's JSON as exact values: ids, amounts, currencies, moments, texts.

Tolerant about types that changed between versions (ids as numbers), strict about money. Knows no entity,
no network and no clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from domain.errors import GatewayReplyInvalid
from domain.money import NotMoney, paise_from_rupees

IST = timezone(timedelta(hours=5, minutes=30))
MAX_TEXT = 500


class UnreadableRow(GatewayReplyInvalid):
    """One row without an identity: the rest of a list is still good."""


def timestamp(moment: datetime) -> str:
    """ISO 8601 with Cashfree's own offset, +05:30. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(IST).isoformat(timespec="seconds")


def object_of(document: Any, what: str) -> Mapping[str, Any]:
    """The members of an object. Raises UnreadableRow for anything else."""
    if not isinstance(document, dict):
        raise UnreadableRow(detail=f"{what} is not an object")
    return document


def identifier_of(fields: Mapping[str, Any], name: str) -> str:
    """An id as text. Raises UnreadableRow where there is none."""
    text = text_of(fields.get(name))
    if not text:
        raise UnreadableRow(detail=f"{name} is missing")
    return text


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


def currency_of(fields: Mapping[str, Any], name: str) -> str:
    """A currency's three letters. Raises GatewayReplyInvalid for anything else."""
    text = text_of(fields.get(name))
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise GatewayReplyInvalid(detail=f"{name} is not a currency")
    return text


def moment_of(value: Any) -> datetime | None:
    """UTC of a time in any of Cashfree's spellings, Indian if it has no offset. None if unreadable."""
    try:
        moment = datetime.fromisoformat(text_of(value))
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=IST)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def text_of(value: Any) -> str:
    """Text, or a whole number as text (ids were numbers before 2023); everything else is empty.

    NUL and lone surrogates are taken out: PostgreSQL stores neither.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:MAX_TEXT].replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
