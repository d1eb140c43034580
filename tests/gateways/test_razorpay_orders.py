"""Orders at Razorpay: opened once, found again by our id, and never opened blindly a second time."""

from __future__ import annotations

import json

import pytest
import requests
from responses import matchers

from domain import errors
from domain.gateway import (
    RETURNED_UNTAKEN,
    CheckoutPage,
    Customer,
    GatewayOrderStatus,
    GatewayPaymentStatus,
    OrderRef,
    PaymentGateway,
)
from tests.gateways.razorpay_account import (
    API,
    NUMBER,
    ORDER_ID,
    REF,
    UNNUMBERED,
    an_order,
    body,
    collection,
    gateway,
    refusal,
)

ORDERS = f"{API}/orders"
BY_RECEIPT = [matchers.query_param_matcher({"receipt": ORDER_ID, "count": "100"})]


def test_it_offers_every_verb_of_the_protocol() -> None:
    adapter: PaymentGateway = gateway()

    assert adapter.name == "razorpay"


def test_an_order_is_sent_in_whole_paise_under_our_id_with_the_keys_as_basic_credentials(mocked) -> None:
    sent = {
        "amount": 49900,
        "currency": "INR",
        "receipt": ORDER_ID,
        "notes": {"order_id": ORDER_ID, "user_id": "00000000-0000-0000-0000-000000000001"},
    }
    mocked.post(
        ORDERS,
        json=body("order"),
        match=[
            matchers.header_matcher({"Authorization": "Basic cnpwX3Rlc3RfMTprZXlfc2VjcmV0"}),
            matchers.json_params_matcher(sent),
        ],
    )

    order = gateway().create_order(an_order())

    assert (order.order_id, order.gateway_order_id, order.payment_session_id) == (ORDER_ID, NUMBER, NUMBER)
    assert (order.amount_paise, order.currency, order.status) == (49900, "INR", GatewayOrderStatus.ACTIVE)
    assert order.tags["user_id"] == "00000000-0000-0000-0000-000000000001"
    assert order.expires_at is None
    assert len(mocked.calls) == 1


def test_an_account_that_knows_the_option_asks_for_one_order_under_the_receipt(mocked) -> None:
    asked = [matchers.json_params_matcher({"unique_receipt": True}, strict_match=False)]
    mocked.post(ORDERS, json=body("order"), match=asked)

    assert gateway(unique_receipt=True).create_order(an_order()).gateway_order_id == NUMBER


@pytest.mark.parametrize(
    "lost",
    [
        {"body": requests.ReadTimeout()},
        {"body": requests.ConnectionError("Remote end closed connection without response")},
        {"status": 502, "body": "<html>Bad Gateway</html>", "content_type": "text/html"},
        {"status": 200, "body": "not JSON"},
        {"status": 500, "json": refusal("We are facing some trouble", "SERVER_ERROR")},
    ],
)
def test_an_order_whose_answer_was_lost_is_found_by_its_receipt_and_never_sent_again(mocked, lost) -> None:
    mocked.post(ORDERS, **lost)
    mocked.get(ORDERS, json=collection(body("order")), match=BY_RECEIPT)

    order = gateway().create_order(an_order())

    assert order.gateway_order_id == NUMBER
    assert [call.request.method for call in mocked.calls] == ["POST", "GET"]


def test_an_order_whose_answer_was_lost_and_that_is_not_found_stays_unknown(mocked) -> None:
    mocked.post(ORDERS, body=requests.ReadTimeout())
    mocked.get(ORDERS, json=collection())

    with pytest.raises(errors.GatewayTimeout) as caught:
        gateway().create_order(an_order())

    assert caught.value.user_message.startswith("Razorpay temporarily unavailable: it did not answer in time")
    assert len(mocked.calls) == 2


def test_an_order_whose_answer_and_whose_search_are_lost_stays_unknown(mocked) -> None:
    mocked.post(ORDERS, body=requests.ReadTimeout())
    mocked.get(ORDERS, status=401, json=refusal("Authentication failed"))

    with pytest.raises(errors.GatewayTimeout):
        gateway().create_order(an_order())


def test_an_order_that_may_exist_is_looked_for_before_anything_is_sent(mocked) -> None:
    mocked.get(ORDERS, json=collection(body("order")), match=BY_RECEIPT)

    assert gateway().create_order(an_order(may_exist=True)).gateway_order_id == NUMBER


def test_an_order_that_might_exist_and_does_not_is_opened(mocked) -> None:
    mocked.get(ORDERS, json=collection(), match=BY_RECEIPT)
    mocked.post(ORDERS, json=body("order"))

    assert gateway().create_order(an_order(may_exist=True)).gateway_order_id == NUMBER


def test_an_order_found_with_another_amount_is_a_conflict(mocked) -> None:
    mocked.get(ORDERS, json=collection(body("order", amount=59900)))

    with pytest.raises(errors.GatewayConflict):
        gateway().create_order(an_order(may_exist=True))


