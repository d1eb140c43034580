"""Razorpay's refusals become our errors by status, code and known sentences; people read the guide's words."""

from __future__ import annotations

import pytest

from domain import errors
from gateways.http import Reply
from gateways.razorpay_errors import describe_attempt, error_from
from tests.gateways.razorpay_account import refusal

CASES = [
    (401, refusal("Authentication failed"), errors.GatewayCredentialsRejected),
    (401, {}, errors.GatewayCredentialsRejected),
    (400, refusal("The requested URL was not found on the server."), errors.GatewayFeatureDisabled),
    (400, refusal("The id provided does not exist"), errors.GatewayObjectNotFound),
    (400, refusal("order_1 is not a valid id"), errors.GatewayObjectNotFound),
    (404, {}, errors.GatewayObjectNotFound),
    (400, refusal("The amount must be at least INR 1.00", field="amount"), errors.GatewayRequestRejected),
    (400, refusal("receipt: the length must be no more than 40."), errors.GatewayRequestRejected),
    (400, refusal("This payment has already been captured"), errors.GatewayConflict),
    (400, refusal("Order receipt should be unique."), errors.GatewayConflict),
    (409, refusal("… idempotency key has already been processed."), errors.IdempotencyMismatch),
    (409, refusal("Another request with the same idempotency key is still in progress."), errors.GatewayUnavailable),
    (429, refusal("Too many requests"), errors.GatewayRateLimited),
    (500, refusal("The server encountered an error.", "SERVER_ERROR"), errors.GatewayUnavailable),
    (502, None, errors.GatewayUnavailable),
    (504, None, errors.GatewayTimeout),
    (400, refusal("Payment processing failed", "GATEWAY_ERROR"), errors.GatewayUnavailable),
    # An outage may quote anything: it does not mean that an id is unknown.
    (500, refusal("The id provided does not exist"), errors.GatewayUnavailable),
    (400, {"error": None}, errors.GatewayRequestRejected),
    (400, {"error": {"code": 7, "description": [], "reason": None, "metadata": []}}, errors.GatewayRequestRejected),
    (400, [], errors.GatewayRequestRejected),
]  # fmt: skip


@pytest.mark.parametrize(("status", "document", "expected"), CASES)
def test_each_refusal_is_one_error(status, document, expected) -> None:
    error = error_from(Reply(status, {}, document))

    assert type(error) is expected


def test_the_pause_that_is_asked_for_is_kept() -> None:
    error = error_from(Reply(429, {"retry-after": "7"}, refusal("Too many requests")))

    assert isinstance(error, errors.GatewayRateLimited)
    assert error.retry_after_seconds == 7


def test_what_the_gateway_wrote_is_not_repeated() -> None:
    error = error_from(
        Reply(400, {}, refusal("asha@example.com is not allowed", reason="input_validation_failed"))
    )

    assert "asha" not in f"{error} {error.detail} {error.user_message}"
    assert "reason=input_validation_failed" in error.detail


@pytest.mark.parametrize(
    ("code", "beginning"),
    [
        ("BAD_REQUEST_ERROR", "Please check your payment details"),
        ("GATEWAY_ERROR", "Payment failed, please try again"),
        ("SERVER_ERROR", "Something went wrong, please retry"),
    ],
)
def test_the_second_guides_words_begin_each_message(code, beginning) -> None:
    refused = error_from(Reply(400 if code == "BAD_REQUEST_ERROR" else 500, {}, refusal("x", code)))

    assert describe_attempt(code, "").startswith(beginning)
    # It may be confirmed late, and then it is kept: nobody is told that it certainly comes back.
    assert "opens your access if the bank confirms it late" in describe_attempt(code, "a_reason_of_tomorrow")
    if code == "BAD_REQUEST_ERROR":
        assert refused.user_message == f"{beginning}. You were not charged by this step."


def test_a_known_reason_says_more_than_its_code() -> None:
    assert (
        describe_attempt("BAD_REQUEST_ERROR", "insufficient_funds")
        == "The account did not hold enough money."
    )
    assert describe_attempt("a_code_of_tomorrow", "") == ""
