"""Closing a connection without an answer, which no web framework offers."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

TRANSPORT_KEY = "simulator.transport"


async def drop_connection(request: Request) -> Response:
    """Reset the client's connection. The returned reply goes nowhere."""
    transport: Any = request.scope.get(TRANSPORT_KEY)
    if transport is None:
        raise RuntimeError("drop_connection needs the simulator to be served by uvicorn")
    transport.abort()
    # Let the server notice, so that it does not complain about a reply without a reader.
    await asyncio.sleep(0.05)
    return Response()
