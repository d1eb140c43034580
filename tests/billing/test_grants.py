"""Access that an admin gives by hand: from when to when, to whom not, and once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import text

from accounts.deletion import delete_account
from billing.grants import end_access, give_access, offer_access
from domain.accounts import User
from domain.errors import Forbidden, GrantRefused, InvalidInput, UnknownPlan
from domain.subscriptions import Period, add_months
from operations.check import all_hold, run_checks
from tests.billing.given_access import DAY, audited, buy, give, grant_id, mails
from tests.books import balances, rows
from user_management import create_admin, entitlement


def test_given_access_begins_at_once_is_audited_and_told_in_one_mail(services, user, admin, clock) -> None:
    period = give(services, admin, user, days=30)

    assert (period.starts_at, period.ends_at) == (clock.moment, clock.moment + 30 * DAY)
    access = entitlement(services, user)
    assert (access.is_active, access.is_given, access.access_until) == (True, True, period.ends_at)
    assert audited(services, "access_given") == [
        (
            f"grant:{period.grant_id}",
            admin.id,
            {"user": str(user.id), "plan": "monthly", "days": 30, "reason": "The outage of 9 March"},
        )
    ]
    (mail,) = mails(services, "access_given")
    assert (mail.to_address, mail.subject) == (user.email, "You were given access until 9 April 2026")
    assert "9 April 2026, 12:00 pm IST" in mail.text_body
    # Why is between admins; the person may ask, or read it in the export.
    assert "outage" not in mail.text_body
    assert balances(services) == {}
    assert all_hold(run_checks(services))


def test_given_access_begins_where_bought_access_ends(services, user, gateway, admin, clock) -> None:
    buy(services, gateway, user)

    period = give(services, admin, user, days=7)

    bought_until = add_months(clock.moment, 1)
    assert (period.starts_at, period.ends_at) == (bought_until, bought_until + 7 * DAY)
    assert not entitlement(services, user).is_given
    assert all_hold(run_checks(services))


def test_what_is_bought_afterwards_extends_from_the_end_of_given_access(
    services, user, gateway, admin, clock
) -> None:
    period = give(services, admin, user, days=30)

    buy(services, gateway, user)

    assert entitlement(services, user).access_until == add_months(period.ends_at, 1)
    assert all_hold(run_checks(services))


def test_access_that_ran_out_leaves_no_debt_of_time(services, user, admin, clock) -> None:
    give(services, admin, user, days=1)
    clock.advance(10 * DAY)

    period = give(services, admin, user, days=1)

    assert period.starts_at == clock.moment
    assert all_hold(run_checks(services))


@pytest.mark.parametrize("days", [1, 366])
def test_from_one_day_to_a_leap_year_can_be_given(services, user, admin, days) -> None:
    period = give(services, admin, user, days=days)

    assert period.ends_at - period.starts_at == days * DAY


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"days": 0}, InvalidInput),
        ({"days": 367}, InvalidInput),
        ({"days": -1}, InvalidInput),
        ({"reason": " \n\x00"}, InvalidInput),
        ({"plan_id": "lifetime"}, UnknownPlan),
        ({"user_id": UUID(int=7)}, GrantRefused),
    ],
    ids=["no-days", "too-many-days", "days-back", "no-reason", "unknown-plan", "nobody"],
)
def test_what_cannot_be_given_is_refused_and_nothing_is_written(
    services, user, admin, changes, error
) -> None:
    values = {
        "user_id": user.id, "plan_id": "monthly", "days": 30, "reason": "why", "seen_until": None, **changes,
    }  # fmt: skip

    with pytest.raises(error):
        give_access(services, admin, **values)

    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT count(*) FROM grants") == [(0,)]
    assert mails(services, "access_given") == []


def test_a_long_reason_is_cut_and_kept_on_one_line(services, user, admin) -> None:
    give(services, admin, user, reason="  because\n" + "x" * 200)

    ((reason,),) = rows(services, "SELECT reason FROM grants")
    assert (len(reason), reason[:12]) == (100, "because xxxx")


def test_s25_an_admin_gives_nothing_to_themselves_but_another_admin_may(services, admin) -> None:
    other = create_admin(services, email="partner@example.com", password="TestPass123")

    with pytest.raises(GrantRefused, match="own account"):
        offer_access(services, admin, user_id=admin.id, plan_id="monthly", days=1)
    with pytest.raises(GrantRefused, match="own account"):
        give_access(
            services, admin, user_id=admin.id, plan_id="monthly", days=1, reason="mine", seen_until=None
        )
    assert not entitlement(services, admin).is_active

    give(services, other, admin)

    assert entitlement(services, admin).is_active
    assert all_hold(run_checks(services))


@pytest.mark.parametrize("how", ["deleted", "disabled"])
def test_a_closed_account_is_given_nothing(services, user, admin, how) -> None:
    if how == "deleted":
        delete_account(services, user, password="TestPass123", username=user.username)
    else:
        with services.engine.begin() as conn:
            conn.execute(text("UPDATE users SET status = 'disabled' WHERE id = :id"), {"id": user.id})

    with pytest.raises(GrantRefused, match="disabled or deleted"):
        give(services, admin, user)


def test_a_subscriber_gives_and_ends_nothing(services, user, stranger, admin) -> None:
    period = give(services, admin, user)

    for act in (
        lambda: offer_access(services, user, user_id=stranger.id, plan_id="monthly", days=1),
        lambda: give_access(
            services, user, user_id=stranger.id, plan_id="monthly", days=1, reason="a friend", seen_until=None
        ),
        lambda: end_access(services, stranger, grant_id=grant_id(period), reason="envy"),
    ):
        with pytest.raises(Forbidden):
            act()
    assert (entitlement(services, user).is_active, entitlement(services, stranger).is_active) == (True, False)


def test_the_same_form_sent_twice_gives_once(services, user, admin) -> None:
    give(services, admin, user, seen_until=None)

    with pytest.raises(GrantRefused, match="has changed"):
        give(services, admin, user, seen_until=None)

    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]
    assert len(mails(services, "access_given")) == 1


def test_a_payment_that_came_after_the_form_was_shown_makes_the_admin_look_again(
    services, user, gateway, admin
) -> None:
    buy(services, gateway, user)

    with pytest.raises(GrantRefused, match="has changed"):
        give(services, admin, user, seen_until=None)


def test_two_admins_who_give_for_one_outage_at_once_give_once(services, user, admin) -> None:
    other = create_admin(services, email="partner@example.com", password="TestPass123")
    together = Barrier(4)

    def act(actor: User) -> bool:
        together.wait(timeout=20)
        try:
            give(services, actor, user, seen_until=None)
        except GrantRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(act, (admin, other, admin, other)))

    assert sorted(done) == [False, False, False, True]
    assert all_hold(run_checks(services))


def test_two_admins_may_give_to_each_other_at_once(services, admin) -> None:
    other = create_admin(services, email="partner@example.com", password="TestPass123")
    together = Barrier(2)

    def act(pair: tuple[User, User]) -> Period:
        together.wait(timeout=20)
        return give(services, pair[0], pair[1])

    with ThreadPoolExecutor(2) as pool:
        assert len(list(pool.map(act, ((admin, other), (other, admin))))) == 2
    assert all_hold(run_checks(services))
