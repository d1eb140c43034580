"""Razorpay's own account of money: each payment and refund once, under our ids, and never under the browser's word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import GatewayObjectNotFound, GatewayReplyInvalid
from domain.gateway import MovementKind
from gateways.razorpay_movements import PAGE_ROWS, movements
from tests.gateways.razorpay_account import NUMBER, ORDER_ID, TAKEN, body, collection, payment

SINCE = datetime(2025, 8, 29, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=3)
REFUND = body("refunds")["items"][0]


class Lists:
    """Answers as Razorpay's lists do, and remembers what was asked."""

    def __init__(self, **rows: list[Any]) -> None:
        self.rows = {"/orders": [], "/payments": [], "/refunds": []} | {f"/{k}": v for k, v in rows.items()}
        self.single: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, path: str, query: Any) -> Any:
        self.asked.append((path, dict(query)))
        if path in self.rows:
            return collection(*self.rows[path][query["skip"] : query["skip"] + query["count"]])
        if path not in self.single:
            raise GatewayObjectNotFound()
        return self.single[path]


def test_payments_and_refunds_are_told_under_our_ids() -> None:
    lists = Lists(orders=[body("order")], payments=[payment(TAKEN)], refunds=[REFUND])

    paid, returned = movements(lists, SINCE, UNTIL)

    assert (paid.kind, paid.order_id, paid.gateway_payment_id, paid.amount_paise) == (
        MovementKind.PAYMENT, ORDER_ID, TAKEN, 49900,
    )  # fmt: skip
    assert (returned.kind, returned.order_id, returned.gateway_payment_id) == (
        MovementKind.REFUND,
        ORDER_ID,
        TAKEN,
    )
    assert (returned.refund_id, returned.gateway_refund_id) == (REFUND["receipt"], REFUND["id"])
    assert lists.asked[0] == ("/orders", {"from": 1756425600, "to": 1756684800, "count": 100, "skip": 0})


def test_an_order_that_is_older_than_the_time_is_asked_for_by_itself_once() -> None:
    lists = Lists(payments=[payment(TAKEN), payment(TAKEN, id="pay_Second00000001")])
    lists.single[f"/orders/{NUMBER}"] = body("order")

    assert [movement.order_id for movement in movements(lists, SINCE, UNTIL)] == [ORDER_ID, ORDER_ID]
    assert [path for path, _ in lists.asked].count(f"/orders/{NUMBER}") == 1


def test_a_refund_of_an_older_payment_leads_to_its_order() -> None:
    lists = Lists(refunds=[REFUND])
    lists.single[f"/payments/{TAKEN}"] = payment(TAKEN)
    lists.single[f"/orders/{NUMBER}"] = body("order")

    (returned,) = movements(lists, SINCE, UNTIL)

    assert returned.order_id == ORDER_ID


def test_the_receipt_counts_and_not_what_the_browser_noted() -> None:
    noted = payment(TAKEN, notes={"order_id": "ORDER00000000000000X"})
    lists = Lists(orders=[body("order")], payments=[noted])

    assert [movement.order_id for movement in movements(lists, SINCE, UNTIL)] == [ORDER_ID]


def test_what_moved_no_money_of_ours_is_not_told() -> None:
    rows = [
        payment("pay_FailedFailed01"),
        payment("pay_HeldHeldHeld01"),
        payment("pay_ReturnedRet001", captured=False, fee=None),
        payment(TAKEN, id="pay_NoOrder0000001", order_id=None),
        payment(TAKEN, id="pay_Foreign0000001", order_id="order_Foreign0000001"),
    ]
    pending = body("refunds")["items"][1]
    lists = Lists(
        orders=[body("order"), body("order", id="order_Foreign0000001", receipt=None)],
        payments=rows,
        refunds=[pending],
    )

    assert list(movements(lists, SINCE, UNTIL)) == []


def test_every_page_is_read_and_a_row_that_moves_to_the_next_page_is_told_once() -> None:
    rows = [payment(TAKEN, id=f"pay_{number:014d}") for number in range(PAGE_ROWS + 20)]
    lists = Lists(orders=[body("order")], payments=rows)

    def moving(path: str, query: Any) -> Any:
        answer = lists(path, query)
        if path == "/payments" and query["skip"] == 0:
            lists.rows[path] = [payment(TAKEN, id="pay_New00000000001"), *lists.rows[path]]
        return answer

    ids = [movement.gateway_payment_id for movement in movements(moving, SINCE, UNTIL)]

    assert len(ids) == len(set(ids)) == PAGE_ROWS + 20


def test_an_unreadable_row_hides_no_other_and_is_told_at_the_end() -> None:
    lists = Lists(
        orders=[body("order")],
        payments=[
            payment(TAKEN, amount="499"),
            {"entity": "payment"},
            payment(TAKEN, id="pay_Good000000001"),
        ],
    )
    told = []

    with pytest.raises(GatewayReplyInvalid) as caught:
        for movement in movements(lists, SINCE, UNTIL):
            told.append(movement.gateway_payment_id)

    assert told == ["pay_Good000000001"]
    assert "1 unreadable rows" in caught.value.detail


@pytest.mark.parametrize("since", [datetime(2025, 8, 29), UNTIL + timedelta(seconds=1)])
def test_a_time_that_is_none_is_refused_at_once(since) -> None:
    with pytest.raises(ValueError):
        movements(Lists(), since, UNTIL)
