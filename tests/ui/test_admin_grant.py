"""Giving access in the admin panel: days, plan and reason, what it means, one click; and ending it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from accounts.deletion import delete_account
from billing.grants import end_access, give_access, offer_access
from domain.accounts import User
from domain.subscriptions import Period
from payment_handler import start_checkout, sync_order
from tests.books import rows
from tests.ui.panel import click, labels, open_panel, seen
from ui.admin_grant import read_days
from user_management import create_admin, entitlement
from wiring import Services


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


def fill(page, label: str, value: str) -> None:
    (box,) = [box for box in page.text_input if box.label == label]
    box.input(value)


def begin(page, *, days: str = "7", reason: str = "The outage of 9 March") -> None:
    """The first step of the form."""
    fill(page, "Days", days)
    fill(page, "Reason", reason)
    click(page, "Continue")


def given(services: Services) -> list[tuple]:
    return rows(services, "SELECT reason FROM grants")


def give(services: Services, admin: User, user: User, days: int = 7) -> Period:
    """What another admin, or another tab, gives meanwhile."""
    until = offer_access(services, admin, user_id=user.id, plan_id="monthly", days=days).access_until
    return give_access(
        services, admin, user_id=user.id, plan_id="monthly", days=days, reason="A guest", seen_until=until
    )


@pytest.mark.parametrize(("typed", "days"), [("1", 1), (" 30 ", 30), ("366", 366)])
def test_days_are_read_as_they_are_typed(typed: str, days: int) -> None:
    assert read_days(typed) == days


@pytest.mark.parametrize("typed", ["", "0", "367", "-1", "1.5", "1e1", "seven", "٧", "0x7"])
def test_what_is_no_number_of_days_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="1 to 366"):
        read_days(typed)


def test_access_is_given_in_two_steps_and_the_second_says_what_will_happen(services, user, admin) -> None:
    page = open_panel(services, admin, user=str(user.id))
    assert "It begins at once." in seen(page)

    begin(page)
    assert given(services) == []
    assert (
        "Asha Rao gets access for 7 days, from now until 17 Mar 2026, 12:00 pm IST. Nothing is charged. "
        "A mail for asha@example.com is written. No mail server is set, so it is kept here"
    ) in seen(page)
    click(page, "Give access")

    assert given(services) == [("The outage of 9 March",)]
    assert entitlement(services, user).is_active
    assert (
        "Access is given until 17 Mar 2026, 12:00 pm IST. A mail for asha@example.com is written. No mail server"
        in seen(page)
    )
    # The list tells it, and the form begins anew.
    assert "Given until 17 Mar 2026, 12:00 pm IST" in seen(page)
    assert {"Continue", "End it"} <= set(labels(page))
    assert {box.label: box.value for box in page.text_input if box.label in {"Days", "Reason"}} == {
        "Days": "30",
        "Reason": "",
    }


def test_who_has_access_gets_more_from_its_end_on_their_own_plan(services, user, gateway, admin) -> None:
    order = start_checkout(services, user, "annual")
    gateway.pay(order.id)
    sync_order(services, order.id)
    page = open_panel(services, admin, user=str(user.id))
    assert page.selectbox[0].value == "annual"

    begin(page, days="1")

    assert (
        "for 1 day, from 10 Mar 2027, 12:00 pm IST, where the present access ends, until 11 Mar 2027"
        in seen(page)
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"days": "0"}, "Write whole days, from 1 to 366."),
        ({"days": "1.5"}, "Write whole days, from 1 to 366."),
        ({"reason": "  "}, "Please give a reason; the audit log keeps it."),
    ],
    ids=["none", "a-part", "no-reason"],
)
def test_wrong_entries_are_told_and_give_nothing(services, user, admin, values, said) -> None:
    page = open_panel(services, admin, user=str(user.id))

    begin(page, **values)

    assert said in seen(page)
    assert "Give access" not in labels(page)


def test_a_person_may_change_their_mind(services, user, admin) -> None:
    page = open_panel(services, admin, user=str(user.id))
    begin(page, days="90")

    click(page, "Change")

    assert {box.label: box.value for box in page.text_input if box.label in {"Days", "Reason"}} == {
        "Days": "90",
        "Reason": "The outage of 9 March",
    }
    assert given(services) == []


def test_a_form_of_another_tab_that_was_given_meanwhile_gives_nothing_more(services, user, admin) -> None:
    page = open_panel(services, admin, user=str(user.id))
    begin(page)
    give(services, admin, user)

    click(page, "Give access")

    assert given(services) == [("A guest",)]
    assert "The access of this account has changed since." in seen(page)
    assert "Continue" in labels(page)


def test_a_page_that_was_stopped_after_the_click_gives_nothing_more(services, user, admin) -> None:
    page = open_panel(services, admin, user=str(user.id))
    begin(page)
    before = page.session_state["admin-grant-draft"]
    click(page, "Give access")

    page.session_state["admin-grant-draft"] = before
    page.run()

    assert "Give access" not in labels(page)
    assert len(given(services)) == 1


def test_a_draft_for_one_account_is_not_shown_for_another(services, user, stranger, admin) -> None:
    page = open_panel(services, admin, user=str(user.id))
    begin(page)

    page.query_params["user"] = str(stranger.id)
    page.run()

    assert "Give access" not in labels(page)
    assert next(box for box in page.text_input if box.label == "Reason").value == ""


def test_ones_own_account_and_closed_ones_say_why_nothing_can_be_given(
    services, user, stranger, admin
) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET status = 'disabled' WHERE id = :id"), {"id": user.id})
    delete_account(services, stranger, password="TestPass123", username=stranger.username)

    own, disabled, deleted = (
        open_panel(services, admin, user=str(person.id)) for person in (admin, user, stranger)
    )

    assert "Nobody gives access to themselves: another admin can give it to you." in seen(own)
    assert "This account is disabled" in seen(disabled)
    assert all("Continue" not in labels(page) for page in (own, disabled, deleted))


def test_given_access_is_ended_in_two_steps_with_a_reason(services, user, admin) -> None:
    give(services, admin, user)
    page = open_panel(services, admin, user=str(user.id))

    click(page, "End it")
    assert "End it" not in labels(page)
    (form_go,) = [b for b in page.button if b.label == "Continue" and "end" in b.key]
    form_go.click().run()
    assert "Please give a reason" in seen(page)
    fill(page, "Why it ends", "A mistake")
    next(b for b in page.button if b.label == "Continue" and "end" in b.key).click().run()
    assert "There is no other access: the product closes at once. A mail for asha@example.com is" in seen(
        page
    )
    assert entitlement(services, user).is_active
    click(page, "End access")

    assert not entitlement(services, user).is_active
    assert "The access that was given has ended." in seen(page)
    assert f"by {admin.username}: A mistake" in seen(page)
    assert not {"End it", "End access"} & set(labels(page))


def test_where_a_mail_server_is_set_the_person_is_told_by_mail(services, user, admin) -> None:
    mailing = replace(services, mail_sender=object())
    page = open_panel(mailing, admin, user=str(user.id))

    begin(page)
    before = seen(page)
    click(page, "Give access")

    assert "Nothing is charged. asha@example.com is told by mail." in before
    assert "A mail is on its way to asha@example.com." in seen(page)


def test_of_an_account_that_was_deleted_nobody_is_said_to_be_told_of_the_end(services, user, admin) -> None:
    give(services, admin, user)
    delete_account(services, user, password="TestPass123", username=user.username)
    page = open_panel(services, admin, user=str(user.id))
    click(page, "End it")
    fill(page, "Why it ends", "They left")

    click(page, "Continue")

    assert "the product closes at once." in seen(page)
    assert "mail for" not in seen(page)
    assert "told by mail" not in seen(page)


def test_access_that_is_to_end_may_be_kept(services, user, admin) -> None:
    give(services, admin, user)
    page = open_panel(services, admin, user=str(user.id))
    click(page, "End it")

    click(page, "Keep it")

    assert "End it" in labels(page)
    assert entitlement(services, user).is_active


def test_what_stays_after_an_end_is_said_before_it(services, user, gateway, admin, clock) -> None:
    give(services, admin, user)
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    clock.advance(timedelta(days=2))
    page = open_panel(services, admin, user=str(user.id))
    click(page, "End it")
    fill(page, "Why it ends", "Over")

    next(b for b in page.button if b.label == "Continue" and "end" in b.key).click().run()

    assert "Other access stays as long as it was, and then runs until 12 Apr 2026" in seen(page)


def test_access_that_has_not_begun_is_said_to_be_withdrawn(services, user, admin) -> None:
    give(services, admin, user)
    later = give(services, admin, user, days=3)
    page = open_panel(services, admin, user=str(user.id))
    page.button(key=f"admin-grant-end-{later.grant_id}").click().run()
    fill(page, "Why it ends", "Once was enough")

    next(b for b in page.button if b.label == "Continue" and "end" in b.key).click().run()

    assert "is withdrawn before it begins on 17 Mar 2026, 12:00 pm IST. Other access stays" in seen(page)


def test_access_that_another_admin_ended_is_said_to_be_over(services, user, admin) -> None:
    period = give(services, admin, user)
    give(services, admin, user)
    page = open_panel(services, admin, user=str(user.id))
    page.button(key=f"admin-grant-end-{period.grant_id}").click().run()
    fill(page, "Why it ends", "Over")
    next(b for b in page.button if b.label == "Continue" and "end" in b.key).click().run()
    assert "End access" in labels(page)
    end_access(services, admin, grant_id=period.grant_id or 0, reason="A colleague")

    click(page, "End access")

    assert "End access" not in labels(page)
    assert "by " + admin.username + ": A colleague" in seen(page)


def test_what_was_bought_has_no_button_to_end_it(services, user, gateway, admin) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)

    assert "End it" not in labels(open_panel(services, admin, user=str(user.id)))
