from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from domain.gateway import GatewayPaymentStatus
from domain.orders import Order, OrderStatus, PaymentStatus
from payment_handler import PaymentLine, confirm_return, start_checkout
from tests import builders
from tests.builders import a_payment
from ui import return_page
from ui.return_page import ReturnState, is_undecided, return_state

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WITH_THE_BANK = PaymentLine(PaymentStatus.PENDING, "upi", 49900, NOW, "", "512")
DECLINED = PaymentLine(PaymentStatus.FAILED, "upi", 49900, NOW, "bank_rejected", "511")


def an_order(status: OrderStatus) -> Order:
    return builders.an_order(status=status)


def test_a_paid_order_is_a_success_even_when_its_newest_attempt_failed() -> None:
    assert return_state(an_order(OrderStatus.PAID), DECLINED) is ReturnState.PAID


@pytest.mark.parametrize("status", [OrderStatus.CREATED, OrderStatus.UNKNOWN, OrderStatus.CREATING])
def test_an_open_order_without_an_attempt_is_called_not_paid(status: OrderStatus) -> None:
    assert return_state(an_order(status), None) is ReturnState.NOT_PAID


@pytest.mark.parametrize("status", [OrderStatus.CREATED, OrderStatus.EXPIRED, OrderStatus.SUPERSEDED])
def test_an_attempt_that_is_with_the_bank_is_waited_for_even_on_a_closed_order(status: OrderStatus) -> None:
    assert return_state(an_order(status), WITH_THE_BANK) is ReturnState.WAITING


def test_a_failed_attempt_on_an_open_order_is_a_failure() -> None:
    assert return_state(an_order(OrderStatus.CREATED), DECLINED) is ReturnState.FAILED


@pytest.mark.parametrize("status", [OrderStatus.EXPIRED, OrderStatus.TERMINATED, OrderStatus.SUPERSEDED])
def test_a_closed_order_is_called_closed(status: OrderStatus) -> None:
    assert return_state(an_order(status), None) is ReturnState.CLOSED


def test_money_that_was_not_needed_is_announced_as_going_back() -> None:
    assert return_state(an_order(OrderStatus.SURPLUS), None) is ReturnState.SURPLUS


def test_a_contradiction_is_said_to_be_under_review_and_never_a_failure() -> None:
    assert return_state(an_order(OrderStatus.QUARANTINED), DECLINED) is ReturnState.REVIEW


def test_every_status_has_an_answer() -> None:
    for status in OrderStatus:
        assert isinstance(return_state(an_order(status), None), ReturnState)


def test_money_on_its_way_keeps_the_unpaid_order_from_being_offered_first(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    before = is_undecided(services, user, order)
    gateway.payments[order.id] = [
        a_payment(order_id=order.id, status=GatewayPaymentStatus.PENDING, paid_at=None)
    ]
    confirm_return(services, user, order.id)

    assert (before, is_undecided(services, user, order)) == (False, True)


class Rerun(Exception):
    """The whole page runs again."""


class Page:
    """The parts of Streamlit that the waiting touches."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def html(self, text: str) -> None:
        self.shown.append(text)

    def rerun(self) -> None:
        raise Rerun


@pytest.fixture
def page(monkeypatch, user) -> Page:
    page = Page()
    monkeypatch.setattr(return_page, "st", page)
    monkeypatch.setattr(return_page.session, "current_user", lambda _services: user)
    return page


# The function inside the fragment: outside a page a fragment does nothing.
watch = return_page._watch.__wrapped__


def test_waiting_goes_on_while_the_books_say_what_is_shown(services, user, page) -> None:
    order = start_checkout(services, user, "monthly")

    watch(services, order.id, ReturnState.NOT_PAID)

    assert "Looking for a payment" in page.shown[0]


def test_a_late_success_runs_the_page_again_by_itself(services, user, gateway, page) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.payments[order.id] = [a_payment(order_id=order.id)]
    confirm_return(services, user, order.id)

    with pytest.raises(Rerun):
        watch(services, order.id, ReturnState.NOT_PAID)


def test_waiting_ends_quietly_when_the_session_is_over(services, user, page, monkeypatch) -> None:
    order = start_checkout(services, user, "monthly")
    monkeypatch.setattr(return_page.session, "current_user", lambda _services: None)

    watch(services, order.id, ReturnState.WAITING)

    assert page.shown == [
        '<p class="small quiet" style="margin:0">You are logged out. Log in to see the answer.</p>'
    ]


def test_waiting_survives_a_database_that_does_not_answer(services, page, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(return_page.payment_handler, "list_orders", fail)

    watch(services, "ORDER8K2M4QX7T9ZB3C", ReturnState.WAITING)

    assert "This page tries again by itself." in page.shown[0]


def test_waiting_for_an_order_that_is_not_ones_own_shows_nothing_of_it(services, page) -> None:
    watch(services, "ORDER8K2M4QX7T9ZB3C", ReturnState.WAITING)

    assert "This page tries again by itself." in page.shown[0]
