"""Faults of a REST reply's way, shared by both gateways' interfaces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

MAX_BODY_BYTES = 1_000_000
HUGE_BODY_BYTES = 50_000_000
# Nothing is done; this is answered instead.
INSTEAD = (
    "outage",
    "http_500",
    "http_502",
    "http_503",
    "http_429",
    "html_error_page",
    "redirect_302",
    "huge_body",
    "drop_connection",
)
# The work is done; this becomes of the reply.
AFTERWARDS = (
    "timeout_after_effect",
    "drop_connection_after_effect",
    "truncated_json",
    "empty_body",
    "slow_drip",
    "wrong_amount",
    "wrong_order_id",
)


async def drip(body: bytes, pause_seconds: float) -> AsyncIterator[bytes]:
    """Send a body one byte at a time."""
    for position in range(len(body)):
        yield body[position : position + 1]
        await asyncio.sleep(pause_seconds)


async def blanks(total: int) -> AsyncIterator[bytes]:
    """Send so many blanks."""
    chunk = b" " * 500_000
    for _ in range(total // len(chunk)):
        yield chunk
