"""Given access that ends early, what becomes of what was bought, and what is told of it; in any order."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from accounts.export import export_of
from billing.grants import GivenState, end_access, list_given
from billing.returns import find_returned_access
from domain.accounts import User
from domain.errors import GrantRefused, InvalidInput
from domain.subscriptions import add_months
from operations.check import all_hold, run_checks
from reports.accounts import user_page
from tests.billing.given_access import DAY, audited, buy, give, grant_id, mails, refund
from user_management import create_admin, entitlement


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
