"""Razorpay's REST interface under /v1: what happens around every call.

Order of checks: credentials, route, the call itself; faults strike around them. There is no rate limit to
publish and no cross-origin header: the interface is for servers.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from simulator import razorpay_calls as calls
from simulator import razorpay_errors as errors
from simulator import razorpay_registration as registration
from simulator import razorpay_upi as upi
from simulator import razorpay_validation as validation
from simulator.connection import drop_connection
from simulator.errors import Refusal
from simulator.faults import Fault
from simulator.gateway import Gateway
from simulator.razorpay_accounts import signed_in
from simulator.records import StoredReply
from simulator.transmission import (
    AFTERWARDS,
    HUGE_BODY_BYTES,
    INSTEAD,
    MAX_BODY_BYTES,
    blanks,
    drip,
)
from simulator.wire import from_json, to_json

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# Operations that read lists, which may lag behind.
LISTS = frozenset({"find_orders", "list_payments"})

Call = Callable[[Gateway, calls.RazorpayCall], dict[str, Any]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes


def routes(gateway: Gateway) -> list[Route]:
    """Every path under /v1 that is called with credentials; anything else there does not exist."""

    def route(path: str, method: str, operation: str, call: Call, *, public: bool = False) -> Route:
        return Route(f"/v1{path}", _endpoint(gateway, operation, call, public), methods=[method])

    order, payment, refund = "/orders/{order_id}", "/payments/{payment_id}", "/refunds/{refund_id}"
    return [
        route("/orders", "POST", "create_order", calls.create_order),
        route("/orders", "GET", "find_orders", calls.list_orders),
        route(order, "GET", "get_order", calls.get_order),
        route(order, "PATCH", "edit", calls.edit_order),
        route(f"{order}/payments", "GET", "get_payments", calls.get_order_payments),
        route("/payments", "GET", "list_payments", calls.list_payments),
        route("/payments/create/upi", "POST", "upi", upi.create_upi),
        route("/payments/validate/vpa", "POST", "upi", upi.validate_vpa),
        route(payment, "GET", "get_payment", calls.get_payment),
        route(payment, "PATCH", "edit", calls.edit_payment),
        route(f"{payment}/card", "GET", "get_payment", calls.get_card),
        route(f"{payment}/status", "GET", "get_payment", calls.get_payment, public=True),
        route(f"{payment}/capture", "POST", "capture", calls.capture),
        route(f"{payment}/refund", "POST", "refund", calls.create_refund),
        route(f"{payment}/refunds", "GET", "get_refund", calls.get_payment_refunds),
        route(f"{payment}/refunds/{{refund_id}}", "GET", "get_refund", calls.get_payment_refund),
        route("/refunds", "GET", "get_refund", calls.list_refunds),
        route(refund, "GET", "get_refund", calls.get_refund),
        route(refund, "PATCH", "edit", calls.edit_refund),
        route("/webhooks", "POST", "webhooks", registration.create_webhook),
        route("/webhooks", "GET", "webhooks", registration.list_webhooks),
        route("/webhooks/{webhook_id}", "GET", "webhooks", registration.get_webhook),
        route("/webhooks/{webhook_id}", "PUT", "webhooks", registration.edit_webhook),
        route("/methods", "GET", "checkout", calls.payment_methods, public=True),
        route("/preferences", "GET", "checkout", calls.preferences, public=True),
        Route("/v1/{rest:path}", _endpoint(gateway, "any", _unknown, False), methods=METHODS),
    ]


def _unknown(gateway: Gateway, call: calls.RazorpayCall) -> dict[str, Any]:
    raise errors.no_such_url()


def _endpoint(gateway: Gateway, operation: str, call: Call, is_public: bool) -> Endpoint:
    def struck(*names: str, request: Request) -> Fault | None:
        order_id = _order_id_of(gateway, request)
        return gateway.faults.take_for("razorpay", *names, operation=operation, order_id=order_id)

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        running = _running_key(request) if operation == "refund" else None
        if running in gateway.running_refunds:
            return _response(_refused(errors.still_in_progress()))
        if running is not None:
            gateway.running_refunds.add(running)
        try:
            slow = struck("slow", request=request)
            if slow is not None:
                await asyncio.sleep(5.0 if slow.seconds is None else slow.seconds)
            fault = struck(*INSTEAD, request=request)
            lag = struck("list_lag", request=request) if operation in LISTS else None
            if fault is None:
                reply = _answer(gateway, request, call, body, is_public, lag)
        finally:
            # A reply that is lost or late on its way does not keep the work running.
            gateway.running_refunds.discard(running or "")
        if fault is not None:
            return await _fail_instead(request, fault)
        fault = struck(*AFTERWARDS, request=request)
        if fault is not None:
            gateway.store.flush()
            return await _fail_afterwards(request, fault, reply)
        return _response(reply)

    return endpoint


def _answer(
    gateway: Gateway, request: Request, call: Call, body: bytes, is_public: bool, lag: Fault | None
) -> _Reply:
    try:
        account = signed_in(gateway, request.headers.get("authorization", ""), is_public=is_public)
        if len(body) > MAX_BODY_BYTES:
            raise errors.RazorpayError("The request body is too large")
        lag_seconds = 0.0
        if lag is not None:
            lag_seconds = calls.LIST_LAG_SECONDS if lag.seconds is None else lag.seconds
        query = request.query_params
        asked = calls.RazorpayCall(
            account=account,
            path=request.path_params,
            query=query,
            expand=frozenset(value for key, value in query.multi_items() if key in ("expand[]", "expand")),
            fields=validation.fields_of(body, request.headers.get("content-type", "")),
            origin=str(request.base_url).rstrip("/"),
            lag_seconds=lag_seconds,
        )
        if call is calls.create_refund:
            return _refund_once(gateway, request, asked, body)
        return _Reply(200, to_json(call(gateway, asked)))
    except Refusal as error:
        return _refused(error)


def _refund_once(gateway: Gateway, request: Request, asked: calls.RazorpayCall, body: bytes) -> _Reply:
    """Refund, or repeat the reply stored under the merchant's idempotency key."""
    given = validation.refund_key(request.headers.get("x-refund-idempotency"))
    if given is None:
        return _Reply(200, to_json(calls.create_refund(gateway, asked)))
    key = f"razorpay refund {asked.account.key_id} {given}"
    digest = hashlib.sha256(request.url.path.encode() + b" " + body).hexdigest()
    stored = gateway.store.replies.get(key)
    if stored is not None:
        if stored.body_digest != digest:  # allowed: secret-compared - the caller knows its own body
            raise errors.other_body_under_key()
        return _Reply(stored.status, stored.body.encode())
    reply = _Reply(200, to_json(calls.create_refund(gateway, asked)))
    gateway.store.save(StoredReply(key, digest, reply.status, reply.body.decode(), gateway.now()))
    return reply


