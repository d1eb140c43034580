"""Money that is only held is taken once; money goes back once, from the payment that is meant."""

from __future__ import annotations

import pytest
import requests
from responses import matchers

from domain import errors
from domain.gateway import GatewayPaymentStatus, GatewayRefundStatus
from tests.gateways.razorpay_account import (
    API,
    HELD,
    NUMBER,
    ORDER_ID,
    REF,
    TAKEN,
    body,
    collection,
    gateway,
    payment,
    refusal,
)

PAYMENT = f"{API}/payments/{HELD}"
CAPTURE = f"{PAYMENT}/capture"
REFUND = f"{API}/payments/{TAKEN}/refund"
REFUNDS = f"{API}/payments/{TAKEN}/refunds"
OURS = "REFUNDA1B2C3D4E5F6G7H"


@pytest.fixture
def held(mocked):
    mocked.get(f"{API}/orders/{NUMBER}/payments", json=collection(payment(HELD)))
    (found,) = gateway().fetch_payments(REF)
    return found


def ask(of=None, amount_paise: int = 20000):
    return (of or gateway()).create_refund(
        REF, refund_id=OURS, gateway_payment_id=TAKEN, amount_paise=amount_paise, note="asked for"
    )


def test_the_orders_whole_amount_is_captured(mocked, held) -> None:
    mocked.post(
        CAPTURE,
        json=payment(HELD, status="captured", captured=True),
        match=[matchers.json_params_matcher({"amount": 49900, "currency": "INR"})],
    )

    assert gateway().capture_payment(REF, held).status is GatewayPaymentStatus.SUCCESS


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 400, "json": refusal("This payment has already been captured")},
        {"status": 400, "json": refusal("Your payment has been declined as the order is already paid")},
        {"body": requests.ReadTimeout()},
        {"status": 502, "body": "<html>", "content_type": "text/html"},
    ],
)
def test_a_capture_that_came_second_or_whose_answer_was_lost_is_accepted_when_the_payment_says_so(
    mocked, held, answer
) -> None:
    mocked.post(CAPTURE, **answer)
    mocked.get(PAYMENT, json=payment(HELD, status="captured", captured=True))

    assert gateway().capture_payment(REF, held).status is GatewayPaymentStatus.SUCCESS
    assert sum(call.request.method == "POST" for call in mocked.calls) == 1


def test_a_capture_that_is_refused_while_the_money_is_still_held_is_a_refusal(mocked, held) -> None:
    mocked.post(CAPTURE, status=400, json=refusal("Capture amount must be equal to the amount authorized"))
    mocked.get(PAYMENT, json=payment(HELD))

    with pytest.raises(errors.GatewayRequestRejected):
        gateway().capture_payment(REF, held)


def test_a_capture_without_an_answer_is_unknown_while_the_money_is_still_held(mocked, held) -> None:
    mocked.post(CAPTURE, body=requests.ReadTimeout())
    mocked.get(PAYMENT, json=payment(HELD))

    with pytest.raises(errors.GatewayTimeout):
        gateway().capture_payment(REF, held)


def test_a_capture_of_another_payment_is_not_believed(mocked, held) -> None:
    mocked.post(CAPTURE, json=payment(TAKEN))
    mocked.get(PAYMENT, json=payment(HELD))

    with pytest.raises(errors.GatewayReplyInvalid):
        gateway().capture_payment(REF, held)


def test_a_refund_is_asked_of_the_payment_under_our_id_and_its_key(mocked) -> None:
    mocked.post(
        REFUND,
        json=body("refunds")["items"][0],
        match=[
            matchers.header_matcher({"X-Refund-Idempotency": f"refund-of-{OURS}"}),
            matchers.json_params_matcher(
                {"amount": 20000, "speed": "normal", "receipt": OURS, "notes": {"reason": "asked for"}}
            ),
        ],
    )

    refund = ask()

    assert (refund.refund_id, refund.gateway_refund_id) == (OURS, "rfnd_OursOursOurs01")
    assert (refund.order_id, refund.gateway_payment_id, refund.amount_paise) == (ORDER_ID, TAKEN, 20000)
    assert refund.status is GatewayRefundStatus.SUCCESS


