"""Razorpay's refunds: amounts, idempotency, results, and what is refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from tests.simulator.razorpay_merchant import RazorpayMerchant
from tests.simulator.running_simulator import RunningSimulator, until

KEY = "refund-of-order-1"


def description(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["description"]


def test_a_refund_without_an_amount_returns_everything(razorpay: RazorpayMerchant) -> None:
    order, payment = razorpay.paid()

    refund = razorpay.refund(payment, receipt="R1", notes={"why": "test"}).json()
    after = razorpay.get(f"/payments/{payment['id']}")

    assert refund["id"].startswith("rfnd_")
    assert (refund["amount"], refund["receipt"], refund["notes"]) == (499000, "R1", {"why": "test"})
    assert (refund["status"], refund["speed_requested"], refund["speed_processed"]) == (
        "processed",
        "normal",
        "normal",
    )
    assert refund["acquirer_data"]["arn"]
    assert (after["status"], after["refund_status"], after["amount_refunded"]) == (
        "refunded",
        "full",
        499000,
    )
    assert after["captured"] is True
    assert razorpay.get(f"/orders/{order['id']}")["status"] == "paid"


def test_parts_may_be_returned_up_to_the_whole(razorpay: RazorpayMerchant) -> None:
    _, payment = razorpay.paid()

    first = razorpay.refund(payment, amount=100000)
    between = razorpay.get(f"/payments/{payment['id']}")
    too_much = razorpay.refund(payment, amount=399001)
    rest = razorpay.refund(payment)
    nothing_left = razorpay.refund(payment, amount=100)

    assert (between["status"], between["refund_status"]) == ("captured", "partial")
    assert description(too_much) == (400, "The refund amount provided is greater than amount captured")
    assert rest.json()["amount"] == 399000
    assert description(nothing_left) == (400, "The payment has been fully refunded already")
    listed = razorpay.get(f"/payments/{payment['id']}/refunds")
    assert [r["id"] for r in listed["items"]] == [rest.json()["id"], first.json()["id"]]
    assert razorpay.get(f"/payments/{payment['id']}/refunds/{first.json()['id']}") == first.json()
    assert razorpay.get(f"/refunds/{first.json()['id']}") == first.json()
    assert razorpay.get("/refunds")["count"] == 2


@pytest.mark.parametrize("outcome", ["AUTHORIZED", "FAILED", "PENDING"])
def test_only_captured_money_is_returned(razorpay: RazorpayMerchant, outcome: str) -> None:
    payment_id = razorpay.pay(razorpay.order(), outcome=outcome)["payment_id"]

    reply = razorpay.refund({"id": payment_id})

    assert description(reply) == (400, "The payment status should be captured for action to be taken")


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"amount": 0}, "at least INR 1.00"),
        ({"amount": 1.5}, "must be an integer"),
        ({"speed": "warp"}, "normal or optimum"),
        ({"surprise": 1}, "should not be sent"),
    ],
)
def test_a_wrong_refund_is_refused(razorpay: RazorpayMerchant, fields: dict[str, Any], part: str) -> None:
    _, payment = razorpay.paid()

    status, words = description(razorpay.refund(payment, **fields))

    assert status == 400
    assert part in words
    assert razorpay.get("/refunds")["count"] == 0


def test_a_payment_of_half_a_year_ago_is_not_returned(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    _, payment = razorpay.paid()
    simulator.advance(184 * 24 * 3600)

    assert "more than 6 months old" in description(razorpay.refund(payment))[1]


def test_an_account_without_balance_cannot_refund(razorpay: RazorpayMerchant) -> None:
    _, payment = razorpay.paid()
    razorpay.switch(balance_paise=1000)

    refused = razorpay.refund(payment, amount=1001)
    accepted = razorpay.refund(payment, amount=1000)
    empty = razorpay.refund(payment, amount=100)

    assert "not have enough balance" in description(refused)[1]
    assert accepted.status_code == 200
    assert "not have enough balance" in description(empty)[1]


def test_a_repeated_key_repeats_the_reply_and_returns_once(razorpay: RazorpayMerchant) -> None:
    _, payment = razorpay.paid()

    replies = [razorpay.refund(payment, KEY, amount=100) for _ in range(3)]

    assert len({reply.text for reply in replies}) == 1
    assert razorpay.get(f"/payments/{payment['id']}")["amount_refunded"] == 100


def test_a_key_is_good_for_one_body_and_one_payment(razorpay: RazorpayMerchant) -> None:
    (_, one), (_, two) = razorpay.paid(), razorpay.paid()
    razorpay.refund(one, KEY, amount=100)

    other_body, other_payment = razorpay.refund(one, KEY, amount=200), razorpay.refund(two, KEY, amount=100)

    words = "Different request with the same idempotency key has already been processed."
    assert description(other_body) == (409, words)
    assert description(other_payment) == (409, words)
    assert razorpay.get("/refunds")["count"] == 1


@pytest.mark.parametrize("key", ["short", "with spaces in it", "ten%chars!"])
def test_a_key_has_a_form(razorpay: RazorpayMerchant, key: str) -> None:
    _, payment = razorpay.paid()

    assert razorpay.refund(payment, key, amount=100).status_code == 400
    assert razorpay.get("/refunds")["count"] == 0


def test_a_lost_reply_is_repeated_under_its_key(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    _, payment = razorpay.paid()
    simulator.fault("drop_connection_after_effect", count=1, operation="refund")

    with pytest.raises(requests.ConnectionError):
        razorpay.refund(payment, KEY, amount=100)
    retry = razorpay.refund(payment, KEY, amount=100)

    assert retry.status_code == 200
    assert razorpay.get("/refunds")["count"] == 1


def test_a_second_call_under_a_running_key_is_turned_away(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    _, payment = razorpay.paid()
    simulator.fault("slow", count=1, operation="refund", seconds=2)
    first: list[requests.Response] = []
    running = threading.Thread(target=lambda: first.append(razorpay.refund(payment, KEY, amount=100)))

    running.start()
    until(lambda: not simulator.control("GET", "/faults")["faults"])
    second = razorpay.refund(payment, KEY, amount=100)
    running.join()

    assert description(second) == (
        409,
        "Another request with the same idempotency key is still in progress.",
    )
    assert first[0].status_code == 200


@pytest.mark.parametrize(
    ("switch", "told", "last"),
    [
        ("late", ["refund.created", "refund.processed"], "processed"),
        ("failed", ["refund.created", "refund.failed"], "failed"),
        ("pending", ["refund.created"], "pending"),
    ],
)
def test_a_refund_may_take_its_time(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, switch: str, told: list[str], last: str
) -> None:
    razorpay.switch(refund_result=switch)
    _, payment = razorpay.paid()

    refund = razorpay.refund(payment).json()
    simulator.advance(3)

    assert refund["status"] == "pending"
    assert razorpay.get(f"/refunds/{refund['id']}")["status"] == last
    assert [event for event in razorpay.events() if event.startswith("refund")] == told


def test_a_failed_refund_puts_its_amount_back(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    razorpay.switch(refund_result="pending")
    _, payment = razorpay.paid()
    refund = razorpay.refund(payment).json()

    simulator.control("POST", f"/refunds/{refund['id']}/settle", {"outcome": "FAILED"})

    after = razorpay.get(f"/payments/{payment['id']}")
    assert (after["status"], after["amount_refunded"], after["refund_status"]) == ("captured", 0, None)


@pytest.mark.parametrize(("instant", "processed"), [(True, "instant"), (False, "normal")])
def test_an_optimum_refund_is_instant_where_it_can_be(
    razorpay: RazorpayMerchant, instant: bool, processed: str
) -> None:
    razorpay.switch(instant_refunds=instant)
    _, payment = razorpay.paid()

    refund = razorpay.refund(payment, speed="optimum").json()

    assert (refund["speed_requested"], refund["speed_processed"]) == ("optimum", processed)
    assert ("refund.speed_changed" in razorpay.events()) is not instant
