"""The second guide's test cards and UPI address, its error messages, its payment flow and its security measures."""

from __future__ import annotations

import hmac
import re

import pytest
import requests

from config import ROOT
from domain.errors import (
    GatewayError,
    GatewayRequestRejected,
    GatewayUnavailable,
    TooManyRequests,
    UnknownPlan,
)
from domain.gateway import CheckoutPage, Customer, OrderRef
from domain.orders import OrderStatus
from gateways.razorpay_errors import describe_attempt
from payment_handler import confirm_return, find_order, last_failure, start_checkout, sync_order, verify_again
from tests.second_guide.conftest import Shop
from tests.simulator.razorpay_merchant import KEYS, posted

# Testing: cards and the UPI address, typed into the checkout


@pytest.mark.parametrize(
    ("number", "network", "pays"),
    [
        ("4111 1111 1111 1111", "Visa", True),
        ("5267 3181 8797 5449", "MasterCard", True),
        ("4000 0000 0000 0002", None, False),
        # Not in the guide's table, but in its list of what is supported.
        ("6527 6589 0000 1005", "RuPay", True),
    ],
)
def test_guide_card_ends_as_the_table_says(shop: Shop, number: str, network: str | None, pays: bool) -> None:
    order = shop.order()

    shop.payer(order).pay(card_number=number)
    sync_order(shop.services, order.id)

    (payment,) = shop.razorpay.attempts({"id": order.gateway_order_id})
    if network is not None:
        assert shop.razorpay.get(f"/payments/{payment['id']}/card")["network"] == network
    assert shop.access().is_active is pays
    assert shop.rows("SELECT status FROM payments") == [("captured" if pays else "failed",)]


@pytest.mark.parametrize(("address", "pays"), [("success@razorpay", True), ("failure@razorpay", False)])
def test_guide_upi_address_ends_as_the_guide_says(shop: Shop, address: str, pays: bool) -> None:
    order = shop.order()

    shop.payer(order).choose("upi", upi_id=address)
    shop.razorpay.simulator.advance(5)
    sync_order(shop.services, order.id)

    assert shop.rows("SELECT method, status FROM payments") == [("upi", "captured" if pays else "failed")]
    assert shop.access().is_active is pays


@pytest.mark.parametrize("method", ["card", "netbanking", "upi", "wallet"])
def test_guide_method_that_is_supported_pays(shop: Shop, method: str) -> None:
    order = shop.order()

    shop.pay(order, method=method)
    sync_order(shop.services, order.id)

    assert shop.rows("SELECT method, status FROM payments") == [(method, "captured")]
    assert shop.access().is_active


# Error handling


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("BAD_REQUEST_ERROR", "Please check your payment details"),
        ("GATEWAY_ERROR", "Payment failed, please try again"),
        ("SERVER_ERROR", "Something went wrong, please retry"),
    ],
)
def test_guide_error_code_is_told_in_the_guides_words(code: str, message: str) -> None:
    assert describe_attempt(code, "a_reason_that_is_new").startswith(message)


def test_guide_error_of_an_order_that_is_refused_is_told_in_the_guides_words(shop: Shop) -> None:
    shop.razorpay.switch(max_amount_paise=1_000)

    with pytest.raises(GatewayRequestRejected) as caught:
        shop.order()

    assert caught.value.user_message.startswith("Please check your payment details")


def test_guide_error_of_the_gateways_server_names_the_service_and_says_that_nothing_was_charged(
    shop: Shop,
) -> None:
    shop.razorpay.simulator.fault("http_500")

    with pytest.raises(GatewayUnavailable) as caught:
        shop.order()

    assert caught.value.user_message.startswith("Razorpay temporarily unavailable")
    assert "nothing was charged" in caught.value.user_message


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("4100 2800 0008 0001", "The account did not hold enough money."),
        ("4100 2800 0002 0007", "Payment failed, please try again"),
        ("4000 0000 0000 0002", "Your bank declined the card."),
    ],
)
def test_guide_error_of_an_attempt_is_told_by_its_reason_or_else_by_its_code(
    shop: Shop, number: str, sentence: str
) -> None:
    order = shop.order()

    shop.payer(order).pay(intent="failure", card_number=number)
    sync_order(shop.services, order.id)

    failure = last_failure(shop.services, shop.user, order.id)
    assert failure is not None and sentence in str(failure)


