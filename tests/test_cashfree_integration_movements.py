"""The gateway's reports over HTTP: how they are asked for, repeated, waited for and given up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from responses import matchers

from cashfree_integration import CashfreePaymentGateway
from domain import errors
from domain.gateway import Movement, MovementKind
from gateways.http import GatewayHttp
from tests.cashfree_account import API, FIXTURES, SECRET

LEDGER = f"{API}/recon"
PAYOUTS = f"{API}/settlement/recon"
SINCE = datetime(2026, 11, 20, tzinfo=UTC)
UNTIL = datetime(2026, 11, 23, tzinfo=UTC)
NOTHING = {"cursor": None, "limit": 250, "data": []}


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def gateway(pauses) -> CashfreePaymentGateway:
    http = GatewayHttp("cashfree", sleep=pauses.append, jitter=lambda low, high: 0.0)
    return CashfreePaymentGateway("TEST1", SECRET, api_base=API, http=http)


def page(name: str = "recon_ledger.json", **changes: object) -> dict[str, Any]:
    return {**json.loads((FIXTURES / name).read_text()), **changes}


def listed(gateway: CashfreePaymentGateway) -> list[Movement]:
    return list(gateway.list_movements(SINCE, UNTIL))


def test_both_reports_are_read_with_exact_amounts(mocked, gateway) -> None:
    filters = {"start_date": "2026-11-20T05:30:00+05:30", "end_date": "2026-11-23T05:30:00+05:30"}
    asked = matchers.json_params_matcher({"pagination": {"limit": 250}, "filters": filters})
    credentials = matchers.header_matcher(
        {"x-api-version": "2025-01-01", "x-client-id": "TEST1", "x-client-secret": SECRET}
    )
    mocked.post(LEDGER, json=page(), match=[asked, credentials])
    mocked.post(PAYOUTS, json=page("recon_settled.json"), match=[asked, credentials])

    found = listed(gateway)

    assert [(movement.kind, movement.amount_paise) for movement in found] == [
        (MovementKind.PAYMENT, 49900),
        (MovementKind.REFUND, 10050),
    ]


def test_a_report_is_never_asked_for_under_a_key_that_would_bring_yesterdays_answer(mocked, gateway) -> None:
    mocked.post(LEDGER, json=NOTHING)
    mocked.post(PAYOUTS, json=NOTHING)

    assert listed(gateway) == []
    assert all("x-idempotency-key" not in call.request.headers for call in mocked.calls)
    assert len({call.request.headers["x-request-id"] for call in mocked.calls}) == 2


def test_pages_follow_the_cursor(mocked, gateway) -> None:
    rows = page()["data"]
    for cursor, body in (
        ({}, page(cursor="next==", data=rows[:2])),
        ({"cursor": "next=="}, page(data=rows[2:])),
    ):
        asked = matchers.json_params_matcher({"pagination": {"limit": 250, **cursor}}, strict_match=False)
        mocked.post(LEDGER, json=body, match=[asked])
    mocked.post(PAYOUTS, json=NOTHING)

    assert len(listed(gateway)) == 2


def test_a_cursor_that_comes_again_ends_in_an_error(mocked, gateway) -> None:
    mocked.post(LEDGER, json=page(cursor="again"))

    with pytest.raises(errors.GatewayReplyInvalid, match="cursor came twice"):
        listed(gateway)

    assert len(mocked.calls) == 2


def test_a_report_is_asked_for_again_after_failures_because_it_is_a_read(mocked, gateway) -> None:
    mocked.post(LEDGER, status=502, json={})
    mocked.post(LEDGER, body=requests.ConnectionError("reset"))
    mocked.post(LEDGER, json=page())
    mocked.post(PAYOUTS, json=NOTHING)

    assert len(listed(gateway)) == 2


def test_a_rate_limit_of_a_minute_is_waited_out(mocked, gateway, pauses) -> None:
    mocked.post(LEDGER, status=429, json={"type": "rate_limit_error"}, headers={"x-ratelimit-retry": "59"})
    mocked.post(LEDGER, json=page())
    mocked.post(PAYOUTS, json=NOTHING)

    assert len(listed(gateway)) == 2
    assert pauses == [59]


def test_a_longer_rate_limit_is_for_the_caller_to_wait(mocked, gateway, pauses) -> None:
    mocked.post(LEDGER, status=429, json={"type": "rate_limit_error"}, headers={"x-ratelimit-retry": "61"})

    with pytest.raises(errors.GatewayRateLimited) as caught:
        listed(gateway)

    assert (caught.value.retry_after_seconds, pauses) == (61, [])


def test_what_was_read_before_an_outage_was_told(mocked, gateway) -> None:
    mocked.post(LEDGER, json=page(cursor="next"))
    mocked.post(LEDGER, body=requests.ReadTimeout())
    found = []

    with pytest.raises(errors.GatewayTimeout):
        for movement in gateway.list_movements(SINCE, UNTIL):
            found.append(movement)

    assert len(found) == 2


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"type": "authentication_error"}, errors.GatewayCredentialsRejected),
        (403, {"type": "feature_not_enabled"}, errors.GatewayFeatureDisabled),
        (400, {"code": "request_failed"}, errors.GatewayRequestRejected),
        (200, {"cursor": None}, errors.GatewayReplyInvalid),
    ],
)
def test_a_refused_report_is_an_error_and_not_an_empty_one(mocked, gateway, status, body, error) -> None:
    mocked.post(LEDGER, status=status, json=body)

    with pytest.raises(error):
        listed(gateway)


def test_a_time_the_wrong_way_round_is_refused_at_once(mocked, gateway) -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        gateway.list_movements(UNTIL, SINCE)
