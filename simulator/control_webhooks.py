"""The part of the control interface that registers webhooks, shows events and makes special ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from starlette.requests import Request

from simulator import (
    deliveries,
    event_bodies,
    orders,
    razorpay_accounts,
    razorpay_registration,
    razorpay_webhooks,
    webhooks,
)
from simulator.clock import ist
from simulator.errors import ApiError
from simulator.gateway import Gateway
from simulator.razorpay_ids import new_id
from simulator.razorpay_records import RazorpayAccount
from simulator.records import Delivery, Endpoint, Event


def endpoints(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Every registered address."""
    razorpay_accounts.accounts(gateway)
    return {"endpoints": [_shown_endpoint(e) for e in gateway.store.endpoints.values()]}


def add_endpoint(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Register an address, Cashfree's unless the gateway is named."""
    if fields.get("gateway", "cashfree") == "razorpay":
        account = account_of(gateway, fields)
        endpoint = razorpay_registration.register(
            gateway,
            account,
            url=fields.get("url"),
            secret=fields.get("secret"),
            events=razorpay_registration.event_names(fields.get("events")),
        )
        return _shown_endpoint(endpoint)
    url, version = fields.get("url"), fields.get("version", "2025-01-01")
    if not isinstance(url, str) or not webhooks.is_acceptable_address(url):
        raise _refused("url should be https, or http on this machine")
    if version not in event_bodies.WEBHOOK_VERSIONS:
        raise _refused(f"version should be one of {', '.join(event_bodies.WEBHOOK_VERSIONS)}")
    endpoint = Endpoint(f"end_{gateway.store.next_number()}", url, version)
    gateway.store.save(endpoint)
    return _shown_endpoint(endpoint)


def change_endpoint(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Change a Razorpay webhook: its secret, its events, or switch it on again."""
    endpoint = gateway.store.endpoints.get(request.path_params["endpoint_id"])
    if endpoint is None or endpoint.gateway != "razorpay":
        raise _refused("no such webhook of Razorpay", status=404)
    razorpay_registration.change(gateway, endpoint, fields)
    return _shown_endpoint(endpoint)


def remove_endpoints(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Forget one address, or all of them."""
    one = request.path_params.get("endpoint_id") or fields.get("id")
    chosen = [one] if one else list(gateway.store.endpoints)
    gateway.store.flush()
    return {"removed": sum(gateway.store.remove_endpoint(endpoint_id) for endpoint_id in chosen)}


def events(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Events with their deliveries, oldest first."""
    order_id, of_gateway = request.query_params.get("order_id"), request.query_params.get("gateway")
    return {
        "events": [
            _shown_event(gateway, event)
            for event in gateway.store.events.values()
            if order_id in (None, event.order_id) and of_gateway in (None, event.gateway)
        ]
    }


def resend(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Send an event again."""
    event = gateway.store.events.get(request.path_params["event_id"])
    if event is None:
        raise _refused("no such event", status=404)
    return {"resent": deliveries.resend(gateway, event)}


def test_event(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Cashfree's test event."""
    return _cashfree_event(gateway, fields, "WEBHOOK", {"test_object": {"test_key": "test_value"}})


def unknown_event(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """An event of a type that nobody knows."""
    if fields.get("gateway") == "razorpay":
        return _razorpay_event(
            gateway, fields, "thing.of_tomorrow", {"thing": {"id": "thing_1", "amount": 1}}
        )
    return _cashfree_event(gateway, fields, "EVENT_OF_TOMORROW_WEBHOOK", {"surprise": {"amount": "1"}})


def foreign_event(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """A genuine Razorpay event about an order that another system on the same account made."""
    order_id, payment_id = new_id("order"), new_id("pay")
    now = int(gateway.now().timestamp())
    common = {"amount": 4990_00, "currency": "INR", "notes": [], "created_at": now}
    entities = {
        "payment": {
            "id": payment_id,
            "entity": "payment",
            "status": "captured",
            "captured": True,
            "order_id": order_id,
            "method": "card",
            **common,
        },
        "order": {
            "id": order_id,
            "entity": "order",
            "status": "paid",
            "amount_paid": 4990_00,
            "amount_due": 0,
            "receipt": "of-another-system",
            **common,
        },
    }
    return _razorpay_event(gateway, fields, "order.paid", entities)


def raw_event(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Any body, rightly signed."""
    body, order_id = fields.get("body"), fields.get("order_id")
    if not isinstance(body, str):
        raise _refused("body should be a string")
    if fields.get("gateway") == "razorpay":
        key_id = account_of(gateway, fields).key_id
        event = razorpay_webhooks.emit_raw(gateway, body, key_id=key_id, order_id=order_id)
    else:
        order = orders.find(gateway, order_id) if order_id else None
        event = webhooks.emit_raw(gateway, body, order=order)
    return _shown_event(gateway, event)


def patience(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """How many real seconds a merchant's server may take: five, unless a test is in a hurry."""
    if "seconds" in fields:
        seconds = fields["seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal) or not 0 < seconds <= 60:
            raise _refused("seconds should be a number between 0 and 60")
        gateway.answer_seconds = float(seconds)
    return {"seconds": gateway.answer_seconds}


def account_of(gateway: Gateway, fields: dict[str, Any]) -> RazorpayAccount:
    """The Razorpay account a call names, else the one of the environment."""
    if fields.get("key_id"):
        return razorpay_accounts.by_public_key(gateway, str(fields["key_id"]))
    return razorpay_accounts.primary(gateway)


def _cashfree_event(
    gateway: Gateway, fields: dict[str, Any], event_type: str, content: dict[str, Any]
) -> dict[str, Any]:
    order = orders.find(gateway, fields["order_id"]) if fields.get("order_id") else None
    event = webhooks.emit(gateway, event_type, lambda version: content, order=order, at=gateway.now())
    return _shown_event(gateway, event)


def _razorpay_event(
    gateway: Gateway, fields: dict[str, Any], event_type: str, entities: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    key_id = account_of(gateway, fields).key_id
    event = razorpay_webhooks.emit(
        gateway, event_type, entities, key_id=key_id, order_id=fields.get("order_id"), at=gateway.now()
    )
    return _shown_event(gateway, event)


def _shown_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": endpoint.endpoint_id, "url": endpoint.url, "version": endpoint.version}
    if endpoint.gateway == "razorpay":
        del shown["version"]
        shown |= {"key_id": endpoint.key_id, "events": endpoint.events, "active": endpoint.is_active}
        shown["gateway"] = "razorpay"
    return shown


def _shown_event(gateway: Gateway, event: Event) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "gateway": event.gateway,
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
