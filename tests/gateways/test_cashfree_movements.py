"""Cashfree's two reports become movements: each once, to the last page, and no bad row hides a good one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from domain.errors import GatewayReplyInvalid
from domain.gateway import Movement, MovementKind
from gateways.cashfree_movements import MAX_PAGES, movement_from, movements
from gateways.json_codec import read_json

FIXTURES = Path(__file__).parents[1] / "fixtures/cashfree"
ORDER_ID = "ORDERA1B2C3D4E5F6G7H"
SINCE = datetime(2026, 11, 20, tzinfo=UTC)
UNTIL = datetime(2026, 11, 23, tzinfo=UTC)
NOTHING: Mapping[str, Any] = {"cursor": None, "data": []}

PAYMENT = Movement(
    kind=MovementKind.PAYMENT,
    order_id=ORDER_ID,
    gateway_payment_id="12376123",
    amount_paise=49900,
    currency="INR",
    occurred_at=datetime(2026, 11, 22, 6, 17, 13, tzinfo=UTC),
)
REFUND = Movement(
    kind=MovementKind.REFUND,
    order_id=ORDER_ID,
    gateway_payment_id="12376123",
    amount_paise=10050,
    currency="INR",
    occurred_at=datetime(2026, 11, 22, 7, 30, tzinfo=UTC),
    gateway_refund_id="1553338",
    refund_id="REFUND-1",
)


def fixture(name: str) -> Any:
    return read_json((FIXTURES / name).read_bytes())


def ledger_row(kind: str = "PAYMENT", **changes: object) -> dict[str, Any]:
    row = next(row for row in fixture("recon_ledger.json")["data"] if row["event_type"] == kind)
    return {**row, **changes}


def asking(
    ledger: list[Any], settled: list[Any] | None = None
) -> tuple[Callable[[str, Mapping[str, Any]], Any], list[tuple[str, Any]]]:
    """A gateway that answers with these pages, and what it was asked."""
    asked: list[tuple[str, Any]] = []
    pages = {"/recon": iter(ledger), "/settlement/recon": iter(settled or [NOTHING])}

    def ask(path: str, payload: Mapping[str, Any]) -> Any:
        asked.append((path, copy.deepcopy(payload)))
        return next(pages[path])

    return ask, asked


def listed(*ledger: Any, settled: list[Any] | None = None) -> list[Movement]:
    ask, _ = asking(list(ledger), settled)
    return list(movements(ask, SINCE, UNTIL))


def of_rows(*rows: Any) -> list[Movement]:
    return listed({"cursor": None, "data": list(rows)})


def test_the_ledger_names_payments_by_their_order_amount_and_refunds_by_both_ids() -> None:
    assert listed(fixture("recon_ledger.json")) == [PAYMENT, REFUND]


def test_the_report_of_payouts_is_read_into_the_same_movements() -> None:
    assert listed(NOTHING, settled=[fixture("recon_settled.json")]) == [PAYMENT, REFUND]


def test_a_movement_in_both_reports_is_told_once() -> None:
    assert listed(fixture("recon_ledger.json"), settled=[fixture("recon_settled.json")]) == [PAYMENT, REFUND]


def test_two_refunds_of_one_payment_are_two_movements() -> None:
    first, second = ledger_row("REFUND"), ledger_row("REFUND", event_id="1553339", refund_id="REFUND-2")

    assert [movement.refund_id for movement in of_rows(first, second)] == ["REFUND-1", "REFUND-2"]


def test_both_reports_are_asked_for_the_time_with_its_last_second() -> None:
    ask, asked = asking([NOTHING])

    list(movements(ask, SINCE, UNTIL + timedelta(milliseconds=1)))

    filters = {"start_date": "2026-11-20T05:30:00+05:30", "end_date": "2026-11-23T05:30:01+05:30"}
    assert asked == [
        (path, {"pagination": {"limit": 250}, "filters": filters}) for path in ("/recon", "/settlement/recon")
    ]


def test_the_next_page_is_asked_for_by_the_cursor_until_there_is_none() -> None:
    ask, asked = asking(
        [
            {"cursor": "after-1", "data": [ledger_row()]},
            {"cursor": "after-2", "data": [ledger_row("REFUND")]},
            {"cursor": None, "data": [ledger_row(order_id="ORDER2", cf_payment_id="2")]},
        ]
    )

    found = list(movements(ask, SINCE, UNTIL))

    assert [movement.order_id for movement in found] == [ORDER_ID, ORDER_ID, "ORDER2"]
    cursors = [payload["pagination"].get("cursor") for path, payload in asked if path == "/recon"]
    assert cursors == [None, "after-1", "after-2"]


def test_pages_are_asked_for_only_as_far_as_they_are_read() -> None:
    ask, asked = asking([{"cursor": "after-1", "data": [ledger_row()]}])

    assert next(movements(ask, SINCE, UNTIL)) == PAYMENT
    assert len(asked) == 1


@pytest.mark.parametrize(
    "empty", [{"cursor": "after-1", "data": []}, {"data": None}, {"cursor": "", "data": []}]
)
def test_an_empty_page_is_the_end_whatever_its_cursor(empty) -> None:
    assert listed({"cursor": "after-1", "data": [ledger_row()]}, empty) == [PAYMENT]


def test_a_cursor_that_comes_again_is_an_error_and_not_a_loop() -> None:
    pages = [{"cursor": cursor, "data": [ledger_row()]} for cursor in ("a", "b", "a")]

    with pytest.raises(GatewayReplyInvalid, match="cursor came twice"):
        listed(*pages)


def test_cursors_that_never_end_are_an_error() -> None:
    def ask(path: str, payload: Mapping[str, Any]) -> Any:
        last = int(payload["pagination"].get("cursor", "0"))
        return {"cursor": str(last + 1), "data": [ledger_row()]}

    with pytest.raises(GatewayReplyInvalid, match=f"more than {MAX_PAGES} pages"):
        list(movements(ask, SINCE, UNTIL))


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "page",
        {},
        {"cursor": None},
        {"data": {}},
        {"data": "rows"},
        {"data": [], "cursor": 7},
        {"data": [], "cursor": "x" * 5000},
    ],
)
def test_an_answer_that_is_no_page_is_an_error(document) -> None:
    with pytest.raises(GatewayReplyInvalid, match="not a page"):
        listed(document)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        [],
        {},
        ledger_row(event_type=None),
        ledger_row(order_id=None),
        ledger_row(order_id=["x"]),
        ledger_row(cf_payment_id=None, event_id=None),
        ledger_row("REFUND", order_id=""),
        ledger_row("REFUND", event_id=None, refund_id="null,"),
        {"event_details": None},
        {"event_details": {"event_type": "PAYMENT"}, "order_details": 3},
    ],
)
def test_a_row_without_an_identity_is_left_out_and_told_in_the_log(bad) -> None:
    with structlog.testing.capture_logs() as logs:
        found = of_rows(bad, ledger_row())

    assert found == [PAYMENT]
    assert [entry["event"] for entry in logs] == ["gateway_row_left_out"]


@pytest.mark.parametrize(
    "changes",
    [
        {"order_amount": "a lot"},
        {"order_amount": 499.001},
        {"order_amount": -1},
        {"order_amount": None, "event_amount": None},
        {"order_amount": True},
        {"event_currency": "rupees"},
        {"event_time": "yesterday", "payment_time": None},
        {"event_time": "9999-99-99T00:00:00", "payment_time": 0},
    ],
)
def test_a_row_with_unreadable_money_or_time_is_raised_when_all_others_were_told(changes) -> None:
    found: list[Movement] = []
    ask, _ = asking([{"cursor": None, "data": [ledger_row(**changes), ledger_row("REFUND")]}])

    with pytest.raises(GatewayReplyInvalid, match="1 unreadable rows, the first /recon"):
        for movement in movements(ask, SINCE, UNTIL):
            found.append(movement)

    assert found == [REFUND]


@pytest.mark.parametrize("status", ["FAILED", "PENDING", "CANCELLED"])
def test_what_did_not_succeed_moved_nothing(status) -> None:
    assert of_rows(ledger_row(event_status=status), ledger_row("REFUND", event_status=status)) == []


@pytest.mark.parametrize("status", [None, "PROCESSED", "A_WORD_OF_TOMORROW"])
def test_a_status_that_is_new_to_us_hides_no_money(status) -> None:
    assert of_rows(ledger_row(event_status=status)) == [PAYMENT]


def test_a_dispute_or_reversal_of_an_order_is_named_in_the_log_and_payouts_are_not() -> None:
    rows = [ledger_row("DISPUTE"), ledger_row(event_type="REFUND_REVERSAL"), ledger_row("SETTLEMENT")]

    with structlog.testing.capture_logs() as logs:
        found = of_rows(*rows)

    assert found == []
    assert [(entry["event"], entry["kind"]) for entry in logs] == [
        ("gateway_movement_not_booked", "DISPUTE"),
        ("gateway_movement_not_booked", "REFUND_REVERSAL"),
    ]


def test_a_payment_without_its_id_is_known_by_that_of_its_event() -> None:
    movement = movement_from(ledger_row(cf_payment_id=None, event_id=5114910810523))

    assert movement is not None
    assert movement.gateway_payment_id == "5114910810523"


def test_a_payment_without_the_orders_amount_has_the_charged_one() -> None:
    movement = movement_from(ledger_row(order_amount=None))

    assert movement is not None
    assert movement.amount_paise == 50898


def test_a_refund_the_gateway_made_by_itself_has_its_own_id_as_both() -> None:
    movement = movement_from(ledger_row("REFUND", refund_id=None))

    assert movement is not None
    assert (movement.refund_id, movement.gateway_refund_id) == ("1553338", "1553338")


def test_the_gateways_own_id_of_a_refund_goes_before_that_of_the_event() -> None:
    movement = movement_from(ledger_row("REFUND", cf_refund_id=987))

    assert movement is not None
    assert (movement.refund_id, movement.gateway_refund_id) == ("REFUND-1", "987")


@pytest.mark.parametrize("until", [SINCE - timedelta(seconds=1), datetime(2026, 11, 23)])
def test_a_time_the_wrong_way_round_or_without_a_zone_is_refused(until) -> None:
    ask, asked = asking([])

    with pytest.raises(ValueError):
        movements(ask, SINCE, until)

    assert asked == []
