"""Cashfree's JSON becomes our values: tolerant about novelties, strict about money and identity."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hypothesis", reason="needs requirements-dev.txt")

from hypothesis import given
from hypothesis import strategies as st

from domain.errors import GatewayReplyInvalid
from domain.gateway import (
    Customer,
    GatewayOrderStatus,
    GatewayPaymentStatus,
    GatewayRefundStatus,
    OrderRequest,
)
from gateways.cashfree_mapping import (
    order_from,
    order_payload,
    payment_from,
    payments_from,
    refund_from,
)
from gateways.json_codec import read_json

FIXTURES = Path(__file__).parents[1] / "fixtures/cashfree"
ORDER_ID = "ORDERA1B2C3D4E5F6G7H"


def fixture(name: str) -> Any:
    return read_json((FIXTURES / name).read_bytes())


def order(**changes: object) -> Any:
    return {**fixture("order_active.json"), **changes}


def payment(**changes: object) -> Any:
    return {**fixture("payments_several_attempts.json")[2], **changes}


def refund(**changes: object) -> Any:
    return {**fixture("refund_pending.json"), **changes}


def test_a_documented_order_is_read() -> None:
    result = order_from(order(), order_id=ORDER_ID)

    assert (result.amount_paise, result.currency, result.gateway_order_id) == (49900, "INR", "2149460581")
    assert result.status is GatewayOrderStatus.ACTIVE
    assert (result.payment_session_id or "").startswith("session_")
    assert result.expires_at == datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
    assert result.expires_at.tzinfo is UTC
    assert result.tags == {"plan": "Monthly"}


@pytest.mark.parametrize("text", ["499", "499.0", "499.00", '"499.00"', "4.99e2"])
def test_every_spelling_of_an_amount_is_the_same_amount(text) -> None:
    assert order_from(order(order_amount=read_json(text.encode())), order_id=ORDER_ID).amount_paise == 49900


@pytest.mark.parametrize(
    "amount",
    [
        None,
        True,
        "",
        "x",
        "NaN",
        "Infinity",
        -1,
        Decimal("-0.01"),
        Decimal("499.001"),
        Decimal("1e400"),
        Decimal("1e999999"),
        Decimal("NaN"),
        [],
        {},
    ],
)
@pytest.mark.parametrize("key", ["order_amount", "payment_amount"])
def test_an_amount_that_is_not_exact_money_makes_the_reply_invalid(amount, key) -> None:
    with pytest.raises(GatewayReplyInvalid):
        payment_from(payment(**{key: amount}), order_id=ORDER_ID)


@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(), st.decimals(), st.lists(st.integers(), max_size=2)
    )
)
def test_any_amount_is_exact_paise_or_refused(amount) -> None:
    try:
        paise = order_from(order(order_amount=amount), order_id=ORDER_ID).amount_paise
    except GatewayReplyInvalid:
        return

    assert paise >= 0
    assert Decimal(paise) == Decimal(str(amount)) * 100


@pytest.mark.parametrize(
    "changes",
    [{"order_id": "another"}, {"order_id": None}, {"cf_order_id": None}, {"order_currency": "rupees"}],
)
def test_an_order_that_contradicts_the_question_is_refused(changes) -> None:
    with pytest.raises(GatewayReplyInvalid):
        order_from(order(**changes), order_id=ORDER_ID)


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_a_reply_of_another_shape_is_refused(document) -> None:
    with pytest.raises(GatewayReplyInvalid):
        order_from(document, order_id=ORDER_ID)
    with pytest.raises(GatewayReplyInvalid):
        payments_from({"payments": document}, order_id=ORDER_ID)


def test_an_order_of_an_old_version_has_a_number_as_its_id() -> None:
    assert order_from(order(cf_order_id=2202645729), order_id=ORDER_ID).gateway_order_id == "2202645729"


def test_a_status_invented_later_is_unknown() -> None:
    assert order_from(order(order_status="FROZEN"), order_id=ORDER_ID).status is GatewayOrderStatus.UNKNOWN
    assert (
        payment_from(payment(payment_status="ODD"), order_id=ORDER_ID).status is GatewayPaymentStatus.UNKNOWN
    )
    assert refund_from(refund(refund_status=None), order_id=ORDER_ID).status is GatewayRefundStatus.UNKNOWN


def test_all_attempts_are_read_and_the_order_amount_is_kept_apart_from_the_charge() -> None:
    failed, dropped, success = payments_from(fixture("payments_several_attempts.json"), order_id=ORDER_ID)

    assert (failed.status, failed.error_code, failed.error_reason) == (
        GatewayPaymentStatus.FAILED,
        "TRANSACTION_DECLINED",
        "auth_declined",
    )
    assert (dropped.status, dropped.method, dropped.paid_at) == (
        GatewayPaymentStatus.DROPPED,
        "pay_later",
        None,
    )
    assert (success.amount_paise, success.charged_paise) == (49900, 51050)
    assert success.gateway_payment_id == "1234881617186388204"
    assert success.paid_at == datetime(2026, 11, 22, 6, 48, 59, tzinfo=UTC)
    assert success.is_money


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NOT_ATTEMPTED", GatewayPaymentStatus.NOT_STARTED),
        ("PENDING", GatewayPaymentStatus.PENDING),
        ("FLAGGED", GatewayPaymentStatus.PENDING),
        ("CANCELLED", GatewayPaymentStatus.CANCELLED),
        ("VOID", GatewayPaymentStatus.CANCELLED),
    ],
)
def test_a_payment_status_is_translated(word, status) -> None:
    assert payment_from(payment(payment_status=word), order_id=ORDER_ID).status is status


def test_cash_on_delivery_is_no_money() -> None:
    result = payment_from(fixture("payment_cash_on_delivery.json"), order_id=ORDER_ID)

    assert result.status is GatewayPaymentStatus.SUCCESS
    assert not result.is_money


@pytest.mark.parametrize("captured", [False, "false", 0])
def test_an_authorisation_without_capture_is_no_money(captured) -> None:
    assert not payment_from(payment(is_captured=captured), order_id=ORDER_ID).is_money


@pytest.mark.parametrize(
    ("union", "group", "method"),
    [
        ({"quantum_wallet": {}}, "wallet", "quantum_wallet"),
        (None, "upi", "upi"),
        ([], None, "unknown"),
        ("upi", "net_banking", "net_banking"),
    ],
)
def test_an_unknown_payment_method_is_its_own_name(union, group, method) -> None:
    row = payment(payment_method=union, payment_group=group)

    assert payment_from(row, order_id=ORDER_ID).method == method


@pytest.mark.parametrize("bad_row", [None, "row", 7, [], {}, payment(cf_payment_id=None)])
def test_one_row_without_identity_does_not_lose_the_others(bad_row) -> None:
    rows = payments_from([bad_row, payment(cf_payment_id=12376123)], order_id=ORDER_ID)

    assert [row.gateway_payment_id for row in rows] == ["12376123"]


def test_one_row_with_unreadable_money_makes_the_list_invalid() -> None:
    with pytest.raises(GatewayReplyInvalid):
        payments_from([payment(), payment(payment_amount="many")], order_id=ORDER_ID)


def test_a_row_of_another_order_makes_the_list_invalid() -> None:
    with pytest.raises(GatewayReplyInvalid):
        payments_from([payment(order_id="ANOTHER")], order_id=ORDER_ID)


def test_an_attempt_without_a_charge_is_read_unless_it_succeeded() -> None:
    row = payment(payment_status="NOT_ATTEMPTED", payment_amount=None, payment_currency=None)

    assert payment_from(row, order_id=ORDER_ID).charged_paise == 49900


@pytest.mark.parametrize(
    "text", ["2026-11-22T12:18:59+0530", "2026-11-22T12:18:59", "2026-11-22 12:18:59", "2026-11-22T06:48:59Z"]
)
def test_a_time_in_any_spelling_is_read_and_means_india_without_an_offset(text) -> None:
    row = payment(payment_completion_time=text)

    assert payment_from(row, order_id=ORDER_ID).paid_at == datetime(2026, 11, 22, 6, 48, 59, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", None, 7, {}])
def test_a_time_that_cannot_be_read_is_none(text) -> None:
    assert (
        payment_from(payment(payment_completion_time=text, payment_time=text), order_id=ORDER_ID).paid_at
        is None
    )


def test_text_that_a_database_cannot_store_is_cleaned() -> None:
    row = payment(payment_message="ok\x00\ud800" + "x" * 9999)

    assert payment_from(row, order_id=ORDER_ID).message == "ok" + "x" * 496


def request(**changes: Any) -> OrderRequest:
    return OrderRequest(
        **{
            "order_id": ORDER_ID,
            "amount_paise": 49900,
            "currency": "INR",
            "customer": Customer("CUST1", "Al", "", "9876543210"),
            "return_url": "",
            "notify_url": "",
            "expires_at": datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
            **changes,
        }
    )


def test_optional_texts_keep_to_the_limits_of_the_gateway() -> None:
    tags = {f"key{number}": "v" * 300 for number in range(12)} | {"empty": ""}

    payload = order_payload(request(note="x" * 300, tags=tags))

    assert payload["customer_details"] == {"customer_id": "CUST1", "customer_phone": "9876543210"}
    assert len(payload["order_note"]) == 200
    assert len(payload["order_tags"]) == 10
    assert {len(value) for value in payload["order_tags"].values()} == {255}
    assert "order_meta" not in payload


def test_the_expiry_has_indias_offset() -> None:
    assert order_payload(request())["order_expiry_time"] == "2026-11-22T12:30:00+05:30"


def test_an_expiry_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError):
        order_payload(request(expires_at=datetime(2026, 11, 22, 7, 0)))
