"""Returning money in the admin panel: amount and reason, what it means, one click, and what is shown after it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import text

from database import books
from domain.errors import GatewayRequestRejected
from domain.gateway import GatewayRefundStatus
from domain.money import format_rupees
from domain.orders import PaymentRole
from domain.refunds import RefundablePayment
from operations.check import all_hold, check_and_alarm
from payment_handler import execute_refund, request_refund, start_checkout, sync_order
from tests.books import shown_payment
from tests.ui.panel import click, labels, open_panel, seen
from ui.admin_refund import consequence, read_amount
from user_management import create_admin, entitlement


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


@pytest.fixture
def paid(services, user, gateway):
    """A paid monthly order."""
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    return sync_order(services, order.id)


def fill(page, label: str, value: str) -> None:
    (box,) = [box for box in page.text_input if box.label == label]
    box.input(value)


def refunds(services) -> list[tuple]:
    with services.engine.connect() as conn:
        return [tuple(row) for row in conn.execute(text("SELECT amount_paise, status, reason FROM refunds"))]


@pytest.mark.parametrize(
    ("typed", "paise"),
    [("499", 49900), ("₹499", 49900), (" 499.5 ", 49950), ("1,234.50", 123450), ("1,23,456", 12345600),
     ("123,456", 12345600), ("1", 100)],
)  # fmt: skip
def test_amounts_are_read_as_indians_write_them(typed: str, paise: int) -> None:
    assert read_amount(typed, most_paise=99_99_99_900) == paise


@pytest.mark.parametrize(
    "typed", ["", "abc", "-1", "1,50", "1.234", "1e2", "499 or so", "٤٩٩", "0", "0.99", "500", "12,3456"]
)
def test_an_amount_that_could_mean_something_else_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"rupees|can be returned"):
        read_amount(typed, most_paise=49900)


@pytest.mark.parametrize(
    ("role", "taken", "amount", "words"),
    [
        (PaymentRole.PRIMARY, 0, 49900, "ends when the bank confirms it"),
        (PaymentRole.PRIMARY, 10000, 39900, "ends when the bank confirms it"),
        (PaymentRole.PRIMARY, 0, 49899, "never ends access"),
        (PaymentRole.DUPLICATE, 0, 49900, "bought no access"),
    ],
)
def test_what_a_refund_does_to_access_is_said_before_it(role, taken, amount, words) -> None:
    assert words in consequence(RefundablePayment(1, "PAY1", role, 49900, taken), amount)


def test_a_full_refund_is_asked_for_in_two_steps(services, admin, paid) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)
    assert next(box for box in page.text_input if box.label == "Amount in rupees").value == "499"

    fill(page, "Reason", "Bought by mistake")
    click(page, "Continue")
    assert refunds(services) == []
    assert "ends when the bank confirms it" in seen(page)
    click(page, "Return ₹499")

    assert refunds(services) == [(49900, "intended", "Bought by mistake")]
    assert "The refund of ₹499 is requested" in seen(page)
    assert "Requested" in seen(page)
    assert admin.username in seen(page)
    assert "Continue" not in labels(page)


def test_a_part_leaves_the_rest_to_be_returned_later(services, admin, paid) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)
    fill(page, "Amount in rupees", "99.50")
    fill(page, "Reason", "One day was down")
    click(page, "Continue")

    click(page, "Return ₹99.50")

    assert refunds(services) == [(9950, "intended", "One day was down")]
    assert next(box for box in page.text_input if box.label == "Amount in rupees").value == "399.50"


def test_a_page_that_was_stopped_after_the_refund_asks_for_no_second_one_and_begins_anew(
    services, admin, paid
) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)
    fill(page, "Amount in rupees", "100")
    fill(page, "Reason", "Goodwill")
    click(page, "Continue")
    before = page.session_state["admin-refund-draft"]
    click(page, "Return ₹100")

    page.session_state["admin-refund-draft"] = before
    page.run()

    assert "Return ₹100" not in labels(page)
    assert page.session_state["admin-refund-draft"].refund_key != before.refund_key
    assert refunds(services) == [(10000, "intended", "Goodwill")]


def test_two_clicks_on_one_form_are_one_refund(services, admin, paid) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)
    fill(page, "Amount in rupees", "100")
    fill(page, "Reason", "Goodwill")
    click(page, "Continue")
    key = page.session_state["admin-refund-draft"].refund_key
    request_refund(
        services,
        admin,
        order_id=paid.id,
        payment_id=shown_payment(services, paid.id),
        amount_paise=10000,
        reason="Goodwill",
        refund_key=key,
    )

    page.button(key=f"admin-refund-{key}-go").click().run()

    assert refunds(services) == [(10000, "intended", "Goodwill")]


def test_wrong_entries_are_told_and_ask_nothing(services, admin, paid) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)

    click(page, "Continue")
    assert "Please give a reason." in seen(page)
    fill(page, "Amount in rupees", "500")
    fill(page, "Reason", "x")
    click(page, "Continue")

    assert "From ₹1 to ₹499 can be returned." in seen(page)
    assert refunds(services) == []


def test_a_person_may_change_their_mind(services, admin, paid) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)
    fill(page, "Amount in rupees", "50")
    fill(page, "Reason", "Goodwill")
    click(page, "Continue")

    click(page, "Change")

    assert [box.value for box in page.text_input if box.label != "Search users and orders"] == [
        "50",
        "Goodwill",
    ]
    assert refunds(services) == []


def test_a_refusal_is_told_in_its_sentence_and_leads_back_to_the_form(services, admin, paid) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)
    fill(page, "Reason", "Bought by mistake")
    click(page, "Continue")
    request_refund(
        services,
        admin,
        order_id=paid.id,
        payment_id=shown_payment(services, paid.id),
        amount_paise=10000,
        reason="A colleague",
        refund_key="REFUND1",
    )

    click(page, "Return ₹499")

    assert "From ₹1 to ₹399 can be returned." in seen(page)
    assert next(box for box in page.text_input if box.label == "Amount in rupees").value == "399"
    assert refunds(services) == [(10000, "intended", "A colleague")]


def test_the_state_of_a_refund_is_shown_in_words_with_time_and_asker(services, admin, paid) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)
    fill(page, "Reason", "Bought by mistake")
    click(page, "Continue")
    click(page, "Return ₹499")
    with services.engine.connect() as conn:
        key = conn.execute(text("SELECT refund_key FROM refunds")).scalar_one()

    execute_refund(services, key)
    page = open_panel(services, admin, section="refunds")

    assert "Returned" in seen(page)
    assert paid.id in seen(page)
    assert "10 Mar 2026, 12:00 pm IST" in seen(page)
    assert admin.username in seen(page)


def test_a_refund_made_at_the_gateway_is_listed_as_such(services, gateway, admin, paid) -> None:
    gateway.refund_in_dashboard(paid.id, 10000)
    sync_order(services, paid.id)

    assert "The gateway" in seen(open_panel(services, admin, section="refunds"))


def test_nothing_is_offered_for_an_order_without_money(services, user, admin) -> None:
    order = start_checkout(services, user, "monthly")

    assert "Continue" not in labels(open_panel(services, admin, section="orders", order=order.id))


@pytest.fixture
def owed(services, user, gateway):
    """A second order of one purchase, paid too, whose money the gateway refused to return."""
    first, second = (start_checkout(services, user, plan) for plan in ("monthly", "annual"))
    for order in (second, first):
        gateway.pay(order.id)
        sync_order(services, order.id)
    with services.engine.connect() as conn:
        key = conn.execute(text("SELECT refund_key FROM refunds")).scalar_one()
    gateway.fail_next = GatewayRequestRejected()
    execute_refund(services, key)
    return first


def test_money_whose_refund_failed_is_settled_by_hand_with_a_reason(services, admin, owed) -> None:
    page = open_panel(services, admin, section="orders", order=owed.id)
    click(page, "₹499 settled by hand")
    assert "Please say how the money went back" in seen(page)

    fill(page, "How it went back", "NEFT of today")
    click(page, "₹499 settled by hand")

    assert "It is written down in your name." in seen(page)
    assert f"₹499 settled by hand by {admin.username}" in seen(page)
    assert "NEFT of today" in seen(page)
    assert not {"₹499 settled by hand", "Continue"} & set(labels(page))
    assert "<dt>Returned by hand</dt><dd>₹499</dd>" in seen(page)
    assert "<dt>Left</dt><dd>₹0</dd>" in seen(page)


def test_money_that_bought_something_cannot_be_settled_by_hand(services, admin, paid) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)

    assert not [label for label in labels(page) if "by hand" in label]


def _two_hours_later(services) -> None:
    """The payments are older: what is returned to nobody is due."""
    with services.engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(text("UPDATE payments SET created_at = created_at - interval '2 hours'"))
        conn.execute(text("UPDATE refunds SET created_at = created_at - interval '2 hours'"))


def test_a_check_that_waits_for_a_person_leads_to_the_order_and_holds_when_it_is_settled(
    live_services, admin, owed
) -> None:
    services = live_services
    _two_hours_later(services)
    check_and_alarm(services)
    link = f"/admin?section=checks&amp;order={owed.id}"

    checks = open_panel(services, admin, section="checks")
    overview = open_panel(services, admin)
    page = open_panel(services, admin, section="orders", order=owed.id)

    # The check itself, its alarm and that of the refund lead to the order; so do the alarms of the first page.
    assert seen(checks).count(link) >= 3
    assert "I14 is violated once" in seen(checks)
    assert link in seen(overview)
    assert "₹499 of this order opened no access, and the gateway did not return it." in seen(page)
    assert {"Continue", "₹499 settled by hand"} <= set(labels(page))

    fill(page, "How it went back", "NEFT of today")
    click(page, "₹499 settled by hand")
    found = check_and_alarm(services)

    assert "the gateway did not return it" not in seen(page)
    assert all_hold(found)
    with services.engine.connect() as conn:
        assert books.list_open_alarms(conn, "invariant:") == {}
        assert books.list_open_alarms(conn, "refund:") == {}


def test_a_click_makes_the_checks_read_the_books_anew(live_services, admin, owed) -> None:
    _two_hours_later(live_services)
    page = open_panel(live_services, admin, section="checks")
    before = seen(page)
    page.query_params["section"], page.query_params["order"] = "orders", owed.id
    page.run()

    fill(page, "How it went back", "NEFT of today")
    click(page, "₹499 settled by hand")
    del page.query_params["order"]
    page.query_params["section"] = "checks"
    page.run()

    assert ("1 violated" in before, "0 violated" in seen(page)) == (True, True)


def test_a_second_payment_of_one_order_is_said_to_go_back_by_itself(services, user, gateway, admin) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    gateway.pay(order.id)
    sync_order(services, order.id)

    page = open_panel(services, admin, section="orders", order=order.id)

    assert "The gateway returns a second payment by itself" in seen(page)
    assert "did not return it" not in seen(page)
    assert "Continue" not in labels(page)


@pytest.mark.parametrize("given_back", [0, 10000], ids=["untouched", "a-part-is-back"])
def test_beside_a_good_payment_one_that_the_gateway_keeps_leads_to_a_return_by_hand_and_nothing_else(
    services, user, gateway, admin, paid, given_back
) -> None:
    if given_back:
        gateway.refund_in_dashboard(paid.id, given_back)
    gateway.pay(paid.id, payment_id="TWO")
    failed = gateway.refund_in_dashboard(paid.id, 49900, status=GatewayRefundStatus.FAILED)
    gateway.refunds[failed.refund_id] = replace(failed, gateway_payment_id="TWO")
    sync_order(services, paid.id)

    page = open_panel(services, admin, section="orders", order=paid.id)

    assert "₹499 of this order opened no access, and the gateway did not return it." in seen(page)
    assert "once more" not in seen(page)
    assert "could take the one for the other" in seen(page)
    assert "Continue" not in labels(page)

    fill(page, "How it went back", "NEFT of today")
    click(page, "₹499 settled by hand")

    assert "did not return it" not in seen(page)
    assert entitlement(services, user).is_active
    left = format_rupees(49900 - given_back)
    assert next(box for box in page.text_input if box.label == "Amount in rupees").value == left.removeprefix(
        "₹"
    )
    fill(page, "Reason", "No longer wanted")
    click(page, "Continue")
    assert "ends when the bank confirms it" in seen(page)
    assert f"<dt>Of payment</dt><dd>{gateway.payments[paid.id][0].gateway_payment_id}</dd>" in seen(page)


def test_a_form_that_was_filled_before_a_second_payment_came_asks_for_nothing(
    services, gateway, admin, paid
) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)
    fill(page, "Reason", "Bought by mistake")
    click(page, "Continue")
    gateway.pay(paid.id, payment_id="TWO")
    sync_order(services, paid.id)

    click(page, "Return ₹499")

    assert refunds(services) == []
    assert "The gateway returns a second payment by itself" in seen(page)
    assert not {"Continue", "Return ₹499"} & set(labels(page))


def test_a_form_about_a_payment_whose_turn_is_over_begins_anew_and_says_so(
    services, gateway, admin, paid
) -> None:
    page = open_panel(services, admin, section="orders", order=paid.id)
    fill(page, "Reason", "Bought by mistake")
    click(page, "Continue")
    gateway.refund_in_dashboard(paid.id, 49900)
    sync_order(services, paid.id)
    gateway.pay(paid.id, payment_id="TWO")
    sync_order(services, paid.id)

    click(page, "Return ₹499")

    assert [row for row in refunds(services) if row[1] == "intended"] == []
    assert "what can be returned now is another payment than before" in seen(page)
    assert "This money bought no access." in seen(page)
    assert {"Continue"} <= set(labels(page))


def test_the_page_of_an_order_whose_money_is_back_does_not_call_it_paid(
    services, admin, gateway, paid
) -> None:
    before = seen(open_panel(services, admin, order=paid.id))
    gateway.refund_in_dashboard(paid.id, paid.amount_paise)
    sync_order(services, paid.id)

    page, orders = (
        seen(open_panel(services, admin, **at)) for at in ({"order": paid.id}, {"section": "orders"})
    )

    badges = [re.findall(r'class="badge[^"]*">([^<]+)<', words)[0] for words in (before, page, orders)]
    assert badges == ["Paid", "Refunded", "Refunded"]
