"""Webhooks: what is sent, how it is signed, when it is sent again, and how faults spoil it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from tests.simulator.running_simulator import (
    SECRET,
    Merchant,
    Received,
    RunningSimulator,
    until,
)


def order_for(simulator: RunningSimulator, merchant: Merchant) -> str:
    return str(simulator.new_order(order_meta={"notify_url": merchant.url})["order_id"])


def is_signed(event: Received, body: bytes | None = None, *, secret: str = SECRET) -> bool:
    message = event.headers["x-webhook-timestamp"].encode() + (body or event.body)
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return base64.b64encode(digest).decode() == event.headers["x-webhook-signature"]


def types(merchant: Merchant) -> list[str]:
    return [event.type for event in merchant.received]


def test_a_success_is_told_with_a_signature_over_the_raw_bytes(
    simulator: RunningSimulator, merchant: Merchant
) -> None:
    simulator.pay(order_for(simulator, merchant))
    simulator.flush()

    (event,) = merchant.received
    assert event.type == "PAYMENT_SUCCESS_WEBHOOK"
    assert is_signed(event)
    assert len(event.headers["x-webhook-timestamp"]) == 13
    assert event.headers["x-webhook-version"] == "2025-01-01"
    assert event.headers["x-webhook-attempt"] == "1"
    assert event.headers["x-idempotency-key"]


def test_a_reserialised_body_no_longer_fits_its_signature(
    simulator: RunningSimulator, merchant: Merchant
) -> None:
    simulator.pay(order_for(simulator, merchant))
    simulator.flush()

    (event,) = merchant.received
    compact = json.dumps(event.parsed, separators=(",", ":")).encode()
    assert b'"order_amount":4990.00' in event.body
    assert not is_signed(event, compact)


def test_the_body_keeps_the_documented_order_of_keys(simulator: RunningSimulator, merchant: Merchant) -> None:
    simulator.pay(order_for(simulator, merchant), method="upi")
    simulator.flush()

    body = merchant.received[0].parsed
    assert list(body) == ["data", "event_time", "type"]
    assert list(body["data"]) == [
        "order",
        "payment",
        "customer_details",
        "payment_gateway_details",
        "payment_offers",
        "terminal_details",
    ]
    assert "order_status" not in body["data"]["order"]
    assert body["data"]["payment"]["payment_method"]["upi"]["upi_instrument"] == "UPI"


def test_failure_and_drop_are_told_too(simulator: RunningSimulator, merchant: Merchant) -> None:
    order_id = order_for(simulator, merchant)

    simulator.pay(order_id, outcome="FAILED")
    simulator.pay(order_id, outcome="USER_DROPPED")
    simulator.flush()

    assert sorted(types(merchant)) == ["PAYMENT_FAILED_WEBHOOK", "PAYMENT_USER_DROPPED_WEBHOOK"]


def test_a_refund_is_told_with_integer_ids(simulator: RunningSimulator, merchant: Merchant) -> None:
    order_id = order_for(simulator, merchant)
    simulator.pay(order_id)
    simulator.control("POST", f"/orders/{order_id}/refund", {"amount_paise": 5000})
    simulator.advance(5)
    simulator.flush()

    event = next(e for e in merchant.received if e.type == "REFUND_STATUS_WEBHOOK")
    refund = event.parsed["data"]["refund"]
    assert isinstance(refund["cf_refund_id"], int)
    assert isinstance(refund["cf_payment_id"], int)
    assert (refund["entity"], refund["refund_amount"]) == ("Refund", 50.0)


def test_an_automatic_refund_is_told(simulator: RunningSimulator, merchant: Merchant) -> None:
    simulator.fault("double_success", count=1)
    simulator.pay(order_for(simulator, merchant))
    simulator.advance(5)
    simulator.flush()

    assert types(merchant).count("AUTO_REFUND_STATUS_WEBHOOK") == 1


@pytest.mark.parametrize("status", [204, 302, 404, 500])
def test_anything_but_200_is_sent_again_after_2_10_and_30_minutes_and_then_given_up(
    simulator: RunningSimulator, merchant: Merchant, status: int
) -> None:
    merchant.status = status
    simulator.pay(order_for(simulator, merchant))
    attempts = []
    for minutes in (0, 2, 10, 30, 600):
        simulator.advance(minutes * 60)
        simulator.flush()
        attempts.append(len(merchant.received))

    assert attempts == [1, 2, 3, 4, 4]
    numbers = [event.headers["x-webhook-attempt"] for event in merchant.received]
    assert numbers == ["1", "2", "3", "4"]
    assert len({event.headers["x-idempotency-key"] for event in merchant.received}) == 1
    assert all(is_signed(event) for event in merchant.received)


def test_no_retry_comes_before_its_time(simulator: RunningSimulator, merchant: Merchant) -> None:
    merchant.status = 500
    simulator.pay(order_for(simulator, merchant))
    simulator.flush()

    simulator.advance(119)
    simulator.flush()

    assert len(merchant.received) == 1


def test_registered_endpoints_get_their_own_version(simulator: RunningSimulator, merchant: Merchant) -> None:
    body = {"url": merchant.url, "version": "2023-08-01"}
    simulator.control("POST", "/endpoints", body)

    simulator.pay(order_for(simulator, merchant))
    simulator.flush()

    by_version = {e.headers["x-webhook-version"]: e for e in merchant.received}
    assert set(by_version) == {"2023-08-01", "2025-01-01"}
    assert "x-idempotency-key" not in by_version["2023-08-01"].headers


def test_an_event_can_be_sent_again(simulator: RunningSimulator, merchant: Merchant) -> None:
    simulator.pay(order_for(simulator, merchant))
    simulator.flush()
    (event,) = simulator.control("GET", "/events")["events"]

    simulator.control("POST", f"/events/{event['id']}/resend")
    simulator.flush()

    first, second = merchant.received
    assert second.body == first.body
    assert second.headers["x-idempotency-key"] == first.headers["x-idempotency-key"]


@pytest.mark.parametrize(
    ("path", "event_type"), [("test", "WEBHOOK"), ("unknown", "EVENT_OF_TOMORROW_WEBHOOK")]
)
def test_events_without_an_order_reach_registered_endpoints(
    simulator: RunningSimulator, merchant: Merchant, path: str, event_type: str
) -> None:
    simulator.control("POST", "/endpoints", {"url": merchant.url})

    simulator.control("POST", f"/events/{path}")
    simulator.flush()

    assert types(merchant) == [event_type]


def test_any_body_can_be_sent_rightly_signed(simulator: RunningSimulator, merchant: Merchant) -> None:
    order_id = order_for(simulator, merchant)
    body = '{"type": "X", "type": NaN, "data": [\\u0000]}'

    simulator.control("POST", "/events/raw", {"body": body, "order_id": order_id})
    simulator.flush()

    (event,) = merchant.received
    assert event.body == body.encode()
    assert is_signed(event)


def test_held_webhooks_wait_for_their_release(simulator: RunningSimulator, merchant: Merchant) -> None:
    simulator.fault("hold_webhooks")
    simulator.pay(order_for(simulator, merchant))
    simulator.advance(3600)
    simulator.flush()
    assert merchant.received == []

    simulator.control("POST", "/webhooks/release")
    simulator.flush()

    assert types(merchant) == ["PAYMENT_SUCCESS_WEBHOOK"]


def test_dropped_webhooks_never_come(simulator: RunningSimulator, merchant: Merchant) -> None:
    simulator.fault("drop_webhooks")
    simulator.pay(order_for(simulator, merchant))
    simulator.advance(3600)
    simulator.flush()

    assert merchant.received == []


def test_duplicated_webhooks_carry_one_idempotency_key(
    simulator: RunningSimulator, merchant: Merchant
) -> None:
    simulator.fault("duplicate_webhooks", count=1)
    simulator.pay(order_for(simulator, merchant))
    simulator.flush()

    first, second = merchant.received
    assert first.body == second.body
    assert first.headers["x-idempotency-key"] == second.headers["x-idempotency-key"]


def test_reordered_webhooks_arrive_the_wrong_way_round(
    simulator: RunningSimulator, merchant: Merchant
) -> None:
    simulator.fault("reorder_webhooks", count=1)
    order_id = order_for(simulator, merchant)

    simulator.pay(order_id, outcome="FAILED")
    simulator.pay(order_id)

    until(lambda: len(merchant.received) == 2)
    assert types(merchant) == ["PAYMENT_SUCCESS_WEBHOOK", "PAYMENT_FAILED_WEBHOOK"]


def test_a_wrong_signature_is_wrong_once(simulator: RunningSimulator, merchant: Merchant) -> None:
    simulator.fault("wrong_signature", count=1)
    order_id = order_for(simulator, merchant)

    simulator.pay(order_id, outcome="FAILED")
    simulator.flush()
    simulator.pay(order_id)
    simulator.flush()

    assert [is_signed(event) for event in merchant.received] == [False, True]


def test_the_older_of_two_secrets_may_sign(simulator: RunningSimulator, merchant: Merchant) -> None:
    simulator.fault("older_secret", count=1)
    order_id = order_for(simulator, merchant)

    simulator.pay(order_id, outcome="FAILED")
    simulator.flush()
    simulator.pay(order_id)
    simulator.flush()

    older, newer = merchant.received
    assert (is_signed(older), is_signed(older, secret=f"{SECRET}_older")) == (False, True)
    assert is_signed(newer)
    reply = simulator.call("GET", f"/orders/{order_id}", headers={"x-client-secret": f"{SECRET}_older"})
    assert reply.status_code == 401


def test_a_merchant_who_is_too_slow_is_asked_again(simulator: RunningSimulator, merchant: Merchant) -> None:
    simulator.control("POST", "/webhooks/patience", {"seconds": 0.2})
    merchant.may_answer.clear()
    simulator.pay(order_for(simulator, merchant))
    simulator.flush()

    merchant.may_answer.set()
    simulator.advance(2 * 60)
    simulator.flush()

    (delivery,) = simulator.control("GET", "/events")["events"][-1]["deliveries"]
    assert [tried["answer"] for tried in delivery["log"]] == ["ReadTimeout", "200"]
    assert delivery["state"] == "delivered"
    assert len({event.headers["x-idempotency-key"] for event in merchant.received}) == 1


def test_an_offer_is_named(simulator: RunningSimulator, merchant: Merchant) -> None:
    simulator.fault("offer", count=1)
    simulator.pay(order_for(simulator, merchant))
    simulator.flush()

    told = merchant.received[0].parsed["data"]
    assert (told["order"]["order_amount"], told["payment"]["payment_amount"]) == (4990.0, 4491.0)
    assert told["payment_offers"][0]["offer_redemption"]["discount_amount"] == 499.0
