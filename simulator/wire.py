"""JSON and money as the gateway writes them: raw numbers with two decimals (``170.00``).

A reader who parses and re-serialises such a body gets other bytes, so a signature checked over
re-serialised JSON fails here as it does with the real gateway.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


class MalformedJson(ValueError):
    """The body is not JSON, or holds a number JSON does not know."""


def rupees(paise: int) -> Decimal:
    """Turn paise into a decimal that keeps its two digits."""
    return Decimal(paise).scaleb(-2)


def indian_rupees(paise: int) -> str:
    """Write an amount for people: the rupee sign, Indian grouping, two decimals."""
    whole, part = divmod(abs(paise), 100)
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    groups = [tail]
    while head:
        head, group = head[:-2], head[-2:]
        groups.insert(0, group)
    sign = "−" if paise < 0 else ""
    return f"{sign}₹{','.join(groups)}.{part:02d}"


def to_json(value: Any) -> bytes:
    """Serialise without blanks, keeping key order and the digits of every Decimal."""
    return _text(value).encode()


def from_json(body: bytes) -> Any:
    """Parse JSON with exact decimals. Raises MalformedJson."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError) as exc:
        raise MalformedJson(str(exc)) from exc


def _refuse_constant(name: str) -> Any:
    raise MalformedJson(f"{name} is no JSON number")


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(k))}:{_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_text(item) for item in value) + "]"
    return json.dumps(value)
