"""What a gateway's message is before its content is read: one signature, a JSON object, a type that can be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from domain.errors import WebhookUnreadable
from gateways.json_codec import UnreadableJson, read_json

UNKNOWN_TYPE = "UNKNOWN"
MAX_BODY_BYTES = 1024 * 1024
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def only_header(headers: Mapping[str, str], name: str) -> str:
    """The header's value; empty if it is absent or given twice, which no signature matches."""
    values = [value for key, value in headers.items() if key.lower() == name]
    return values[0] if len(values) == 1 else ""


def read_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a body whose signature was right. Raises WebhookUnreadable."""
    if not body.startswith(b"{") or len(body) > MAX_BODY_BYTES:
        raise WebhookUnreadable(detail="not a JSON object, or longer than 1 MiB")
    try:
        document = read_json(body)
    except UnreadableJson as exc:
        raise WebhookUnreadable(detail=str(exc)) from exc
    if not isinstance(document, dict):
        raise WebhookUnreadable(detail="not a JSON object")
    return document


def event_type(value: Any) -> str:
    """The event's type as it may be stored and shown; UNKNOWN_TYPE for what is none."""
    return value if isinstance(value, str) and _EVENT_TYPE.fullmatch(value) else UNKNOWN_TYPE
