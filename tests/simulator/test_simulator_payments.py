"""Attempts, late and double successes, refunds: what becomes of the money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.simulator.running_simulator import RunningSimulator


def expiring(simulator: RunningSimulator, minutes: int = 20) -> str:
    now = datetime.fromisoformat(simulator.control("GET", "/clock")["now"]).astimezone(UTC)
    expires_at = (now + timedelta(minutes=minutes)).isoformat()
    return str(simulator.new_order(order_expiry_time=expires_at)["order_id"])


def payments_of(simulator: RunningSimulator, order_id: str) -> list[dict[str, Any]]:
    return list(simulator.call("GET", f"/orders/{order_id}/payments").json())


def refund(simulator: RunningSimulator, order_id: str, **fields: Any) -> Any:
    return simulator.call("POST", f"/orders/{order_id}/refunds", json=fields)


def test_an_order_nobody_tried_to_pay_has_an_empty_list_of_payments(
    simulator: RunningSimulator,
) -> None:
    assert payments_of(simulator, simulator.new_order()["order_id"]) == []


@pytest.mark.parametrize(
    ("method", "group"),
    [
        ("card", "credit_card"),
        ("upi", "upi"),
        ("netbanking", "net_banking"),
        ("wallet", "wallet"),
    ],
)
def test_a_success_pays_the_order(simulator: RunningSimulator, method: str, group: str) -> None:
    order_id = simulator.new_order()["order_id"]

    paid = simulator.pay(order_id, method=method)

    (payment,) = payments_of(simulator, order_id)
    assert simulator.status_of(order_id) == "PAID"
    assert payment["payment_status"] == "SUCCESS"
    assert payment["payment_group"] == group
    assert payment["is_captured"] is True
    assert payment["cf_payment_id"] == paid["cf_payment_id"]
    one = simulator.call("GET", f"/orders/{order_id}/payments/{payment['cf_payment_id']}")
    assert one.json() == payment


def test_a_failure_leaves_the_order_active_and_a_later_attempt_pays_it(
    simulator: RunningSimulator,
) -> None:
    order_id = simulator.new_order()["order_id"]

    simulator.pay(order_id, outcome="FAILED")
    assert simulator.status_of(order_id) == "ACTIVE"
    assert payments_of(simulator, order_id)[0]["error_details"]["error_reason"] == "auth_declined"
    simulator.pay(order_id)

    assert simulator.status_of(order_id) == "PAID"
    assert {p["payment_status"] for p in payments_of(simulator, order_id)} == {"FAILED", "SUCCESS"}


def test_a_running_attempt_may_pay_an_expired_order_within_its_lifetime(
    simulator: RunningSimulator,
) -> None:
    order_id = expiring(simulator)
    simulator.advance(19 * 60)
    simulator.pay(order_id, outcome="PENDING")
    simulator.advance(2 * 60)
    assert simulator.status_of(order_id) == "EXPIRED"

    simulator.control("POST", f"/orders/{order_id}/settle_pending", {"outcome": "SUCCESS"})

    assert simulator.status_of(order_id) == "PAID"


def test_a_success_after_the_attempts_lifetime_is_cancelled_and_given_back(
    simulator: RunningSimulator,
) -> None:
    order_id = expiring(simulator)
    simulator.pay(order_id, outcome="PENDING")
    simulator.advance(60 * 60)

    simulator.control("POST", f"/orders/{order_id}/settle_pending", {"outcome": "SUCCESS"})
    simulator.advance(5)

    truth = simulator.control("GET", "/truth")
    assert truth["orders"][0]["status"] == "EXPIRED"
    assert truth["payments"][0]["status"] == "CANCELLED"
    assert truth["refunds"][0]["status"] == "SUCCESS"
    assert truth["refunds"][0]["type"] == "PAYMENT_AUTO_REFUND"
    assert truth["refunds"][0]["amount_paise"] == 499000


@pytest.mark.parametrize(("outcome", "end"), [("FAILED", "TERMINATED"), ("SUCCESS", "PAID")])
def test_a_termination_waits_for_the_running_attempt(
    simulator: RunningSimulator, outcome: str, end: str
) -> None:
    order_id = simulator.new_order()["order_id"]
    simulator.pay(order_id, outcome="PENDING")

    reply = simulator.call("PATCH", f"/orders/{order_id}", json={"order_status": "TERMINATED"})
    assert reply.json()["order_status"] == "TERMINATION_REQUESTED"
    simulator.control("POST", f"/orders/{order_id}/settle_pending", {"outcome": outcome})

    assert simulator.status_of(order_id) == end


def test_a_second_success_on_one_order_is_given_back_by_the_gateway(
    simulator: RunningSimulator,
) -> None:
    simulator.fault("double_success", count=1)
    order_id = simulator.new_order()["order_id"]

    simulator.pay(order_id)
    simulator.advance(5)

    truth = simulator.control("GET", "/truth")
    assert [p["status"] for p in truth["payments"]] == ["SUCCESS", "SUCCESS"]
    (given_back,) = truth["refunds"]
    assert given_back["cf_payment_id"] == truth["payments"][1]["cf_payment_id"]
    assert given_back["status"] == "SUCCESS"


def test_an_abandoned_attempt_is_dropped_after_ten_minutes(simulator: RunningSimulator) -> None:
    order = simulator.new_order()
    session = order["payment_session_id"]
    method = {"app": {"channel": "link", "provider": "gpay", "phone": "9876543210"}}
    asked = {"payment_session_id": session, "payment_method": method}
    attempt = simulator.call("POST", "/orders/sessions", json=asked, headers={"x-client-id": None}).json()
    page = f"{simulator.origin}/checkout/{session}/attempts/{attempt['cf_payment_id']}"
    assert attempt["data"]["url"] == page

    requests.post(page, data={"intent": "cancel"}, allow_redirects=False, timeout=10)
    simulator.advance(9 * 60)
    assert payments_of(simulator, order["order_id"])[0]["payment_status"] == "PENDING"
    simulator.advance(2 * 60)

    assert payments_of(simulator, order["order_id"])[0]["payment_status"] == "USER_DROPPED"


def test_a_late_success_stays_pending_until_its_time_has_come(simulator: RunningSimulator) -> None:
    simulator.fault("late_success", seconds=600, count=1)
    order_id = simulator.new_order()["order_id"]

    assert simulator.pay(order_id)["status"] == "PENDING"
    simulator.advance(599)
    assert simulator.status_of(order_id) == "ACTIVE"
    simulator.advance(2)

    assert simulator.status_of(order_id) == "PAID"


def test_a_surcharge_is_paid_on_top_of_the_order_amount(simulator: RunningSimulator) -> None:
    simulator.fault("surcharge", count=1)
    order_id = simulator.paid_order(order_amount=100)["order_id"]

    (payment,) = payments_of(simulator, order_id)

    assert (payment["order_amount"], payment["payment_amount"]) == (100, 102)
    parts = payment["payment_surcharge"]
    assert sum(round(part * 100) for part in parts.values()) == 200


def test_an_offer_takes_something_off_what_the_payer_is_charged(simulator: RunningSimulator) -> None:
    simulator.fault("offer", count=1)
    order_id = simulator.paid_order(order_amount=100)["order_id"]

    (payment,) = payments_of(simulator, order_id)

    assert simulator.status_of(order_id) == "PAID"
    assert (payment["order_amount"], payment["payment_amount"]) == (100, 90)
    assert payment["payment_surcharge"] is None


def test_native_otp_decides_a_card_attempt(simulator: RunningSimulator) -> None:
    order = simulator.new_order()
    card = {"channel": "post", "card_number": "4111111111111111"}
    asked = {
        "payment_session_id": order["payment_session_id"],
        "payment_method": {"card": card},
    }
    nobody = {"x-client-id": None, "x-client-secret": None}
    attempt = simulator.call("POST", "/orders/sessions", json=asked, headers=nobody).json()

    answer = simulator.call(
        "POST",
        f"/orders/pay/authenticate/{attempt['cf_payment_id']}",
        json={"action": "SUBMIT_OTP", "otp": "111000"},
        headers=nobody,
    )

    assert attempt["action"] == "post"
    assert answer.json()["authenticate_status"] == "SUCCESS"
    assert simulator.status_of(order["order_id"]) == "PAID"


def test_simulate_gives_a_pending_payment_its_result(simulator: RunningSimulator) -> None:
    order_id = simulator.new_order()["order_id"]
    pending = simulator.pay(order_id, outcome="PENDING")
    body = {
        "entity": "PAYMENTS",
        "entity_id": pending["cf_payment_id"],
        "entity_simulation": {"payment_status": "SUCCESS"},
    }

    run = simulator.call("POST", "/simulate", json=body).json()

    assert simulator.status_of(order_id) == "PAID"
    assert simulator.call("GET", f"/simulate/{run['simulation_id']}").json() == run


def test_a_refund_is_pending_first_and_succeeds_a_moment_later(simulator: RunningSimulator) -> None:
    order_id = simulator.paid_order()["order_id"]

    first = refund(simulator, order_id, refund_id="R-1", refund_amount=100.5).json()
    simulator.advance(3)
    later = simulator.call("GET", f"/orders/{order_id}/refunds/R-1").json()

    assert (first["refund_status"], first["refund_arn"]) == ("PENDING", None)
    assert (later["refund_status"], later["refund_amount"]) == ("SUCCESS", 100.5)
    assert later["refund_arn"] and later["processed_at"]
    assert simulator.call("GET", f"/orders/{order_id}/refunds").json() == [later]
    assert simulator.status_of(order_id) == "PAID"


@pytest.mark.parametrize("status", ["SUCCESS", "FAILED", "PENDING"])
def test_a_refund_note_decides_the_result(simulator: RunningSimulator, status: str) -> None:
    order_id = simulator.paid_order()["order_id"]

    refund(simulator, order_id, refund_id="R-1", refund_amount=10, refund_note=status)
    simulator.advance(3600)

    reply = simulator.call("GET", f"/orders/{order_id}/refunds/R-1")
    assert reply.json()["refund_status"] == status


def test_refunds_never_exceed_what_was_paid(simulator: RunningSimulator) -> None:
    order_id = simulator.paid_order(order_amount=100)["order_id"]
    refund(simulator, order_id, refund_id="R-1", refund_amount=60)

    too_much = refund(simulator, order_id, refund_id="R-2", refund_amount=40.01)
    the_rest = refund(simulator, order_id, refund_id="R-3", refund_amount=40)

    assert (too_much.status_code, too_much.json()["code"]) == (400, "refund_amount_invalid")
    assert the_rest.status_code == 200


def test_a_failed_refund_gives_its_amount_free_again(simulator: RunningSimulator) -> None:
    order_id = simulator.paid_order(order_amount=100)["order_id"]
    refund(simulator, order_id, refund_id="R-1", refund_amount=100, refund_note="FAILED")

    assert refund(simulator, order_id, refund_id="R-2", refund_amount=100).status_code == 200


def test_an_unpaid_order_cannot_be_refunded(simulator: RunningSimulator) -> None:
    reply = refund(simulator, simulator.new_order()["order_id"], refund_id="R-1", refund_amount=1)

    assert (reply.status_code, reply.json()["code"]) == (400, "order_id_not_paid")


def test_a_repeated_refund_id_makes_no_second_refund(simulator: RunningSimulator) -> None:
    order_id = simulator.paid_order()["order_id"]

    first = refund(simulator, order_id, refund_id="R-1", refund_amount=10)
    same = refund(simulator, order_id, refund_id="R-1", refund_amount=10)
    other = refund(simulator, order_id, refund_id="R-1", refund_amount=11)

    assert same.json()["cf_refund_id"] == first.json()["cf_refund_id"]
    assert (other.status_code, other.json()["code"]) == (400, "refund_id_already_exists")
    assert len(simulator.control("GET", "/truth")["refunds"]) == 1