# The payment flow


def test_guide_step_1_the_amount_is_the_plans_and_never_the_browsers(shop: Shop) -> None:
    for plan, amount in (("monthly", 49_900), ("annual", 499_000)):
        order = shop.order(plan)
        assert shop.razorpay.get(f"/orders/{order.gateway_order_id}")["amount"] == amount
    with pytest.raises(UnknownPlan):
        shop.order("free")


def test_guide_step_2_the_checkout_opens_over_the_orders_amount_whatever_the_page_says(shop: Shop) -> None:
    order = shop.order()
    page = CheckoutPage(
        order=OrderRef(order.id, order.gateway_order_id),
        payment_session_id=order.gateway_order_id or "",
        amount_paise=1,
        currency="INR",
        customer=Customer("CUST1", "Asha Rao", "asha@example.in", "9876543210"),
        business_name="Sector RS",
        description="Monthly Plan",
        callback_url="http://shop.example/callback",
        seconds_left=600,
    )

    options = shop.adapter.checkout_options(page)
    payer = shop.payer(order)

    assert (options["key"], options["order_id"]) == (KEYS[0], order.gateway_order_id)
    assert "₹499" in payer.first.text


def test_guide_step_3_the_signature_of_a_return_is_verified_against_the_stored_order(shop: Shop) -> None:
    order, other = shop.order(), OrderRef("ORDER0000000000OTHER", "order_Other000000001")
    page = shop.payer(order).pay()
    _, fields = posted(page)
    ref = OrderRef(order.id, order.gateway_order_id)

    assert shop.adapter.claimed_payment(ref, fields) == fields["razorpay_payment_id"]
    assert shop.adapter.claimed_payment(ref, fields | {"razorpay_signature": "0" * 64}) is None
    assert shop.adapter.claimed_payment(other, fields) is None
    # A claim is no money: access follows from what the gateway says of the order.
    assert not shop.access().is_active
    assert confirm_return(shop.services, shop.user, order.id).status is OrderStatus.PAID


def test_guide_signatures_are_compared_in_constant_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    real = hmac.compare_digest
    monkeypatch.setattr(
        "gateways.razorpay_signatures.hmac.compare_digest",
        lambda ours, theirs: compared.append(theirs) or real(ours, theirs),
    )
    form = {"razorpay_payment_id": "pay_00000000000001", "razorpay_signature": "0" * 64}

    shop.adapter.claimed_payment(OrderRef("ORDER1", "order_00000000000001"), form)

    assert compared == [b"0" * 64]


# Security measures: what is not under `test_limit_…` in tests/billing


def test_guide_security_ten_orders_an_hour(shop: Shop) -> None:
    for count in range(10):
        shop.order("monthly" if count % 2 else "annual")

    with pytest.raises(TooManyRequests):
        shop.order("annual")

    assert len(shop.razorpay.simulator.control("GET", "/truth?gateway=razorpay")["orders"]) == 10


def test_guide_security_three_verifications_of_one_order_a_minute(shop: Shop) -> None:
    order = shop.order()
    for _ in range(3):
        verify_again(shop.services, shop.user, order.id)

    with pytest.raises(TooManyRequests):
        verify_again(shop.services, shop.user, order.id)


