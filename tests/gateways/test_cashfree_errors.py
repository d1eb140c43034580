"""Each row of Cashfree's error table becomes one error of ours, by status, type and code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain import errors
from gateways.cashfree_errors import error_from
from gateways.http import Reply

ROWS = json.loads((Path(__file__).parents[1] / "fixtures/cashfree/errors.json").read_text())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['status']} {row['body'].get('code', 'no code')}")
def test_a_documented_error_becomes_ours(row) -> None:
    error = error_from(Reply(row["status"], {}, row["body"]))

    assert type(error) is getattr(errors, row["expected"])
    assert error.gateway_status == row["status"]
    assert error.code == row["body"].get("code", "")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['status']} {row['body'].get('code', 'no code')}")
def test_the_message_of_the_gateway_decides_nothing_and_is_not_kept(row) -> None:
    body = {**row["body"], "message": "authentication Failed canary@example.in"}

    error = error_from(Reply(row["status"], {}, body))

    assert type(error) is getattr(errors, row["expected"])
    assert "canary" not in f"{error} {error.detail} {error.user_message}"


@pytest.mark.parametrize("document", [None, [], "text", {"code": 7, "type": None}, {"code": "a b\n" * 99}])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, errors.GatewayCredentialsRejected),
        (429, errors.GatewayRateLimited),
        (503, errors.GatewayUnavailable),
        (504, errors.GatewayTimeout),
        (302, errors.GatewayReplyInvalid),
    ],
)
def test_without_readable_words_the_status_decides(status, expected, document) -> None:
    error = error_from(Reply(status, {}, document))

    assert type(error) is expected
    assert error.code == ""


def test_a_rate_limit_says_how_long_to_wait() -> None:
    error = error_from(Reply(429, {"x-ratelimit-retry": "45"}, {"type": "rate_limit_error"}))

    assert isinstance(error, errors.GatewayRateLimited)
    assert error.retry_after_seconds == 45
    assert error.retryable


def test_wrong_credentials_are_not_worth_a_repetition() -> None:
    assert not error_from(Reply(401, {}, None)).retryable
