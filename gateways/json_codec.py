"""JSON as money needs it: exact decimals in both directions, and nothing that Python's reader lets pass.

`json.loads` alone accepts NaN and Infinity, lets the last of two equal keys win, and answers deep nesting
with RecursionError and long integers with ValueError. Here all of these are one error, UnreadableJson.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn


class UnreadableJson(ValueError):
    """The bytes are not JSON that may be trusted. The text never quotes them."""


def read_json(body: bytes) -> Any:
    """Parse bytes strictly; numbers with a point or an exponent become Decimal. Raises UnreadableJson."""
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_duplicates,
        )
    except UnreadableJson:
        raise
    except RecursionError as exc:
        raise UnreadableJson("nested too deeply") from exc
    except (ValueError, InvalidOperation) as exc:
        # `from None`: the original text quotes the document, which may hold personal data.
        raise UnreadableJson(type(exc).__name__) from None


def write_json(value: object) -> str:
    """Serialise compactly; a Decimal keeps its digits (499.00 stays 499.00). Raises ValueError for NaN."""
    if isinstance(value, Mapping):
        return (
            "{" + ",".join(f"{json.dumps(str(key))}:{write_json(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ",".join(write_json(item) for item in value) + "]"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("not a finite number")
        return format(value, "f")
    return json.dumps(value, allow_nan=False)


def _refuse_constant(_name: str) -> NoReturn:
    raise UnreadableJson("NaN or Infinity")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise UnreadableJson("a key occurs twice")
    return document
