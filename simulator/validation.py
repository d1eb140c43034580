"""Request checks of the REST interface: reference section 15, with the gateway's own codes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from simulator import errors
from simulator.orders import OrderRequest
from simulator.webhooks import is_acceptable_address
from simulator.wire import MalformedJson, from_json

ORDER_ID = re.compile(r"[A-Za-z0-9_-]{3,45}")
CUSTOMER_ID = re.compile(r"[A-Za-z0-9_-]{3,50}")
REFUND_ID = re.compile(r"[A-Za-z0-9_-]{3,40}")
PHONE = re.compile(r"[0-9]{10}|\+[0-9]{8,15}")
CURRENCY = re.compile(r"[A-Z]{3}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
MIN_LIFE, MAX_LIFE = timedelta(minutes=15), timedelta(days=30)
EXPIRY_RULE = "Expiry time should be more than 15 min and less than 30 days"
# Far above any account's limit; it only keeps absurd exponents out of the arithmetic.
MAX_PAISE = 10**13


def json_object(body: bytes) -> dict[str, Any]:
    """Parse a request body. The gateway leaks its decoder's words here, and so do we."""
    try:
        parsed = from_json(body)
    except MalformedJson as exc:
        first = body.strip()[:1].decode("utf-8", "replace")
        message = f"invalid character '{first}' looking for beginning of value"
        raise errors.ApiError(400, message, "request_failed", has_help=True) from exc
    if not isinstance(parsed, dict):
        raise errors.ApiError(400, "request body should be an object", "request_failed")
    return parsed


def amount_paise(fields: dict[str, Any], field: str, *, least_paise: int = 100) -> int:
    """Read a required amount: a JSON number, at most two decimals. Returns paise."""
    value = fields.get(field)
    if value is None:
        raise errors.missing(field)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise errors.ApiError(400, f"{field} should be number", f"{field}_invalid", has_help=True)
    if not -MAX_PAISE <= value <= MAX_PAISE:
        raise errors.invalid(field, "is too large")
    paise = Decimal(value).scaleb(2)
    if paise < least_paise:
        least = Decimal(least_paise).scaleb(-2).normalize()
        raise errors.invalid(field, f"should be at least {least:f}", str(value))
    if paise != int(paise):
        raise errors.invalid(field, "can have at most two decimals", value)
    return int(paise)


def order_request(fields: dict[str, Any], now: datetime) -> OrderRequest:
    """Check a create-order body. Raises ApiError for the first thing that is wrong."""
    paise = amount_paise(fields, "order_amount")
    if "order_currency" not in fields:
        raise errors.missing("order_currency")
    currency = text(fields, "order_currency") or "INR"
    if not CURRENCY.fullmatch(currency):
        raise errors.invalid("order_currency", "invalid value provided", currency)
    order_id = text(fields, "order_id")
    if order_id is not None and not ORDER_ID.fullmatch(order_id):
        raise errors.invalid(
            "order_id", "should be 3 to 45 letters, digits, underscores or hyphens", order_id
        )
    return OrderRequest(
        order_id=order_id,
        amount_paise=paise,
        currency=currency,
        customer=_customer(fields),
        meta=_meta(fields),
        expires_at=_expiry(fields, now),
        note=text(fields, "order_note", shortest=3, longest=200),
        tags=_tags(fields),
        splits=_of_type(fields, "order_splits", list) or [],
        cart=_of_type(fields, "cart_details", dict),
    )


def refund_id(fields: dict[str, Any]) -> str | None:
    """Read the merchant's optional refund id."""
    value = text(fields, "refund_id")
    if value is not None and not REFUND_ID.fullmatch(value):
        raise errors.invalid("refund_id", "should be 3 to 40 letters or digits", value)
    return value


def text(
    fields: dict[str, Any], field: str, *, path: str = "", shortest: int = 0, longest: int = 10_000
) -> str | None:
    """Read an optional string; empty counts as absent."""
    value, name = fields.get(field), f"{path}{field}"
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise errors.ApiError(400, f"{name} should be string", f"{name}_invalid", has_help=True)
    if not _is_text(value):
        raise errors.invalid(name, "invalid value provided")
    if not shortest <= len(value) <= longest:
        raise errors.invalid(name, f"should be {shortest} to {longest} characters", value)
    return value


