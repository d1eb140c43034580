"""Cashfree's refunds become ours: whoever made them, and whatever id they have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog

from domain.errors import GatewayReplyInvalid
from domain.gateway import GatewayRefundStatus
from gateways.cashfree_mapping import refund_from, refunds_from
from gateways.json_codec import read_json

FIXTURES = Path(__file__).parents[1] / "fixtures/cashfree"
ORDER_ID = "ORDERA1B2C3D4E5F6G7H"


def refund(**changes: object) -> Any:
    return {**read_json((FIXTURES / "refund_pending.json").read_bytes()), **changes}


def test_a_refund_with_numbers_as_ids_is_read() -> None:
    result = refund_from(refund(cf_refund_id=11325632, cf_payment_id=789727431), order_id=ORDER_ID)

    assert (result.gateway_refund_id, result.gateway_payment_id) == ("11325632", "789727431")
    assert (result.amount_paise, result.is_automatic) == (49900, False)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PENDING", GatewayRefundStatus.PENDING),
        ("ONHOLD", GatewayRefundStatus.PENDING),
        ("SUCCESS", GatewayRefundStatus.SUCCESS),
        ("FAILED", GatewayRefundStatus.FAILED),
        ("CANCELLED", GatewayRefundStatus.CANCELLED),
    ],
)
def test_a_refund_status_is_translated(word, status) -> None:
    assert refund_from(refund(refund_status=word), order_id=ORDER_ID).status is status


def test_a_refund_the_gateway_made_by_itself_has_only_its_own_id() -> None:
    (result,) = refunds_from([refund(refund_id=None, refund_type="PAYMENT_AUTO_REFUND")], order_id=ORDER_ID)

    assert result.refund_id == result.gateway_refund_id == "1553338"


def test_a_refund_of_ours_without_cashfrees_id_is_not_lost() -> None:
    (result,) = refunds_from([refund(cf_refund_id=None)], order_id=ORDER_ID)

    assert result.refund_id == result.gateway_refund_id == "REFUND-1"


@pytest.mark.parametrize("foreign", ["Refund 12/2026 (dashboard)", "x" * 60, 4711, "রিফান্ড"])
def test_a_refund_id_that_we_would_never_have_given_is_kept_as_it_is(foreign) -> None:
    (result,) = refunds_from([refund(refund_id=foreign)], order_id=ORDER_ID)

    assert (result.refund_id, result.gateway_refund_id) == (str(foreign), "1553338")


@pytest.mark.parametrize(
    "bad", [{"refund_id": None, "cf_refund_id": None}, {"refund_id": {}, "cf_refund_id": []}]
)
def test_a_refund_without_any_id_is_left_out_and_named_in_the_log_and_the_others_stay(bad) -> None:
    with structlog.testing.capture_logs() as logs:
        results = refunds_from([refund(**bad), None, refund()], order_id=ORDER_ID)

    assert [result.refund_id for result in results] == ["REFUND-1"]
    assert [(entry["event"], entry["log_level"], entry["order_id"]) for entry in logs] == [
        ("gateway_row_left_out", "warning", ORDER_ID)
    ] * 2


def test_a_refund_that_does_not_say_whose_money_goes_back_names_no_payment() -> None:
    assert refund_from(refund(cf_payment_id=None), order_id=ORDER_ID).gateway_payment_id == ""


@pytest.mark.parametrize("changes", [{"refund_amount": "x"}, {"refund_amount": None}, {"order_id": "OTHER"}])
def test_a_refund_with_unreadable_money_or_of_another_order_is_an_error(changes) -> None:
    with pytest.raises(GatewayReplyInvalid):
        refunds_from([refund(), refund(**changes)], order_id=ORDER_ID)
