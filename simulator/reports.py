"""What all reports of the gateway share: the time asked for, and pages behind opaque cursors."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from simulator import errors
from simulator.clock import IST
from simulator.wire import MalformedJson, from_json, to_json

MIN_LIMIT, MAX_LIMIT = 10, 1000


def wanted_time(fields: dict[str, Any]) -> tuple[datetime, datetime]:
    """Read the filters of a request. Raises ApiError."""
    filters = fields.get("filters")
    if not isinstance(filters, dict):
        raise errors.missing("filters")
    return _moment(filters, "start_date"), _moment(filters, "end_date")


def page(rows: list[dict[str, Any]], fields: dict[str, Any]) -> dict[str, Any]:
    """The page of the rows that a request asks for; the last one has no cursor. Raises ApiError."""
    pagination = fields.get("pagination")
    if not isinstance(pagination, dict):
        raise errors.missing("pagination")
    limit = pagination.get("limit")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < MIN_LIMIT:
        raise errors.invalid("pagination.limit", f"should be at least {MIN_LIMIT}")
    if limit > MAX_LIMIT:
        raise errors.invalid("pagination.limit", f"should be at max {MAX_LIMIT}")
    start = _position(pagination.get("cursor"))
    end = start + limit
    return {
        "cursor": _cursor(end) if end < len(rows) else None,
        "limit": limit,
        "data": rows[start:end],
    }


def _moment(filters: dict[str, Any], name: str) -> datetime:
    written = filters.get(name)
    if not isinstance(written, str) or not written:
        raise errors.missing(f"filters.{name}")
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as exc:
        raise errors.invalid(f"filters.{name}", "invalid time", written) from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=IST)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(to_json({"searchAfter": position})).decode()


def _position(cursor: Any) -> int:
    if not cursor:
        return 0
    try:
        return int(from_json(base64.urlsafe_b64decode(str(cursor)))["searchAfter"])
    except (binascii.Error, MalformedJson, KeyError, TypeError, ValueError) as exc:
        raise errors.invalid("pagination.cursor", "invalid value provided", cursor) from exc
