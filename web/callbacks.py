"""Where a gateway sends the buyer's browser by a form of its own page: no cookie, no session, a signature at most.

Whatever was sent, the answer leads to the buyer's own page, which asks what is true. Nothing of the form is shown.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from urllib.parse import parse_qsl

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

import payment_handler
from domain.errors import GatewayUnavailable
from domain.identifiers import ORDER_ID_PATTERN
from wiring import get_services

log = structlog.get_logger()

# The form has three fields, or seven with the error's words.
_MOST_FIELDS = 50
_LONGEST_READ_SECONDS = 10.0


class _NotAForm(Exception):
    """More fields than any form of a gateway has."""


async def razorpay(request: Request) -> Response:
    """POST /checkout/razorpay/callback: 303 to the order's page. Every other method is answered 405."""
    if request.method != "POST":
        return JSONResponse({"error": "method not allowed"}, status_code=405, headers={"Allow": "POST"})
    try:
        async with asyncio.timeout(_LONGEST_READ_SECONDS):
            body = await request.body()
    except (ClientDisconnect, TimeoutError):
        return _refuse()
    order_id = request.query_params.get("order_id", "")
    try:
        found = await run_in_threadpool(_receive, order_id, body)
    except _NotAForm:
        return _refuse()
    except GatewayUnavailable:
        return JSONResponse({"error": "not configured"}, status_code=404)
    except SQLAlchemyError as exc:
        # The buyer comes from paying: their own page says what is known once we know something again.
        log.error("callback_not_read", error=type(exc).__name__)
        found = order_id if ORDER_ID_PATTERN.fullmatch(order_id) else None
    return RedirectResponse("/" if found is None else f"/?order_id={found}", status_code=303)


def _receive(order_id: str, body: bytes) -> str | None:
    form = _form(body)
    return payment_handler.receive_callback(get_services(), "razorpay", order_id, form)


def _refuse() -> Response:
    return JSONResponse({"error": "not a form"}, status_code=400, headers={"Connection": "close"})


def _form(body: bytes) -> dict[str, str]:
    """The fields that came once: of two values nobody can say which one was meant. Raises _NotAForm."""
    text = body.decode("utf-8", "replace")
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as exc:
        raise _NotAForm from exc
    names = Counter(name for name, _ in fields)
    return {name: value for name, value in fields if names[name] == 1}
