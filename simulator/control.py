"""The control interface for tests: truth, clock, endpoints, events, payments without a browser.

README.md documents it. It has no credentials: the simulator listens on this machine only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator import control_faults, event_bodies, methods, orders, payments, refunds, webhooks
from simulator.clock import ist
from simulator.errors import ApiError
from simulator.gateway import Gateway
from simulator.lifecycle import process_due
from simulator.records import Delivery, Endpoint, Event
from simulator.validation import json_object
from simulator.wire import to_json

Flush = Callable[[], Awaitable[bool]]
Action = Callable[[Gateway, Request, dict[str, Any]], Any]


def routes(gateway: Gateway, flush: Flush) -> list[Route]:
    """Every path under /control."""

    def route(path: str, method: str, action: Action) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                answer = action(gateway, request, json_object(body) if body.strip() else {})
            except ApiError as error:
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
        route("/endpoints", "GET", _endpoints),
        route("/endpoints", "POST", _add_endpoint),
        route("/endpoints", "DELETE", _remove_endpoints),
        route("/endpoints/{endpoint_id}", "DELETE", _remove_endpoints),
        route("/events", "GET", _events),
        route("/events/test", "POST", _test_event),
        route("/events/unknown", "POST", _unknown_event),
        route("/events/raw", "POST", _raw_event),
        route("/events/{event_id}/resend", "POST", _resend),
        route("/webhooks/release", "POST", lambda g, r, f: {"released": webhooks.release_held(g)}),
        Route("/control/webhooks/flush", flush_webhooks, methods=["POST"]),
        route("/faults", "GET", control_faults.listed),
        route("/faults", "POST", control_faults.arm),
        route("/faults", "DELETE", control_faults.disarm),
        route("/faults/{name}", "DELETE", control_faults.disarm),
        route("/limits", "GET", control_faults.limits),
        route("/limits", "POST", control_faults.switch_limits),
        route("/orders/{order_id}/pay", "POST", _pay),
        route("/orders/{order_id}/settle_pending", "POST", _settle_pending),
        route("/orders/{order_id}/refund", "POST", _refund),
        route("/refunds/{refund_id}/settle", "POST", _settle_refund),
    ]


def _json(answer: Any, status: int = 200) -> Response:
    return Response(to_json(answer), status, media_type="application/json")


def _health(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    return {"status": "ok", "service": "simulator"}


def _truth(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    store = gateway.store
    return {
        "orders": [
            {
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
    gateway.faults.disarm()
    gateway.limits.switch(on=False, profile="sandbox", overrides={})
    gateway.advance(-gateway.clock.offset.total_seconds())
    return {"status": "ok"}


def _clock(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    return {"now": ist(gateway.now()), "offset_seconds": gateway.clock.offset.total_seconds()}


def _advance(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    seconds = fields.get("advance_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= 10**9:
        raise _refused("advance_seconds should be a whole number of seconds, not negative")
    gateway.advance(seconds)
    process_due(gateway)
    return _clock(gateway, request, fields)


def _endpoints(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    return {
        "endpoints": [
            {"id": e.endpoint_id, "url": e.url, "version": e.version}
            for e in gateway.store.endpoints.values()
        ]
    }


def _add_endpoint(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    url, version = fields.get("url"), fields.get("version", "2025-01-01")
    if not isinstance(url, str) or not webhooks.is_acceptable_address(url):
        raise _refused("url should be https, or http on this machine")
    if version not in event_bodies.WEBHOOK_VERSIONS:
        raise _refused(f"version should be one of {', '.join(event_bodies.WEBHOOK_VERSIONS)}")
    endpoint = Endpoint(f"end_{gateway.store.next_number()}", url, version)
    gateway.store.save(endpoint)
    return {"id": endpoint.endpoint_id, "url": url, "version": version}


def _remove_endpoints(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    one = request.path_params.get("endpoint_id") or fields.get("id")
    chosen = [one] if one else list(gateway.store.endpoints)
    gateway.store.flush()
    return {"removed": sum(gateway.store.remove_endpoint(endpoint_id) for endpoint_id in chosen)}


def _events(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    wanted = request.query_params.get("order_id")
    return {
        "events": [
            _shown_event(gateway, event)
            for event in gateway.store.events.values()
            if wanted is None or event.order_id == wanted
        ]
    }


def _resend(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    event = gateway.store.events.get(request.path_params["event_id"])
    if event is None:
        raise _refused("no such event", status=404)
    return {"resent": webhooks.resend(gateway, event)}


def _test_event(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    content = {"test_object": {"test_key": "test_value"}}
    event = webhooks.emit(
        gateway,
        "WEBHOOK",
        lambda version: content,
        order=_optional_order(gateway, fields),
        at=gateway.now(),
    )
    return _shown_event(gateway, event)


def _unknown_event(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    content = {"surprise": {"amount": "1"}}
    event = webhooks.emit(
        gateway,
        "EVENT_OF_TOMORROW_WEBHOOK",
        lambda version: content,
        order=_optional_order(gateway, fields),
        at=gateway.now(),
    )
    return _shown_event(gateway, event)


def _raw_event(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    body = fields.get("body")
    if not isinstance(body, str):
        raise _refused("body should be a string")
    order = _optional_order(gateway, fields)
    return _shown_event(gateway, webhooks.emit_raw(gateway, body, order=order))


def _pay(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    order = orders.find(gateway, request.path_params["order_id"])
    method, outcome = fields.get("method", "card"), fields.get("outcome", "SUCCESS")
    if method not in methods.METHODS:
        raise _refused(f"method should be one of {', '.join(methods.METHODS)}")
    payment = payments.start(gateway, order, methods.instrument(method), amount_paise=_paise(fields))
    payments.finish(gateway, payment, _outcome(outcome), at=gateway.now())
    return {"cf_payment_id": payment.cf_payment_id, "status": payment.status}


def _settle_pending(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    order = orders.find(gateway, request.path_params["order_id"])
    pending = [p for p in gateway.payments_of(order) if p.is_open]
    if not pending:
        raise _refused("the order has no pending attempt", status=409)
    for payment in pending:
        payments.finish(gateway, payment, _outcome(fields.get("outcome")), at=gateway.now())
    return {"settled": [{"cf_payment_id": p.cf_payment_id, "status": p.status} for p in pending]}


def _refund(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
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
    found = [r for r in gateway.store.refunds.values() if r.refund_id == wanted]
    if not found:
        raise _refused("no such refund", status=404)
    if fields.get("outcome") not in refunds.STATUSES:
        raise _refused(f"outcome should be one of {', '.join(sorted(refunds.STATUSES))}")
    refunds.settle(gateway, found[0], fields["outcome"], gateway.now())
    return {"refund_id": wanted, "status": found[0].status}


def _optional_order(gateway: Gateway, fields: dict[str, Any]) -> Any:
    return orders.find(gateway, fields["order_id"]) if fields.get("order_id") else None


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


def _shown_event(gateway: Gateway, event: Event) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "type": event.event_type,
        "order_id": event.order_id,
        "created_at": ist(event.created_at),
        "deliveries": [_shown_delivery(gateway.store.deliveries[key]) for key in event.delivery_ids],
    }


def _shown_delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "url": delivery.url,
        "version": delivery.version,
        "state": delivery.state,
        "attempts": delivery.attempt,
        "due_at": ist(delivery.due_at),
        "idempotency_key": delivery.idempotency_key,
        "body": delivery.body,
        "log": delivery.log,
    }


def _refused(why: str, *, status: int = 400) -> ApiError:
    return ApiError(status, why, "control_refused")
