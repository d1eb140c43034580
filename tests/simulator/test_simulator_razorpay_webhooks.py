"""Razorpay's webhooks: bytes and headers, order, the day's ladder of retries, faults, special events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulator.razorpay_merchant import KEYS, WEBHOOK_SECRET, RazorpayMerchant, signature
from tests.simulator.running_simulator import (
    Merchant,
    Received,
    RunningSimulator,
    running_merchant,
    until,
)

DAY = 24 * 3600


def kinds(merchant: Merchant) -> list[str]:
    return [received.parsed["event"] for received in merchant.received]


def is_genuine(received: Received, secret: str = WEBHOOK_SECRET) -> bool:
    return received.headers["x-razorpay-signature"] == signature(secret, received.body)


def test_a_payment_is_told_three_times_with_signed_compact_bytes(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url)

    order, payment = razorpay.paid(notes={"ref": "a/b"})
    simulator.flush()

    assert razorpay.events() == ["payment.authorized", "payment.captured", "order.paid"]
    assert sorted(kinds(merchant)) == sorted(razorpay.events())
    for received in merchant.received:
        assert is_genuine(received)
        assert received.body == json.dumps(received.parsed, separators=(",", ":")).encode()
        assert received.headers["user-agent"] == "Razorpay-Webhook/v1"
        assert received.headers["content-type"] == "application/json"
        assert len(received.headers["x-razorpay-event-id"]) == 14
        assert received.headers["request-id"] == received.headers["x-razorpay-event-id"]
        assert not [name for name in received.headers if "timestamp" in name or "attempt" in name]
    paid = next(r.parsed for r in merchant.received if r.parsed["event"] == "order.paid")
    assert (paid["entity"], paid["contains"]) == ("event", ["payment", "order"])
    assert paid["payload"]["order"]["entity"] == order
    assert paid["payload"]["payment"]["entity"]["id"] == payment["id"]
    assert paid["account_id"].startswith("acc_")
    assert isinstance(paid["created_at"], int)


def test_an_event_shows_the_payment_as_it_was(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url)
    razorpay.paid()
    simulator.flush()

    shown = {r.parsed["event"]: r.parsed["payload"]["payment"]["entity"] for r in merchant.received}
    authorized, captured = shown["payment.authorized"], shown["payment.captured"]
    assert (authorized["status"], authorized["captured"], authorized["fee"]) == ("authorized", False, None)
    assert (captured["status"], captured["captured"], captured["fee"]) == ("captured", True, 11777)
    assert captured["card"]["last4"] == "1111"


def test_one_event_has_one_id_at_every_address_and_each_address_its_secret(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    with running_merchant() as second:
        razorpay.listen(merchant.url)
        razorpay.listen(second.url, secret="another secret", events=["order.paid"])
        razorpay.paid()
        simulator.flush()

        assert kinds(second) == ["order.paid"]
        assert is_genuine(second.received[0], "another secret")
        ids = {r.parsed["event"]: r.headers["x-razorpay-event-id"] for r in merchant.received}
        assert second.received[0].headers["x-razorpay-event-id"] == ids["order.paid"]


def test_webhooks_are_of_one_account(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    simulator.control("POST", "/accounts", {"key_id": "rzp_test_other", "key_secret": "s"})
    razorpay.listen(merchant.url, key_id="rzp_test_other")
    razorpay.paid()
    simulator.paid_order()
    simulator.flush()

    assert merchant.received == []


def test_cashfrees_addresses_hear_nothing_of_razorpay(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    simulator.control("POST", "/endpoints", {"url": merchant.url})
    razorpay.paid()
    simulator.flush()

    assert merchant.received == []


def test_a_merchant_registers_webhooks_by_the_api(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    body = {"url": merchant.url, "secret": "own secret", "events": {"order.paid": True}}

    made = razorpay.call("POST", "/webhooks", json=body).json()
    razorpay.paid()
    simulator.flush()
    razorpay.call("PUT", f"/webhooks/{made['id']}", json={"events": ["refund.processed"]})
    razorpay.paid()
    simulator.flush()

    assert "secret" not in made
    assert razorpay.get("/webhooks")["items"][0]["id"] == made["id"]
    assert razorpay.call("DELETE", f"/webhooks/{made['id']}").status_code == 400
    assert kinds(merchant) == ["order.paid"]
    assert is_genuine(merchant.received[0], "own secret")


@pytest.mark.parametrize(("status", "attempts"), [(200, 1), (204, 1), (302, 2), (400, 2), (500, 2)])
def test_any_2xx_is_an_answer_and_nothing_else(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant, status: int, attempts: int
) -> None:
    merchant.status = status
    razorpay.listen(merchant.url, events=["order.paid"])
    razorpay.paid()
    simulator.advance(2)
    simulator.flush()

    assert len(merchant.received) == attempts


def test_a_silent_merchant_is_asked_sixteen_times_in_a_day_and_then_switched_off(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    merchant.status = 503
    endpoint = razorpay.listen(merchant.url, events=["order.paid"])
    razorpay.paid()
    simulator.flush()

    simulator.advance(DAY - 1800)
    simulator.flush()
    tries = len(merchant.received)
    still_on = simulator.control("GET", "/endpoints")["endpoints"][0]["active"]
    simulator.advance(3600)
    razorpay.paid()
    simulator.flush()

    assert (tries, still_on) == (16, True)
    assert len({(r.body, r.headers["x-razorpay-event-id"]) for r in merchant.received}) == 1
    assert len({r.headers["x-razorpay-signature"] for r in merchant.received}) == 1
    assert len(merchant.received) == 16
    assert simulator.control("GET", "/endpoints")["endpoints"][0]["active"] is False
    merchant.status = 200
    simulator.control("POST", f"/endpoints/{endpoint['id']}", {"active": True})
    razorpay.paid()
    simulator.flush()
    assert len(merchant.received) == 17


def test_a_day_passes_in_seconds_on_a_fast_clock(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    merchant.status = 500
    razorpay.listen(merchant.url, events=["order.paid"])
    razorpay.paid()

    simulator.control("POST", "/clock", {"rate": DAY})
    until(lambda: not simulator.control("GET", "/endpoints")["endpoints"][0]["active"], seconds=20)

    assert len(merchant.received) == 16
    assert simulator.control("POST", "/clock", {"rate": 1})["offset_seconds"] > DAY - 60


def test_a_failure_waits_longer_for_its_second_attempt(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    merchant.status = 500
    razorpay.listen(merchant.url, events=["payment.failed"])
    razorpay.pay(razorpay.order(), outcome="FAILED")
    simulator.flush()
    simulator.advance(5)
    simulator.flush()
    after_five = len(merchant.received)
    simulator.advance(4)
    simulator.flush()

    assert (after_five, len(merchant.received)) == (1, 2)


def test_the_gaps_grow_with_the_attempts(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    merchant.status = 500
    razorpay.listen(merchant.url, events=["order.paid"])
    razorpay.paid()
    simulator.flush()
    counts = []
    for seconds in (1, 6, 14, 21, 44):
        simulator.advance(seconds)
        simulator.flush()
        counts.append(len(merchant.received))

    assert counts == [2, 3, 4, 5, 6]


def test_an_old_event_keeps_its_old_secret(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    merchant.status = 500
    endpoint = razorpay.listen(merchant.url, events=["order.paid"])
    razorpay.paid()
    simulator.flush()
    simulator.control("POST", f"/endpoints/{endpoint['id']}", {"secret": "new secret"})
    merchant.status = 200
    simulator.advance(60)
    simulator.flush()
    razorpay.paid()
    simulator.flush()

    old, new = merchant.received[-2:]
    assert is_genuine(old)
    assert is_genuine(new, "new secret")


def test_a_merchant_who_is_too_slow_is_asked_again(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    simulator.control("POST", "/webhooks/patience", {"seconds": 0.2})
    razorpay.listen(merchant.url, events=["order.paid"])
    merchant.may_answer.clear()
    razorpay.paid()
    simulator.flush()
    first = len(merchant.received)

    merchant.may_answer.set()
    simulator.advance(10)
    simulator.flush()

    (delivery,) = simulator.control("GET", "/events")["events"][-1]["deliveries"]
    assert first >= 1
    assert delivery["log"][0]["answer"] == "ReadTimeout"
    assert (delivery["state"], delivery["log"][-1]["answer"]) == ("delivered", "200")
    assert len({received.body for received in merchant.received}) == 1


def test_an_event_may_be_replayed(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url, events=["order.paid"])
    razorpay.paid()
    simulator.flush()
    event = simulator.control("GET", "/events")["events"][-1]

    simulator.control("POST", f"/events/{event['id']}/resend")
    simulator.flush()

    first, again = merchant.received
    assert first.body == again.body
    assert first.headers["x-razorpay-event-id"] == again.headers["x-razorpay-event-id"] == event["id"]


def test_refunds_and_failures_are_told(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url)
    _, payment = razorpay.paid()
    razorpay.refund(payment, amount=100)
    razorpay.pay(razorpay.order(), outcome="FAILED")
    simulator.flush()

    told = {r.parsed["event"]: r.parsed for r in merchant.received}
    assert razorpay.events()[3:] == ["refund.created", "refund.processed", "payment.failed"]
    assert told["refund.created"]["contains"] == ["refund", "payment"]
    assert told["refund.created"]["payload"]["refund"]["entity"]["status"] == "pending"
    assert told["refund.processed"]["payload"]["payment"]["entity"]["amount_refunded"] == 100
    assert told["payment.failed"]["payload"]["payment"]["entity"]["error_reason"] == "payment_failed"


def test_webhook_faults_can_drop_double_delay_and_forge(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url, events=["order.paid"])

    def received_with(fault: str, **settings: Any) -> list[Received]:
        merchant.received.clear()
        simulator.fault(fault, gateway="razorpay", **settings)
        razorpay.paid()
        simulator.flush()
        simulator.control("DELETE", "/faults")
        return list(merchant.received)

    assert received_with("drop_webhooks") == []
    one, two = received_with("duplicate_webhooks")
    assert (one.body, one.headers["x-razorpay-event-id"]) == (two.body, two.headers["x-razorpay-event-id"])
    assert received_with("redirect_before_webhook", seconds=600) == []
    simulator.advance(601)
    simulator.flush()
    assert len(merchant.received) == 1
    (forged,) = received_with("wrong_signature", count=1)
    assert not is_genuine(forged)
    assert received_with("hold_webhooks") == []
    simulator.control("POST", "/webhooks/release")
    simulator.flush()
    assert kinds(merchant) == ["order.paid"]


def test_a_webhook_may_come_after_its_successor(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url, events=["payment.captured", "order.paid"])
    simulator.fault("reorder_webhooks", count=1)
    razorpay.paid()
    simulator.flush()

    assert kinds(merchant) == ["order.paid", "payment.captured"]


def test_bodies_may_be_written_in_unusual_but_genuine_ways(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url, events=["order.paid"])
    for fault in ("reordered_keys", "extra_fields", "utf8_bodies"):
        simulator.fault(fault)
        razorpay.paid(notes={"name": "Zoë"})
        simulator.flush()
        simulator.control("DELETE", "/faults")

    reordered, extra, written = merchant.received
    assert all(is_genuine(received) for received in merchant.received)
    assert next(iter(reordered.parsed)) == "payload"
    assert "of_tomorrow" in extra.parsed
    assert "Zoë".encode() in written.body
    assert b"Zo\\u00eb" in extra.body


def test_events_nobody_asked_for_are_genuine_too(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url, events=["order.paid"])
    body = '{"entity":"event", "event":"order.paid"}'

    simulator.control("POST", "/events/unknown", {"gateway": "razorpay"})
    simulator.flush()
    simulator.control("POST", "/events/foreign", {})
    simulator.flush()
    simulator.control("POST", "/events/raw", {"gateway": "razorpay", "body": body})
    simulator.flush()

    unknown, foreign, raw = merchant.received
    assert all(is_genuine(received) for received in merchant.received)
    assert unknown.parsed["event"] == "thing.of_tomorrow"
    strange = foreign.parsed["payload"]["order"]["entity"]["id"]
    assert razorpay.call("GET", f"/orders/{strange}", auth=KEYS).status_code == 400
    assert raw.body == body.encode()
