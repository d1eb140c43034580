"""The REST interface under /pg: what happens around every call.

Order of checks: route, credentials, rate limit, API version, idempotency key, then the call itself.
Faults strike in between. The calls themselves are in cashfree_calls. Follows API versions
2022-09-01 to 2026-01-01.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from simulator import cashfree_calls as calls
from simulator import errors
from simulator.connection import drop_connection
from simulator.errors import ApiError
from simulator.faults import Fault
from simulator.gateway import Gateway
from simulator.limits import Allowance
from simulator.records import StoredReply
from simulator.transmission import (
    AFTERWARDS,
    HUGE_BODY_BYTES,
    INSTEAD,
    MAX_BODY_BYTES,
    blanks,
    drip,
)
from simulator.wire import rupees, to_json

API_VERSIONS = frozenset({"2022-09-01", "2023-08-01", "2025-01-01", "2026-01-01"})
IDEMPOTENCY_RETENTION = timedelta(hours=24)

Endpoint = Callable[[Request], Awaitable[Response]]
Call = Callable[[Gateway, calls.Asked], Any]


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    is_replayed: bool = False


def routes(gateway: Gateway) -> list[Route]:
    """Every path under /pg that the simulator knows; anything else is a bad URL."""

    def route(path: str, method: str, operation: str, call: Call, *, public: bool = False) -> Route:
        return Route(f"/pg{path}", _endpoint(gateway, operation, call, public), methods=[method])

    order = "/orders/{order_id}"
    return [
        route("/orders", "POST", "create_order", calls.create_order),
        route("/orders/sessions", "POST", "pay_order", calls.pay_order, public=True),
        route(
            "/orders/pay/authenticate/{cf_payment_id}",
            "POST",
            "authenticate",
            calls.authenticate,
            public=True,
        ),
        route(order, "GET", "get_order", calls.get_order),
        route(order, "PATCH", "terminate_order", calls.terminate_order),
        route(f"{order}/payments", "GET", "get_payments", calls.get_payments),
        route(f"{order}/payments/{{cf_payment_id}}", "GET", "get_payment", calls.get_payment),
        route(f"{order}/refunds", "POST", "refund", calls.create_refund),
        route(f"{order}/refunds", "GET", "get_refund", calls.get_refunds),
        route(f"{order}/refunds/{{refund_id}}", "GET", "get_refund", calls.get_refund),
        route(f"{order}/settlements", "GET", "settlements", calls.get_order_settlement),
        route("/settlements", "POST", "settlements", calls.list_settlements),
        route("/settlement/recon", "POST", "settlements", calls.list_settled),
        route("/recon", "POST", "settlements", calls.list_ledger),
        route("/simulate", "POST", "simulate", calls.simulate),
        route("/simulate/{simulation_id}", "GET", "simulate", calls.get_simulation),
        Route("/pg/{rest:path}", _unknown_path, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]


async def _unknown_path(request: Request) -> Response:
    error = errors.bad_url()
    return Response(to_json(error.body), error.status, media_type="application/json")


def _endpoint(gateway: Gateway, operation: str, call: Call, is_public: bool) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        order_id = _order_id_of(gateway, request, body)
        slow = gateway.faults.take("slow", operation=operation, order_id=order_id)
        if slow is not None:
            await asyncio.sleep(5.0 if slow.seconds is None else slow.seconds)
        fault = gateway.faults.take(*INSTEAD, operation=operation, order_id=order_id)
        if fault is not None:
            return await _fail_instead(request, fault)
        caller = _caller(request, operation)
        allowance = gateway.limits.count(operation, caller, gateway.now())
        reply = _answer(gateway, request, call, body, allowance, is_public)
        fault = gateway.faults.take(*AFTERWARDS, operation=operation, order_id=order_id)
        if fault is not None:
            gateway.store.flush()
            return await _fail_afterwards(request, fault, reply, allowance)
        return _response(request, reply, allowance)

    return endpoint


def _answer(
    gateway: Gateway,
    request: Request,
    call: Call,
    body: bytes,
    allowance: Allowance,
    is_public: bool,
) -> _Reply:
    try:
        if not is_public and not _has_credentials(gateway, request):
            raise errors.not_signed_in()
        if allowance.is_exceeded:
            raise errors.too_many_requests(allowance.keyed_by)
        version = _version(request)
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(400, "request body is too large", "request_failed")
        return _once(gateway, request, call, body, version)
    except ApiError as error:
        return _Reply(error.status, to_json(error.body))


def _once(gateway: Gateway, request: Request, call: Call, body: bytes, version: str) -> _Reply:
    """Do the call, or repeat the reply stored under its idempotency key."""
    asked = calls.Asked(
        version=version,
        path=request.path_params,
        body=body,
        origin=str(request.base_url).rstrip("/"),
    )
    given = request.headers.get("x-idempotency-key")
    if not given or request.method == "GET":
        return _Reply(200, to_json(call(gateway, asked)))
    key, digest = f"{request.url.path} {given}", hashlib.sha256(body).hexdigest()
    stored = gateway.store.replies.get(key)
    if stored is not None and gateway.now() - stored.stored_at < IDEMPOTENCY_RETENTION:
        if stored.body_digest != digest:  # allowed: secret-compared - the caller knows its own body
            raise errors.other_body_under_key()
        return _Reply(stored.status, stored.body.encode(), is_replayed=True)
    reply = _Reply(200, to_json(call(gateway, asked)))
    gateway.store.save(StoredReply(key, digest, reply.status, reply.body.decode(), gateway.now()))
    return reply


def _has_credentials(gateway: Gateway, request: Request) -> bool:
    account = gateway.account
    given = (request.headers.get("x-client-id", ""), request.headers.get("x-client-secret", ""))
    expected = (account.client_id, account.client_secret)
    return all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, expected, strict=True))


def _version(request: Request) -> str:
    version = request.headers.get("x-api-version", "")
    if not version:
        message = 'x-api-version : is missing in the request. Value received: ""'
        raise ApiError(400, message, "version_missing", has_help=True)
    if version not in API_VERSIONS:
        message = f"x-api-version : invalid value provided. Value received: {version[:40]}"
        raise ApiError(400, message, "version_invalid", has_help=True)
    return version


def _caller(request: Request, operation: str) -> str:
    if operation in ("pay_order", "authenticate"):
        return request.client.host if request.client else ""
    return request.headers.get("x-client-id", "")


def _order_id_of(gateway: Gateway, request: Request, body: bytes) -> str | None:
    """The order a fault may be limited to; for a create call it stands in the body."""
    if "order_id" in request.path_params:
        return str(request.path_params["order_id"])
    if not any(fault.order_id for fault in gateway.faults.armed):
        return None
    return calls.order_id_in(body)


def _response(request: Request, reply: _Reply, allowance: Allowance) -> Response:
    headers = {
        "x-api-version": request.headers.get("x-api-version", ""),
        "x-request-id": request.headers.get("x-request-id", ""),
        "x-idempotency-key": request.headers.get("x-idempotency-key", ""),
        "x-idempotency-replayed": "true" if reply.is_replayed else "false",
        "x-ratelimit-limit": str(allowance.limit),
        "x-ratelimit-remaining": str(allowance.remaining),
        "x-ratelimit-retry": str(allowance.retry_seconds),
        "x-ratelimit-type": allowance.keyed_by,
    }
    return Response(reply.body, reply.status, headers=headers, media_type="application/json")


async def _fail_instead(request: Request, fault: Fault) -> Response:
    allowance = Allowance(limit=0, remaining=0, retry_seconds=30, keyed_by="app_id")
    if fault.name == "drop_connection":
        return await drop_connection(request)
    if fault.name == "html_error_page":
        return Response("<html><body><h1>Something went wrong</h1></body></html>", media_type="text/html")
    if fault.name == "redirect_302":
        return Response(status_code=302, headers={"location": "https://elsewhere.invalid/pg"})
    if fault.name == "huge_body":
        return StreamingResponse(blanks(HUGE_BODY_BYTES), media_type="application/json")
    unavailable = ApiError(503, "Service Unavailable", "request_failed", "api_error")
    error = {
        "http_500": errors.internal_error(),
        "http_502": ApiError(502, "bank processing failure", "bank_processing_failure", "api_error"),
        "http_429": errors.too_many_requests("app_id"),
    }.get(fault.name, unavailable)
    return _response(request, _Reply(error.status, to_json(error.body)), allowance)


async def _fail_afterwards(request: Request, fault: Fault, reply: _Reply, allowance: Allowance) -> Response:
    if fault.name == "drop_connection_after_effect":
        return await drop_connection(request)
    if fault.name == "timeout_after_effect":
        await asyncio.sleep(30.0 if fault.seconds is None else fault.seconds)
    elif fault.name == "slow_drip":
        pause = 1.0 if fault.seconds is None else fault.seconds
        return StreamingResponse(drip(reply.body, pause), media_type="application/json")
    elif fault.name == "empty_body":
        reply = _Reply(reply.status, b"")
    elif fault.name == "truncated_json":
        reply = _Reply(reply.status, reply.body[: len(reply.body) // 2])
    else:
        lie: dict[str, Any] = {"order_id": "ORDER_OF_SOMEONE_ELSE"}
        if fault.name == "wrong_amount":
            lie = {"order_amount": rupees(100)}
        reply = _Reply(reply.status, to_json(calls.falsified(reply.body, lie)))
    return _response(request, reply, allowance)
