"""The page of one order in the admin panel, and its buttons."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import text

from domain.errors import GatewayTimeout
from domain.gateway import GatewayPaymentStatus
from payment_handler import process_event, start_checkout, sync_order
from tests.reports.rows import insert_event
from tests.ui.panel import click, labels, open_panel, seen
from user_management import create_admin, entitlement


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


@pytest.fixture
def quarantined(services, gateway, order):
    """The gateway says another amount than ours, and that it was paid."""
    good = gateway.orders[order.id]
    gateway.pay(order.id)
    gateway.orders[order.id] = replace(gateway.orders[order.id], amount_paise=100)
    assert sync_order(services, order.id).status == "quarantined"
    return replace(good, status=gateway.orders[order.id].status)


def test_the_lists_lead_to_the_page_of_an_order(services, admin, order) -> None:
    assert f"?section=orders&amp;order={order.id}" in seen(open_panel(services, admin, section="orders"))


def test_asking_the_gateway_about_an_open_order_finds_its_payment(
    services, user, gateway, admin, order
) -> None:
    page = open_panel(services, admin, order=order.id)
    gateway.pay(order.id)

    click(page, "Check with the gateway")

    assert "The order is now: Paid." in seen(page)
    assert entitlement(services, user).is_active
    assert "Check with the gateway" not in labels(page)


def test_a_look_that_finds_nothing_new_says_so(services, admin, order) -> None:
    page = open_panel(services, admin, order=order.id)

    click(page, "Check with the gateway")

    assert "Nothing new: Open." in seen(page)


def test_a_gateway_that_does_not_answer_is_told_in_its_sentence(services, gateway, admin, order) -> None:
    page = open_panel(services, admin, order=order.id)
    gateway.fail_next = GatewayTimeout()

    click(page, "Check with the gateway")

    assert "it did not answer in time" in seen(page)


def test_a_result_is_told_on_its_own_order_only_and_forgotten_elsewhere(services, user, admin, order) -> None:
    other = start_checkout(services, user, "annual")
    page = open_panel(services, admin, order=order.id)
    click(page, "Check with the gateway")
    assert "The payment service was asked." in seen(page)

    page.query_params["order"] = other.id
    page.run()
    elsewhere = seen(page)
    page.query_params["order"] = order.id
    page.run()

    assert other.id in elsewhere and "The payment service was asked." not in elsewhere
    assert "The payment service was asked." not in seen(page)


def test_a_quarantined_order_says_why_and_what_the_gateway_shows(
    services, gateway, admin, order, quarantined
) -> None:
    page = open_panel(services, admin, order=order.id)

    assert "the gateway&#x27;s order amount or currency is not ours" in seen(page)
    assert "Money that the gateway shows: ₹499. Our order is for ₹499." in seen(page)
    assert {"Look again", "Return the money"} <= set(labels(page))
    assert "Check with the gateway" not in labels(page)


def test_the_lists_tell_why_in_sentences_and_repeat_no_success_of_money_that_is_held(
    services, gateway, admin, quarantined
) -> None:
    orders, payments = (
        seen(open_panel(services, admin, section=section)) for section in ("orders", "payments")
    )

    assert "The gateway's order amount" in orders.replace("&#x27;", "'")
    assert re.search(r">Held</span> *</div>", payments)


def test_the_code_of_a_failure_is_spelled_as_words(services, gateway, admin, order) -> None:
    failed = gateway.pay(order.id, status=GatewayPaymentStatus.FAILED)
    gateway.payments[order.id] = [replace(failed, error_reason="auth_declined")]
    sync_order(services, order.id)

    assert "Auth declined" in seen(open_panel(services, admin, order=order.id))


def test_looking_again_opens_access_once_nothing_contradicts_us(
    services, user, gateway, admin, order, quarantined
) -> None:
    page = open_panel(services, admin, order=order.id)
    gateway.orders[order.id] = quarantined

    click(page, "Look again")

    assert "The order is paid and its access is open." in seen(page)
    assert entitlement(services, user).is_active


def test_looking_again_while_it_still_contradicts_changes_nothing(
    services, user, admin, order, quarantined
) -> None:
    page = open_panel(services, admin, order=order.id)

    click(page, "Look again")

    assert "The payment service still contradicts our books." in seen(page)
    assert "Look again" in labels(page)
    assert not entitlement(services, user).is_active


def test_the_money_of_a_quarantined_order_goes_back(
    services, user, gateway, admin, order, quarantined
) -> None:
    page = open_panel(services, admin, order=order.id)

    click(page, "Return the money")

    assert "The money goes back to the buyer." in seen(page)
    assert "Requested" in seen(page)
    assert not entitlement(services, user).is_active


def test_an_event_is_processed_again(services, gateway, admin, order) -> None:
    gateway.pay(order.id)
    with services.engine.begin() as conn:
        event_id = insert_event(conn, b"{}", at=services.now(conn), order_id=order.id)
        conn.execute(text("UPDATE gateway_events SET status = 'ignored', processed_at = now()"))
    page = open_panel(services, admin, section="events", event=str(event_id))

    click(page, "Process again")
    assert "in the queue again" in seen(page)
    process_event(services, event_id)

    assert sync_order(services, order.id).status == "paid"


@pytest.mark.parametrize("order_id", ["", "ORDER", "ORDER00000000000000X", "'; DROP TABLE orders"])
def test_an_address_of_no_order_says_so(services, admin, order_id: str) -> None:
    assert "No such order" in seen(open_panel(services, admin, order=order_id))


def test_a_subscriber_sees_no_order_and_no_button(services, user, order) -> None:
    page = open_panel(services, user, order=order.id)

    assert [element.value for element in page.text] == ["This page is not available to your account."]
    assert labels(page) == []
