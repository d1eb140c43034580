"""Single members of a gateway's JSON as exact values: objects, ids, currencies, texts, and rows of lists.

Tolerant about types that changed between versions (ids as numbers), strict about identity. Knows no gateway,
no network and no clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import structlog

from domain.errors import GatewayReplyInvalid

MAX_TEXT = 500

log = structlog.get_logger("payments.gateway")
Row = TypeVar("Row")


class UnreadableRow(GatewayReplyInvalid):
    """One row without an identity: the rest of a list is still good."""


def readable_rows(
    rows: Iterable[Any], read: Callable[[Any], Row], *, gateway: str, order_id: str
) -> Iterator[Row]:
    """Rows as values. One without an identity is left out, with a warning in the log that names the order."""
    for row in rows:
        try:
            yield read(row)
        except UnreadableRow as exc:
            log.warning("gateway_row_left_out", gateway=gateway, order_id=order_id, detail=exc.detail)


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


def currency_of(fields: Mapping[str, Any], name: str) -> str:
    """A currency's three letters. Raises GatewayReplyInvalid for anything else."""
    text = text_of(fields.get(name))
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise GatewayReplyInvalid(detail=f"{name} is not a currency")
    return text


def text_of(value: Any) -> str:
    """Text, or a whole number as text (ids were numbers before 2023); everything else is empty.

    NUL and lone surrogates are taken out: PostgreSQL stores neither.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:MAX_TEXT].replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
