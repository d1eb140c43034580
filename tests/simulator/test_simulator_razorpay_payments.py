"""Razorpay's payments: entities by method, capture, late authorisation, surplus, UPI links."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from simulator.razorpay_accounts import checkout_signature
from simulator.razorpay_records import RazorpayAccount
from tests.simulator.razorpay_merchant import RazorpayMerchant, signature
from tests.simulator.running_simulator import RunningSimulator

THREE_DAYS = 3 * 24 * 3600


def description(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["description"]


@pytest.mark.parametrize(
    ("method", "own", "acquirer"),
    [
        ("card", {"bank": None, "wallet": None, "vpa": None}, {"auth_code"}),
        ("netbanking", {"bank": "HDFC", "card_id": None}, {"bank_transaction_id"}),
        ("wallet", {"wallet": "paytm", "card_id": None}, {"transaction_id"}),
        ("upi", {"vpa": "success@razorpay", "card_id": None}, {"rrn", "upi_transaction_id"}),
    ],
)
def test_each_method_fills_its_own_members(
    razorpay: RazorpayMerchant, method: str, own: dict[str, Any], acquirer: set[str]
) -> None:
    order = razorpay.order()

    payment = razorpay.get(f"/payments/{razorpay.pay(order, method=method)['payment_id']}")

    assert payment["method"] == method
    assert {name: payment[name] for name in own} == own
    assert set(payment["acquirer_data"]) == acquirer
    assert ("upi" in payment) is (method == "upi")
    assert payment["email"] == "void@razorpay.com"


def test_a_captured_payment_pays_its_order_and_costs_a_fee(razorpay: RazorpayMerchant) -> None:
    order, payment = razorpay.paid(amount=150000)

    assert (order["status"], order["amount_paid"], order["amount_due"]) == ("paid", 150000, 0)
    assert (payment["status"], payment["captured"]) == ("captured", True)
    assert (payment["fee"], payment["tax"]) == (3540, 540)


def test_a_payments_card_is_shown_when_asked_for(razorpay: RazorpayMerchant) -> None:
    _, payment = razorpay.paid()

    expanded = razorpay.get(f"/payments/{payment['id']}", **{"expand[]": "card"})

    assert "card" not in payment
    assert expanded["card"] == razorpay.get(f"/payments/{payment['id']}/card")
    assert expanded["card"]["network"] == "Visa"


def test_a_failed_attempt_leaves_the_order_attempted_and_says_why(razorpay: RazorpayMerchant) -> None:
    order = razorpay.order()

    payment = razorpay.get(f"/payments/{razorpay.pay(order, outcome='FAILED')['payment_id']}")

    assert razorpay.get(f"/orders/{order['id']}")["status"] == "attempted"
    assert (payment["status"], payment["fee"], payment["tax"]) == ("failed", None, None)
    assert (payment["error_code"], payment["error_reason"]) == ("BAD_REQUEST_ERROR", "payment_failed")


def test_a_paid_order_takes_no_further_payment(razorpay: RazorpayMerchant) -> None:
    order, _ = razorpay.paid()
    waiting = razorpay.order()
    razorpay.pay(waiting, outcome="AUTHORIZED")

    for refusing in (order, waiting):
        path = f"{razorpay.simulator.origin}/control/orders/{refusing['id']}/pay"
        reply = requests.post(path, json={}, timeout=10)
        assert (reply.status_code, reply.json()["error"]["reason"]) == (400, "order_already_paid")


def test_a_browser_carries_a_signature_over_order_and_payment(razorpay: RazorpayMerchant) -> None:
    carried = razorpay.pay(razorpay.order())

    message = f"{carried['razorpay_order_id']}|{carried['razorpay_payment_id']}"
    assert carried["razorpay_signature"] == signature("simulator_secret", message.encode())


def test_the_published_signature_vectors_hold() -> None:
    cases = [
        (
            "key_secret",
            "fake_order_id|fake_payment_id",
            # pragma: allowlist nextline secret - a published signature
            "b2335e3b0801106b84a7faff035df56ecffde06918c9ddd1f0fafbb37a51cc89",
        ),
        (
            "EnLs21M47BllR3X8PSFtjtbd",
            "pay_IDZNwZZFtnjyym|sub_ID6MOhgkcoHj9I",
            # pragma: allowlist nextline secret - a published signature
            "601f383334975c714c91a7d97dd723eb56520318355863dcf3821c0d07a17693",
        ),
    ]
    for secret, message, expected in cases:
        account = RazorpayAccount("rzp_test_x", secret, "", "acc_x")
        assert checkout_signature(account, *message.split("|")) == expected


# Capture


@pytest.mark.parametrize(
    "how",
    [
        {"payment": {"capture": "manual"}},
        {"payment_capture": 0},
        {"payment_capture": "false"},
    ],
)
def test_an_order_may_ask_for_capture_by_hand(razorpay: RazorpayMerchant, how: dict[str, Any]) -> None:
    order = razorpay.order(**how)

    assert razorpay.pay(order)["status"] == "authorized"
    assert razorpay.get(f"/orders/{order['id']}")["status"] == "attempted"
    assert razorpay.get("/orders", authorized=1)["count"] == 1


def test_capture_wants_the_authorised_amount_once(razorpay: RazorpayMerchant) -> None:
    razorpay.switch(capture="manual")
    order = razorpay.order()
    path = f"/payments/{razorpay.pay(order)['payment_id']}/capture"

    less = razorpay.call("POST", path, json={"amount": 498900, "currency": "INR"})
    missing = razorpay.call("POST", path, json={"currency": "INR"})
    right = razorpay.call("POST", path, json={"amount": 499000, "currency": "INR"})
    again = razorpay.call("POST", path, json={"amount": 499000, "currency": "INR"})

    assert description(less) == (400, "Capture amount must be equal to the amount authorized")
    assert description(missing) == (400, "The amount field is required.")
    assert right.json()["status"] == "captured"
    assert description(again) == (400, "This payment has already been captured")


def test_a_failed_payment_cannot_be_captured(razorpay: RazorpayMerchant) -> None:
    failed = razorpay.pay(razorpay.order(), outcome="FAILED")["payment_id"]

    reply = razorpay.call("POST", f"/payments/{failed}/capture", json={"amount": 499000, "currency": "INR"})

    assert reply.status_code == 400


def test_capture_may_be_automatic_but_later(simulator: RunningSimulator, razorpay: RazorpayMerchant) -> None:
    razorpay.switch(capture_delay_seconds=120)
    order = razorpay.order()
    razorpay.pay(order)

    simulator.advance(100)
    before = razorpay.get(f"/orders/{order['id']}")["status"]
    simulator.advance(30)

    assert before == "attempted"
    assert razorpay.get(f"/orders/{order['id']}")["status"] == "paid"


@pytest.mark.parametrize(
    ("options", "window"),
    [
        (None, THREE_DAYS),
        ({"manual_expiry_period": 7200}, 7200 * 60),
    ],
)
def test_what_nobody_captures_goes_back(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, options: Any, window: int
) -> None:
    payment = {"capture": "manual"} | ({"capture_options": options} if options else {})
    order = razorpay.order(payment=payment)
    razorpay.pay(order)

    simulator.advance(window - 60)
    before = razorpay.attempts(order)[0]["status"]
    simulator.advance(120)
    (after,) = razorpay.attempts(order)

    assert before == "authorized"
    assert (after["status"], after["captured"], after["refund_status"]) == ("refunded", False, "full")
    (refund,) = simulator.control("GET", "/truth")["refunds"]
    assert (refund["type"], refund["status"]) == ("PAYMENT_AUTO_REFUND", "processed")


# Failure is not final


def test_an_attempt_without_an_answer_fails_after_ten_minutes(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    order = razorpay.order()
    razorpay.pay(order, outcome="PENDING")

    simulator.advance(590)
    before = razorpay.attempts(order)[0]["status"]
    simulator.advance(20)
    (after,) = razorpay.attempts(order)

    assert before == "created"
    assert (after["status"], after["error_reason"]) == ("failed", "payment_timed_out")


@pytest.mark.parametrize("way", ["outcome", "fault"])
def test_a_failed_payment_may_be_captured_later_under_its_own_id(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, way: str
) -> None:
    order = razorpay.order()
    if way == "fault":
        simulator.fault("late_success", count=1, seconds=3600)
        payment_id = razorpay.pay(order)["payment_id"]
    else:
        payment_id = razorpay.pay(order, outcome="LATE", seconds=3600)["payment_id"]
    assert razorpay.get(f"/payments/{payment_id}")["status"] == "failed"

    simulator.advance(3700)

    payment = razorpay.get(f"/payments/{payment_id}")
    assert (payment["status"], payment["error_code"]) == ("captured", None)
    assert razorpay.get(f"/orders/{order['id']}")["status"] == "paid"
    assert razorpay.events() == [
        "payment.failed",
        "payment.authorized",
        "payment.captured",
        "order.paid",
    ]


def test_a_late_payment_on_a_paid_order_goes_back_at_once(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    order = razorpay.order()
    late = razorpay.pay(order, outcome="LATE", seconds=60)["payment_id"]
    razorpay.pay(order)

    simulator.advance(61)

    assert [p["status"] for p in razorpay.attempts(order)] == ["refunded", "captured"]
    (refund,) = razorpay.get(f"/payments/{late}/refunds")["items"]
    assert (refund["amount"], refund["status"]) == (499000, "processed")
    assert razorpay.get(f"/orders/{order['id']}")["amount_paid"] == 499000


def test_a_payment_authorised_after_the_window_is_not_captured(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    order = razorpay.order()
    razorpay.pay(order, outcome="LATE", seconds=THREE_DAYS + 60)

    simulator.advance(THREE_DAYS + 120)

    assert razorpay.attempts(order)[0]["status"] == "refunded"
    assert razorpay.get(f"/orders/{order['id']}")["status"] == "attempted"


@pytest.mark.parametrize("way", ["outcome", "fault"])
def test_a_duplicate_attempt_is_returned(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, way: str
) -> None:
    order = razorpay.order()
    if way == "fault":
        simulator.fault("double_success", count=1)
        razorpay.pay(order)
    else:
        razorpay.pay(order, outcome="DUPLICATE")

    assert [p["status"] for p in razorpay.attempts(order)] == ["captured", "refunded"]
    assert razorpay.get(f"/orders/{order['id']}")["attempts"] == 2


# UPI by link


def upi_body(order: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "amount": order["amount"],
        "currency": "INR",
        "order_id": order["id"],
        "email": "p@shop.example",
        "contact": "+919876543210",
        "method": "upi",
        "upi": {"flow": "intent"},
    } | changes


@pytest.mark.parametrize(("button", "status"), [("approve", "paid"), ("decline", "attempted")])
def test_a_upi_link_is_bound_to_a_payment_and_the_phone_decides(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, button: str, status: str
) -> None:
    order = razorpay.order()
    started = razorpay.call("POST", "/payments/create/upi", json=upi_body(order)).json()
    members = {k: v[0] for k, v in parse_qs(urlsplit(started["link"]).query).items()}

    found = requests.get(f"{simulator.origin}/upi", params={"link": started["link"]}, timeout=10)
    requests.post(members["url"], data={"intent": button}, timeout=10)

    assert started["link"].startswith("upi://pay?pa=")
    assert members["tr"] == started["razorpay_payment_id"].removeprefix("pay_")
    assert (members["am"], members["cu"]) == ("4990.00", "INR")
    assert found.url == members["url"]
    assert razorpay.get(f"/orders/{order['id']}")["status"] == status
    assert razorpay.attempts(order)[0]["upi"]["flow"] == "intent"


def test_an_account_without_upi_links_does_not_know_the_address(razorpay: RazorpayMerchant) -> None:
    razorpay.switch(upi_intent=False)
    order = razorpay.order()

    reply = razorpay.call("POST", "/payments/create/upi", json=upi_body(order))

    assert description(reply) == (400, "The requested URL was not found on the server.")
    assert razorpay.attempts(order) == []


def test_a_upi_link_is_refused_for_another_amount_or_a_paid_order(razorpay: RazorpayMerchant) -> None:
    order = razorpay.order()
    paid, _ = razorpay.paid()

    other = razorpay.call("POST", "/payments/create/upi", json=upi_body(order, amount=100))
    late = razorpay.call("POST", "/payments/create/upi", json=upi_body(paid))

    assert (other.status_code, other.json()["error"]["reason"]) == (400, "order_amount_mismatch")
    assert (late.status_code, late.json()["error"]["reason"]) == (400, "order_already_paid")


@pytest.mark.parametrize(
    ("vpa", "status"), [("success@razorpay", "captured"), ("failure@razorpay", "failed")]
)
def test_a_collect_request_is_answered_a_moment_later(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, vpa: str, status: str
) -> None:
    order = razorpay.order()
    body = upi_body(order, upi={"flow": "collect", "vpa": vpa})

    razorpay.call("POST", "/payments/create/upi", json=body)
    simulator.advance(2)

    assert razorpay.attempts(order)[0]["status"] == status
