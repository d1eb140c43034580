"""The checkout pages without a browser: forms in, redirects out."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
import requests

from tests.simulator.running_simulator import Merchant, RunningSimulator

RETURN_URL = "https://shop.example/return?order_id="


class Payer:
    """Someone who fills the forms of one order's checkout."""

    def __init__(self, simulator: RunningSimulator, order: dict[str, Any]) -> None:
        self.origin = simulator.origin
        self.page = f"/checkout/{order['payment_session_id']}"
        self.return_url = RETURN_URL + order["order_id"]

    def look(self, path: str | None = None) -> requests.Response:
        return requests.get(self.origin + (path or self.page), allow_redirects=False, timeout=10)

    def choose(self, method: str, **fields: str) -> requests.Response:
        fields = {"method": method, "intent": "pay"} | fields
        return self.send(f"{self.page}/pay", fields)

    def send(self, path: str, fields: dict[str, str]) -> requests.Response:
        return requests.post(self.origin + path, data=fields, allow_redirects=False, timeout=30)


@pytest.fixture
def order(simulator: RunningSimulator) -> dict[str, Any]:
    return simulator.new_order()


@pytest.fixture
def payer(simulator: RunningSimulator, order: dict[str, Any]) -> Payer:
    return Payer(simulator, order)


def code_of(payer: Payer) -> tuple[str, str]:
    """A QR code is shown: the path of its page, and the path of the phone that it leads to."""
    shown = payer.choose("upi", intent="show_code").headers["location"]
    text = payer.look(shown).text
    assert "data:image/svg+xml" in text
    phone = re.search(r'href="(/upi/\w+)"', text)
    assert phone is not None
    return shown, phone[1]


def truth(simulator: RunningSimulator) -> tuple[str, list[str]]:
    every = simulator.control("GET", "/truth")
    return every["orders"][0]["status"], [p["status"] for p in every["payments"]]


def test_the_page_shows_the_order_and_the_amount_with_indian_grouping(
    simulator: RunningSimulator,
) -> None:
    order = simulator.new_order(order_amount=1234567.5)

    page = Payer(simulator, order).look()

    assert page.status_code == 200
    assert order["order_id"] in page.text
    assert "₹12,34,567.50" in page.text
    assert "1111 1111 1111 1111" in page.text


def test_values_from_the_merchant_are_escaped(simulator: RunningSimulator) -> None:
    order = simulator.new_order(order_note="<script>alert(1)</script>")

    for path in (f"/checkout/{order['payment_session_id']}", "/dashboard/orders"):
        assert "<script>alert" not in requests.get(simulator.origin + path, timeout=10).text


@pytest.mark.parametrize(
    ("otp", "expected"),
    [
        ("111000", ("PAID", ["SUCCESS"])),
        ("1234", ("PAID", ["SUCCESS"])),
        ("000000", ("ACTIVE", ["FAILED"])),
        ("", ("ACTIVE", ["FAILED"])),
    ],
)
def test_the_otp_decides_a_card_payment(
    simulator: RunningSimulator, payer: Payer, otp: str, expected: tuple[str, list[str]]
) -> None:
    bank = payer.choose("card", card_number="1111 1111 1111 1111").headers["location"]

    reply = payer.send(bank, {"intent": "submit_otp", "otp": otp})

    assert truth(simulator) == expected
    if expected[0] == "PAID":
        assert (reply.status_code, reply.headers["location"]) == (303, payer.return_url)
    else:
        assert "Payment failed" in reply.text
        assert "Try again" in reply.text


