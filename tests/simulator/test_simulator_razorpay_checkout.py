"""Razorpay's checkout pages without a browser: options in, forms to the merchant out."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
import requests

from tests.simulator.razorpay_merchant import (
    CALLBACK,
    KEYS,
    RazorpayMerchant,
    RazorpayPayer,
    posted,
    signature,
    told,
)
from tests.simulator.running_simulator import Merchant, RunningSimulator


@pytest.fixture
def order(razorpay: RazorpayMerchant) -> dict[str, Any]:
    return dict(razorpay.order())


@pytest.fixture
def payer(razorpay: RazorpayMerchant, order: dict[str, Any]) -> RazorpayPayer:
    return RazorpayPayer(razorpay, order)


def outcome(razorpay: RazorpayMerchant, order: dict[str, Any]) -> tuple[str, list[str]]:
    statuses = [payment["status"] for payment in razorpay.attempts(order)]
    return razorpay.get(f"/orders/{order['id']}")["status"], statuses


PAID, FAILED = ("paid", ["captured"]), ("attempted", ["failed"])


def test_the_page_shows_the_orders_amount_whatever_the_browser_says(razorpay: RazorpayMerchant) -> None:
    order = razorpay.order(amount=12345600)

    page = RazorpayPayer(razorpay, order, amount=100, name="<b>Shop</b>", description="Annual Plan").first

    assert "₹1,23,456.00" in page.text
    assert "Annual Plan" in page.text
    assert "<b>Shop" not in page.text
    for label in ("Card number", "Expiry", "CVV", "Name on card", "UPI ID"):
        assert f">{label}</label>" in page.text
    assert 'value="4111 1111 1111 1111"' in page.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": "rzp_live_other"}, "Authentication failed"),
        ({"order_id": "order_00000000000000"}, "The id provided does not exist"),
        ({"order_id": None}, "The order_id field is required."),
        ({"description": "é" * 128}, "The description may not be greater than 255."),
        ({"subscription_id": "sub_1"}, "The requested URL was not found on the server."),
    ],
)
def test_a_checkout_that_cannot_open_says_why(
    razorpay: RazorpayMerchant, order: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    page = RazorpayPayer(razorpay, order, **changes).first

    assert page.status_code == 400
    assert words in page.text


@pytest.mark.parametrize(
    ("number", "otp", "expected"),
    [
        ("4111 1111 1111 1111", "111000", PAID),
        ("4111 1111 1111 1111", "1234", PAID),
        ("4111 1111 1111 1111", "000000", FAILED),
        ("4111 1111 1111 1111", "", FAILED),
        ("5267 3181 8797 5449", "1234", PAID),
        ("1111 1111 1111 1111", "1234", PAID),
        ("4000 0000 0000 0002", "1234", FAILED),
    ],
)
def test_card_and_otp_decide(
    razorpay: RazorpayMerchant,
    order: dict[str, Any],
    payer: RazorpayPayer,
    number: str,
    otp: str,
    expected: tuple[str, list[str]],
) -> None:
    payer.answer(payer.choose(card_number=number), "submit_otp", otp=otp)

    assert outcome(razorpay, order) == expected


def test_a_rupay_card_is_known(
    razorpay: RazorpayMerchant, order: dict[str, Any], payer: RazorpayPayer
) -> None:
    payer.pay(card_number="6527 6589 0000 1005")

    (payment,) = razorpay.attempts(order)
    assert razorpay.get(f"/payments/{payment['id']}/card")["network"] == "RuPay"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("4000 0000 0000 0002", "card_declined"),
        ("4100 2800 0008 0001", "insufficient_funds"),
        ("4100 2800 0002 0007", "gateway_technical_error"),
        ("4111 1111 1111 1111", "payment_failed"),
    ],
)
def test_a_failing_card_has_its_reason(
    razorpay: RazorpayMerchant, order: dict[str, Any], payer: RazorpayPayer, number: str, reason: str
) -> None:
    payer.pay(intent="failure", card_number=number)

    assert razorpay.attempts(order)[0]["error_reason"] == reason


@pytest.mark.parametrize("intent", ["success", "vanish", "duplicate", "late", "failure"])
def test_the_card_that_is_always_declined_is_declined_by_every_button(
    razorpay: RazorpayMerchant, order: dict[str, Any], payer: RazorpayPayer, intent: str
) -> None:
    payer.pay(intent=intent, card_number="4000 0000 0000 0002")
    razorpay.simulator.advance(3600)

    assert outcome(razorpay, order) == FAILED
    assert razorpay.attempts(order)[0]["error_reason"] == "card_declined"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("success@razorpay", PAID),
        ("anyone@upi", PAID),
        ("failure@razorpay", FAILED),
        ("no-at-sign", ("created", [])),
    ],
)
def test_the_upi_address_decides(
    razorpay: RazorpayMerchant,
    order: dict[str, Any],
    payer: RazorpayPayer,
    address: str,
    expected: tuple[str, list[str]],
) -> None:
    page = payer.choose("upi", upi_id=address)

    assert outcome(razorpay, order) == expected
    assert ("Invalid UPI ID" in page.text) is (expected[1] == [])


@pytest.mark.parametrize("method", ["card", "netbanking", "wallet"])
@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        ("success", PAID),
        ("failure", FAILED),
        ("stay_pending", ("attempted", ["created"])),
        ("duplicate", ("paid", ["captured", "refunded"])),
    ],
)
def test_the_banks_page_has_a_button_for_every_result(
    razorpay: RazorpayMerchant,
    order: dict[str, Any],
    payer: RazorpayPayer,
    method: str,
    intent: str,
    expected: tuple[str, list[str]],
) -> None:
    payer.pay(method, intent)

    assert outcome(razorpay, order) == expected


def test_a_payer_who_vanishes_has_paid_but_tells_nobody(
    razorpay: RazorpayMerchant, order: dict[str, Any], payer: RazorpayPayer
) -> None:
    page = payer.pay(intent="vanish")

    assert outcome(razorpay, order) == PAID
    assert "razorpay_signature" not in page.text
    assert razorpay.events()[-1] == "order.paid"


def test_a_late_authorisation_fails_now_and_pays_later(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, order: dict[str, Any], payer: RazorpayPayer
) -> None:
    payer.pay(intent="late")
    now = outcome(razorpay, order)
    simulator.advance(901)

    assert now == FAILED
    assert outcome(razorpay, order) == PAID


def test_success_is_posted_to_the_callback_with_its_signature(
    order: dict[str, Any], payer: RazorpayPayer
) -> None:
    action, fields = posted(payer.pay())

    message = f"{order['id']}|{fields['razorpay_payment_id']}".encode()
    assert action == CALLBACK
    assert set(fields) == {"razorpay_payment_id", "razorpay_order_id", "razorpay_signature"}
    assert fields["razorpay_order_id"] == order["id"]
    assert fields["razorpay_signature"] == signature("simulator_secret", message)


def test_failure_is_posted_as_error_fields_with_json_inside(
    razorpay: RazorpayMerchant, order: dict[str, Any], payer: RazorpayPayer
) -> None:
    action, fields = posted(payer.pay(intent="failure"))

    assert action == CALLBACK
    assert fields["error[code]"] == "BAD_REQUEST_ERROR"
    assert fields["error[reason]"] == "payment_failed"
    assert json.loads(fields["error[metadata]"]) == {
        "payment_id": razorpay.attempts(order)[0]["id"],
        "order_id": order["id"],
    }


def test_in_a_frame_a_failure_is_told_and_the_next_try_has_a_new_id(
    razorpay: RazorpayMerchant, order: dict[str, Any]
) -> None:
    payer = RazorpayPayer(razorpay, order, flow="frame")

    failed = payer.choose("upi", upi_id="failure@razorpay")
    paid = payer.choose("upi", upi_id="success@razorpay")

    event, payload = told(failed)
    assert event == "payment.failed"
    assert payload["error"]["metadata"]["order_id"] == order["id"]
    assert "Try again" in failed.text
    event, payload = told(paid)
    assert (event, payload["razorpay_order_id"]) == ("success", order["id"])
    assert payload["razorpay_payment_id"] == razorpay.attempts(order)[1]["id"]
    assert outcome(razorpay, order) == ("paid", ["failed", "captured"])


def test_a_paid_order_does_not_open_again(
    razorpay: RazorpayMerchant, order: dict[str, Any], payer: RazorpayPayer
) -> None:
    razorpay.pay(order)

    again = RazorpayPayer(razorpay, order).first
    open_elsewhere = payer.choose()

    assert "already paid" in again.text
    assert "already paid" in open_elsewhere.text
    assert outcome(razorpay, order) == PAID


def test_a_finished_attempt_answers_its_result_again(
    razorpay: RazorpayMerchant, order: dict[str, Any], payer: RazorpayPayer
) -> None:
    bank = payer.choose()
    first = payer.answer(bank, "success")
    again = payer.answer(bank, "failure")

    assert posted(first) == posted(again)
    assert outcome(razorpay, order) == PAID


def test_a_scanned_code_goes_on_when_the_phone_approves(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, order: dict[str, Any], payer: RazorpayPayer
) -> None:
    waiting = payer.choose("upi", upi_flow="intent")
    phone = re.search(r'href="(/upi/\w+)"', waiting.text)
    assert phone is not None
    assert "upi://pay?" in html.unescape(waiting.text)
    assert 'http-equiv="refresh"' in waiting.text

    requests.post(simulator.origin + phone[1], data={"intent": "approve"}, timeout=10)
    finished = requests.get(waiting.url, timeout=10)

    assert posted(finished)[1]["razorpay_order_id"] == order["id"]
    assert outcome(razorpay, order) == PAID


def test_options_prefill_lock_and_hide(razorpay: RazorpayMerchant, order: dict[str, Any]) -> None:
    payer = RazorpayPayer(
        razorpay,
        order,
        prefill={"name": "Asha", "email": "asha@shop.example", "contact": "+919876543210", "method": "upi"},
        readonly={"email": True},
        theme={"color": "#116644"},
        notes={"ref": "7"},
        config={"display": {"hide": [{"method": "wallet"}, {"method": "upi", "flows": ["collect"]}]}},
    )
    refused = payer.choose("wallet")
    payer.pay("netbanking", email="asha@shop.example", contact="+919876543210")

    (payment,) = razorpay.attempts(order)
    assert (refused.status_code, "not offered" in refused.text) == (400, True)
    page = payer.first.text
    assert re.search(r'id="method-upi"[^>]* checked', page)
    assert 'id="method-wallet"' not in page
    assert 'id="upi-id"' not in page
    assert re.search(r'value="asha@shop.example"[^>]* readonly', page)
    assert "--accent: #116644" in page
    assert (payment["notes"], payment["email"]) == ({"ref": "7"}, "asha@shop.example")


def test_a_form_opens_the_hosted_checkout_and_cancelling_goes_to_its_address(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, order: dict[str, Any]
) -> None:
    form = {
        "key_id": KEYS[0],
        "order_id": order["id"],
        "name": "Shop",
        "prefill[contact]": "+919876543210",
        "notes[ref]": "7",
        "callback_url": CALLBACK,
        "cancel_url": "http://shop.example/cancelled",
    }

    page = requests.post(f"{simulator.origin}/v1/checkout/embedded", data=form, timeout=10)
    cancelled = requests.get(f"{page.url}/close", allow_redirects=False, timeout=10)
    filled = {"method": "upi", "upi_id": "success@razorpay"}
    paid = requests.post(f"{page.url}/pay", data=filled, timeout=10)

    assert cancelled.headers["location"] == "http://shop.example/cancelled"
    assert posted(paid)[0] == CALLBACK
    assert razorpay.attempts(order)[0]["notes"] == {"ref": "7"}


def test_the_webhook_can_arrive_before_the_browser_or_after_it(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url)
    simulator.fault("webhook_before_redirect", count=1)
    RazorpayPayer(razorpay, razorpay.order()).pay()
    before = len(merchant.received)

    simulator.fault("redirect_before_webhook", seconds=3600)
    RazorpayPayer(razorpay, razorpay.order()).pay()
    simulator.flush()

    assert before == 3
    assert len(merchant.received) == 3
    simulator.advance(3601)
    simulator.flush()
    assert len(merchant.received) == 6
