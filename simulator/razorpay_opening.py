"""How a Razorpay checkout begins: what the script or a merchant's form asked for, checked and kept.

Only the key id is needed. Amount and currency are the order's, whatever the browser says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simulator import razorpay_errors as errors
from simulator import razorpay_orders as orders
from simulator import razorpay_validation as validation
from simulator.gateway import Gateway
from simulator.razorpay_accounts import by_public_key
from simulator.razorpay_ids import new_id
from simulator.razorpay_methods import METHODS
from simulator.razorpay_records import RazorpayCheckout
from simulator.wire import MalformedJson, from_json

MAX_DESCRIPTION_BYTES = 255
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
# A frame's checkout keeps what concerns the page; the rest is the script's business.
KEPT = (
    "name", "description", "image", "prefill", "notes", "theme", "readonly", "hidden", "config", "retry",
)  # fmt: skip


def open_for_script(gateway: Gateway, query: Mapping[str, str]) -> RazorpayCheckout:
    """Open what checkout.js asks for, in a frame or (``flow=page``) in the whole window."""
    try:
        options = from_json(query.get("options", "").encode())
    except MalformedJson as exc:
        raise errors.RazorpayError("The checkout's options are not valid") from exc
    if not isinstance(options, dict):
        raise errors.RazorpayError("The checkout's options are not valid")
    is_page = query.get("flow") == "page"
    return _open(
        gateway,
        options,
        key_id=options.get("key"),
        flow="page" if is_page else "frame",
        frame_origin=query.get("frame_origin", ""),
        posts_failures=is_page,
    )


def open_for_form(gateway: Gateway, flat: Mapping[str, str]) -> RazorpayCheckout:
    """Open what a merchant's form posted to the hosted checkout."""
    fields = validation.nested(flat)
    return _open(gateway, fields, key_id=fields.get("key_id"), flow="hosted", posts_failures=True)


def shown_methods(checkout: RazorpayCheckout) -> list[str]:
    """The methods that ``config.display.hide`` leaves."""
    hidden = {entry.get("method") for entry in _hidden(checkout) if not entry.get("flows")}
    return [method for method in METHODS if method not in hidden]


def shown_upi_flows(checkout: RazorpayCheckout) -> list[str]:
    """The ways of paying by UPI that ``config.display.hide`` leaves."""
    hidden = {
        flow
        for entry in _hidden(checkout)
        if entry.get("method") == "upi"
        for flow in entry.get("flows") or []
    }
    return [flow for flow in ("collect", "intent") if flow not in hidden]


def option(checkout: RazorpayCheckout, group: str, name: str) -> str:
    """One nested option as text; empty when it is not there."""
    inner = checkout.options.get(group)
    value = inner.get(name) if isinstance(inner, dict) else None
    return value if isinstance(value, str) else ""


def is_on(checkout: RazorpayCheckout, group: str, name: str) -> bool:
    """One nested option as a switch."""
    inner = checkout.options.get(group)
    return isinstance(inner, dict) and inner.get(name) in (True, 1, "1", "true")


def colour(checkout: RazorpayCheckout) -> str | None:
    """The merchant's colour, when it is one."""
    wanted = option(checkout, "theme", "color")
    return wanted if COLOUR.fullmatch(wanted) else None


def _open(
    gateway: Gateway,
    options: dict[str, Any],
    *,
    key_id: Any,
    flow: str,
    frame_origin: str = "",
    posts_failures: bool,
) -> RazorpayCheckout:
    account = by_public_key(gateway, str(key_id or ""))
    if options.get("subscription_id"):
        raise errors.no_such_url()
    order_id = options.get("order_id")
    if not isinstance(order_id, str) or not order_id:
        raise errors.required("order_id")
    order = orders.find(gateway, account, order_id)
    description = options.get("description")
    if isinstance(description, str) and len(description.encode()) > MAX_DESCRIPTION_BYTES:
        raise errors.invalid(
            "description", f"The description may not be greater than {MAX_DESCRIPTION_BYTES}."
        )
    validation.notes(options)
    checkout = RazorpayCheckout(
        checkout_id=new_id("co"),
        order_id=order.order_id,
        key_id=account.key_id,
        flow=flow,
        options={name: options[name] for name in KEPT if options.get(name) is not None},
        frame_origin=frame_origin,
        callback_url=_address(options.get("callback_url")),
        cancel_url=_address(options.get("cancel_url")),
        posts_failures=posts_failures,
    )
    gateway.store.save(checkout)
    return checkout


def _address(url: Any) -> str:
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else ""


def _hidden(checkout: RazorpayCheckout) -> list[dict[str, Any]]:
    config = checkout.options.get("config")
    display = config.get("display") if isinstance(config, dict) else None
    hide = display.get("hide") if isinstance(display, dict) else None
    return [entry for entry in hide if isinstance(entry, dict)] if isinstance(hide, list) else []