@pytest.mark.parametrize("method", ["card", "netbanking"])
@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        ("simulate_success", ("PAID", ["SUCCESS"])),
        ("simulate_failure", ("ACTIVE", ["FAILED"])),
        ("stay_pending", ("ACTIVE", ["PENDING"])),
        ("cancel", ("ACTIVE", ["PENDING"])),
    ],
)
def test_the_banks_page_has_a_button_for_every_result(
    simulator: RunningSimulator,
    payer: Payer,
    method: str,
    intent: str,
    expected: tuple[str, list[str]],
) -> None:
    bank = payer.choose(method).headers["location"]

    payer.send(bank, {"intent": intent})

    assert truth(simulator) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("testsuccess@gocash", ("PAID", ["SUCCESS"])),
        ("anything@upi", ("PAID", ["SUCCESS"])),
        ("testfailure@gocash", ("ACTIVE", ["FAILED"])),
        ("testinsufficientfunds@gocash", ("ACTIVE", ["FAILED"])),
        ("testpending@gocash", ("ACTIVE", ["PENDING"])),
        ("testinvalid@gocash", ("ACTIVE", [])),
        ("no-at-sign", ("ACTIVE", [])),
    ],
)
def test_the_upi_address_decides_the_result(
    simulator: RunningSimulator, payer: Payer, address: str, expected: tuple[str, list[str]]
) -> None:
    reply = payer.choose("upi", upi_id=address)

    assert truth(simulator) == expected
    if expected[1] == []:
        assert "Invalid VPA" in reply.text


def test_the_wallet_pays(simulator: RunningSimulator, payer: Payer) -> None:
    reply = payer.choose("wallet")

    assert truth(simulator) == ("PAID", ["SUCCESS"])
    assert reply.headers["location"] == payer.return_url


def test_after_a_failure_the_payer_may_try_again_or_return(simulator: RunningSimulator, payer: Payer) -> None:
    payer.choose("upi", upi_id="testfailure@gocash")

    assert payer.look(f"{payer.page}/return").headers["location"] == payer.return_url
    assert payer.look().status_code == 200
    payer.choose("wallet")
    assert truth(simulator) == ("PAID", ["FAILED", "SUCCESS"])


def test_cancelling_returns_at_once_and_drops_the_attempt_ten_minutes_later(
    simulator: RunningSimulator, payer: Payer
) -> None:
    reply = payer.choose("card", intent="cancel")

    assert reply.headers["location"] == payer.return_url
    assert truth(simulator) == ("ACTIVE", ["NOT_ATTEMPTED"])
    simulator.advance(601)
    assert truth(simulator) == ("ACTIVE", ["USER_DROPPED"])


def test_a_session_that_cannot_be_paid_says_why(
    simulator: RunningSimulator, payer: Payer, order: dict[str, Any]
) -> None:
    unknown = payer.look("/checkout/session_nobody")
    simulator.pay(order["order_id"])
    paid = payer.look()
    ended = simulator.new_order()
    simulator.call("PATCH", f"/orders/{ended['order_id']}", json={"order_status": "TERMINATED"})
    inactive = Payer(simulator, ended).look()

    assert "payment_session_id_invalid" in unknown.text
    assert "order_already_paid" in paid.text
    assert payer.return_url in paid.text
    assert "order_inactive" in inactive.text
    assert payer.choose("wallet").status_code == 400


def test_the_otp_page_of_a_finished_attempt_sends_the_browser_back(payer: Payer) -> None:
    bank = payer.choose("card").headers["location"]
    payer.send(bank, {"intent": "simulate_success"})

    assert payer.look(bank).headers["location"] == payer.return_url
    again = payer.send(bank, {"intent": "simulate_failure"})
    assert again.headers["location"] == payer.return_url


def test_the_webhook_can_be_made_to_arrive_before_the_browser_returns(
    simulator: RunningSimulator, merchant: Merchant
) -> None:
    simulator.fault("webhook_before_redirect")
    order = simulator.new_order(
        order_meta={"notify_url": merchant.url, "return_url": RETURN_URL + "{order_id}"}
    )

    Payer(simulator, order).choose("wallet")

    assert len(merchant.received) == 1


def test_the_webhook_can_be_made_to_leave_after_the_browser(
    simulator: RunningSimulator, merchant: Merchant
) -> None:
    simulator.fault("redirect_before_webhook", seconds=3600)
    order = simulator.new_order(order_meta={"notify_url": merchant.url})

    Payer(simulator, order).choose("wallet")
    simulator.flush()
    assert merchant.received == []
    simulator.advance(3601)
    simulator.flush()

    assert len(merchant.received) == 1