def test_a_refund_whose_answer_was_lost_is_sent_again_under_the_same_key(mocked) -> None:
    mocked.post(REFUND, body=requests.ConnectionError("Remote end closed connection without response"))
    mocked.post(REFUND, json=body("refunds")["items"][0])

    ask()

    keys = [call.request.headers["X-Refund-Idempotency"] for call in mocked.calls]
    bodies = [call.request.body for call in mocked.calls]
    assert len(set(keys)) == len(set(bodies)) == 1
    assert len(keys) == 2


def test_a_refund_that_is_refused_because_it_was_made_before_is_found(mocked) -> None:
    mocked.post(REFUND, status=400, json=refusal("The payment has been fully refunded already"))
    mocked.get(REFUNDS, json=body("refunds"))

    assert ask().gateway_refund_id == "rfnd_OursOursOurs01"


def test_a_refund_that_exists_with_another_amount_is_a_conflict(mocked) -> None:
    mocked.post(
        REFUND,
        status=409,
        json=refusal("Different request with the same idempotency key has already been processed."),
    )
    mocked.get(REFUNDS, json=body("refunds"))

    with pytest.raises(errors.GatewayConflict):
        ask(amount_paise=30000)


def test_a_refund_that_is_refused_and_not_there_is_refused(mocked) -> None:
    mocked.post(
        REFUND, status=400, json=refusal("The refund amount provided is greater than amount captured")
    )
    mocked.get(REFUNDS, json=collection())

    with pytest.raises(errors.GatewayRequestRejected):
        ask()


@pytest.mark.parametrize(
    ("status", "description"),
    [
        (409, "Another request with the same idempotency key is still in progress."),
        (400, "Your account does not have enough balance to carry out the refund operation."),
    ],
)
def test_a_refund_that_waits_for_its_twin_or_for_the_balance_is_tried_again_later(
    mocked, status, description
) -> None:
    mocked.post(REFUND, status=status, json=refusal(description))

    with pytest.raises(errors.GatewayUnavailable):
        ask()


@pytest.mark.parametrize("lie", [{"amount": 1}, {"receipt": "ANOTHER"}, {"payment_id": "pay_Another0000001"}])
def test_an_answer_about_another_refund_is_not_believed(mocked, lie) -> None:
    mocked.post(REFUND, json={**body("refunds")["items"][0], **lie})

    with pytest.raises(errors.GatewayReplyInvalid):
        ask()


def test_all_refunds_of_an_order_are_those_of_its_money(mocked) -> None:
    mocked.get(
        f"{API}/orders/{NUMBER}/payments", json=collection(payment(HELD), payment(TAKEN, status="captured"))
    )
    mocked.get(REFUNDS, json=body("refunds"))

    ours, dashboard = gateway().fetch_refunds(REF)

    assert (ours.refund_id, ours.status) == (OURS, GatewayRefundStatus.SUCCESS)
    assert (dashboard.refund_id, dashboard.status) == ("rfnd_DashboardDas1", GatewayRefundStatus.PENDING)
    assert dashboard.processed_at is None
    assert {ours.gateway_payment_id, dashboard.gateway_payment_id} == {TAKEN}


def test_one_refund_is_found_by_our_id_or_not(mocked) -> None:
    mocked.get(f"{API}/orders/{NUMBER}/payments", json=collection(payment(TAKEN)))
    mocked.get(REFUNDS, json=body("refunds"))

    assert gateway().fetch_refund(REF, OURS).amount_paise == 20000
    with pytest.raises(errors.GatewayObjectNotFound):
        gateway().fetch_refund(REF, "REFUND00000000000000X")
