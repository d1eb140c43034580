"""Faults of Razorpay's interface, the control interface and the dashboard for both gateways, restart."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.simulator.razorpay_merchant import KEYS, RazorpayMerchant
from tests.simulator.running_simulator import (
    REPOSITORY,
    Merchant,
    RunningSimulator,
    running_simulator,
)

BODY = {"amount": 499000, "currency": "INR", "receipt": "ORDER1"}


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("http_500", 500, "SERVER_ERROR"),
        ("http_503", 503, "SERVER_ERROR"),
        ("outage", 503, "SERVER_ERROR"),
        ("http_429", 429, "BAD_REQUEST_ERROR"),
    ],
)
def test_an_error_fault_does_nothing_else(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, name: str, status: int, code: str
) -> None:
    simulator.fault(name, count=1)

    reply = razorpay.call("POST", "/orders", json=BODY)

    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert razorpay.get("/orders")["count"] == 0


def test_a_bad_gateway_is_a_page(simulator: RunningSimulator, razorpay: RazorpayMerchant) -> None:
    simulator.fault("http_502", count=1)

    reply = razorpay.call("POST", "/orders", json=BODY)

    assert (reply.status_code, reply.headers["content-type"]) == (502, "text/html; charset=utf-8")


@pytest.mark.parametrize(("name", "made"), [("drop_connection", 0), ("drop_connection_after_effect", 1)])
def test_an_order_whose_reply_was_lost_is_found_by_its_receipt(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, name: str, made: int
) -> None:
    simulator.fault(name, count=1, operation="create_order", gateway="razorpay")

    with pytest.raises(requests.ConnectionError):
        razorpay.call("POST", "/orders", json=BODY)

    assert razorpay.get("/orders", receipt="ORDER1")["count"] == made


@pytest.mark.parametrize("name", ["html_error_page", "truncated_json", "empty_body", "redirect_302"])
def test_replies_that_are_no_json(simulator: RunningSimulator, razorpay: RazorpayMerchant, name: str) -> None:
    simulator.fault(name, count=1)

    with pytest.raises(requests.JSONDecodeError):
        razorpay.call("POST", "/orders", json=BODY).json()


def test_a_lie_changes_the_reply_but_not_the_truth(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    order = razorpay.order()

    simulator.fault("wrong_amount", count=1)
    lie = razorpay.get(f"/orders/{order['id']}")

    assert lie["amount"] == 100
    assert razorpay.get(f"/orders/{order['id']}") == order


def test_lists_may_lag_while_single_reads_do_not(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    simulator.fault("list_lag", seconds=60)
    order, payment = razorpay.paid()

    before = (razorpay.get("/payments")["count"], razorpay.get("/orders", receipt="ORDER1")["count"])
    simulator.advance(61)
    after = (razorpay.get("/payments")["count"], razorpay.get("/orders", receipt="ORDER1")["count"])

    assert (before, after) == ((0, 0), (1, 1))
    assert order["status"] == "paid"
    assert payment["status"] == "captured"


def test_an_outage_of_one_gateway_leaves_the_other_alone(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    simulator.fault("outage", gateway="cashfree")
    cashfree_down = (
        simulator.call("GET", "/orders/x").status_code,
        razorpay.call("GET", "/orders").status_code,
    )
    simulator.control("DELETE", "/faults")
    simulator.fault("outage", gateway="razorpay")
    razorpay_down = (
        simulator.call("GET", "/orders/x").status_code,
        razorpay.call("GET", "/orders").status_code,
    )

    assert (cashfree_down, razorpay_down) == ((503, 200), (404, 503))


def test_a_fault_may_be_limited_to_an_order_and_to_its_payments(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    (one, payment), (two, other) = razorpay.paid(), razorpay.paid()
    simulator.fault("http_500", order_id=one["id"])

    statuses = [
        razorpay.call("GET", path).status_code
        for path in (
            f"/orders/{one['id']}",
            f"/payments/{payment['id']}",
            f"/orders/{two['id']}",
            f"/payments/{other['id']}",
        )
    ]

    assert statuses == [500, 500, 200, 200]


def test_a_seeded_fault_repeats_itself(simulator: RunningSimulator, razorpay: RazorpayMerchant) -> None:
    runs = []
    for _ in range(2):
        simulator.fault("http_503", probability=0.5, seed=7)
        runs.append([razorpay.call("GET", "/orders").status_code for _ in range(12)])
        simulator.control("DELETE", "/faults")

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


def test_the_script_can_be_made_unavailable(simulator: RunningSimulator) -> None:
    simulator.fault("sdk_unavailable", count=1, gateway="razorpay")
    url = f"{simulator.origin}/v1/checkout.js"

    assert [requests.get(url, timeout=10).status_code for _ in range(2)] == [503, 200]


def test_the_truth_names_the_gateway_of_every_row(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    simulator.paid_order()
    _, payment = razorpay.paid(notes={"user_id": "7"})
    razorpay.refund(payment, amount=100)

    every = simulator.control("GET", "/truth")
    only = simulator.control("GET", "/truth?gateway=razorpay")

    assert [row["gateway"] for row in every["orders"]] == ["cashfree", "razorpay"]
    assert [row["status"] for row in every["payments"]] == ["SUCCESS", "captured"]
    assert only["payments"][0]["payment_id"] == payment["id"]
    assert only["orders"][0]["tags"] == {"user_id": "7"}
    assert [(row["amount_paise"], row["status"]) for row in only["refunds"]] == [(100, "processed")]


def test_control_captures_settles_and_refunds(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    order = razorpay.order(payment_capture=0)
    razorpay.pay(order, outcome="PENDING")

    settled = simulator.control("POST", f"/orders/{order['id']}/settle_pending", {"outcome": "SUCCESS"})
    captured = simulator.control("POST", f"/orders/{order['id']}/capture")
    refunded = simulator.control("POST", f"/orders/{order['id']}/refund", {"amount_paise": 500})

    assert settled["settled"][0]["status"] == "authorized"
    assert captured["status"] == "captured"
    assert refunded["status"] == "processed"
    assert razorpay.attempts(order)[0]["amount_refunded"] == 500


def test_switches_are_checked_and_secrets_are_not_shown(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    url = f"{simulator.origin}/control/accounts/{KEYS[0]}"

    statuses = [
        requests.post(url, json=body, timeout=10).status_code
        for body in ({"capture": "perhaps"}, {"surprise": 1}, {"upi_intent": 1}, {"capture": "manual"})
    ]

    assert statuses == [400, 400, 400, 200]
    shown = simulator.control("GET", "/accounts")
    assert "simulator_secret" not in str(shown)
    assert "simulator_webhook_secret" not in str(shown)
    assert {account["gateway"] for account in shown["accounts"]} == {"cashfree", "razorpay"}


def test_reset_forgets_the_second_gateway_too(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.switch(capture="manual")
    razorpay.listen(merchant.url)
    razorpay.pay(razorpay.order())

    simulator.control("POST", "/reset")

    assert simulator.control("GET", "/truth") == {"orders": [], "payments": [], "refunds": []}
    assert simulator.control("GET", "/endpoints") == {"endpoints": []}
    assert razorpay.paid()[0]["status"] == "paid"


def test_memory_survives_a_restart(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as simulator:
        razorpay = RazorpayMerchant(simulator)
        razorpay.switch(upi_intent=False)
        razorpay.paid()
        late = razorpay.order()
        razorpay.pay(late, outcome="LATE", seconds=60)
        before = simulator.control("GET", "/truth")

    with running_simulator(tmp_path) as simulator:
        razorpay = RazorpayMerchant(simulator)
        assert simulator.control("GET", "/truth") == before
        assert simulator.control("GET", "/accounts")["accounts"][1]["upi_intent"] is False
        simulator.advance(61)
        assert razorpay.get(f"/orders/{late['id']}")["status"] == "paid"


def test_the_environment_names_other_keys_and_the_command_line_a_webhook(
    tmp_path: Path, merchant: Merchant
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CASHFREE_")}
    environment |= {
        "RAZORPAY_KEY_ID": "rzp_test_mine",
        "RAZORPAY_KEY_SECRET": "mine",
        "RAZORPAY_WEBHOOK_SECRET": "my hook",
    }
    command = [sys.executable, "-m", "simulator", "--port", "0", "--data-dir", str(tmp_path)]
    command += ["--razorpay-webhook", merchant.url]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            simulator = RunningSimulator(process.stdout.readline().split()[1].removesuffix("/dashboard"))
            razorpay = RazorpayMerchant(simulator, ("rzp_test_mine", "mine"))
            simulator.control("POST", "/reset")
            razorpay.paid()
            simulator.flush()
            foreign = razorpay.call("GET", "/orders", auth=KEYS).status_code
        finally:
            process.kill()

    assert len(merchant.received) == 3
    assert foreign == 401


def test_the_dashboard_shows_captures_and_refunds(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    order = razorpay.order(payment_capture=0, receipt="RECEIPT-9")
    payment_id = razorpay.pay(order)["payment_id"]
    page = f"{simulator.origin}/dashboard/orders/{order['id']}"

    listed = requests.get(f"{simulator.origin}/dashboard/orders", timeout=10).text
    captured = requests.post(f"{page}/payments", data={"capture": payment_id}, timeout=10).text
    too_much = requests.post(f"{page}/refund", data={"amount": "4,990.01"}, timeout=10)
    requests.post(f"{page}/refund", data={"amount": "90", "note": "kind"}, timeout=10)

    assert order["id"] in listed
    assert "RECEIPT-9" in listed
    assert "captured" in captured
    assert (too_much.status_code, "greater than amount captured" in too_much.text) == (400, True)
    assert razorpay.attempts(order)[0]["amount_refunded"] == 9000
    assert "order.paid" in requests.get(f"{simulator.origin}/dashboard/events", timeout=10).text


def test_a_switched_off_webhook_can_be_switched_on_in_the_dashboard(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    endpoint = razorpay.listen(merchant.url)
    simulator.control("POST", f"/endpoints/{endpoint['id']}", {"active": False})

    before = requests.get(f"{simulator.origin}/dashboard/events", timeout=10).text
    requests.post(f"{simulator.origin}/dashboard/endpoints/{endpoint['id']}/switch_on", timeout=10)

    assert "switched off" in before
    assert simulator.control("GET", "/endpoints")["endpoints"][0]["active"] is True
