"""Orders over REST: what is accepted, what is refused and in which words, and how an order ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.simulator.running_simulator import RunningSimulator, order_body

EXPIRY_MESSAGE = "order_expiry_time : Expiry time should be more than 15 min and less than 30 days"


def in_minutes(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def test_a_new_order_is_active_and_shows_its_nulls(simulator: RunningSimulator) -> None:
    reply = simulator.call("POST", "/orders", json=order_body(order_id="ORDER_one-1"))

    order = reply.json()
    assert reply.status_code == 200
    assert order["order_status"] == "ACTIVE"
    assert order["payment_session_id"].startswith("session_")
    assert len(order["payment_session_id"]) >= 100
    assert isinstance(order["cf_order_id"], str)
    assert order["created_at"].endswith("+05:30")
    assert order["order_tags"] is None
    assert order["order_splits"] == []
    assert '"order_amount":4990.00' in reply.text


def test_reading_an_order_returns_the_same_entity(simulator: RunningSimulator) -> None:
    created = simulator.new_order()

    assert simulator.call("GET", f"/orders/{created['order_id']}").json() == created


@pytest.mark.parametrize(
    "credentials",
    [
        {"x-client-secret": "wrong"},
        {"x-client-secret": None},
        {"x-client-id": None},
        {"x-client-id": f"{'1a2b' * 5}", "x-client-secret": f"cfsk_ma_prod_{'0' * 32}_00000000"},
    ],
    ids=["wrong-secret", "no-secret", "no-id", "of-production"],
)
def test_wrong_credentials_are_refused_before_the_body_is_read(
    simulator: RunningSimulator, credentials: dict[str, str | None]
) -> None:
    reply = simulator.call("POST", "/orders", data="not json", headers=credentials)

    assert reply.status_code == 401
    assert reply.json() == {
        "message": "authentication Failed",
        "code": "request_failed",
        "type": "authentication_error",
    }


@pytest.mark.parametrize(("version", "code"), [(None, "version_missing"), ("2019-01-01", "version_invalid")])
def test_a_known_api_version_is_required(simulator: RunningSimulator, version: str | None, code: str) -> None:
    reply = simulator.call("GET", "/orders/x", headers={"x-api-version": version})

    assert (reply.status_code, reply.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"order_id": "ab"}, "order_id_invalid"),
        ({"order_id": "a" * 46}, "order_id_invalid"),
        ({"order_id": "a b/c"}, "order_id_invalid"),
        ({"order_amount": None}, "order_amount_missing"),
        ({"order_amount": "499"}, "order_amount_invalid"),
        ({"order_amount": True}, "order_amount_invalid"),
        ({"order_amount": 0.99}, "order_amount_invalid"),
        ({"order_amount": 10.123}, "order_amount_invalid"),
        ({"order_amount": -5}, "order_amount_invalid"),
        ({"order_currency": None}, "order_currency_missing"),
        ({"order_currency": "rupees"}, "order_currency_invalid"),
        ({"customer_details": None}, "customer_details_missing"),
        (
            {"customer_details": {"customer_phone": "9876543210"}},
            "customer_details.customer_id_missing",
        ),
        (
            {"customer_details": {"customer_id": "a@b.in", "customer_phone": "9876543210"}},
            "customer_details.customer_id_invalid",
        ),
        (
            {"customer_details": {"customer_id": "CUST1"}},
            "customer_details.customer_phone_missing",
        ),
        (
            {"customer_details": {"customer_id": "CUST1", "customer_phone": "919999999999"}},
            "customer_details.customer_phone_invalid",
        ),
        (
            {"customer_details": {"customer_id": "CUST1", "customer_phone": 9876543210}},
            "customer_details.customer_phone_invalid",
        ),
        (
            {"order_meta": {"return_url": "https://s.example/" + "a" * 250}},
            "order_meta.return_url_invalid",
        ),
        ({"order_meta": {"return_url": "javascript:alert(1)"}}, "order_meta.return_url_invalid"),
        ({"order_meta": {"notify_url": "http://shop.example"}}, "order_meta.notify_url_invalid"),
        ({"order_note": "ab"}, "order_note_invalid"),
        ({"order_note": "half a \ud83d pair"}, "order_note_invalid"),
        ({"order_note": "a" * 201}, "order_note_invalid"),
        ({"order_tags": {str(n): "x" for n in range(11)}}, "order_tags_invalid"),
        ({"order_tags": {"plan": "x" * 256}}, "order_tags.plan_invalid"),
        ({"order_expiry_time": "tomorrow"}, "order_expiry_time_invalid"),
        ({"order_expiry_time": "2099-01-01T00:00:00"}, "order_expiry_time_invalid"),
    ],
)
def test_a_bad_field_is_named_in_the_error_code(
    simulator: RunningSimulator, changes: dict[str, Any], code: str
) -> None:
    reply = simulator.call("POST", "/orders", json=order_body(**changes))

    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert reply.json()["type"] == "invalid_request_error"
    assert simulator.control("GET", "/truth")["orders"] == []


@pytest.mark.parametrize(
    "amount", ["1e400", "-1e400", "1e99999999999999999999", "NaN", "Infinity", "9" * 5000]
)
def test_absurd_numbers_are_refused(simulator: RunningSimulator, amount: str) -> None:
    body = f'{{"order_amount": {amount}, "order_currency": "INR"}}'

    assert simulator.call("POST", "/orders", data=body).status_code == 400


@pytest.mark.parametrize("minutes", [14, 30 * 24 * 60 + 1])
def test_an_expiry_outside_fifteen_minutes_to_thirty_days_is_refused_in_its_exact_words(
    simulator: RunningSimulator, minutes: int
) -> None:
    body = order_body(order_expiry_time=in_minutes(minutes))

    assert simulator.call("POST", "/orders", json=body).json()["message"] == EXPIRY_MESSAGE


def test_malformed_json_is_answered_in_the_decoders_words(simulator: RunningSimulator) -> None:
    reply = simulator.call("POST", "/orders", data="order_id=1")

    assert reply.status_code == 400
    assert reply.json()["code"] == "request_failed"
    assert "looking for beginning of value" in reply.json()["message"]


def test_an_order_id_is_used_up_for_ever(simulator: RunningSimulator) -> None:
    order = simulator.new_order(order_expiry_time=in_minutes(20))
    simulator.advance(21 * 60)
    assert simulator.status_of(order["order_id"]) == "EXPIRED"

    again = simulator.call("POST", "/orders", json=order_body(order_id=order["order_id"]))

    assert (again.status_code, again.json()["code"]) == (409, "order_already_exists")


def test_an_unknown_order_and_an_unknown_path_have_the_gateways_own_errors(
    simulator: RunningSimulator,
) -> None:
    unknown = simulator.call("GET", "/orders/ORDER_nobody")
    strange = simulator.call("GET", "/orders")

    assert (unknown.status_code, unknown.json()["code"]) == (404, "order_not_found")
    assert unknown.json()["message"] == "Order Reference Id does not exist"
    assert strange.json()["message"] == "bad URL, please check API documentation"


def test_headers_are_echoed(simulator: RunningSimulator) -> None:
    reply = simulator.call("GET", "/orders/x", headers={"x-request-id": "abc"})

    assert reply.headers["x-request-id"] == "abc"
    assert reply.headers["x-api-version"] == "2025-01-01"
    assert reply.headers["x-ratelimit-type"] == "app_id"
    assert reply.headers["x-ratelimit-retry"] == "0"


def test_one_idempotency_key_makes_one_order(simulator: RunningSimulator) -> None:
    body, key = order_body(), {"x-idempotency-key": "k1"}

    first = simulator.call("POST", "/orders", json=body, headers=key)
    second = simulator.call("POST", "/orders", json=body, headers=key)
    other = simulator.call("POST", "/orders", json=order_body(), headers=key)

    assert second.json() == first.json()
    assert first.headers["x-idempotency-replayed"] == "false"
    assert second.headers["x-idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["type"]) == (422, "idempotency_error")


def test_ids_were_integers_before_version_2023_08_01(simulator: RunningSimulator) -> None:
    order = simulator.new_order()
    old = {"x-api-version": "2022-09-01"}

    reply = simulator.call("GET", f"/orders/{order['order_id']}", headers=old)

    assert reply.json()["cf_order_id"] == int(order["cf_order_id"])


def test_an_active_order_can_be_terminated_once(simulator: RunningSimulator) -> None:
    order_id = simulator.new_order()["order_id"]
    body = {"order_status": "TERMINATED"}

    first = simulator.call("PATCH", f"/orders/{order_id}", json=body)
    second = simulator.call("PATCH", f"/orders/{order_id}", json=body)

    assert first.json()["order_status"] == "TERMINATED"
    assert (second.status_code, second.json()["code"]) == (400, "order_inactive")


def test_rate_limits_strike_when_switched_on_and_end_with_the_minute(
    simulator: RunningSimulator,
) -> None:
    order_id = simulator.new_order()["order_id"]
    simulator.control("POST", "/limits", {"enabled": True, "overrides": {"get_order": 2}})

    replies = [simulator.call("GET", f"/orders/{order_id}") for _ in range(3)]

    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[2].json()["type"] == "rate_limit_error"
    assert 0 < int(replies[2].headers["x-ratelimit-retry"]) < 60
    simulator.advance(61)
    assert simulator.call("GET", f"/orders/{order_id}").status_code == 200
