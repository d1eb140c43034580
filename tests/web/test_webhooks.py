"""The webhook route: 200 only for what is stored, 5xx only for what is our fault."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from cashfree_integration import CashfreePaymentGateway
from database.engine import connect_engine
from database.queue import JobQueue
from domain.errors import WebhookUnreadable
from gateways.cashfree_webhooks import sign
from tests.books import rows

GOOD = {"x-webhook-signature": "good"}


@pytest.mark.parametrize("path", ["/webhooks/cashfree", "/webhooks/cashfree/"])
def test_a_signed_message_is_stored_to_the_byte_and_answered_200_twice(services, client, path) -> None:
    body = "WEIRD_TYPE:ORDER1 \u0924\r\n{ }".encode()

    first = client.post(path, content=body, headers=GOOD)
    second = client.post(path, content=body, headers=GOOD)

    assert (first.status_code, first.json()) == (200, {"status": "stored"})
    assert (second.status_code, second.json()) == (200, {"status": "known"})
    assert [bytes(row[0]) for row in rows(services, "SELECT body FROM gateway_events")] == [body]
    assert rows(services, "SELECT count(*) FROM procrastinate_jobs") == [(1,)]


@pytest.mark.parametrize("headers", [{}, {"x-webhook-signature": ""}, {"x-webhook-signature": "bad"}])
def test_s15_a_message_that_is_not_signed_is_401_and_leaves_no_row(services, client, headers) -> None:
    answer = client.post("/webhooks/cashfree", content=b"PAYMENT_SUCCESS_WEBHOOK:ORDER1", headers=headers)

    assert answer.status_code == 401
    assert rows(services, "SELECT count(*) FROM gateway_events") == [(0,)]


def test_a_signed_message_that_cannot_be_read_is_400(client, gateway, monkeypatch) -> None:
    def unreadable(*_):
        raise WebhookUnreadable

    monkeypatch.setattr(gateway, "parse_webhook", unreadable)

    assert client.post("/webhooks/cashfree", content=b"x", headers=GOOD).status_code == 400


def test_a_body_of_256_kib_is_read_and_one_byte_more_is_413(services, client) -> None:
    largest = client.post("/webhooks/cashfree", content=b"x" * (256 * 1024), headers=GOOD)
    declared = client.post("/webhooks/cashfree", content=b"x" * (256 * 1024 + 1), headers=GOOD)
    streamed = client.post("/webhooks/cashfree", content=iter([b"x" * 1024] * 300), headers=GOOD)

    assert (largest.status_code, declared.status_code, streamed.status_code) == (200, 413, 413)
    assert rows(services, "SELECT count(*) FROM gateway_events") == [(1,)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_other_method_is_405_in_json(client, method) -> None:
    answer = client.request(method, "/webhooks/cashfree")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/json"
    assert "access-control-allow-origin" not in answer.headers


def test_a_gateway_that_is_not_configured_is_404(services, open_client) -> None:
    with open_client(replace(services, gateways={})) as client:
        assert client.post("/webhooks/cashfree", content=b"x", headers=GOOD).status_code == 404


def test_a_database_that_is_away_is_503_so_that_the_gateway_comes_again(services, open_client) -> None:
    away = connect_engine("postgresql://nobody@127.0.0.1:1/none")
    with open_client(replace(services, engine=away, queue=JobQueue(away))) as client:
        answer = client.post("/webhooks/cashfree", content=b"T:ORDER1", headers=GOOD)

    assert (answer.status_code, answer.json()) == (503, {"error": "try again later"})


def test_a_queue_that_is_stuck_is_503_and_the_message_is_not_half_stored(services, open_client) -> None:
    quick = create_engine(services.engine.url, connect_args={"options": "-c lock_timeout=200"})
    with services.engine.begin() as conn:
        conn.execute(text("LOCK TABLE procrastinate_jobs IN ACCESS EXCLUSIVE MODE"))
        with open_client(replace(services, engine=quick, queue=JobQueue(quick)), raises=False) as client:
            answer = client.post("/webhooks/cashfree", content=b"T:ORDER1", headers=GOOD)
    quick.dispose()

    assert (answer.status_code, answer.json()) == (503, {"error": "try again later"})
    assert rows(services, "SELECT count(*) FROM gateway_events") == [(0,)]


def test_a_message_that_cashfree_would_sign_is_accepted_and_one_changed_byte_refuses_it(
    services, open_client
) -> None:
    real = CashfreePaymentGateway.from_settings(services.settings)
    body = b'{"type":"PAYMENT_SUCCESS_WEBHOOK","data":{"order":{"order_id":"ORDER00000000000001A"}}}'
    headers = {
        "x-webhook-timestamp": "1773124200000",
        "x-webhook-signature": sign("1773124200000", body, "cfsk_ma_test_simulator"),
    }
    with open_client(replace(services, gateways={"cashfree": real})) as client:
        good = client.post("/webhooks/cashfree", content=body, headers=headers)
        changed = client.post("/webhooks/cashfree", content=body.replace(b"1A", b"1B"), headers=headers)
        again = client.post(
            "/webhooks/cashfree", content=body, headers={**headers, "x-idempotency-key": "other"}
        )

    assert (good.status_code, changed.status_code, again.json()) == (200, 401, {"status": "known"})
    assert rows(services, "SELECT order_id FROM gateway_events") == [("ORDER00000000000001A",)]


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"\\u0000","data":{"order":{"order_id":"ORD\\u0000ER"}}}',
        b'{"type":null,"data":null}',
        b'{"type":["a"],"data":{"order":[]}}',
        b'{"a":1e400,"b":NaN}',
        b'{"a":1,"a":2}',
        b"[]",
        b"",
        b"\xff\xfe",
        b'{"a":' + b"[" * 50_000,
        b'{"type":"\\ud800"}',
    ],
)
def test_a_genuine_signature_over_hostile_content_is_never_5xx(services, open_client, body) -> None:
    real = CashfreePaymentGateway.from_settings(services.settings)
    headers = {
        "x-webhook-timestamp": "1773124200000",
        "x-webhook-signature": sign("1773124200000", body, "cfsk_ma_test_simulator"),
    }
    with open_client(replace(services, gateways={"cashfree": real})) as client:
        answer = client.post("/webhooks/cashfree", content=body, headers=headers)

    assert answer.status_code in {200, 400}
