"""The control interface for tests: truth, clock, endpoints, events, payments without a browser.

README.md documents it. It has no credentials: the simulator listens on this machine only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator import (
    control_faults,
    control_webhooks,
    deliveries,
    methods,
    orders,
    payments,
    razorpay_control,
    refunds,
)
from simulator.clock import ist
from simulator.errors import ApiError, Refusal
from simulator.gateway import ANSWER_SECONDS, Gateway
from simulator.lifecycle import process_due
from simulator.validation import json_object
from simulator.wire import to_json

Flush = Callable[[], Awaitable[bool]]
# A day in a second.
MAX_RATE = 86_400
Action = Callable[[Gateway, Request, dict[str, Any]], Any]


def routes(gateway: Gateway, flush: Flush) -> list[Route]:
    """Every path under /control."""

    def route(path: str, method: str, action: Action) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                answer = action(gateway, request, json_object(body) if body.strip() else {})
            except Refusal as error:
                return _json(error.body, error.status)
            return _json(answer)

        return Route(f"/control{path}", endpoint, methods=[method])

    async def flush_webhooks(_: Request) -> Response:
        return _json({"flushed": await flush()})

    return [
        route("/health", "GET", _health),
        route("/truth", "GET", _truth),
        route("/reset", "POST", _reset),
        route("/clock", "GET", _clock),
        route("/clock", "POST", _advance),
        route("/endpoints", "GET", control_webhooks.endpoints),
        route("/endpoints", "POST", control_webhooks.add_endpoint),
        route("/endpoints", "DELETE", control_webhooks.remove_endpoints),
        route("/endpoints/{endpoint_id}", "POST", control_webhooks.change_endpoint),
        route("/endpoints/{endpoint_id}", "DELETE", control_webhooks.remove_endpoints),
        route("/events", "GET", control_webhooks.events),
        route("/events/test", "POST", control_webhooks.test_event),
        route("/events/unknown", "POST", control_webhooks.unknown_event),
        route("/events/foreign", "POST", control_webhooks.foreign_event),
        route("/events/raw", "POST", control_webhooks.raw_event),
        route("/events/{event_id}/resend", "POST", control_webhooks.resend),
        route("/webhooks/release", "POST", lambda g, r, f: {"released": deliveries.release_held(g)}),
        route("/webhooks/patience", "GET", control_webhooks.patience),
        route("/webhooks/patience", "POST", control_webhooks.patience),
        Route("/control/webhooks/flush", flush_webhooks, methods=["POST"]),
        route("/faults", "GET", control_faults.listed),
        route("/faults", "POST", control_faults.arm),
        route("/faults", "DELETE", control_faults.disarm),
        route("/faults/{name}", "DELETE", control_faults.disarm),
        route("/accounts", "GET", razorpay_control.list_accounts),
        route("/accounts", "POST", razorpay_control.add_account),
        route("/accounts/{key_id}", "POST", razorpay_control.switch_account),
        route("/limits", "GET", control_faults.limits),
        route("/limits", "POST", control_faults.switch_limits),
        route("/orders/{order_id}/pay", "POST", _pay),
        route("/orders/{order_id}/settle_pending", "POST", _settle_pending),
        route("/orders/{order_id}/capture", "POST", razorpay_control.capture),
        route("/orders/{order_id}/refund", "POST", _refund),
        route("/refunds/{refund_id}/settle", "POST", _settle_refund),
    ]


def _json(answer: Any, status: int = 200) -> Response:
    return Response(to_json(answer), status, media_type="application/json")


def _health(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    return {"status": "ok", "service": "simulator"}


def _truth(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """What both gateways know; ``?gateway=`` leaves one of them out."""
    halves = {"cashfree": _cashfree_truth, "razorpay": razorpay_control.truth}
    wanted = request.query_params.get("gateway")
    tables = [half(gateway) for name, half in halves.items() if wanted in (None, name)]
    return {
        kind: [row for table in tables for row in table[kind]] for kind in ("orders", "payments", "refunds")
    }


def _cashfree_truth(gateway: Gateway) -> dict[str, list[dict[str, Any]]]:
    store = gateway.store
    return {
        "orders": [
            {
                "gateway": "cashfree",
                "order_id": o.order_id,
                "status": o.status,
                "amount_paise": o.amount_paise,
                "currency": o.currency,
                "tags": o.tags,
            }
            for o in store.orders.values()
        ],
        "payments": [
            {
                "gateway": "cashfree",
                "payment_id": p.cf_payment_id,
                "cf_payment_id": p.cf_payment_id,
                "order_id": p.order_id,
                "status": p.status,
                "amount_paise": p.amount_paise,
                "currency": p.currency,
                "group": p.group,
            }
            for p in store.payments.values()
        ],
        "refunds": [
            {
                "gateway": "cashfree",
                "refund_id": r.refund_id,
                "cf_refund_id": r.cf_refund_id,
                "order_id": r.order_id,
                "status": r.status,
                "amount_paise": r.amount_paise,
                "cf_payment_id": r.cf_payment_id,
                "type": r.refund_type,
            }
            for r in store.refunds.values()
        ],
    }


def _reset(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    gateway.store.clear()
    gateway.agenda.clear()
    gateway.due_deliveries.clear()
    gateway.put_behind.clear()
    gateway.running_refunds.clear()
    gateway.faults.disarm()
    gateway.answer_seconds = ANSWER_SECONDS
    gateway.limits.switch(on=False, profile="sandbox", overrides={})
    gateway.clock.rate = 1.0
    gateway.advance(-gateway.clock.offset.total_seconds())
    return {"status": "ok"}


def _clock(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    clock = gateway.clock
    return {"now": ist(clock.now()), "offset_seconds": clock.offset.total_seconds(), "rate": clock.rate}


def _advance(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    rate = fields.get("rate")
    if rate is not None:
        if isinstance(rate, bool) or not isinstance(rate, int) or not 1 <= rate <= MAX_RATE:
            raise _refused(f"rate should be a whole number from 1 to {MAX_RATE}")
        gateway.clock.rate = float(rate)
        gateway.advance(0)
    seconds = fields.get("advance_seconds", 0 if rate is not None else None)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= 10**9:
        raise _refused("advance_seconds should be a whole number of seconds, not negative")
    gateway.advance(seconds)
    process_due(gateway)
    return _clock(gateway, request, fields)


def _pay(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    theirs = gateway.store.razorpay_orders.get(request.path_params["order_id"])
    if theirs is not None:
        return razorpay_control.pay(gateway, theirs, fields)
    order = orders.find(gateway, request.path_params["order_id"])
    method, outcome = fields.get("method", "card"), fields.get("outcome", "SUCCESS")
    if method not in methods.METHODS:
        raise _refused(f"method should be one of {', '.join(methods.METHODS)}")
    payment = payments.start(gateway, order, methods.instrument(method), amount_paise=_paise(fields))
    payments.finish(gateway, payment, _outcome(outcome), at=gateway.now())
    return {"cf_payment_id": payment.cf_payment_id, "status": payment.status}


def _settle_pending(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    theirs = gateway.store.razorpay_orders.get(request.path_params["order_id"])
    if theirs is not None:
        return razorpay_control.settle_pending(gateway, theirs, fields)
    order = orders.find(gateway, request.path_params["order_id"])
    pending = [p for p in gateway.payments_of(order) if p.is_open]
    if not pending:
        raise _refused("the order has no pending attempt", status=409)
    for payment in pending:
        payments.finish(gateway, payment, _outcome(fields.get("outcome")), at=gateway.now())
    return {"settled": [{"cf_payment_id": p.cf_payment_id, "status": p.status} for p in pending]}


def _refund(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    theirs = gateway.store.razorpay_orders.get(request.path_params["order_id"])
    if theirs is not None:
        return razorpay_control.refund(gateway, theirs, fields)
    order = orders.find(gateway, request.path_params["order_id"])
    refund = refunds.request(
        gateway,
        order,
        refund_id=fields.get("refund_id") or f"dashboard_{gateway.store.next_number()}",
        amount_paise=_paise(fields) or refunds.refundable_paise(gateway, order),
        note=fields.get("note", "Refund made in the dashboard"),
    )
    return {"refund_id": refund.refund_id, "status": refund.status}


def _settle_refund(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    wanted = request.path_params["refund_id"]
    theirs = gateway.store.razorpay_refunds.get(wanted)
    if theirs is not None:
        return razorpay_control.settle_refund(gateway, theirs, fields.get("outcome"))
    found = [r for r in gateway.store.refunds.values() if r.refund_id == wanted]
    if not found:
        raise _refused("no such refund", status=404)
    if fields.get("outcome") not in refunds.STATUSES:
        raise _refused(f"outcome should be one of {', '.join(sorted(refunds.STATUSES))}")
    refunds.settle(gateway, found[0], fields["outcome"], gateway.now())
    return {"refund_id": wanted, "status": found[0].status}


def _outcome(outcome: Any) -> str:
    if outcome not in payments.OUTCOMES:
        raise _refused(f"outcome should be one of {', '.join(sorted(payments.OUTCOMES))}")
    return str(outcome)


def _paise(fields: dict[str, Any]) -> int | None:
    value = fields.get("amount_paise")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _refused("amount_paise should be a positive whole number")
    return value


def _refused(why: str, *, status: int = 400) -> ApiError:
    return ApiError(status, why, "control_refused")