def test_a_receipt_that_is_taken_already_leads_to_its_order(mocked) -> None:
    mocked.post(ORDERS, status=400, json=refusal("Order receipt should be unique."))
    mocked.get(ORDERS, json=collection(body("order")), match=BY_RECEIPT)

    assert gateway().create_order(an_order()).gateway_order_id == NUMBER


def test_a_receipt_that_is_taken_already_by_another_amount_is_a_conflict(mocked) -> None:
    mocked.post(ORDERS, status=400, json=refusal("Order receipt should be unique."))
    mocked.get(ORDERS, json=collection(body("order", amount=59900)))

    with pytest.raises(errors.GatewayConflict):
        gateway().create_order(an_order())


def test_a_receipt_that_is_taken_and_whose_order_is_not_listed_yet_can_be_tried_again(mocked) -> None:
    mocked.post(ORDERS, status=400, json=refusal("Order receipt should be unique."))
    mocked.get(ORDERS, json=collection())

    with pytest.raises(errors.GatewayReplyInvalid) as caught:
        gateway().create_order(an_order())

    assert caught.value.retryable


@pytest.mark.parametrize(
    "lie", [{"amount": 100}, {"currency": "USD"}, {"receipt": "ORDER00000000000000X"}, {"amount": "49900"}]
)
def test_a_reply_about_something_else_is_not_believed(mocked, lie) -> None:
    mocked.post(ORDERS, json=body("order", **lie))
    mocked.get(ORDERS, json=collection())

    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().create_order(an_order())


@pytest.mark.parametrize("changes", [{"amount_paise": 99}, {"order_id": "x" * 41}, {"order_id": ""}])
def test_what_razorpay_would_refuse_is_not_sent(mocked, changes) -> None:
    with pytest.raises(errors.GatewayRequestRejected):
        gateway().create_order(an_order(**changes))

    assert len(mocked.calls) == 0


def test_a_refusal_is_told_in_the_guides_words_and_not_sent_again(mocked) -> None:
    mocked.post(ORDERS, status=400, json=refusal("The amount must be an integer.", field="amount"))

    with pytest.raises(errors.GatewayRequestRejected) as caught:
        gateway().create_order(an_order())

    assert caught.value.user_message.startswith("Please check your payment details")
    assert len(mocked.calls) == 1


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("created", GatewayOrderStatus.ACTIVE),
        ("attempted", GatewayOrderStatus.ACTIVE),
        ("paid", GatewayOrderStatus.PAID),
        ("invented", GatewayOrderStatus.UNKNOWN),
    ],
)
def test_an_order_is_fetched_by_its_number(mocked, theirs, ours) -> None:
    mocked.get(f"{ORDERS}/{NUMBER}", json=body("order", status=theirs))

    assert gateway().fetch_order(REF).status is ours


def test_an_order_without_a_number_is_found_by_our_id_the_paid_one_first(mocked) -> None:
    first = body("order", id="order_First000000001", created_at=1)
    paid = body("order", id="order_Paid0000000001", created_at=3, status="paid")
    foreign = body("order", receipt="ORDER00000000000000X", created_at=0, status="paid")
    mocked.get(ORDERS, json=collection(first, paid, foreign), match=BY_RECEIPT)

    assert gateway().fetch_order(UNNUMBERED).gateway_order_id == "order_Paid0000000001"


def test_of_two_unpaid_orders_under_one_receipt_the_older_one_counts(mocked) -> None:
    newer = body("order", id="order_Newer000000001", created_at=2)
    older = body("order", id="order_Older000000001", created_at=1)
    mocked.get(ORDERS, json=collection(newer, older))

    assert gateway().fetch_order(UNNUMBERED).gateway_order_id == "order_Older000000001"


def test_an_order_that_nobody_opened_is_not_found(mocked) -> None:
    mocked.get(ORDERS, json=collection())
    mocked.get(f"{ORDERS}/{NUMBER}", status=400, json=refusal("The id provided does not exist"))

    for ref in (UNNUMBERED, REF):
        with pytest.raises(errors.GatewayObjectNotFound):
            gateway().fetch_order(ref)


@pytest.mark.parametrize("answer", [{"receipt": "ORDER00000000000000X"}, {"id": "order_Another0000001"}])
def test_an_answer_about_another_order_is_no_answer(mocked, answer) -> None:
    mocked.get(f"{ORDERS}/{NUMBER}", json=body("order", **answer))

    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().fetch_order(REF)


@pytest.mark.parametrize("number", ["", "..", "order_/../x", "order_a b", "pay_1", "order_€", "order_1\n"])
def test_a_number_razorpay_cannot_have_given_is_not_asked_for(mocked, number) -> None:
    for fetch in (gateway().fetch_order, gateway().fetch_payments, gateway().fetch_refunds):
        with pytest.raises(errors.GatewayObjectNotFound):
            fetch(OrderRef(ORDER_ID, number or "-"))

    assert len(mocked.calls) == 0


