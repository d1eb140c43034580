"""The page of a UPI code, drawn by Streamlit itself: what it shows while the code works, and afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from domain.accounts import NOBODY
from domain.errors import GatewayRequestRejected, GatewayTimeout
from domain.gateway import GatewayPaymentStatus
from payment_handler import UpiCode, make_upi_code, start_checkout, sync_order
from ui import session, upi
from ui.upi import describe_time_left

pytestmark = pytest.mark.parametrize("kind", ["razorpay"])


@pytest.mark.parametrize(
    ("left", "sentence"),
    [
        (timedelta(minutes=5), "You have 5 more minutes to pay."),
        (timedelta(minutes=4, seconds=59), "You have 4 more minutes to pay."),
        (timedelta(minutes=1), "You have 1 more minute to pay."),
        (timedelta(seconds=59), "You have less than a minute to pay."),
        (timedelta(0), "You have less than a minute to pay."),
    ],
)
def test_the_time_left_is_told_in_words_and_never_too_long(kind, left, sentence) -> None:
    assert describe_time_left(left) == sentence


@pytest.fixture
def order(services, user, gateway):
    gateway.has_upi_links = True
    return start_checkout(services, user, "monthly")


@pytest.fixture
def code(services, user, order) -> UpiCode:
    code = make_upi_code(services, user, order.id, visitor=NOBODY, user_agent="")
    assert code is not None
    return code


@pytest.fixture
def draw(services, user, order, monkeypatch):
    monkeypatch.setattr(session, "current_user", lambda _services: user)

    def script(services, user, order, code) -> None:
        from ui import upi

        upi.render(services, user, order, code)

    def drawn(code: UpiCode) -> AppTest:
        args = (services, user, order, code)
        return AppTest.from_function(script, default_timeout=20, args=args).run()

    return drawn


def test_a_live_code_shows_its_picture_its_link_and_its_time(draw, code) -> None:
    page = draw(replace(code, expires_at=datetime.now(UTC) + timedelta(minutes=4, seconds=30)))

    texts = " ".join(element.proto.body for element in page.get("html"))
    assert page.header[0].value == "Pay ₹499 by UPI"
    assert code.picture.replace("&", "&amp;").replace("'", "&#x27;") in texts
    assert "You have 4 more minutes to pay." in texts
    assert code.link in page.get("bidi_component")[0].proto.json


def test_in_practice_a_phone_that_shows_no_code_is_not_told_to_scan_one(draw, code, services) -> None:
    page = draw(replace(code, expires_at=datetime.now(UTC) + timedelta(minutes=4)))

    (note,) = [element.proto.body for element in page.get("html") if "play the phone" in element.proto.body]
    assert services.settings.razorpay_uses_simulator
    assert '<p class="wide-only">No phone can scan this code: <a ' in note
    assert '<p class="narrow-only">No UPI app can pay this order: <a ' in note


def test_a_code_that_has_run_out_is_not_shown_and_a_new_one_is_offered(draw, code) -> None:
    page = draw(replace(code, expires_at=datetime.now(UTC) - timedelta(seconds=1)))

    texts = " ".join(element.proto.body for element in page.get("html"))
    assert page.header[0].value == "This code has run out"
    assert "Please do not pay twice." in page.text[0].value
    assert "data:image" not in texts
    assert page.button(key="upi-again").label == "Make a new code"


def test_a_code_is_shown_until_its_attempt_has_an_answer(
    services, user, gateway, order, code, monkeypatch
) -> None:
    monkeypatch.setattr(session, "shown_upi_code", lambda _order_id: code)
    sync_order(services, order.id)
    while_waiting = upi.code_to_show(services, user, order.id)
    gateway.pay(order.id, payment_id=code.gateway_payment_id, status=GatewayPaymentStatus.FAILED)
    sync_order(services, order.id)

    assert (while_waiting, upi.code_to_show(services, user, order.id)) == (code, None)


def test_a_failed_attempt_of_another_kind_does_not_take_the_code_away(
    services, user, gateway, order, code, monkeypatch
) -> None:
    monkeypatch.setattr(session, "shown_upi_code", lambda _order_id: code)
    gateway.pay(order.id, payment_id="pay_card", status=GatewayPaymentStatus.FAILED)
    sync_order(services, order.id)

    assert upi.code_to_show(services, user, order.id) == code


def test_a_paid_order_shows_no_code(services, user, gateway, order, code, monkeypatch) -> None:
    monkeypatch.setattr(session, "shown_upi_code", lambda _order_id: code)
    gateway.pay(order.id, payment_id=code.gateway_payment_id)
    sync_order(services, order.id)

    assert upi.code_to_show(services, user, order.id) is None


@pytest.fixture
def press(services, user, monkeypatch):
    """Press "Pay by UPI", and draw what comes of it."""
    monkeypatch.setattr(session, "visitor", lambda _services: NOBODY)
    monkeypatch.setattr(session, "user_agent", lambda: "")

    def script(services, user) -> None:
        from ui import upi

        upi.pay_by_upi(services, user, "monthly", gateway="razorpay")

    return lambda: AppTest.from_function(script, default_timeout=20, args=(services, user)).run()


def test_a_code_that_is_refused_leads_to_the_gateways_own_page_and_is_no_error(press, gateway, order) -> None:
    gateway.fail_next = GatewayRequestRejected(code="BAD_REQUEST_ERROR")

    page = press()

    texts = " ".join(element.proto.body for element in page.get("html"))
    assert not page.exception
    assert "made no UPI code for this order, and nothing was charged" in texts
    assert f'href="/checkout/{order.id}"' in texts
    assert 'role="alert"' not in texts


def test_a_code_whose_making_has_no_answer_is_not_called_refused(press, gateway, order) -> None:
    gateway.fail_next = GatewayTimeout()

    texts = " ".join(element.proto.body for element in press().get("html"))

    assert "Please do not pay twice." in texts
    assert "/checkout/" not in texts
