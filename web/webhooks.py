"""The gateways' webhooks: size cap, raw bytes, signature, insert once, queue, and only then 200.

Gateways count anything but 200 as a failure and come again, so what is our fault is 5xx and what was
understood is 200, also when it concerns nothing of ours.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

import structlog
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

import payment_handler
from domain.errors import GatewayUnavailable, WebhookRefused
from web.body_limit import LARGEST_EVENT
from wiring import get_services

log = structlog.get_logger()

# A sender that takes longer for so little is not a gateway.
_LONGEST_READ_SECONDS = 10.0
# A gateway gives up after five seconds. What is stored after our answer is found to be known when it comes again.
_ANSWER_SECONDS = 3.5


async def cashfree(request: Request) -> Response:
    """POST /webhooks/cashfree. Every other method is answered 405, because Streamlit would answer 200 HTML."""
    return await _receive(request, "cashfree")


async def razorpay(request: Request) -> Response:
    """POST /webhooks/razorpay, the same."""
    return await _receive(request, "razorpay")


async def _receive(request: Request, gateway: str) -> Response:
    if request.method != "POST":
        return JSONResponse({"error": "method not allowed"}, status_code=405, headers={"Allow": "POST"})
    try:
        async with asyncio.timeout(_LONGEST_READ_SECONDS):
            body = await _read(request)
    except ClientDisconnect:
        return _hang_up("incomplete", 400)
    except TimeoutError:
        return _hang_up("too slow", 408)
    if body is None:
        return _hang_up("too large", 413)
    headers = _single_headers(request)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            store = partial(_store, gateway, headers, body)
            is_new = await to_thread.run_sync(store, abandon_on_cancel=True)
    except WebhookRefused as exc:
        log.warning("webhook_refused", gateway=gateway, status=exc.http_status)
        return JSONResponse({"error": exc.user_message}, status_code=exc.http_status)
    except GatewayUnavailable:
        return JSONResponse({"error": "not configured"}, status_code=404)
    except (SQLAlchemyError, TimeoutError) as exc:
        log.error("webhook_not_stored", gateway=gateway, error=type(exc).__name__)
        return JSONResponse({"error": "try again later"}, status_code=503)
    return JSONResponse({"status": "stored" if is_new else "known"})


def _hang_up(error: str, status: int) -> Response:
    """The rest of the body is not waited for, however long it is."""
    return JSONResponse({"error": error}, status_code=status, headers={"Connection": "close"})


def _single_headers(request: Request) -> dict[str, str]:
    """The headers that came once. Of two signatures nobody can say which one was meant."""
    names = Counter(name.lower() for name, _ in request.headers.raw)
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in request.headers.raw
        if names[name.lower()] == 1
    }


def _store(gateway: str, headers: dict[str, str], body: bytes) -> bool:
    return payment_handler.receive_webhook(get_services(), gateway, headers, body)


async def _read(request: Request) -> bytes | None:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > LARGEST_EVENT:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_EVENT:
            return None
    return bytes(body)
