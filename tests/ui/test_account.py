"""The account page: what it shows is the person's own and escaped, and each press does one thing, asked for twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from accounts.sessions import has_second_factor, issue_ticket, redeem_ticket, user_of_session
from tests.ui.panel import click, labels, seen
from ui.account_sessions import describe_seen
from user_management import create_admin, register, sign_in

PASSWORD, NEW = "TestPass123", "a new password of mine"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture
def services(live_services):
    return live_services


@pytest.fixture
def left(monkeypatch) -> list[str]:
    """Where the page sent the browser."""
    import streamlit as st

    paths: list[str] = []

    def leave_to(path: str) -> None:
        paths.append(path)
        st.stop()

    monkeypatch.setattr("ui.session.leave_to", leave_to)
    return paths


@pytest.fixture
def open_page(services, monkeypatch, left):
    """Open the page in a browser in which this user is logged in."""
    monkeypatch.setattr("ui.account.footer", lambda _settings: None)
    monkeypatch.setattr("ui.account.page", lambda path: path)

    def open_it(user, *, second_factor: bool = False) -> tuple[AppTest, str]:
        token = log_in(services, user, "this-browser", second_factor=second_factor)
        cookies = {"session": token, "browser": "this-browser"}
        monkeypatch.setattr("ui.session.read_cookie", cookies.get)
        page = AppTest.from_function(_draw, default_timeout=20, args=(services, user))
        page.run()
        assert not page.exception
        return page, token

    return open_it


def test_the_profile_says_who_somebody_is_and_whether_the_address_is_proved(services, open_page) -> None:
    user = register(
        services, full_name="<img src=x onerror=alert(1)>", email="asha@example.com", username="asha",
        phone="9999999999", state="Karnataka", password=PASSWORD,
    )  # fmt: skip

    page, _ = open_page(user)

    assert "asha@example.com" in seen(page)
    assert "Not verified" in seen(page)
    assert "<img src=x" not in seen(page)
    assert "&lt;img src=x onerror=alert(1)&gt;" in seen(page)


def test_the_link_is_sent_again_until_too_many_were_asked_for(services, user, open_page) -> None:
    page, _ = open_page(user)

    click(page, "Send the link again")
    told = seen(page)
    for _ in range(3):
        click(page, "Send the link again")

    assert "A new link for asha@example.com is written. No mail server is set, so it is kept here" in told
    assert "Please wait" in seen(page)


def test_a_proved_address_is_asked_for_no_more(services, user, open_page) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET email_verified_at = now()"))

    page, _ = open_page(sign_in(services, login="asha", password=PASSWORD))

    assert ">Verified<" in seen(page)
    assert "Send the link again" not in labels(page)


def test_s24_the_page_says_the_same_of_a_free_and_of_a_taken_address(services, user, open_page) -> None:
    register(
        services, full_name="Nila Sen", email="nila@example.com", username="nila", phone="9999999999",
        state="Goa", password=PASSWORD,
    )  # fmt: skip
    page, _ = open_page(user)
    said = []

    for address in ("free@example.com", "nila@example.com"):
        page.text_input(key="account-email").set_value(address)
        page.text_input(key="account-email-password").set_value(PASSWORD)
        click(page, "Send the link")
        said.append(notices(page)[0].replace(address, "…"))

    assert said[0] == said[1]
    assert "We have written to …." in said[0]
    assert page.text_input(key="account-email-password").value == ""


@pytest.mark.parametrize(
    ("address", "password", "sentence"),
    [
        ("nobody", PASSWORD, "Enter an email address"),
        ("nobody\x00@example.com", PASSWORD, "Enter an email address"),
        ("new@example.com", "", "Enter your current password."),
        ("new@example.com", "wrong", "Your current password is not right."),
        ("new@example.com", "प" * 100_000, "Your current password is not right."),
    ],
    ids=["no address", "NUL", "no password", "wrong", "long"],
)
def test_s24_an_address_is_not_changed_by_a_form_that_is_wrong(
    services, user, open_page, address, password, sentence
) -> None:
    page, _ = open_page(user)

    page.text_input(key="account-email").set_value(address)
    page.text_input(key="account-email-password").set_value(password)
    click(page, "Send the link")

    assert sentence in seen(page)
    assert "We have written" not in seen(page)


@pytest.mark.parametrize("proved", [False, True])
def test_s06_a_new_password_brings_this_browser_a_new_session_that_is_worth_as_much(
    services, user, open_page, left, proved
) -> None:
    page, token = open_page(user, second_factor=proved)

    change_password(page, PASSWORD, NEW)

    (path,) = left
    query = parse_qs(urlsplit(path).query)
    assert (urlsplit(path).path, query["next"]) == ("/auth/session", ["/account"])
    assert user_of_session(services, token) is None
    renewed = redeem_ticket(services, query["ticket"][0], browser_token="this-browser", user_agent="")
    assert renewed != token
    assert has_second_factor(services, renewed) is proved
    assert sign_in(services, login="asha", password=NEW).id == user.id


def test_a_second_press_that_interrupts_the_change_still_leads_to_the_new_session(
    services, user, open_page, left
) -> None:
    page, _ = open_page(user)
    change_password(page, PASSWORD, NEW)

    # The run of the second press: the session has ended by then.
    page.session_state["user"] = None
    page.run()

    assert len(left) == 2
    assert left[0] == left[1]


@pytest.mark.parametrize(
    ("current", "new", "sentence"),
    [
        ("", NEW, "Enter your current password."),
        ("wrong", NEW, "Your current password is not right. Nothing was changed."),
        ("\x00" * 50, NEW, "Your current password is not right. Nothing was changed."),
        (PASSWORD, "short", "Use at least 8 characters."),
        (PASSWORD, "x" * 10_000, "Use at most 256 characters."),
        (PASSWORD, "ASHA RAO", "cannot be your name"),
        (PASSWORD, "long enough\x00", "cannot be typed again"),
        (PASSWORD, PASSWORD, "This is your current password."),
    ],
    ids=["no", "wrong", "NULs", "short", "long", "name", "NUL", "same"],
)
def test_a_password_that_is_refused_is_told_and_ends_nothing(
    services, user, open_page, left, current, new, sentence
) -> None:
    page, token = open_page(user)

    change_password(page, current, new)

    assert sentence in seen(page)
    assert user_of_session(services, token) == user
    assert left == []


def test_sessions_are_named_in_words_this_one_first_and_escaped(services, user, open_page) -> None:
    log_in(services, user, "b2", user_agent=FIREFOX, address="203.0.113.9")
    log_in(services, user, "b3", user_agent="<script>alert(1)</script>", address="<b>1</b>")

    page, _ = open_page(user)

    rows = [part.proto.body for part in page.get("html") if 'class="device"' in part.proto.body]
    assert [("This browser" in row) for row in rows] == [True, False, False]
    assert "Firefox on Linux" in seen(page)
    assert "203.0.113.9" in seen(page)
    assert "<script>" not in "".join(rows)
    assert "&lt;b&gt;1&lt;/b&gt;" in seen(page)


def test_s06_another_browser_is_logged_out_by_its_button_and_this_one_stays(
    services, user, open_page
) -> None:
    other = log_in(services, user, "b2", user_agent=FIREFOX)
    page, token = open_page(user)

    page.button(key=f"account-end-{session_ids(services)[0]}").click().run()

    assert user_of_session(services, other) is None
    assert user_of_session(services, token) == user
    assert "Firefox on Linux" not in seen(page)


def test_s06_everywhere_is_asked_for_twice_and_ends_every_session(services, user, open_page) -> None:
    other = log_in(services, user, "b2")
    page, token = open_page(user)

    click(page, "Log out everywhere")
    asked = (seen(page), user_of_session(services, other))
    click(page, "Cancel")
    click(page, "Log out everywhere")
    page.button(key="account-everywhere-sure").click().run()

    assert "This logs out all 2 browsers, this one too." in asked[0]
    assert asked[1] == user
    assert (user_of_session(services, other), user_of_session(services, token)) == (None, None)


def test_many_sessions_are_counted_and_not_all_drawn(services, user, open_page) -> None:
    for number in range(10):
        log_in(services, user, f"b{number}")

    page, _ = open_page(user)

    assert labels(page).count("Log out") == 8
    assert "And 3 more." in seen(page)


def test_s33_the_data_are_fetched_from_the_route_that_asks_for_the_cookie(services, user, open_page) -> None:
    page, _ = open_page(user)

    assert 'href="/account/export"' in seen(page)
    assert page.get("download_button") == []


def test_s33_an_account_is_deleted_after_the_typed_name_and_the_password(services, user, open_page) -> None:
    page, token = open_page(user)
    click(page, "Delete my account")

    delete(page, "somebody", PASSWORD)
    other_name = seen(page)
    delete(page, "asha", "wrong")
    other_password = seen(page)
    kept = user_of_session(services, token)
    delete(page, "asha", PASSWORD)

    assert "This is not your username." in other_name
    assert "Your current password is not right." in other_password
    assert kept == user
    assert user_of_session(services, token) is None


def test_what_stays_after_a_deletion_is_said_before(services, user, open_page) -> None:
    page, _ = open_page(user)

    assert "Companies Act" in seen(page)
    assert "eight years" in seen(page)


def test_an_admin_is_offered_no_deletion(services, open_page) -> None:
    page, _ = open_page(create_admin(services, email="owner@example.com", password=PASSWORD))

    assert "Delete my account" not in labels(page)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(0), "Active now"),
        (timedelta(seconds=119), "Active now"),
        (timedelta(minutes=2), "Active 2 minutes ago"),
        (timedelta(minutes=59, seconds=59), "Active 59 minutes ago"),
        (timedelta(hours=1), "Last active 10 Mar 2026, 11:10 am IST"),
    ],
)
def test_the_last_use_is_told_as_exactly_as_it_is_known(ago: timedelta, words: str) -> None:
    now = datetime(2026, 3, 10, 6, 40, tzinfo=UTC)

    assert describe_seen(now - ago, now) == words


def log_in(
    services, user, browser: str, *, user_agent: str = "", address: str = "", second_factor: bool = False
) -> str:
    ticket = issue_ticket(services, user, browser_token=browser, has_second_factor=second_factor)
    return redeem_ticket(services, ticket, browser_token=browser, user_agent=user_agent, address=address)


def change_password(page: AppTest, current: str, new: str) -> None:
    page.text_input(key="account-password-current").set_value(current)
    page.text_input(key="account-password-new").set_value(new)
    click(page, "Change password")


def delete(page: AppTest, username: str, password: str) -> None:
    page.text_input(key="account-delete-username").set_value(username)
    page.text_input(key="account-delete-password").set_value(password)
    page.button(key="account-delete-submit").click().run()


def notices(page: AppTest) -> list[str]:
    return [part.proto.body for part in page.get("html") if 'class="notice' in part.proto.body]


def session_ids(services) -> list[int]:
    with services.engine.connect() as conn:
        return list(conn.execute(text("SELECT id FROM sessions ORDER BY id")).scalars())


def _draw(services, user):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    import streamlit as st

    from ui import account

    account.render(services, st.session_state.get("user", user))
