"""Settlements and the two reports: what the gateway says of money later, and to whom it said nothing before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.running_simulator import Merchant, RunningSimulator

ALWAYS = {"start_date": "2000-01-01T00:00:00Z", "end_date": "2999-01-01T00:00:00Z"}
LEDGER, PAYOUTS = "/recon", "/settlement/recon"
A_DAY = 25 * 3600


def report(simulator: RunningSimulator, path: str, cursor: str | None = None, **filters: str) -> Any:
    body = {"pagination": {"limit": 10, "cursor": cursor}, "filters": ALWAYS | filters}
    return simulator.call("POST", path, json=body).json()


def refund_in_dashboard(simulator: RunningSimulator, order_id: str, **fields: Any) -> str:
    return str(simulator.control("POST", f"/orders/{order_id}/refund", fields)["refund_id"])


def refunds_of(simulator: RunningSimulator, order_id: str) -> list[dict[str, Any]]:
    return list(simulator.call("GET", f"/orders/{order_id}/refunds").json())


def test_a_payment_is_settled_after_a_day_less_fees(simulator: RunningSimulator) -> None:
    order_id = simulator.paid_order(order_amount=100)["order_id"]
    path = f"/orders/{order_id}/settlements"
    assert simulator.call("GET", path).status_code == 404

    simulator.advance(A_DAY)

    assert simulator.call("GET", path).json()["settlement_amount"] == 97.64


def test_the_ledger_lists_payments_and_refunds_at_once(simulator: RunningSimulator) -> None:
    order = simulator.paid_order()
    refund_id = refund_in_dashboard(simulator, order["order_id"], amount_paise=1000, note="SUCCESS")

    payment, refund = report(simulator, LEDGER)["data"]

    assert (payment["event_type"], payment["order_id"]) == ("PAYMENT", order["order_id"])
    assert (payment["event_amount"], payment["order_amount"], payment["settlement_utr"]) == (4990, 4990, None)
    assert (refund["event_type"], refund["event_amount"], refund["sale_type"]) == ("REFUND", 10, "DEBIT")
    assert (refund["refund_id"], refund["cf_payment_id"]) == (refund_id, payment["cf_payment_id"])


def test_the_report_of_payouts_lists_them_with_their_orders_tags_when_they_are_paid_out(
    simulator: RunningSimulator,
) -> None:
    order_id = simulator.paid_order(order_tags={"user_id": "u1"})["order_id"]
    refund_in_dashboard(simulator, order_id, amount_paise=1000, note="SUCCESS")
    assert report(simulator, PAYOUTS) == {"cursor": None, "limit": 10, "data": []}

    simulator.advance(A_DAY)

    rows = report(simulator, PAYOUTS)["data"]
    assert [row["event_details"]["event_type"] for row in rows] == ["PAYMENT", "REFUND"]
    assert all(row["order_details"]["order_tags"] == {"user_id": "u1"} for row in rows)
    assert rows[0]["payment_details"]["payment_amount"] == 4990
    assert [row["event_type"] for row in report(simulator, LEDGER)["data"]] == [
        "PAYMENT",
        "REFUND",
        "SETTLEMENT",
    ]


def test_a_report_keeps_to_its_time(simulator: RunningSimulator) -> None:
    simulator.paid_order()
    simulator.advance(A_DAY)
    today = simulator.control("GET", "/clock")["now"]

    assert [row["event_type"] for row in report(simulator, LEDGER, start_date=today)["data"]] == []
    assert len(report(simulator, LEDGER, end_date=today)["data"]) == 2


@pytest.mark.parametrize("path", [LEDGER, PAYOUTS])
def test_pages_follow_an_opaque_cursor_and_the_last_has_none(simulator: RunningSimulator, path: str) -> None:
    orders = [simulator.paid_order()["order_id"] for _ in range(12)]
    simulator.advance(A_DAY)

    first = report(simulator, path)
    pages = [first]
    while pages[-1]["cursor"]:
        pages.append(report(simulator, path, pages[-1]["cursor"]))

    rows = [
        row.get("event_details", row) | row.get("order_details", {}) for page in pages for row in page["data"]
    ]
    assert not first["cursor"].isdigit()
    assert [row["order_id"] for row in rows if row["event_type"] == "PAYMENT"] == orders
    assert [len(page["data"]) for page in pages] == ([10, 10, 4] if path == LEDGER else [10, 2])


def test_a_page_that_is_just_full_is_the_last_one(simulator: RunningSimulator) -> None:
    for _ in range(10):
        simulator.paid_order()

    reply = report(simulator, LEDGER)

    assert (len(reply["data"]), reply["cursor"]) == (10, None)


@pytest.mark.parametrize("cursor", ["17", "bm90IGpzb24=", "W10=", "%%"])
def test_a_cursor_it_never_gave_is_refused(simulator: RunningSimulator, cursor: str) -> None:
    assert report(simulator, LEDGER, cursor)["code"] == "pagination.cursor_invalid"


@pytest.mark.parametrize("path", [LEDGER, PAYOUTS, "/settlements"])
@pytest.mark.parametrize("limit", [9, 1001])
def test_pages_hold_ten_to_a_thousand_rows(simulator: RunningSimulator, path: str, limit: int) -> None:
    reply = simulator.call("POST", path, json={"pagination": {"limit": limit}, "filters": ALWAYS})

    assert reply.json()["code"] == "pagination.limit_invalid"


def test_reports_share_the_published_limit_of_settlements(simulator: RunningSimulator) -> None:
    simulator.control("POST", "/limits", {"enabled": True, "overrides": {"settlements": 2}})
    body = {"pagination": {"limit": 10}, "filters": ALWAYS}

    statuses = [simulator.call("POST", path, json=body).status_code for path in (LEDGER, PAYOUTS, LEDGER)]

    assert statuses == [200, 200, 429]


def test_a_refund_of_the_dashboard_can_stay_untold(simulator: RunningSimulator, merchant: Merchant) -> None:
    order_id = simulator.paid_order(order_meta={"notify_url": merchant.url})["order_id"]
    simulator.flush()
    merchant.received.clear()
    simulator.fault("drop_webhooks")

    refund_id = refund_in_dashboard(simulator, order_id)
    simulator.advance(3)
    simulator.flush()

    (refund,) = refunds_of(simulator, order_id)
    assert merchant.received == []
    assert (refund["refund_id"], refund["refund_status"], refund["refund_amount"]) == (
        refund_id,
        "SUCCESS",
        4990,
    )
    assert [row["event_type"] for row in report(simulator, LEDGER)["data"]] == ["PAYMENT", "REFUND"]


@pytest.mark.parametrize("outcome", ["FAILED", "CANCELLED"])
def test_a_pending_refund_can_fail_later_and_is_in_no_report(
    simulator: RunningSimulator, outcome: str
) -> None:
    order_id = simulator.paid_order()["order_id"]
    refund_id = refund_in_dashboard(simulator, order_id, note="PENDING")
    assert refunds_of(simulator, order_id)[0]["refund_status"] == "PENDING"

    simulator.control("POST", f"/refunds/{refund_id}/settle", {"outcome": outcome})

    assert refunds_of(simulator, order_id)[0]["refund_status"] == outcome
    assert [row["event_type"] for row in report(simulator, LEDGER)["data"]] == ["PAYMENT"]


def test_the_gateways_refund_of_a_second_success_is_listed_with_the_orders(
    simulator: RunningSimulator,
) -> None:
    simulator.fault("double_success", count=1)
    order_id = simulator.paid_order()["order_id"]
    simulator.advance(3)

    first, second = sorted(
        simulator.call("GET", f"/orders/{order_id}/payments").json(), key=lambda row: row["cf_payment_id"]
    )
    (refund,) = refunds_of(simulator, order_id)

    assert (first["payment_status"], second["payment_status"]) == ("SUCCESS", "SUCCESS")
    assert refund["cf_payment_id"] == second["cf_payment_id"]
    assert (refund["refund_type"], refund["refund_status"]) == ("PAYMENT_AUTO_REFUND", "SUCCESS")
    assert [row["event_type"] for row in report(simulator, LEDGER)["data"]] == [
        "PAYMENT",
        "PAYMENT",
        "REFUND",
    ]
