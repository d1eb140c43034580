"""Webhooks that a Razorpay merchant registers: through the API, or through the control interface."""

from __future__ import annotations

from typing import Any

from simulator import razorpay_errors as errors
from simulator.gateway import Gateway
from simulator.razorpay_calls import RazorpayCall
from simulator.razorpay_entities import collection
from simulator.razorpay_ids import new_id
from simulator.razorpay_records import RazorpayAccount
from simulator.razorpay_webhooks import EVENTS
from simulator.records import Endpoint
from simulator.webhooks import is_acceptable_address

MAX_WEBHOOKS, MAX_URL = 30, 255


def create_webhook(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """POST /webhooks"""
    endpoint = register(
        gateway,
        call.account,
        url=call.fields.get("url"),
        secret=call.fields.get("secret"),
        events=event_names(call.fields.get("events")),
    )
    return entity(endpoint)


def list_webhooks(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /webhooks"""
    return collection([entity(endpoint) for endpoint in _of_account(gateway, call.account)])


def get_webhook(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /webhooks/{id}"""
    return entity(_named(gateway, call))


def edit_webhook(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """PUT /webhooks/{id}: also how a person switches it on again."""
    endpoint = _named(gateway, call)
    change(gateway, endpoint, call.fields)
    return entity(endpoint)


def register(
    gateway: Gateway, account: RazorpayAccount, *, url: Any, secret: Any, events: list[str]
) -> Endpoint:
    """Register an address. Without a secret of its own it has the account's. Raises RazorpayError."""
    if len(_of_account(gateway, account)) >= MAX_WEBHOOKS:
        raise errors.RazorpayError(f"At most {MAX_WEBHOOKS} webhooks can be registered")
    endpoint = Endpoint(
        endpoint_id=new_id(),
        url=_address(url),
        version="",
        gateway="razorpay",
        key_id=account.key_id,
        secret=str(secret) if secret else account.webhook_secret,
        events=events,
    )
    gateway.store.save(endpoint)
    return endpoint


def change(gateway: Gateway, endpoint: Endpoint, fields: dict[str, Any]) -> None:
    """Change an address, its secret, its events or whether it is on. Old events keep their secret."""
    if "url" in fields:
        endpoint.url = _address(fields["url"])
    if fields.get("secret"):
        endpoint.secret = str(fields["secret"])
    if "events" in fields:
        endpoint.events = event_names(fields["events"])
    if "active" in fields:
        endpoint.is_active = fields["active"] in (True, 1, "1", "true")
    gateway.store.save(endpoint)


def event_names(given: Any) -> list[str]:
    """Read which events are wanted: a list, or a map of names to on and off. Nothing means all."""
    if not given:
        return []
    if isinstance(given, dict):
        given = [name for name, wanted in given.items() if wanted in (True, 1, "1", "true")]
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise errors.invalid("events", "The events should be names")
    strange = [name for name in given if name not in EVENTS]
    if strange:
        raise errors.invalid("events", f"Invalid event name/names: {', '.join(strange)}")
    return list(given)


def entity(endpoint: Endpoint) -> dict[str, Any]:
    """The webhook as the API shows it: never its secret."""
    return {
        "id": endpoint.endpoint_id,
        "entity": "webhook",
        "url": endpoint.url,
        "active": endpoint.is_active,
        "secret_exists": bool(endpoint.secret),
        "events": {name: not endpoint.events or name in endpoint.events for name in EVENTS},
    }


def _of_account(gateway: Gateway, account: RazorpayAccount) -> list[Endpoint]:
    return [
        endpoint
        for endpoint in gateway.store.endpoints.values()
        if endpoint.gateway == "razorpay" and endpoint.key_id == account.key_id
    ]


def _named(gateway: Gateway, call: RazorpayCall) -> Endpoint:
    endpoint = gateway.store.endpoints.get(str(call.path["webhook_id"]))
    if endpoint is None or endpoint.key_id != call.account.key_id:
        raise errors.no_such_id()
    return endpoint


def _address(url: Any) -> str:
    if not isinstance(url, str) or len(url) > MAX_URL or not is_acceptable_address(url):
        raise errors.invalid("url", "The url should be https, or http on this machine")
    return url