def _running_key(request: Request) -> str | None:
    given = request.headers.get("x-refund-idempotency")
    return None if given is None else f"{request.headers.get('authorization', '')} {given}"


def _order_id_of(gateway: Gateway, request: Request) -> str | None:
    """The order a fault may be limited to, also for calls on one of its payments."""
    if "order_id" in request.path_params:
        return str(request.path_params["order_id"])
    payment = gateway.store.razorpay_payments.get(str(request.path_params.get("payment_id")))
    return None if payment is None else payment.order_id


def _refused(error: Refusal) -> _Reply:
    return _Reply(error.status, to_json(error.body))


def _response(reply: _Reply) -> Response:
    return Response(reply.body, reply.status, media_type="application/json")


async def _fail_instead(request: Request, fault: Fault) -> Response:
    if fault.name == "drop_connection":
        return await drop_connection(request)
    if fault.name in ("html_error_page", "http_502"):
        status = 502 if fault.name == "http_502" else 200
        page = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
        return Response(page, status, media_type="text/html")
    if fault.name == "redirect_302":
        return Response(status_code=302, headers={"location": "https://elsewhere.invalid/v1"})
    if fault.name == "huge_body":
        return StreamingResponse(blanks(HUGE_BODY_BYTES), media_type="application/json")
    if fault.name == "http_429":
        return _response(_refused(errors.too_many_requests()))
    refusal = errors.server_error()
    if fault.name != "http_500":
        refusal.status = 503
    return _response(_refused(refusal))


async def _fail_afterwards(request: Request, fault: Fault, reply: _Reply) -> Response:
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
        lie = {"amount": 100} if fault.name == "wrong_amount" else {"id": "order_OfSomeoneElse0"}
        reply = _Reply(reply.status, to_json(_falsified(from_json(reply.body), lie)))
    return _response(reply)


def _falsified(entity: Any, lie: dict[str, Any]) -> Any:
    for one in entity.get("items", [entity]):
        one.update({key: value for key, value in lie.items() if key in one})
    return entity
