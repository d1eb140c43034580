"""The face that the integration guide describes, and its table "Common Error Messages"."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog

import config
from cashfree_integration import CashfreePaymentGateway
from gateways.http import GatewayHttp
from tests.cashfree_account import SECRET

ROOT = Path(__file__).parents[1]
SIMULATOR = "http://127.0.0.1:8502/pg"


@pytest.fixture
def environment(monkeypatch, tmp_path) -> dict[str, str]:
    """The environment the gateway sees: empty, with files of a temporary folder."""
    variables: dict[str, str] = {}
    load = config.load_settings
    monkeypatch.setattr(config, "load_settings", lambda: load(variables, root=tmp_path))
    return variables


@pytest.fixture
def gateway(environment) -> CashfreePaymentGateway:
    return CashfreePaymentGateway(
        http=GatewayHttp("cashfree", sleep=lambda _: None),
        clock=lambda: datetime(2026, 11, 22, 6, 30, tzinfo=UTC),
    )


def opens_what_is_asked(request: Any) -> tuple[int, dict[str, str], str]:
    asked = json.loads(request.body)
    reply = {
        "cf_order_id": 2202645729,
        "order_id": asked["order_id"],
        "order_amount": asked["order_amount"],
        "order_currency": "INR",
        "order_status": "ACTIVE",
        "payment_session_id": "session_abc",
    }
    return 200, {}, json.dumps(reply)


def pay(gateway: CashfreePaymentGateway, **changes: Any) -> tuple[bool, str, dict[str, Any] | None]:
    arguments = {
        "user_id": 7,
        "username": "asha",
        "email": "asha@example.in",
        "plan": "Monthly",
        "amount": 499,
    }
    return gateway.generate_payment_order(**{**arguments, **changes})


def answer(mocked, **reply: Any) -> None:
    mocked.post(f"{SIMULATOR}/orders", **reply)


def open_orders(mocked) -> None:
    mocked.add_callback(
        "POST", f"{SIMULATOR}/orders", callback=opens_what_is_asked, content_type="application/json"
    )


def sent(mocked) -> dict[str, Any]:
    return json.loads(mocked.calls[-1].request.body)


def test_with_an_empty_environment_it_talks_to_the_simulator(mocked, gateway) -> None:
    open_orders(mocked)

    success, _, order = pay(gateway)

    assert success
    assert order is not None
    assert order["payment_session_id"] == "session_abc"
    assert (order["cf_order_id"], order["order_status"], order["order_currency"]) == (
        "2202645729",
        "ACTIVE",
        "INR",
    )
    assert order["order_amount"] == 499
    assert mocked.calls[0].request.headers["x-client-id"] == "TESTSIMULATOR"


def test_a_new_order_has_our_ids_and_half_an_hour(mocked, gateway) -> None:
    open_orders(mocked)

    pay(gateway)
    first = sent(mocked)
    pay(gateway)
    second = sent(mocked)

    assert re.fullmatch(r"ORDER[A-Z0-9]{15}", first["order_id"])
    assert first["order_id"] != second["order_id"]
    assert re.fullmatch(r"CUST[A-Z0-9]{12}", first["customer_details"]["customer_id"])
    assert first["customer_details"]["customer_id"] == second["customer_details"]["customer_id"]
    assert first["order_expiry_time"] == "2026-11-22T12:30:00+05:30"
    assert first["order_tags"] == {"plan": "Monthly"}
    assert first["order_meta"] == {
        "return_url": "http://localhost:8501/?order_id={order_id}",
        "notify_url": "http://localhost:8501/webhooks/cashfree",
    }


def test_an_order_id_of_the_caller_is_kept(mocked, gateway) -> None:
    open_orders(mocked)

    _, _, order = pay(gateway, order_id="ORDERMINE")

    assert order is not None
    assert order["order_id"] == "ORDERMINE"


@pytest.mark.parametrize("phone", ["919999999999", "+91 99999-99999", "09999999999", "9999999999"])
def test_the_last_ten_digits_of_the_phone_are_sent(mocked, gateway, phone) -> None:
    open_orders(mocked)

    pay(gateway, phone=phone)

    assert sent(mocked)["customer_details"]["customer_phone"] == "9999999999"


@pytest.mark.parametrize("phone", ["", "12345", "phone", "٩٩٩٩٩٩٩٩٩٩"])
def test_a_phone_without_ten_digits_is_asked_for_again(mocked, gateway, phone) -> None:
    assert pay(gateway, phone=phone) == (
        False,
        "Please give a phone number of ten digits. You were not charged.",
        None,
    )


@pytest.mark.parametrize("amount", [499, 499.0, "499", "499.00", Decimal("499")])
def test_an_amount_in_rupees_is_sent_exactly(mocked, gateway, amount) -> None:
    open_orders(mocked)

    pay(gateway, amount=amount)

    assert b'"order_amount":499.00,' in mocked.calls[0].request.body


@pytest.mark.parametrize(
    "amount",
    [0, -499, 0.99, 499.001, 1e400, float("nan"), "NaN", "1e400", "1e999999", "", None, True, "five"],
)
def test_an_amount_that_is_no_price_is_refused_and_not_sent(mocked, gateway, amount) -> None:
    success, message, order = pay(gateway, amount=amount)

    assert (success, order, len(mocked.calls)) == (False, None, 0)
    assert "not charged" in message


def test_the_module_is_found_in_the_project_root_without_any_environment(tmp_path) -> None:
    code = "from cashfree_integration import CashfreePaymentGateway; print(repr(CashfreePaymentGateway()))"

    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout == "CashfreePaymentGateway(account=None)\n"
    assert os.listdir(tmp_path) == []


def test_a_reply_without_payment_session_id_is_told_to_the_customer(mocked, gateway) -> None:
    body = {"cf_order_id": "1", "order_id": "ORDERMINE", "order_amount": 499, "order_currency": "INR"}
    answer(mocked, json={**body, "order_status": "ACTIVE"})

    success, message, order = pay(gateway, order_id="ORDERMINE")

    assert (success, order) == (False, None)
    assert message.startswith("Payment session ID not received from Cashfree")


def test_a_failed_connection_is_told_as_temporarily_unavailable(mocked, gateway) -> None:
    answer(mocked, body=requests.ConnectionError("Failed to connect to sandbox.cashfree.com"))

    success, message, order = pay(gateway)

    assert (success, order) == (False, None)
    assert message.startswith("Cashfree temporarily unavailable")


def test_wrong_credentials_are_told_without_technical_words_and_logged(mocked, gateway) -> None:
    rejected = {"message": "authentication Failed", "code": "request_failed", "type": "authentication_error"}
    answer(mocked, json=rejected, status=401)

    with structlog.testing.capture_logs() as logs:
        success, message, order = pay(gateway)

    assert (success, order) == (False, None)
    assert message == "Payments are not available right now. You were not charged. Our team has been told."
    assert {"error": "GatewayCredentialsRejected"}.items() <= logs[-1].items()
    assert "asha" not in json.dumps(logs)


def test_a_configuration_that_cannot_be_used_is_told_and_does_not_break_the_page(environment) -> None:
    environment["PORT"] = "not a port"

    success, message, order = pay(CashfreePaymentGateway())

    assert (success, order) == (False, None)
    assert message.startswith("Payments are not set up correctly")


@pytest.mark.parametrize(
    "row",
    json.loads((ROOT / "tests/fixtures/cashfree/errors.json").read_text()),
    ids=lambda row: f"{row['status']} {row['body'].get('code')}",
)
def test_no_error_of_the_gateway_is_raised_and_each_says_what_happened_to_the_money(
    mocked, gateway, row
) -> None:
    answer(mocked, json=row["body"], status=row["status"])
    if row["expected"] == "GatewayConflict":
        mocked.get(f"{SIMULATOR}/orders/ORDERMINE", json={"code": "order_not_found"}, status=404)

    success, message, order = pay(gateway, order_id="ORDERMINE")

    assert (success, order) == (False, None)
    assert row["body"]["message"] not in message
    assert re.search(r"charged|does not know this order|do not pay twice", message)


@pytest.mark.parametrize(
    ("secret", "host"),
    [
        (SECRET, "https://sandbox.cashfree.com/pg"),
        ("cfsk_ma_prod_" + "0" * 32, "https://api.cashfree.com/pg"),
    ],
)
def test_credentials_that_are_not_configured_choose_their_host_by_their_shape(
    mocked, environment, secret, host
) -> None:
    mocked.add_callback(
        "POST", f"{host}/orders", callback=opens_what_is_asked, content_type="application/json"
    )

    assert pay(CashfreePaymentGateway("SOMEBODY", secret))[0]


def test_the_configured_credentials_given_by_hand_go_to_the_configured_host(mocked, environment) -> None:
    environment |= {
        "CASHFREE_CLIENT_ID": "TEST1",
        "CASHFREE_CLIENT_SECRET": SECRET,
        "API_BASE": "https://elsewhere.example/pg",
    }
    mocked.add_callback(
        "POST",
        "https://elsewhere.example/pg/orders",
        callback=opens_what_is_asked,
        content_type="application/json",
    )

    assert pay(CashfreePaymentGateway(client_id="TEST1", client_secret=SECRET))[0]
