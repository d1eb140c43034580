"""Reads what Razorpay's merchants send, JSON or form, and refuses what the gateway would refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from simulator import razorpay_errors as errors
from simulator.gateway import Gateway
from simulator.razorpay_orders import RazorpayOrderRequest
from simulator.razorpay_records import RazorpayAccount
from simulator.razorpay_refunds import RazorpayRefundRequest
from simulator.wire import MalformedJson, from_json

MAX_COUNT, DEFAULT_COUNT = 100, 10
MAX_NOTES, MAX_NOTE_LENGTH = 15, 256
MAX_RECEIPT = 40
MIN_AMOUNT_PAISE = 100
MIN_WINDOW_MINUTES, MAX_WINDOW_MINUTES = 12, 7200
CURRENCIES = frozenset({"INR", "USD", "EUR", "GBP", "SGD", "AED"})
IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_-]{10,}")
ORDER_FIELDS = frozenset(
    {
        "amount", "currency", "receipt", "notes", "payment", "payment_capture", "partial_payment",
        "unique_receipt",
    }
)  # fmt: skip
REFUND_FIELDS = frozenset({"amount", "speed", "notes", "receipt"})
NESTED = re.compile(r"\[([^\]]*)\]")


def fields_of(body: bytes, content_type: str) -> dict[str, Any]:
    """Return a body's members. A form may nest as PHP does: ``notes[k]=v``. Raises RazorpayError."""
    if not body.strip():
        return {}
    if content_type.startswith("application/x-www-form-urlencoded"):
        return nested(dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
    try:
        fields = from_json(body)
    except MalformedJson as exc:
        raise errors.RazorpayError("The request body is not valid JSON") from exc
    if not isinstance(fields, dict):
        raise errors.RazorpayError("The request body should be an object")
    return fields


def nested(flat: Mapping[str, str]) -> dict[str, Any]:
    """Turn ``a[b][c]=v`` into nested members; whole numbers and booleans of forms are read as such."""
    result: dict[str, Any] = {}
    for name, value in flat.items():
        first, *rest = [name.partition("[")[0], *NESTED.findall(name)]
        place = result
        for step, following in zip([first, *rest], rest, strict=False):
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                raise errors.RazorpayError(f"{name} contradicts another field")
            place, first = inner, following
        place[first] = value
    return result


def order_request(gateway: Gateway, account: RazorpayAccount, fields: dict[str, Any]) -> RazorpayOrderRequest:
    """Read POST /orders. Raises RazorpayError.

    The page of the gateway's tests and the page of this call differ in some refusals: the former counts.
    """
    if "amount" not in fields:
        raise errors.absent("amount")
    amount_paise = amount(fields, too_small=errors.below_minimum())
    if amount_paise > account.max_amount_paise:
        raise errors.invalid("amount", "Amount exceeds maximum amount allowed.")
    currency = fields.get("currency")
    if currency in (None, ""):
        raise errors.absent("currency")
    if not isinstance(currency, str):
        raise errors.invalid("currency", f"expected string but provided {str(currency)[:60]}")
    if currency not in CURRENCIES:
        raise errors.invalid("currency", "Currency is not supported")
    refuse_unknown(fields, ORDER_FIELDS)
    if _truth(fields.get("partial_payment", False), "partial_payment"):
        raise errors.invalid("partial_payment", "Partial payments are not enabled for this account")
    capture, window_seconds = _capture(fields)
    return RazorpayOrderRequest(
        amount_paise=amount_paise,
        currency=currency,
        receipt=receipt(fields),
        unique_receipt=_truth(fields.get("unique_receipt", False), "unique_receipt"),
        notes=notes(fields),
        capture=capture,
        window_seconds=window_seconds,
    )


def refund_request(fields: dict[str, Any]) -> RazorpayRefundRequest:
    """Read POST /payments/{id}/refund. Raises RazorpayError."""
    refuse_unknown(fields, REFUND_FIELDS)
    speed = fields.get("speed") or "normal"
    if speed not in ("normal", "optimum"):
        raise errors.invalid("speed", "The speed should be normal or optimum")
    return RazorpayRefundRequest(
        amount_paise=None if fields.get("amount") is None else amount(fields),
        speed=speed,
        notes=notes(fields),
        receipt=receipt(fields),
    )


def amount(fields: dict[str, Any], *, too_small: errors.RazorpayError | None = None) -> int:
    """Read an amount in paise, of one rupee at least. ``too_small`` is not about negative ones."""
    value = fields.get("amount")
    if isinstance(value, str) and re.fullmatch(r"\d{1,15}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.invalid("amount", "The amount must be an integer.")
    if value < MIN_AMOUNT_PAISE:
        if too_small is not None and value >= 0:
            raise too_small
        raise errors.invalid("amount", "The amount must be at least INR 1.00")
    return value


def notes(fields: dict[str, Any]) -> dict[str, str]:
    """Read notes: fifteen pairs of 256 characters."""
    given = fields.get("notes")
    if given in (None, [], ""):
        return {}
    if not isinstance(given, dict):
        raise errors.invalid("notes", "notes must be an array")
    if len(given) > MAX_NOTES:
        raise errors.invalid(
            "notes", f"Number of fields in notes should be less than or equal to {MAX_NOTES}"
        )
    read = {}
    for key, value in given.items():
        if isinstance(value, dict | list) or len(str(value)) > MAX_NOTE_LENGTH or len(key) > MAX_NOTE_LENGTH:
            raise errors.invalid(
                "notes", f"A value in notes should be text of at most {MAX_NOTE_LENGTH} characters"
            )
        read[key] = "" if value is None else str(value)
    return read


def receipt(fields: dict[str, Any]) -> str | None:
    """Read a receipt of at most forty characters."""
    value = fields.get("receipt")
    if value is None:
        return None
    if not isinstance(value, str):
        raise errors.invalid("receipt", "The receipt must be a string.")
    if len(value) > MAX_RECEIPT:
        raise errors.invalid("receipt", f"receipt: the length must be no more than {MAX_RECEIPT}.")
    return value


def refuse_unknown(fields: dict[str, Any], known: frozenset[str]) -> None:
    """Raise RazorpayError for members nobody asked for."""
    strange = sorted(set(fields) - known)
    if strange:
        raise errors.unwanted(strange)


def refund_key(given: str | None) -> str | None:
    """Read X-Refund-Idempotency: ten letters, digits, hyphens or underscores at least."""
    if given is None:
        return None
    if not IDEMPOTENCY_KEY.fullmatch(given):
        raise errors.RazorpayError("The idempotency key should have at least 10 characters of [A-Za-z0-9_-]")
    return given


def window(query: Mapping[str, str]) -> tuple[int, int]:
    """Read ``count`` and ``skip`` of a list."""
    count, skip = _whole(query, "count", DEFAULT_COUNT), _whole(query, "skip", 0)
    if count < 1:
        raise errors.invalid("count", "The count must be at least 1.")
    if count > MAX_COUNT:
        raise errors.invalid("count", f"The count may not be greater than {MAX_COUNT}.")
    return count, skip


def span(query: Mapping[str, str]) -> tuple[int, int]:
    """Read ``from`` and ``to`` of a list: seconds, both included."""
    return _whole(query, "from", 0), _whole(query, "to", 10**11)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name)
    if value in (None, ""):
        return default
    if not re.fullmatch(r"\d{1,11}", str(value)):
        raise errors.invalid(name, f"The {name} must be an integer.")
    return int(str(value))


def _truth(value: Any, field: str) -> bool:
    if value in (True, 1, "1", "true"):
        return True
    if value in (False, 0, "0", "false", None):
        return False
    raise errors.invalid(field, f"The {field} field must be true or false.")


def _capture(fields: dict[str, Any]) -> tuple[str | None, int | None]:
    """How the order's payments are captured, and how many seconds they may wait for it."""
    settings = fields.get("payment")
    if settings is None:
        if fields.get("payment_capture") is None:
            return None, None
        return ("automatic" if _truth(fields["payment_capture"], "payment_capture") else "manual"), None
    if not isinstance(settings, dict) or settings.get("capture") not in ("automatic", "manual"):
        raise errors.invalid("capture", "The capture field should be automatic or manual")
    options = settings.get("capture_options") or {}
    if not isinstance(options, dict):
        raise errors.invalid("capture_options", "The capture_options must be an object")
    automatic = _minutes(options, "automatic_expiry_period")
    manual = _minutes(options, "manual_expiry_period")
    if automatic is not None and manual is not None and manual < automatic:
        raise errors.invalid(
            "manual_expiry_period", "manual_expiry_period should not be less than automatic_expiry_period"
        )
    wanted = manual if settings["capture"] == "manual" or manual is not None else automatic
    return settings["capture"], None if wanted is None else wanted * 60


def _minutes(options: dict[str, Any], name: str) -> int | None:
    value = options.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not MIN_WINDOW_MINUTES <= value <= MAX_WINDOW_MINUTES:
        raise errors.invalid(name, f"{name} should be {MIN_WINDOW_MINUTES} to {MAX_WINDOW_MINUTES} minutes")
    return int(value)
