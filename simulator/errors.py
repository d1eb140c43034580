"""Error replies of Cashfree's REST interface: reference sections "Errors" and "Validation style"."""

from __future__ import annotations

from typing import Any

HELP = (
    "Check latest errors and resolution from Merchant Dashboard API logs: https://bit.ly/4glEd0W"
    " Help Document: https://bit.ly/4eeZYO9"
)


class Refusal(Exception):
    """An answer other than success, ready to be sent."""

    def __init__(self, status: int, message: str, body: dict[str, Any]) -> None:
        super().__init__(message)
        self.status, self.body = status, body


class ApiError(Refusal):
    """A refusal in Cashfree's wording, which the control interface speaks as well."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        error_type: str = "invalid_request_error",
        *,
        has_help: bool = False,
    ) -> None:
        super().__init__(status, message, {"message": message, "code": code, "type": error_type})
        if has_help:
            self.body["help"] = HELP


def bad_url() -> ApiError:
    return ApiError(400, "bad URL, please check API documentation", "request_failed")


def not_signed_in() -> ApiError:
    return ApiError(401, "authentication Failed", "request_failed", "authentication_error")


def missing(field: str) -> ApiError:
    message = f'{field} : is missing in the request. Value received: ""'
    return ApiError(400, message, f"{field}_missing", has_help=True)


def invalid(field: str, why: str, value: object = None) -> ApiError:
    shown = "" if value is None else f" Value received: {str(value)[:60]}"
    return ApiError(400, f"{field} : {why}{shown}", f"{field}_invalid", has_help=True)


def order_not_found() -> ApiError:
    return ApiError(404, "Order Reference Id does not exist", "order_not_found")


def order_exists() -> ApiError:
    return ApiError(409, "order with same id is already present", "order_already_exists")


def payment_not_found() -> ApiError:
    return ApiError(404, "payment not found", "payment_not_found")


def refund_not_found() -> ApiError:
    return ApiError(404, "refund not found", "refund_not_found")


def dead_session() -> ApiError:
    message = "payment_session_id is not present or is invalid"
    return ApiError(400, message, "payment_session_id_invalid")


def too_many_requests(keyed_by: str) -> ApiError:
    subject = "IP" if keyed_by == "ip" else "app id"
    message = f"Too many requests from {subject}. Check headers"
    return ApiError(429, message, "request_failed", "rate_limit_error")


def other_body_under_key() -> ApiError:
    message = "x-idempotency-key was used with another request body"
    return ApiError(422, message, "request_invalid", "idempotency_error")


def internal_error() -> ApiError:
    return ApiError(500, "internal Server Error", "internal_error", "api_error")