def test_two_submitted_otps_pay_once(simulator: RunningSimulator, payer: Payer) -> None:
    bank = payer.choose("card").headers["location"]
    form = {"intent": "submit_otp", "otp": "111000"}
    clicks = [threading.Thread(target=payer.send, args=(bank, form)) for _ in range(8)]

    for click in clicks:
        click.start()
    for click in clicks:
        click.join()

    assert truth(simulator) == ("PAID", ["SUCCESS"])
    assert len(simulator.control("GET", "/events")["events"]) == 1


def test_the_dashboard_refunds_and_resends(simulator: RunningSimulator, merchant: Merchant) -> None:
    order_id = simulator.paid_order(order_meta={"notify_url": merchant.url})["order_id"]
    simulator.flush()
    page = f"{simulator.origin}/dashboard/orders/{order_id}"

    too_much = requests.post(f"{page}/refund", data={"amount": "5000"}, timeout=10)
    part = requests.post(f"{page}/refund", data={"amount": "1,000.50"}, timeout=10)
    (event,) = simulator.control("GET", "/events")["events"]
    resend = f"{simulator.origin}/dashboard/events/{event['id']}/resend"
    requests.post(resend, timeout=10)
    simulator.flush()

    assert too_much.status_code == 400
    assert "₹1,000.50" in part.text
    assert [r["amount_paise"] for r in simulator.control("GET", "/truth")["refunds"]] == [100050]
    assert len(merchant.received) >= 2
    home = requests.get(simulator.origin, timeout=10)
    assert home.url.endswith("/dashboard/orders")
    assert order_id in home.text
    assert "Transactions" in home.text


def test_a_scanned_code_pays_once_the_phone_approves(simulator: RunningSimulator, payer: Payer) -> None:
    shown, phone = code_of(payer)
    waiting = truth(simulator)

    payer.send(phone, {"intent": "approve"})
    payer.send(phone, {"intent": "decline"})

    assert waiting == ("ACTIVE", ["PENDING"])
    assert truth(simulator) == ("PAID", ["SUCCESS"])
    assert payer.look(shown).headers["location"] == payer.return_url
    assert "You can put the phone away" in payer.look(phone).text


def test_a_scanned_code_that_the_phone_declines_may_be_tried_again(
    simulator: RunningSimulator, payer: Payer
) -> None:
    shown, phone = code_of(payer)

    payer.send(phone, {"intent": "decline"})

    assert truth(simulator) == ("ACTIVE", ["FAILED"])
    assert "Not paid" in payer.look(phone).text
    assert payer.look(shown).status_code == 200
    _, second = code_of(payer)
    payer.send(second, {"intent": "approve"})
    assert truth(simulator) == ("PAID", ["FAILED", "SUCCESS"])


def test_a_code_that_nobody_scans_is_dropped_after_its_page_was_left(
    simulator: RunningSimulator, payer: Payer
) -> None:
    shown, _ = code_of(payer)

    left = payer.send(shown, {"intent": "cancel"})
    simulator.advance(11 * 60)

    assert left.headers["location"] == payer.return_url
    assert truth(simulator) == ("ACTIVE", ["USER_DROPPED"])


@pytest.mark.parametrize("channel", ["link", "qrcode"])
def test_a_merchants_server_gets_a_link_or_a_picture_that_the_phone_answers(
    simulator: RunningSimulator, payer: Payer, order: dict[str, Any], channel: str
) -> None:
    asked = {
        "payment_session_id": order["payment_session_id"],
        "payment_method": {"upi": {"channel": channel}},
    }

    started = simulator.call("POST", "/orders/sessions", json=asked).json()

    payload = started["data"]["payload"]
    if channel == "qrcode":
        assert payload["qrcode"].startswith("data:image/png;base64,")
        found = f"/upi/{started['cf_payment_id']}"
    else:
        assert f"am={order['order_amount']:.2f}" in payload["default"]
        scanned = requests.get(
            f"{simulator.origin}/upi", params={"link": payload["default"]}, allow_redirects=False, timeout=10
        )
        found = scanned.headers["location"]
    payer.send(found, {"intent": "approve"})
    assert truth(simulator) == ("PAID", ["SUCCESS"])
