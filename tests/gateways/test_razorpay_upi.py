"""A UPI link is Razorpay's own for one order, asked for once, and shown only if it pays that order's whole amount."""

from __future__ import annotations

import json

import pytest
import requests

from cashfree_integration import CashfreePaymentGateway
from domain.errors import GatewayReplyInvalid, GatewayRequestRejected, GatewayTimeout
from domain.gateway import Customer, UpiRequest
from gateways.razorpay_upi import ASKED_AGAIN_AFTER_SECONDS, UpiLinks
from tests.gateways.razorpay_account import API, NUMBER, ORDER_ID, REF, gateway, refusal

CREATE = f"{API}/payments/create/upi"
# The link of Razorpay's documentation, over our amount.
LINK = "upi://pay?pa=shop@razorpay&pn=Shop&tr=4MLYhJPHJjTBGx&tn=razorpay&am=499&cu=INR&mc=5411"
ABSENT = refusal("The requested URL was not found on the server.", source="NA", step="NA", reason="NA")


def a_request(**changes) -> UpiRequest:
    return UpiRequest(
        **{
            "order": REF,
            "amount_paise": 49900,
            "currency": "INR",
            "customer": Customer("CUST409128494ABC", "John Doe", "john@example.in", "9876543210"),
            "description": "Shop monthly plan",
            "ip_address": "203.0.113.9",
            "user_agent": "Mozilla/5.0",
            "referer": "https://shop.example",
            **changes,
        }
    )


def answer(**changes) -> dict[str, str]:
    return {"razorpay_payment_id": "pay_4MLYhJPHJjTBGx", "link": LINK, **changes}


def test_the_link_comes_back_as_it_is_for_the_orders_amount_and_buyer(mocked) -> None:
    mocked.post(CREATE, json=answer())

    made = gateway().upi_link(a_request())

    sent = json.loads(mocked.calls[0].request.body)
    assert made is not None
    assert (made.link, made.gateway_payment_id) == (LINK, "pay_4MLYhJPHJjTBGx")
    assert (sent["amount"], sent["currency"], sent["order_id"], sent["upi"]) == (
        49900,
        "INR",
        NUMBER,
        {"flow": "intent"},
    )
    assert (sent["contact"], sent["email"], sent["ip"]) == ("+919876543210", "john@example.in", "203.0.113.9")
    assert sent["notes"] == {"order_id": ORDER_ID}
    assert LINK not in repr(made)


def test_an_account_without_the_feature_gives_none_and_is_not_asked_again(mocked) -> None:
    mocked.post(CREATE, status=400, json=ABSENT)
    razorpay = gateway()

    assert razorpay.offers_upi_links()
    assert razorpay.upi_link(a_request()) is None
    assert not razorpay.offers_upi_links()
    assert razorpay.upi_link(a_request()) is None
    assert len(mocked.calls) == 1


def test_after_an_hour_the_feature_may_have_been_switched_on(mocked) -> None:
    mocked.post(CREATE, status=400, json=ABSENT)
    now = [0.0]
    razorpay = gateway()
    razorpay._upi = UpiLinks(razorpay._api, clock=lambda: now[0])
    razorpay.upi_link(a_request())

    now[0] = ASKED_AGAIN_AFTER_SECONDS

    assert razorpay.offers_upi_links()


def test_a_refusal_is_no_missing_feature(mocked) -> None:
    mocked.post(CREATE, status=400, json=refusal("The order is already paid", reason="order_already_paid"))
    razorpay = gateway()

    with pytest.raises(GatewayRequestRejected):
        razorpay.upi_link(a_request())

    assert razorpay.offers_upi_links()


def test_a_lost_answer_is_unknown_and_never_sent_again(mocked) -> None:
    mocked.post(CREATE, body=requests.ReadTimeout())

    with pytest.raises(GatewayTimeout):
        gateway().upi_link(a_request())

    assert len(mocked.calls) == 1


@pytest.mark.parametrize(
    "lie",
    [
        {"link": LINK.replace("am=499", "am=4990")},
        {"link": LINK.replace("am=499&", "")},
        {"link": LINK.replace("am=499&", "am=499&am=1&")},
        {"link": LINK.replace("am=499&", "am=abc&")},
        {"link": LINK.replace("cu=INR", "cu=USD")},
        {"link": LINK.replace("pa=shop@razorpay&", "")},
        {"link": "javascript:alert(1)//" + LINK},
        {"link": LINK.replace("upi://", "https://")},
        {"link": LINK + "\n&x=1"},
        {"link": LINK + "&x=" + "y" * 1000},
        {"link": None},
        {"razorpay_payment_id": "../orders"},
        {"razorpay_payment_id": None},
    ],
)
def test_a_link_that_would_not_pay_this_order_is_not_passed_on(mocked, lie) -> None:
    mocked.post(CREATE, json=answer(**lie))

    with pytest.raises(GatewayReplyInvalid):
        gateway().upi_link(a_request())


def test_cashfree_has_no_links_and_is_not_asked() -> None:
    cashfree = CashfreePaymentGateway("TESTID", "cfsk_ma_test_x")

    assert not cashfree.offers_upi_links()
    assert cashfree.upi_link(a_request()) is None
