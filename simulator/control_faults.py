"""The part of the control interface that arms faults and rate limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from starlette.requests import Request

from simulator.errors import ApiError
from simulator.faults import FAULTS
from simulator.gateway import Gateway

KNOWN_SETTINGS = frozenset(
    {"name", "count", "order_id", "gateway", "seconds", "probability", "seed", "operation"}
)
GATEWAYS = ("cashfree", "razorpay")
OPERATIONS = frozenset(
    {
        "any",
        "create_order",
        "get_order",
        "terminate_order",
        "get_payments",
        "get_payment",
        "refund",
        "get_refund",
        "pay_order",
        "authenticate",
        "settlements",
        "simulate",
        # Razorpay's, beside those both have
        "find_orders",
        "list_payments",
        "edit",
        "capture",
        "upi",
        "webhooks",
        "checkout",
    }
)


def listed(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """The armed faults and the names one may arm."""
    return {"faults": [fault.shown() for fault in gateway.faults.armed], "known": FAULTS}


def arm(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Arm one fault."""
    if fields.get("name") not in FAULTS:
        raise _refused(f"name should be one of {', '.join(FAULTS)}")
    strange = set(fields) - KNOWN_SETTINGS
    if strange:
        raise _refused(f"unknown settings: {', '.join(sorted(strange))}")
    operation = fields.get("operation") or "any"
    if operation not in OPERATIONS:
        raise _refused(f"operation should be one of {', '.join(sorted(OPERATIONS))}")
    if fields.get("gateway") not in (None, "any", *GATEWAYS):
        raise _refused(f"gateway should be one of {', '.join(GATEWAYS)}")
    count = fields.get("count")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise _refused("count should be a positive whole number or null")
    fault = gateway.faults.arm(
        name=fields["name"],
        count=count,
        operation=operation,
        order_id=fields.get("order_id"),
        gateway=fields.get("gateway") or "any",
        seconds=_number(fields, "seconds"),
        probability=1.0 if fields.get("probability") is None else _number(fields, "probability"),
        seed=int(_number(fields, "seed") or 0),
    )
    return fault.shown()


def disarm(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Remove faults by name or id, or all of them."""
    name = request.path_params.get("name") or request.query_params.get("name") or fields.get("name")
    return {"removed": gateway.faults.disarm(name)}


def limits(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Whether rate limits are on, and which."""
    current = gateway.limits
    return {"enabled": current.is_on, "profile": current.profile, "overrides": current.overrides}


def switch_limits(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Turn rate limits on or off."""
    overrides = fields.get("overrides") or {}
    if not isinstance(overrides, dict) or not all(isinstance(v, int) for v in overrides.values()):
        raise _refused("overrides should map operations to calls per minute")
    profile = fields.get("profile", "sandbox")
    if profile not in ("sandbox", "production"):
        raise _refused("profile should be sandbox or production")
    gateway.limits.switch(on=bool(fields.get("enabled")), profile=profile, overrides=overrides)
    return limits(gateway, request, fields)


def _number(fields: dict[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        raise _refused(f"{name} should be a number, not negative")
    return float(value)


def _refused(why: str) -> ApiError:
    return ApiError(400, why, "control_refused")
