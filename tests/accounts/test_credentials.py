"""Changing a password or an address: asked for again, told to the address of before, closed to everybody else."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from accounts.credentials import (
    change_email,
    change_password,
    confirm_new_email,
    confirm_password,
    find_password_change,
)
from accounts.email_links import request_link
from accounts.link_tokens import make_token
from accounts.password_reset import reset_password
from accounts.sessions import issue_ticket, redeem_ticket, user_of_session
from accounts.verification import verify_email
from database.engine import connect_engine
from domain.accounts import NOBODY, Visitor
from domain.errors import (
    EmailTaken,
    InvalidInput,
    LinkRefused,
    NotSignedIn,
    TicketRefused,
    TooManyRequests,
    WrongPassword,
)
from domain.links import Purpose
from tests.accounts.waiting import wait_for_a_waiting_transaction
from tests.books import rows
from user_management import register, sign_in

OLD, NEW = "TestPass123", "a new password of mine"
HERE = Visitor(browser_token="this-browser")


@pytest.fixture
def services(live_services):
    return live_services


@pytest.fixture
def other(services):
    return register(
        services, full_name="Nila Sen", email="nila@example.com", username="nila", phone="9999999999",
        state="Goa", password=OLD,
    )  # fmt: skip


def test_s24_a_new_password_opens_the_account_and_the_old_one_no_more(services, user) -> None:
    change_password(services, user, current=OLD, new=NEW, visitor=HERE)

    assert sign_in(services, login="asha", password=NEW).id == user.id
    with pytest.raises(WrongPassword):
        confirm_password(services, user, OLD)
    assert find_password_change(services, user) is not None
    assert audit(services) == ["registered", "password_changed"]


def test_the_password_that_an_account_began_with_was_never_changed(services, user) -> None:
    assert find_password_change(services, user) is None


def test_s06_a_new_password_ends_every_session_and_ticket_and_tells_the_person(services, user) -> None:
    here, there = session(services, user, "this-browser"), session(services, user, "that-browser")
    ticket = issue_ticket(services, user, browser_token="third-browser")

    change_password(services, user, current=OLD, new=NEW, visitor=HERE)

    assert (user_of_session(services, here), user_of_session(services, there)) == (None, None)
    with pytest.raises(TicketRefused):
        redeem_ticket(services, ticket, browser_token="third-browser", user_agent="")
    assert ("asha@example.com", "Your password was changed") in mails(services)
    # The acting browser stays known: strangers who guess do not lock it out.
    assert rows(services, "SELECT count(*) FROM known_browsers") == [(1,)]


def test_a_ticket_that_is_being_spent_starts_no_session_that_outlives_the_change(services, user) -> None:
    ticket = issue_ticket(services, user, browser_token="b")
    blocked = connect_engine(services.engine.url)
    with blocked.connect() as conn, conn.begin():
        # A redeeming that has spent its ticket, has made its session, and has not committed yet.
        conn.execute(text("UPDATE sign_in_tickets SET used_at = now()"))
        conn.execute(
            text(
                "INSERT INTO sessions (token_hash, user_id, expires_at) "
                "SELECT token_hash, user_id, now() + interval '1 day' FROM sign_in_tickets"
            )
        )
        changing = threading.Thread(
            target=change_password,
            args=(services, user),
            kwargs={"current": OLD, "new": NEW, "visitor": HERE},
        )
        changing.start()
        wait_for_a_waiting_transaction(services)
    changing.join(20)
    blocked.dispose()

    assert ticket
    assert rows(services, "SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == [(0,)]


def test_s23_a_new_password_makes_every_link_of_before_useless(services, user) -> None:
    change = link(services, user, Purpose.CHANGE_EMAIL, "new@example.com")
    reset = link(services, user, Purpose.RESET_PASSWORD, user.email)
    verify = link(services, user, Purpose.VERIFY_EMAIL, user.email)

    change_password(services, user, current=OLD, new=NEW, visitor=HERE)

    with pytest.raises(LinkRefused):
        confirm_new_email(services, change)
    with pytest.raises(LinkRefused):
        reset_password(services, reset, password="yet another password", visitor=NOBODY)
    with pytest.raises(LinkRefused):
        verify_email(services, verify)


def test_s24_a_reset_ends_a_strangers_request_for_another_address(services, user) -> None:
    strangers = link(services, user, Purpose.CHANGE_EMAIL, "stranger@example.com")
    own = link(services, user, Purpose.RESET_PASSWORD, user.email)

    reset_password(services, own, password=NEW, visitor=NOBODY)

    with pytest.raises(LinkRefused):
        confirm_new_email(services, strangers)


@pytest.mark.parametrize(
    "wrong", ["", "testpass123", "TestPass123 ", "x" * 100_000, "Test\x00", "\ud800", "पासवर्ड"]
)
def test_s24_without_the_current_password_nothing_changes(services, user, wrong) -> None:
    here = session(services, user, "this-browser")

    with pytest.raises(WrongPassword):
        change_password(services, user, current=wrong, new=NEW, visitor=HERE)
    with pytest.raises(WrongPassword):
        change_email(services, user, password=wrong, email="new@example.com")

    assert user_of_session(services, here) == user
    assert mails(services) == []


@pytest.mark.parametrize(
    "new",
    [
        "short",
        "x" * 257,
        "long enough\x00",
        "long enough\ud800",
        "asha@example.com",
        "Asha Rao",
        "password123",
        OLD,
    ],
)
def test_a_new_password_that_is_refused_changes_nothing(services, user, new) -> None:
    here = session(services, user, "this-browser")

    with pytest.raises(InvalidInput) as refusal:
        change_password(services, user, current=OLD, new=new, visitor=HERE)

    assert list(refusal.value.fields) == ["password"]
    assert user_of_session(services, here) == user


@pytest.mark.parametrize("new", ["मेरा नया पासवर्ड", "🔑🔑🔑🔑🔑🔑 भा", "x" * 256, "  spaces stay  "])
def test_a_new_password_may_be_of_any_script_and_length(services, user, new) -> None:
    change_password(services, user, current=OLD, new=new, visitor=HERE)

    assert sign_in(services, login="asha", password=new).id == user.id


def test_s24_ten_wrong_passwords_at_an_open_page_are_the_last_for_a_while(services, user) -> None:
    confirm_password(services, user, OLD)  # A right one does not count.
    for _ in range(10):
        with pytest.raises(WrongPassword):
            confirm_password(services, user, "wrong")

    with pytest.raises(TooManyRequests):
        confirm_password(services, user, OLD)


def test_s27_ten_changes_an_hour_are_told_by_mail_and_no_more(services, user) -> None:
    """Whoever holds an account, and its password, must not fill a mailbox."""
    passwords = [OLD, NEW]
    for number in range(10):
        current, new = passwords[number % 2], passwords[(number + 1) % 2]
        user = change_password(services, user, current=current, new=new, visitor=HERE)

    with pytest.raises(TooManyRequests):
        change_password(services, user, current=OLD, new=NEW, visitor=HERE)

    assert [subject for _, subject in mails(services)].count("Your password was changed") == 10
    confirm_password(services, user, OLD)


def test_of_two_changes_at_once_one_is_refused(services, user, monkeypatch) -> None:
    stored = confirm_password(services, user, OLD)
    change_password(services, user, current=OLD, new=NEW, visitor=HERE)
    # Compared before the first change committed.
    monkeypatch.setattr("accounts.credentials.confirm_password", lambda *_args: stored)

    with pytest.raises(WrongPassword):
        change_password(services, user, current=OLD, new="the second change", visitor=HERE)

    assert sign_in(services, login="asha", password=NEW).id == user.id


def test_s24_another_address_counts_once_its_link_is_used_and_the_old_one_is_told_twice(
    services, user
) -> None:
    change_email(services, user, password=OLD, email=" New@Example.com ")
    asked = stored_email(services)
    token = waiting_link(services)

    changed = confirm_new_email(services, token)

    assert asked == ("asha@example.com", None)
    assert (changed.email, changed.is_email_verified) == ("new@example.com", True)
    told = [subject for to, subject in mails(services) if to == "asha@example.com"]
    assert told == ["A new email address was asked for", "Your email address was changed"]
    assert audit(services)[1:] == ["email_change_asked", "email_changed"]
    with pytest.raises(LinkRefused):
        confirm_new_email(services, token)


def test_another_address_ends_no_session_and_every_link_to_the_old_one(services, user) -> None:
    here = session(services, user, "this-browser")
    change_email(services, user, password=OLD, email="new@example.com")
    reset = link(services, user, Purpose.RESET_PASSWORD, user.email)

    confirm_new_email(services, waiting_link(services))

    assert user_of_session(services, here).email == "new@example.com"
    with pytest.raises(LinkRefused):
        reset_password(services, reset, password=NEW, visitor=NOBODY)


def test_an_address_of_another_account_gets_a_word_and_no_link_and_the_page_says_the_same(
    services, user, other
) -> None:
    change_email(services, user, password=OLD, email="free@example.com")
    change_email(services, user, password=OLD, email=other.email)

    assert ("nila@example.com", "This email address has an account already") in mails(services)
    assert (
        rows(services, "SELECT 1 FROM email_tokens WHERE purpose = 'change_email' AND used_at IS NULL") == []
    )


def test_an_address_that_was_taken_meanwhile_is_refused_and_nothing_is_spent(services, user) -> None:
    change_email(services, user, password=OLD, email="nila@example.com")
    token = waiting_link(services)
    register(
        services, full_name="Nila Sen", email="nila@example.com", username="nila", phone="9999999999",
        state="Goa", password=OLD,
    )  # fmt: skip

    with pytest.raises(EmailTaken):
        confirm_new_email(services, token)

    assert stored_email(services) == ("asha@example.com", None)
    assert ("asha@example.com", "Your email address was changed") not in mails(services)


@pytest.mark.parametrize(
    "email", ["", "x", "asha@example.com", "a@b\x00.com", "\ud800@example.com", f"{'x' * 260}@example.com"]
)
def test_what_is_no_new_address_is_refused_before_anybody_is_written_to(services, user, email) -> None:
    with pytest.raises(InvalidInput) as refusal:
        change_email(services, user, password=OLD, email=email)

    assert list(refusal.value.fields) == ["email"]
    assert mails(services) == []


def test_one_account_asks_for_five_addresses_an_hour(services, user) -> None:
    for number in range(5):
        change_email(services, user, password=OLD, email=f"new{number}@example.com")

    with pytest.raises(TooManyRequests):
        change_email(services, user, password=OLD, email="new5@example.com")


def test_a_closed_account_changes_nothing(services, user) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET deleted_at = now()"))

    with pytest.raises(NotSignedIn):
        change_password(services, user, current=OLD, new=NEW, visitor=HERE)
    with pytest.raises(NotSignedIn):
        change_email(services, user, password=OLD, email="new@example.com")


def session(services, user, browser: str) -> str:
    ticket = issue_ticket(services, user, browser_token=browser)
    return redeem_ticket(services, ticket, browser_token=browser, user_agent="")


def link(services, user, purpose: Purpose, to: str) -> str:
    with services.engine.begin() as conn:
        request_link(services, conn, purpose, user_id=user.id, to=to)
    return waiting_link(services, purpose)


def waiting_link(services, purpose: Purpose = Purpose.CHANGE_EMAIL) -> str:
    ((token_id,),) = rows(
        services,
        "SELECT id FROM email_tokens WHERE used_at IS NULL AND purpose = :purpose",
        purpose=str(purpose),
    )
    return make_token(services.settings, token_id, purpose)


def mails(services) -> list[tuple]:
    return rows(services, "SELECT to_address, subject FROM emails ORDER BY id")


def audit(services) -> list[str]:
    return [
        action
        for (action,) in rows(
            services, "SELECT action FROM audit_log WHERE action <> 'signed_in' ORDER BY id"
        )
    ]


def stored_email(services) -> tuple:
    return rows(services, "SELECT email, email_verified_at FROM users WHERE username = 'asha'")[0]
