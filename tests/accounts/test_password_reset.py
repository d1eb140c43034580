"""A lost password is replaced by a link to the address, which ends every session and signs nobody in."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text

from accounts.password_reset import request_reset, reset_password
from accounts.sessions import issue_ticket, redeem_ticket, user_of_session
from domain.accounts import NOBODY, Visitor
from domain.errors import InvalidInput, LinkRefused, TicketRefused, TooManyRequests, WrongCredentials
from tests.accounts.mailbox import received
from user_management import sign_in

BROWSER = Visitor("203.0.113.9", "own-browser")


@pytest.fixture
def token(services, user) -> str:
    request_reset(services, email=" Asha@Example.com", visitor=BROWSER)
    return received(services, "reset_password")[-1].token


def test_the_new_password_opens_and_the_old_one_does_not(services, user, token) -> None:
    reset_password(services, token, password="NewPass12345", visitor=BROWSER)

    assert sign_in(services, login="asha", password="NewPass12345").id == user.id
    with pytest.raises(WrongCredentials):
        sign_in(services, login="asha", password="TestPass123")


def test_s23_every_session_and_every_ticket_ends_and_the_person_is_told(live_services, user) -> None:
    ticket = issue_ticket(live_services, user, browser_token="b")
    session = redeem_ticket(live_services, ticket, browser_token="b", user_agent="")
    waiting = issue_ticket(live_services, user, browser_token="b")
    request_reset(live_services, email="asha@example.com", visitor=NOBODY)
    token = received(live_services, "reset_password")[-1].token

    reset_password(live_services, token, password="NewPass12345", visitor=BROWSER)

    assert user_of_session(live_services, session) is None
    with pytest.raises(TicketRefused):
        redeem_ticket(live_services, waiting, browser_token="b", user_agent="")
    assert [mail.to for mail in received(live_services, "password_changed")] == ["asha@example.com"]


def test_s23_a_link_is_used_once_and_a_refused_password_leaves_it_as_it_is(services, user, token) -> None:
    for password in ("short", "password123", "asha@example.com", "x" * 257, "nul\x00nul\x00"):
        with pytest.raises(InvalidInput) as refused:
            reset_password(services, token, password=password, visitor=BROWSER)
        assert set(refused.value.fields) == {"password"}

    reset_password(services, token, password="NewPass12345", visitor=BROWSER)

    with pytest.raises(LinkRefused):
        reset_password(services, token, password="Another12345", visitor=BROWSER)


def test_a_link_that_is_none_costs_no_hash_and_neither_does_a_refused_password(
    services, user, token, monkeypatch
) -> None:
    hashed = []
    monkeypatch.setattr("accounts.password_reset.hash_password", lambda *_: hashed.append(1))

    with pytest.raises(LinkRefused):
        reset_password(services, token[:-1] + "x", password="NewPass12345", visitor=BROWSER)
    with pytest.raises(InvalidInput):
        reset_password(services, token, password="asha@example.com", visitor=BROWSER)

    assert hashed == []


def test_s23_of_two_outstanding_links_only_the_newer_works(services, user, token) -> None:
    request_reset(services, email="asha@example.com", visitor=BROWSER)
    newer = received(services, "reset_password")[-1].token

    with pytest.raises(LinkRefused):
        reset_password(services, token, password="NewPass12345", visitor=BROWSER)
    reset_password(services, newer, password="NewPass12345", visitor=BROWSER)


def test_s23_a_link_for_an_address_that_the_account_has_left_is_refused(services, user, token) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET email = 'other@example.com'"))

    with pytest.raises(LinkRefused):
        reset_password(services, token, password="NewPass12345", visitor=BROWSER)


def test_s02_asking_does_the_same_for_an_address_that_exists_and_one_that_does_not(services, user) -> None:
    steps: list[list[str]] = []
    for email in ("asha@example.com", "nobody@example.com"):
        seen: list[str] = []

        def note(_conn, _cursor, statement, *_rest, seen=seen) -> None:
            seen.append(statement)

        event.listen(services.engine, "before_cursor_execute", note)
        answer = request_reset(services, email=email, visitor=BROWSER)
        event.remove(services.engine, "before_cursor_execute", note)
        steps.append(seen)
        assert answer is None

    assert steps[0] == steps[1]
    assert len(steps[0]) > 5
    assert [mail.to for mail in received(services, "reset_password")] == ["asha@example.com"]


@pytest.mark.parametrize("email", ["asha@example.com", "nobody@example.com"])
def test_s27_mails_to_one_address_are_limited_whoever_asks(services, user, email) -> None:
    for number in range(3):
        request_reset(services, email=email, visitor=Visitor(f"203.0.113.{number}"))

    with pytest.raises(TooManyRequests):
        request_reset(services, email=email, visitor=Visitor("203.0.113.77"))


def test_s27_one_visitor_cannot_ask_for_many_addresses(services) -> None:
    for number in range(10):
        request_reset(services, email=f"name{number}@example.com", visitor=BROWSER)

    with pytest.raises(TooManyRequests):
        request_reset(services, email="another@example.com", visitor=BROWSER)


def test_the_browser_of_a_reset_is_not_locked_out_by_guesses_of_strangers(services, user, token) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            sign_in(services, login="asha", password="wrong-password")

    reset_password(services, token, password="NewPass12345", visitor=BROWSER)

    assert sign_in(services, login="asha", password="NewPass12345", visitor=BROWSER).id == user.id


@pytest.mark.parametrize(
    "email", ["", "asha", "a@b", "x" * 300 + "@example.com", "\x00@example.com", "\ud800@x.in"]
)
def test_what_is_no_address_is_told(services, email) -> None:
    with pytest.raises(InvalidInput):
        request_reset(services, email=email, visitor=BROWSER)