@pytest.mark.parametrize("fault", ["drop_connection_after_effect", "truncated_json"])
def test_guide_security_one_receipt_is_one_charge_though_razorpay_takes_a_receipt_twice(
    shop: Shop, fault: str
) -> None:
    shop.razorpay.simulator.fault(fault, operation="create_order", count=1)

    order = shop.order()

    orders = shop.razorpay.simulator.control("GET", "/truth?gateway=razorpay")["orders"]
    assert [(row["receipt"], row["order_id"]) for row in orders] == [(order.id, order.gateway_order_id)]
    assert start_checkout(shop.services, shop.user, "monthly").id == order.id
    # The gateway itself would have opened another one.
    again = shop.razorpay.order(receipt=order.id, amount=49_900)
    assert again["id"] != find_order(shop.services, shop.user, order.id).gateway_order_id


def test_guide_security_where_razorpay_takes_a_receipt_once_a_lost_order_is_found_as_soon_as_it_is_listed(
    shop: Shop,
) -> None:
    shop.razorpay.switch(unique_receipts=True)
    shop.razorpay.simulator.fault("drop_connection_after_effect", operation="create_order", count=1)
    shop.razorpay.simulator.fault("list_lag", seconds=120)
    for _ in range(2):
        # First without an answer, then refused because it is there; neither time is it listed.
        with pytest.raises(GatewayError) as caught:
            shop.order()
        assert caught.value.retryable

    shop.razorpay.simulator.advance(200)
    order = shop.order()

    orders = shop.razorpay.simulator.control("GET", "/truth?gateway=razorpay")["orders"]
    assert [(row["receipt"], row["order_id"]) for row in orders] == [(order.id, order.gateway_order_id)]
    assert shop.rows("SELECT count(*) FROM orders") == [(1,)]


def test_guide_security_one_receipt_is_one_order_for_an_account_with_the_option_though_lists_lag(
    shop: Shop,
) -> None:
    shop = shop.with_unique_receipts()
    shop.razorpay.simulator.fault("drop_connection_after_effect", operation="create_order", count=1)
    shop.razorpay.simulator.fault("list_lag", seconds=120)
    with pytest.raises(GatewayError) as lost:
        shop.order()
    assert lost.value.retryable

    order = shop.order()

    orders = shop.razorpay.simulator.control("GET", "/truth?gateway=razorpay")["orders"]
    assert [(row["receipt"], row["order_id"]) for row in orders] == [(order.id, order.gateway_order_id)]


# UPI direct integration


def test_guide_upi_intent_is_a_link_to_one_payment_of_one_order(shop: Shop) -> None:
    order = shop.order()
    reply = shop.razorpay.call(
        "POST",
        "/payments/create/upi",
        json={
            "amount": 49_900,
            "currency": "INR",
            "order_id": order.gateway_order_id,
            "email": "asha@example.in",
            "contact": "+919876543210",
            "method": "upi",
            "upi": {"flow": "intent"},
        },
    )

    assert reply.status_code == 200, reply.text
    link = requests.utils.unquote(reply.json()["link"])
    assert link.startswith("upi://pay?")
    assert "am=499.00" in link


def test_guide_upi_code_is_scanned_and_the_phones_approval_opens_access(shop: Shop) -> None:
    order = shop.order()
    waiting = shop.payer(order).choose("upi", upi_flow="intent")
    phone = re.search(r'href="(/upi/\w+)"', waiting.text)
    assert phone is not None and "upi://pay?" in waiting.text

    before = sync_order(shop.services, order.id).status
    requests.post(
        f"{shop.razorpay.simulator.origin}{phone[1]}", data={"intent": "approve"}, timeout=10
    ).raise_for_status()

    assert before is OrderStatus.CREATED
    assert sync_order(shop.services, order.id).status is OrderStatus.PAID
    assert shop.access().is_active


# Refunds and help


def test_guide_refunds_are_promised_within_5_to_7_days_and_asked_for_with_order_payment_and_reason() -> None:
    texts = " ".join(
        (ROOT / "ui" / "texts" / name).read_text(encoding="utf-8")
        for name in ("refunds.html", "questions.html")
    )

    assert "5 to 7 business days" in texts
    assert all(word in texts.lower() for word in ("order", "payment", "reason"))
