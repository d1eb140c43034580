"""Access that an admin gives by hand: from when to when, to whom not, once, and what becomes of what was bought."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import text

from accounts.deletion import delete_account
from accounts.export import export_of
from billing.grants import GivenState, end_access, give_access, list_given, offer_access
from billing.returns import find_returned_access
from domain.accounts import User
from domain.errors import Forbidden, GrantRefused, InvalidInput, UnknownPlan
from domain.subscriptions import Period, add_months
from operations.check import all_hold, run_checks
from payment_handler import start_checkout, sync_order
from reports.accounts import user_page
from tests.books import balances, rows
from user_management import create_admin, entitlement
from wiring import Services

DAY = timedelta(days=1)


def give(services: Services, admin: User, user: User, *, days: int = 30, **changes) -> Period:
    """Access as the form gives it: what was offered is what is given."""
    offer = offer_access(services, admin, user_id=user.id, plan_id="monthly", days=days)
    values = {
        "user_id": user.id, "plan_id": "monthly", "days": days, "reason": "The outage of 9 March",
        "seen_until": offer.access_until, **changes,
    }  # fmt: skip
    return give_access(services, admin, **values)


def buy(services: Services, gateway, user: User, plan: str = "monthly") -> str:
    order = start_checkout(services, user, plan)
    gateway.pay(order.id)
    sync_order(services, order.id)
    return order.id


def refund(services: Services, gateway, order_id: str) -> None:
    gateway.refund_in_dashboard(order_id, sum(p.amount_paise for p in gateway.payments[order_id]))
    sync_order(services, order_id)


def mails(services: Services, kind: str) -> list:
    with services.engine.connect() as conn:
        found = conn.execute(
            text("SELECT to_address, subject, text_body FROM emails WHERE kind = :kind ORDER BY id"),
            {"kind": kind},
        )
        return list(found)


def audited(services: Services, action: str) -> list[tuple]:
    return rows(
        services, f"SELECT object, actor_id, detail FROM audit_log WHERE action = '{action}' ORDER BY id"
    )


def grant_id(period: Period) -> int:
    assert period.grant_id is not None
    return period.grant_id


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


def test_given_access_ends_early_once_with_one_mail_and_its_reason_in_the_audit_log(
    services, user, admin, clock
) -> None:
    period = give(services, admin, user)
    clock.advance(DAY)

    ended = [end_access(services, admin, grant_id=grant_id(period), reason=" Not theirs ") for _ in range(2)]

    assert ended == [True, False]
    assert not entitlement(services, user).is_active
    assert [(row[0], row[1], row[2]["reason"]) for row in audited(services, "access_ended")] == [
        (f"grant:{period.grant_id}", admin.id, "Not theirs")
    ]
    (mail,) = mails(services, "access_ended")
    assert (mail.to_address, mail.subject) == (user.email, "The access that we gave you has ended")
    assert "/billing" in mail.text_body
    assert "Not theirs" not in mail.text_body
    returned = find_returned_access(services, user)
    assert returned is not None
    assert (returned.amount_paise, returned.ended_at) == (None, clock.moment)
    assert all_hold(run_checks(services))


def test_two_admins_at_once_end_it_once(services, user, admin) -> None:
    period = give(services, admin, user)
    other = create_admin(services, email="partner@example.com", password="TestPass123")
    together = Barrier(2)

    def act(actor: User) -> bool:
        together.wait(timeout=20)
        return end_access(services, actor, grant_id=grant_id(period), reason="over")

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, (admin, other))) == [False, True]
    assert len(mails(services, "access_ended")) == 1


def test_what_was_bought_after_it_moves_forward_by_what_was_left_and_loses_nothing(
    services, user, gateway, admin, clock
) -> None:
    period = give(services, admin, user, days=30)
    buy(services, gateway, user)
    whole = add_months(period.ends_at, 1) - period.ends_at
    clock.advance(10 * DAY)

    end_access(services, admin, grant_id=grant_id(period), reason="over")

    access = entitlement(services, user)
    assert (access.is_active, access.is_given) == (True, False)
    assert access.access_until == clock.moment + whole
    assert "now runs until" in mails(services, "access_ended")[0].text_body
    assert all_hold(run_checks(services))


def test_what_was_bought_before_it_stays_when_it_is_withdrawn(services, user, gateway, admin, clock) -> None:
    buy(services, gateway, user)
    period = give(services, admin, user)

    end_access(services, admin, grant_id=grant_id(period), reason="over")

    assert entitlement(services, user).access_until == add_months(clock.moment, 1)
    assert all_hold(run_checks(services))


def test_a_refund_of_what_was_bought_before_it_lets_it_begin_at_once(
    services, user, gateway, admin, clock
) -> None:
    order_id = buy(services, gateway, user)
    give(services, admin, user, days=7)

    refund(services, gateway, order_id)

    access = entitlement(services, user)
    assert (access.is_given, access.access_until) == (True, clock.moment + 7 * DAY)
    assert all_hold(run_checks(services))


def test_access_that_ran_out_cannot_be_ended(services, user, admin, clock) -> None:
    period = give(services, admin, user, days=1)
    clock.advance(DAY)

    assert end_access(services, admin, grant_id=grant_id(period), reason="late") is False
    assert mails(services, "access_ended") == []


def test_ending_needs_a_reason_and_something_to_end(services, user, admin) -> None:
    period = give(services, admin, user)

    with pytest.raises(InvalidInput):
        end_access(services, admin, grant_id=grant_id(period), reason=" ")
    with pytest.raises(GrantRefused, match="no such access"):
        end_access(services, admin, grant_id=987654, reason="why")
    assert entitlement(services, user).is_active


def test_access_of_an_account_that_was_disabled_can_be_ended_without_a_mail(services, user, admin) -> None:
    period = give(services, admin, user)
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET status = 'disabled' WHERE id = :id"), {"id": user.id})

    assert end_access(services, admin, grant_id=grant_id(period), reason="left")
    assert mails(services, "access_ended") == []
    assert all_hold(run_checks(services))


def test_the_person_reads_what_was_given_and_how_far_it_is(services, user, stranger, admin, clock) -> None:
    over = give(services, admin, user, days=1)
    clock.advance(2 * DAY)
    running, coming, withdrawn = (give(services, admin, user, days=5) for _ in range(3))
    end_access(services, admin, grant_id=grant_id(withdrawn), reason="too much")

    assert [(line.state, line.starts_at) for line in list_given(services, user)] == [
        (GivenState.ENDED_EARLY, withdrawn.starts_at),
        (GivenState.COMING, coming.starts_at),
        (GivenState.RUNNING, running.starts_at),
        (GivenState.OVER, over.starts_at),
    ]
    assert list_given(services, stranger) == []


def test_reports_and_the_export_tell_who_gave_it_who_ended_it_and_why(services, user, admin) -> None:
    period = give(services, admin, user)
    end_access(services, admin, grant_id=grant_id(period), reason="A mistake")

    report = user_page(services, admin, user.id)
    told = export_of(services, user)

    assert report is not None
    (row,) = report.periods
    assert (row.grant_id, row.granted_by, row.grant_reason) == (
        period.grant_id, admin.username, "The outage of 9 March",
    )  # fmt: skip
    assert (row.ended_by, row.end_reason) == (admin.username, "A mistake")
    assert report.given == ()
    assert [(part["origin"], part["payment_id"]) for part in told["subscription_periods"]] == [
        ("given", None)
    ]
    done = {entry["what"]: entry for entry in told["what_was_done"]}
    assert done["access_given"]["detail"]["reason"] == "The outage of 9 March"
    assert done["access_ended"]["detail"]["reason"] == "A mistake"


def test_the_panel_knows_until_when_access_runs_without_a_gift(services, user, gateway, admin, clock) -> None:
    period = give(services, admin, user, days=30)
    buy(services, gateway, user)
    clock.advance(3 * DAY)
    report = user_page(services, admin, user.id)
    assert report is not None
    (gift,) = report.given

    said = report.access_without(gift)
    end_access(services, admin, grant_id=grant_id(period), reason="over")

    assert said == entitlement(services, user).access_until


@pytest.mark.parametrize("seed", range(8))
def test_every_invariant_holds_after_giving_ending_buying_and_refunding_in_any_order(
    services, user, gateway, admin, clock, seed
) -> None:
    dice = random.Random(seed)
    bought: list[str] = []
    given: list[int] = []

    for _ in range(9):
        act = dice.choice(("give", "give", "end", "buy", "buy", "refund", "wait"))
        if act == "give":
            given.append(grant_id(give(services, admin, user, days=dice.choice((1, 7, 30, 366)))))
        elif act == "end" and given:
            end_access(services, admin, grant_id=dice.choice(given), reason="in any order")
        elif act == "buy":
            bought.append(buy(services, gateway, user, dice.choice(("monthly", "annual"))))
        elif act == "refund" and bought:
            refund(services, gateway, bought.pop(dice.randrange(len(bought))))
        clock.advance(dice.choice((timedelta(minutes=1), 3 * DAY, 40 * DAY)))
        access = entitlement(services, user)
        report = user_page(services, admin, user.id)
        live = [p for p in report.periods if p.is_live(clock.moment)]

        assert access.is_active == any(p.starts_at <= clock.moment for p in live)
        # No gap either: whoever has time left may use it now.
        assert access.is_active == bool(live)
    assert all_hold(run_checks(services)), [f for f in run_checks(services) if f.first]