def test_closing_an_order_asks_for_nothing_and_tells_what_is_true(mocked) -> None:
    mocked.get(f"{ORDERS}/{NUMBER}", json=body("order", status="attempted"))

    assert gateway().terminate_order(REF).status is GatewayOrderStatus.ACTIVE
    assert [call.request.method for call in mocked.calls] == ["GET"]


def test_attempts_are_read_with_what_is_only_held_told_apart_from_what_is_ours(mocked) -> None:
    mocked.get(f"{ORDERS}/{NUMBER}/payments", json=body("payments"))

    failed, held, taken, returned = gateway().fetch_payments(REF)

    assert [p.status for p in (failed, held, taken, returned)] == [
        GatewayPaymentStatus.FAILED,
        GatewayPaymentStatus.AUTHORIZED,
        GatewayPaymentStatus.SUCCESS,
        GatewayPaymentStatus.SUCCESS,
    ]
    assert {p.amount_paise for p in (failed, held, taken, returned)} == {49900}
    assert failed.message == "The account did not hold enough money."
    assert failed.paid_at is None
    assert taken.paid_at is not None and taken.paid_at.timestamp() == 1756455800
    assert taken.method == "netbanking"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"captured": False, "fee": None}, GatewayPaymentStatus.CANCELLED),
        ({"captured": None, "fee": None}, GatewayPaymentStatus.CANCELLED),
        ({"captured": "1", "fee": None}, GatewayPaymentStatus.SUCCESS),
        ({"captured": False, "fee": 1178}, GatewayPaymentStatus.SUCCESS),
    ],
)
def test_a_payment_that_went_back_was_ours_only_if_it_was_captured(mocked, changes, status) -> None:
    row = {**body("payments")["items"][3], **changes}
    mocked.get(f"{ORDERS}/{NUMBER}/payments", json=collection(row))

    payment = gateway().fetch_payments(REF)[0]

    assert payment.status is status
    assert (payment.error_reason == RETURNED_UNTAKEN) is (status is GatewayPaymentStatus.CANCELLED)


@pytest.mark.parametrize(
    "lie",
    [
        {"amount": 499.0},
        {"amount": -1},
        {"amount": True},
        {"currency": "rupee"},
        {"order_id": "order_Another0000001"},
    ],
)
def test_an_attempt_with_unreadable_money_or_of_another_order_is_an_error(mocked, lie) -> None:
    mocked.get(f"{ORDERS}/{NUMBER}/payments", json=collection({**body("payments")["items"][2], **lie}))

    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().fetch_payments(REF)


@pytest.mark.parametrize("document", [[], {"items": None}, {"items": {}}, {}])
def test_what_is_no_collection_is_no_answer(mocked, document) -> None:
    mocked.get(f"{ORDERS}/{NUMBER}/payments", json=document)

    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().fetch_payments(REF)


def test_a_row_without_an_identity_is_left_out_and_the_others_stay(mocked) -> None:
    rows = [{"amount": 1}, None, *body("payments")["items"]]
    mocked.get(f"{ORDERS}/{NUMBER}/payments", json={"items": rows})

    assert len(gateway().fetch_payments(REF)) == 4


def test_the_breaker_is_told_without_being_asked_for_a_probe(mocked) -> None:
    of = gateway()
    mocked.get(f"{ORDERS}/{NUMBER}", body=requests.ConnectTimeout())

    for _ in range(5):
        assert of.is_reachable()
        with pytest.raises(errors.GatewayUnavailable):
            of.fetch_order(REF)

    assert not of.is_reachable()
    with pytest.raises(errors.CircuitOpen) as caught:
        of.fetch_order(REF)
    assert caught.value.user_message.startswith("Razorpay temporarily unavailable")


def test_the_checkout_is_opened_with_the_orders_number_and_no_secret(mocked) -> None:
    page = CheckoutPage(
        order=REF,
        payment_session_id=NUMBER,
        amount_paise=49900,
        currency="INR",
        customer=Customer("CUST1", "Asha Rao", "asha@example.com", "9876543210"),
        business_name="Sector RS",
        description="₹499 a month",
        callback_url="https://shop.example/checkout/razorpay/callback",
        seconds_left=1500,
    )

    options = gateway().checkout_options(page)

    assert options == {
        "key": "rzp_test_1",
        "order_id": NUMBER,
        "amount": 49900,
        "currency": "INR",
        "name": "Sector RS",
        "description": "Order ₹499 a month",
        "prefill": {"name": "Asha Rao", "email": "asha@example.com", "contact": "+919876543210"},
        "notes": {"order_id": ORDER_ID},
        "callback_url": "https://shop.example/checkout/razorpay/callback",
        "timeout": 1500,
    }
    assert "key_secret" not in json.dumps(options) + repr(gateway())
