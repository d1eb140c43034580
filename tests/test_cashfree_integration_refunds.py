"""A refund is asked for once under our id, however often and with whatever answer."""

from __future__ import annotations

import pytest
from responses import matchers

from cashfree_integration import CashfreePaymentGateway
from domain import errors
from domain.gateway import GatewayRefundStatus, OrderRef
from tests.cashfree_account import ORDER, ORDER_ID, body_of, gateway


def refund(of: CashfreePaymentGateway, amount_paise: int = 49900):
    return of.create_refund(
        OrderRef(ORDER_ID), refund_id="REFUND-1", amount_paise=amount_paise, note="Asked for"
    )


def test_a_refund_is_asked_for_under_our_id_with_an_exact_amount(mocked) -> None:
    mocked.post(
        f"{ORDER}/refunds",
        json=body_of("refund_pending"),
        match=[
            matchers.json_params_matcher(
                {"refund_id": "REFUND-1", "refund_amount": 499.0, "refund_note": "Asked for"}
            )
        ],
    )

    result = refund(gateway())

    assert b'"refund_amount":499.00' in mocked.calls[0].request.body
    assert (result.refund_id, result.status) == ("REFUND-1", GatewayRefundStatus.PENDING)


def test_the_same_refund_has_the_same_idempotency_key(mocked) -> None:
    mocked.post(f"{ORDER}/refunds", json=body_of("refund_pending"))

    refund(gateway())
    refund(gateway())

    assert len({call.request.headers["x-idempotency-key"] for call in mocked.calls}) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(409, "refund_already_exists"), (400, "refund_id_already_exists"), (409, "request_failed")],
)
def test_a_refund_that_exists_already_is_found(mocked, status, code) -> None:
    mocked.post(f"{ORDER}/refunds", json={"code": code}, status=status)
    mocked.get(f"{ORDER}/refunds/REFUND-1", json=body_of("refund_pending", refund_status="SUCCESS"))

    assert refund(gateway()).status is GatewayRefundStatus.SUCCESS


def test_a_refund_that_exists_already_with_another_amount_is_a_conflict(mocked) -> None:
    mocked.post(f"{ORDER}/refunds", json={"code": "refund_id_already_exists"}, status=400)
    mocked.get(f"{ORDER}/refunds/REFUND-1", json=body_of("refund_pending"))

    with pytest.raises(errors.GatewayConflict):
        refund(gateway(), amount_paise=100)


@pytest.mark.parametrize("code", ["order_id_not_paid", "refund_amount_invalid"])
def test_a_refund_that_cashfree_refuses_is_not_looked_up(mocked, code) -> None:
    mocked.post(f"{ORDER}/refunds", json={"code": code, "type": "invalid_request_error"}, status=400)

    with pytest.raises(errors.GatewayRequestRejected) as caught:
        refund(gateway())

    assert caught.value.code == code


@pytest.mark.parametrize(
    "changes",
    [{"refund_id": "REFUND-2"}, {"refund_amount": 1}, {"order_id": "OTHER"}, {"refund_amount": None}],
)
def test_a_reply_about_another_refund_is_invalid(mocked, changes) -> None:
    mocked.post(f"{ORDER}/refunds", json=body_of("refund_pending", **changes))

    with pytest.raises(errors.GatewayReplyInvalid):
        refund(gateway())


def test_refunds_are_listed(mocked) -> None:
    mocked.get(
        f"{ORDER}/refunds", json=[body_of("refund_pending"), body_of("refund_pending", refund_id=None)]
    )

    assert [row.refund_id for row in gateway().fetch_refunds(OrderRef(ORDER_ID))] == ["REFUND-1", "1553338"]
