"""The wrapper against Cashfree's documented answers: orders, refunds, conflicts, lies, unknown outcomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from responses import matchers

from cashfree_integration import CashfreePaymentGateway
from domain import errors
from domain.gateway import (
    Customer,
    GatewayOrderStatus,
    OrderRef,
    OrderRequest,
    PaymentGateway,
)
from tests.cashfree_account import API, FIXTURES, ORDER, ORDER_ID, SECRET, body_of, gateway

CREATED = f"{API}/orders"
EXISTS = {"message": "order with same id is already present", "code": "order_already_exists"}


def an_order(**changes: Any) -> OrderRequest:
    return OrderRequest(
        **{
            "order_id": ORDER_ID,
            "amount_paise": 49900,
            "currency": "INR",
            "customer": Customer("CUST409128494ABC", "John Doe", "john@example.in", "9876543210"),
            "return_url": "https://shop.example/?order_id={order_id}",
            "notify_url": "https://shop.example/webhooks/cashfree",
            "expires_at": datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
            "tags": {"plan": "Monthly"},
            **changes,
        }
    )


def test_it_offers_every_verb_of_the_protocol() -> None:
    adapter: PaymentGateway = gateway()

    assert adapter.name == "cashfree"


def test_an_order_is_sent_with_credentials_version_exact_amount_and_literal_return_url(mocked) -> None:
    mocked.post(
        CREATED,
        json=body_of("order_active"),
        match=[
            matchers.header_matcher(
                {
                    "x-api-version": "2025-01-01",
                    "x-client-id": "TEST1",
                    "x-client-secret": SECRET,
                    "Content-Type": "application/json",
                }
            ),
            matchers.json_params_matcher(
                {
                    "order_id": ORDER_ID,
                    "order_amount": 499.0,
                    "order_currency": "INR",
                    "customer_details": {
                        "customer_id": "CUST409128494ABC",
                        "customer_phone": "9876543210",
                        "customer_name": "John Doe",
                        "customer_email": "john@example.in",
                    },
                    "order_expiry_time": "2026-11-22T12:30:00+05:30",
                    "order_meta": {
                        "return_url": "https://shop.example/?order_id={order_id}",
                        "notify_url": "https://shop.example/webhooks/cashfree",
                    },
                    "order_tags": {"plan": "Monthly"},
                }
            ),
        ],
    )

    order = gateway().create_order(an_order())

    sent = mocked.calls[0].request
    assert b'"order_amount":499.00,' in sent.body
    assert sent.headers["x-request-id"]
    assert (order.amount_paise, order.status) == (49900, GatewayOrderStatus.ACTIVE)


@pytest.mark.parametrize(("paise", "text"), [(100, b"1.00"), (1010, b"10.10"), (1999, b"19.99")])
def test_an_amount_never_passes_through_a_float(mocked, paise, text) -> None:
    mocked.post(CREATED, body=order_text(text.decode()), content_type="application/json")

    gateway().create_order(an_order(amount_paise=paise))

    assert b'"order_amount":' + text + b"," in mocked.calls[0].request.body


def order_text(amount: str) -> str:
    return json.dumps(body_of("order_active", order_amount="AMOUNT")).replace('"AMOUNT"', amount)


def test_the_idempotency_key_depends_on_the_content_and_on_nothing_else(mocked) -> None:
    mocked.post(CREATED, json=body_of("order_active"))

    gateway().create_order(an_order())
    gateway().create_order(an_order())
    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().create_order(an_order(amount_paise=499000))

    first, second, other = (call.request.headers["x-idempotency-key"] for call in mocked.calls)
    assert first == second != other


def test_a_repetition_after_a_server_error_carries_the_same_key_and_body(mocked) -> None:
    mocked.post(CREATED, json={}, status=500)
    mocked.post(CREATED, body=requests.ConnectTimeout())
    mocked.post(CREATED, json=body_of("order_active"))

    gateway().create_order(an_order())

    assert len({call.request.headers["x-idempotency-key"] for call in mocked.calls}) == 1
    assert len({call.request.body for call in mocked.calls}) == 1


def test_an_order_that_exists_already_with_the_same_amount_is_found(mocked) -> None:
    mocked.post(CREATED, json=EXISTS, status=409)
    mocked.get(ORDER, json=body_of("order_active", order_status="PAID"))

    assert gateway().create_order(an_order()).status is GatewayOrderStatus.PAID


@pytest.mark.parametrize("changes", [{"order_amount": 4990}, {"order_currency": "USD"}])
def test_an_order_that_exists_already_with_another_amount_is_a_conflict(mocked, changes) -> None:
    mocked.post(CREATED, json=EXISTS, status=409)
    mocked.get(ORDER, json=body_of("order_active", **changes))

    with pytest.raises(errors.GatewayConflict):
        gateway().create_order(an_order())


def test_an_order_that_exists_and_is_not_found_yet_can_be_tried_again(mocked) -> None:
    mocked.post(CREATED, json=EXISTS, status=409)
    mocked.get(ORDER, json={"code": "order_not_found"}, status=404)

    with pytest.raises(errors.GatewayReplyInvalid) as caught:
        gateway().create_order(an_order())

    assert caught.value.retryable


def test_the_same_key_with_other_content_is_refused_and_not_looked_up(mocked) -> None:
    mocked.post(CREATED, json={"code": "request_invalid", "type": "idempotency_error"}, status=422)

    with pytest.raises(errors.IdempotencyMismatch):
        gateway().create_order(an_order())


@pytest.mark.parametrize(
    "changes",
    [
        {"order_id": "ORDERSOMEBODYELSE"},
        {"order_amount": 1},
        {"order_amount": 499.01},
        {"order_currency": "USD"},
        {"order_amount": -499},
        {"order_amount": None},
        {"payment_session_id": None},
        {"payment_session_id": ""},
    ],
)
def test_a_reply_that_contradicts_the_order_is_invalid(mocked, changes) -> None:
    mocked.post(CREATED, json=body_of("order_active", **changes))

    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().create_order(an_order())


@pytest.mark.parametrize("text", ["NaN", "1e400", "Infinity", '"many"'])
def test_an_amount_that_is_no_money_makes_the_reply_invalid(mocked, text) -> None:
    mocked.post(CREATED, body=order_text(text), content_type="application/json")

    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().create_order(an_order())


@pytest.mark.parametrize("text", ["499", "499.0", "499.00", '"499.00"'])
def test_any_spelling_of_the_same_amount_is_accepted(mocked, text) -> None:
    mocked.post(CREATED, body=order_text(text), content_type="application/json")

    assert gateway().create_order(an_order()).amount_paise == 49900


@pytest.mark.parametrize("changes", [{"amount_paise": 99}, {"amount_paise": -100}, {"order_id": "a/../b"}])
def test_what_cashfree_would_refuse_is_not_sent(mocked, changes) -> None:
    with pytest.raises(errors.GatewayRequestRejected):
        gateway().create_order(an_order(**changes))

    assert len(mocked.calls) == 0


def test_a_timeout_of_a_new_order_is_an_unknown_outcome(mocked) -> None:
    mocked.post(CREATED, body=requests.ReadTimeout())

    with pytest.raises(errors.GatewayTimeout):
        gateway().create_order(an_order())


@pytest.mark.parametrize("status", range(300, 309))
def test_a_redirect_is_not_followed_with_our_secret(mocked, status) -> None:
    mocked.post(CREATED, status=status, headers={"Location": "https://elsewhere.example/"})

    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().create_order(an_order())


@pytest.mark.parametrize(
    ("api", "is_sent"), [("https://sandbox.cashfree.com/pg", False), ("http://127.0.0.1:8502/pg", True)]
)
def test_a_local_notify_url_goes_to_the_simulator_only(mocked, api, is_sent) -> None:
    mocked.post(f"{api}/orders", json=body_of("order_active"))
    adapter = CashfreePaymentGateway("TEST1", SECRET, api_base=api)

    adapter.create_order(an_order(notify_url="http://localhost:8501/webhooks/cashfree"))

    meta = json.loads(mocked.calls[0].request.body)["order_meta"]
    assert ("notify_url" in meta) is is_sent


def test_an_order_is_fetched_without_an_idempotency_key(mocked) -> None:
    mocked.get(ORDER, json=body_of("order_active"))

    assert gateway().fetch_order(OrderRef(ORDER_ID)).gateway_order_id == "2149460581"
    assert "x-idempotency-key" not in mocked.calls[0].request.headers


def test_an_answer_about_another_order_is_invalid(mocked) -> None:
    mocked.get(ORDER, json=body_of("order_active", order_id="ORDEROTHER"))

    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().fetch_order(OrderRef(ORDER_ID))


@pytest.mark.parametrize("order_id", ["", "..", "a/b", "a b", "ord€r", "x" * 46, "abc\n"])
def test_an_id_cashfree_cannot_have_is_not_found_without_asking(mocked, order_id) -> None:
    for fetch in (gateway().fetch_order, gateway().fetch_payments, gateway().fetch_refunds):
        with pytest.raises(errors.GatewayObjectNotFound):
            fetch(OrderRef(order_id))

    assert len(mocked.calls) == 0


def test_payments_are_fetched_one_and_all(mocked) -> None:
    rows = json.loads((FIXTURES / "payments_several_attempts.json").read_text())
    mocked.get(f"{ORDER}/payments", json=rows)
    mocked.get(f"{ORDER}/payments/12376121", json=rows[0])

    assert len(gateway().fetch_payments(OrderRef(ORDER_ID))) == 3
    assert gateway().fetch_payment(OrderRef(ORDER_ID), "12376121").error_reason == "auth_declined"


def test_an_order_without_attempts_has_no_payments(mocked) -> None:
    mocked.get(f"{ORDER}/payments", json=[])

    assert gateway().fetch_payments(OrderRef(ORDER_ID)) == ()


def test_the_status_in_the_reply_to_a_termination_is_the_truth(mocked) -> None:
    mocked.patch(
        ORDER,
        json=body_of("order_active", order_status="TERMINATION_REQUESTED"),
        match=[matchers.json_params_matcher({"order_status": "TERMINATED"})],
    )

    order = gateway().terminate_order(OrderRef(ORDER_ID))
    gateway().terminate_order(OrderRef(ORDER_ID))

    first, second = (call.request.headers["x-idempotency-key"] for call in mocked.calls)
    assert order.status is GatewayOrderStatus.TERMINATION_REQUESTED
    assert first != second


def test_terminating_an_order_that_is_paid_already_shows_that_it_is_paid(mocked) -> None:
    mocked.patch(ORDER, json={"code": "order_inactive"}, status=400)
    mocked.get(ORDER, json=body_of("order_active", order_status="PAID"))

    assert gateway().terminate_order(OrderRef(ORDER_ID)).status is GatewayOrderStatus.PAID


def test_a_termination_refused_for_an_active_order_is_an_error(mocked) -> None:
    mocked.patch(ORDER, json={"code": "request_failed"}, status=400)
    mocked.get(ORDER, json=body_of("order_active"))

    with pytest.raises(errors.GatewayRequestRejected):
        gateway().terminate_order(OrderRef(ORDER_ID))


@pytest.mark.parametrize(
    "row",
    json.loads((FIXTURES / "errors.json").read_text()),
    ids=lambda row: f"{row['status']} {row['body']}",
)
def test_each_documented_error_of_the_gateway_is_raised_as_ours(mocked, row) -> None:
    mocked.get(f"{ORDER}/payments", json=row["body"], status=row["status"])

    with pytest.raises(errors.GatewayError) as caught:
        gateway().fetch_payments(OrderRef(ORDER_ID))

    assert type(caught.value) is getattr(errors, row["expected"])
