"""Error replies of Razorpay's REST interface. The wording is the gateway's: merchants match on it."""

from __future__ import annotations

from typing import Any

from simulator.errors import Refusal

BAD_REQUEST, GATEWAY, SERVER = "BAD_REQUEST_ERROR", "GATEWAY_ERROR", "SERVER_ERROR"


class RazorpayError(Refusal):
    """A refusal in the envelope that every refusal of this gateway has."""

    def __init__(
        self,
        description: str,
        *,
        status: int = 400,
        code: str = BAD_REQUEST,
        field: str | None = None,
        source: str = "business",
        step: str = "payment_initiation",
        reason: str = "input_validation_failed",
    ) -> None:
        error: dict[str, Any] = {
            "code": code,
            "description": description,
            "source": source,
            "step": step,
            "reason": reason,
            "metadata": {},
        }
        if field is not None:
            error["field"] = field
        super().__init__(status, description, {"error": error})
        self.reason = reason


def _bare(description: str, *, status: int = 400, code: str = BAD_REQUEST) -> RazorpayError:
    return RazorpayError(description, status=status, code=code, source="NA", step="NA", reason="NA")


def not_signed_in() -> RazorpayError:
    return _bare("Authentication failed", status=401)


def no_such_url() -> RazorpayError:
    """Also what a feature says that the account does not have."""
    return _bare("The requested URL was not found on the server.")


def no_such_id() -> RazorpayError:
    return RazorpayError("The id provided does not exist", reason="input_validation_failed")


def malformed_id(given: str) -> RazorpayError:
    return RazorpayError(f"{given[:60]} is not a valid id")


def required(field: str) -> RazorpayError:
    return RazorpayError(f"The {field} field is required.", field=field)


def invalid(field: str, description: str) -> RazorpayError:
    return RazorpayError(description, field=field)


def absent(field: str) -> RazorpayError:
    """What POST /orders says of a member that is left out; the other calls say `required`."""
    return RazorpayError(f"{field}: is required.", field=field)


def below_minimum() -> RazorpayError:
    """What POST /orders says of an amount under one rupee; the other calls have a sentence of their own."""
    return RazorpayError(
        "Order amount less than minimum amount allowed",
        field="amount",
        step="order_creation",
        reason="amount_less_than_minimum_amount",
    )


def unwanted(fields: list[str]) -> RazorpayError:
    return RazorpayError(
        f"{', '.join(fields)} is/are not required and should not be sent", reason="extra_field_sent"
    )


def order_is_paid() -> RazorpayError:
    return RazorpayError(
        "Your payment has been declined as the order is already paid.",
        source="business",
        reason="order_already_paid",
    )


def too_many_requests() -> RazorpayError:
    return _bare("Request failed. Please try after sometime.", status=429)


def server_error() -> RazorpayError:
    description = "The server encountered an error. The incident has been reported to admins."
    return _bare(description, status=500, code=SERVER)


def other_body_under_key() -> RazorpayError:
    description = "Different request with the same idempotency key has already been processed."
    return _bare(description, status=409)


def still_in_progress() -> RazorpayError:
    return _bare("Another request with the same idempotency key is still in progress.", status=409)
