"""What a click on "Check again" does: it asks, it says when nobody answered, and it says when to come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from domain.errors import GatewayTimeout
from domain.orders import OrderStatus
from payment_handler import start_checkout, was_answered
from tests.builders import an_order
from ui import check_again, session
from ui.check_again import NOT_ANSWERED, look_for_return


@pytest.mark.parametrize(
    ("seconds_ago", "answered"), [(0, True), (5, True), (60, False), (None, False)], ids=str
)
def test_a_gateway_that_did_not_answer_now_is_not_said_to_have_answered(
    services, seconds_ago: int | None, answered: bool
) -> None:
    with services.engine.connect() as conn:
        now = services.now(conn)
    synced_at = None if seconds_ago is None else now - timedelta(seconds=seconds_ago)

    assert was_answered(services, replace(an_order(), synced_at=synced_at)) is answered


@pytest.fixture
def click(monkeypatch):
    """Make the runs of the page those of a click."""
    monkeypatch.setattr(session, "was_clicked", lambda _key: True)


@pytest.fixture
def services(live_services):
    return live_services


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


def test_a_click_asks_the_gateway_and_shows_what_it_said(services, user, gateway, order, click) -> None:
    gateway.pay(order.id)

    looked, said = look_for_return(services, user, order.id)

    assert (looked.status, said) == (OrderStatus.PAID, "")


def test_a_click_that_nobody_answers_says_so(services, user, gateway, order, click) -> None:
    gateway.fail_next = GatewayTimeout()

    assert look_for_return(services, user, order.id)[1] == NOT_ANSWERED


def test_the_fourth_click_says_how_long_to_wait_and_asks_nobody(
    services, user, gateway, order, click
) -> None:
    for _ in range(3):
        look_for_return(services, user, order.id)
    gateway.calls.clear()

    looked, said = look_for_return(services, user, order.id)

    assert looked.id == order.id
    assert "checked three times within a minute" in said
    assert "Nothing was charged" in said
    assert gateway.calls == []


def test_landings_and_reloads_are_not_counted(services, user, order, monkeypatch) -> None:
    monkeypatch.setattr(session, "was_clicked", lambda _key: False)
    for _ in range(10):
        look_for_return(services, user, order.id)
    monkeypatch.setattr(session, "was_clicked", lambda _key: True)

    assert look_for_return(services, user, order.id)[1] == ""


def test_a_page_knows_of_a_click_before_it_draws_the_button() -> None:
    def page() -> None:
        import streamlit as st

        from ui import check_again, session

        st.text(str(session.was_clicked(check_again._KEY)))
        check_again.check_again()

    first = AppTest.from_function(page).run(timeout=20)
    shown = [first.text[0].value]
    first.button(key=check_again._KEY).click().run(timeout=20)
    shown.append(first.text[0].value)
    first.run(timeout=20)

    assert [*shown, first.text[0].value] == ["False", "True", "False"]