def _customer(fields: dict[str, Any]) -> dict[str, Any]:
    customer = _of_type(fields, "customer_details", dict)
    if customer is None:
        raise errors.missing("customer_details")
    path = "customer_details."
    customer_id = text(customer, "customer_id", path=path)
    if customer_id is None:
        raise errors.missing("customer_details.customer_id")
    if not CUSTOMER_ID.fullmatch(customer_id):
        why = "should be alphanumeric and may contain underscore or hyphens"
        raise errors.invalid("customer_details.customer_id", why, customer_id)
    phone = text(customer, "customer_phone", path=path)
    if phone is None:
        raise errors.missing("customer_details.customer_phone")
    if not PHONE.fullmatch(phone):
        raise errors.invalid("customer_details.customer_phone", "invalid value provided", phone)
    email = text(customer, "customer_email", path=path, shortest=3, longest=100)
    if email is not None and not EMAIL.fullmatch(email):
        raise errors.invalid("customer_details.customer_email", "invalid value provided", email)
    return {
        "customer_id": customer_id,
        "customer_name": text(customer, "customer_name", path=path, shortest=3, longest=100),
        "customer_email": email,
        "customer_phone": phone,
        "customer_uid": text(customer, "customer_uid", path=path),
    }


def _meta(fields: dict[str, Any]) -> dict[str, Any]:
    meta = _of_type(fields, "order_meta", dict) or {}
    path = "order_meta."
    return_url = text(meta, "return_url", path=path)
    notify_url = text(meta, "notify_url", path=path)
    for name, url in (("return_url", return_url), ("notify_url", notify_url)):
        if url is not None and len(url) > 250:
            raise errors.invalid(f"order_meta.{name}", "should be at most 250 characters")
    if return_url is not None and not return_url.startswith(("https://", "http://")):
        raise errors.invalid("order_meta.return_url", "invalid url", return_url)
    if notify_url is not None and not is_acceptable_address(notify_url):
        raise errors.invalid("order_meta.notify_url", "url should be https", notify_url)
    return {
        "return_url": return_url,
        "notify_url": notify_url,
        "payment_methods": text(meta, "payment_methods", path=path),
    }


def _expiry(fields: dict[str, Any], now: datetime) -> datetime:
    wanted = text(fields, "order_expiry_time")
    if wanted is None:
        # The default is about thirty days.
        return now + MAX_LIFE
    try:
        expires_at = datetime.fromisoformat(wanted)
        life = expires_at - now
    except (ValueError, TypeError, OverflowError) as exc:
        raise errors.invalid("order_expiry_time", "invalid time, offset is needed", wanted) from exc
    if not MIN_LIFE < life < MAX_LIFE:
        raise errors.ApiError(
            400, f"order_expiry_time : {EXPIRY_RULE}", "order_expiry_time_invalid", has_help=True
        )
    return expires_at.astimezone(now.tzinfo)


def _tags(fields: dict[str, Any]) -> dict[str, str] | None:
    tags = _of_type(fields, "order_tags", dict)
    if tags is None:
        return None
    if len(tags) > 10:
        raise errors.invalid("order_tags", "can have at most 10 keys")
    for key, value in tags.items():
        if not isinstance(value, str) or not 1 <= len(value) <= 255 or not _is_text(value):
            raise errors.invalid(f"order_tags.{key}", "should be a string of 1 to 255 characters")
    return dict(tags)


def _is_text(value: str) -> bool:
    """False for NUL and for halves of surrogate pairs, which no page could show."""
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _of_type(fields: dict[str, Any], field: str, wanted: type) -> Any:
    value = fields.get(field)
    if value is not None and not isinstance(value, wanted):
        kind = "object" if wanted is dict else "array"
        raise errors.ApiError(400, f"{field} should be {kind}", f"{field}_invalid", has_help=True)
    return value
