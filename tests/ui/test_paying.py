"""Which gateway a click leads to, and what is said of money while one is down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import CheckoutClosed, GatewayTimeout
from domain.orders import OrderStatus
from payment_handler import start_checkout
from tests.fakes import FakeRazorpay
from ui import paying


class Left(Exception):
    """The browser leaves for another page."""


class Page:
    """The parts of Streamlit that the way to pay touches."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def page_link(self, _page: object, *, label: str) -> None:
        self.shown.append(label)

    def switch_page(self, path: str) -> None:
        raise Left(f"page {path!r}")


@pytest.fixture
def page(monkeypatch) -> Page:
    page = Page()
    troubles: list[str] = []
    monkeypatch.setattr(paying, "st", page)
    monkeypatch.setattr(paying, "page", lambda path: path)
    monkeypatch.setattr(paying, "notice", lambda text, *_: page.shown.append(text))
    monkeypatch.setattr(paying.session, "note_trouble", troubles.append)
    monkeypatch.setattr(paying.session, "take_trouble", lambda: troubles.pop() if troubles else "")

    def leave(path: str) -> None:
        raise Left(path)

    monkeypatch.setattr(paying, "leave_to", leave)
    return page


@pytest.fixture
def shop(services, gateway, clock):
    both = {"cashfree": gateway, "razorpay": FakeRazorpay(lambda: clock.moment)}
    return replace(services, gateways=both)


def test_a_purchase_that_a_person_checks_is_answered_with_its_sentence(
    services, user, page, monkeypatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise CheckoutClosed("A person is checking your payment. Please do not pay again.")

    monkeypatch.setattr(paying.payment_handler, "start_checkout", refuse)

    paying.go_to_payment(services, user, "monthly")

    assert page.shown == ["A person is checking your payment. Please do not pay again.", "Open billing"]


def test_an_opened_order_leads_to_its_checkout(shop, user, page) -> None:
    order = start_checkout(shop, user, "monthly", gateway="razorpay")

    with pytest.raises(Left, match=order.id):
        paying.go_to_payment(shop, user, "monthly", gateway="razorpay")


def test_a_failure_with_another_gateway_at_hand_leads_to_the_page_that_offers_it(
    shop, user, page, gateway
) -> None:
    gateway.fail_next = GatewayTimeout()

    with pytest.raises(Left, match="page ''"):
        paying.go_to_payment(shop, user, "monthly")


def test_a_failure_of_the_only_gateway_is_said_where_one_is(services, user, page, gateway) -> None:
    gateway.fail_next = GatewayTimeout()

    paying.go_to_payment(services, user, "monthly")

    assert "did not answer in time" in page.shown[0]


def test_of_an_order_that_was_never_opened_it_is_said_that_nothing_was_charged(shop, user) -> None:
    order = replace(start_checkout(shop, user, "monthly"), status=OrderStatus.UNKNOWN)

    assert paying.describe_trouble(order, ("razorpay",)) == (
        "Cashfree temporarily unavailable. Your account and your order are safe and nothing was charged. "
        "Pay with Razorpay now, or press Complete Payment to try again."
    )
    assert paying.describe_trouble(order, ()).endswith(
        "nothing was charged. Press Complete Payment to try again."
    )


def test_of_an_order_that_can_be_paid_no_more_is_claimed_than_is_known(shop, user) -> None:
    sentence = paying.describe_trouble(
        start_checkout(shop, user, "monthly", gateway="razorpay"), ("cashfree",)
    )

    assert sentence.startswith("Razorpay temporarily unavailable. No payment for this order has reached us.")
    assert "do not pay twice" in sentence
    assert "charged" not in sentence


def test_of_money_that_was_left_to_the_bank_nobody_is_told_to_wait_for_access(shop, user) -> None:
    order = replace(start_checkout(shop, user, "monthly", gateway="razorpay"), status=OrderStatus.EXPIRED)

    sentence = paying.describe_trouble(order, ("cashfree",), is_left_to_the_bank=True)

    assert "What your bank had set aside goes back to you by itself." in sentence
    assert "opens by itself" not in sentence


def test_whoever_pays_again_stays_at_their_gateway_unless_it_is_down(shop, user) -> None:
    order = start_checkout(shop, user, "monthly", gateway="razorpay")
    before = paying.gateway_of(shop, order)
    shop.gateways["razorpay"].is_down = True

    assert (before, paying.gateway_of(shop, order)) == ("razorpay", None)
