"""A half session sees one page, whatever it asks for; the account page switches the second factor on and off."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import streamlit as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from streamlit.navigation.page import calc_hash
from streamlit.testing.v1 import AppTest

import wiring
from accounts.second_factor import state, verify_code
from accounts.sessions import issue_ticket, redeem_ticket, user_of_session
from tests.accounts.authenticator import PASSWORD
from tests.accounts.boss import admin as admin
from tests.accounts.boss import app as app
from tests.accounts.boss import in_production as in_production
from tests.ui.panel import click, labels, open_panel, seen
from ui import session

LANDING_PAGE = str(Path(__file__).resolve().parents[2] / "landing_page.py")


@pytest.fixture
def visit(monkeypatch):
    """Open an address of the site in a browser that has just given this user's password."""

    def open_page(services, user, path: str, *, in_full: bool = False, **query: str) -> AppTest:
        ticket = issue_ticket(services, user, browser_token="b", has_second_factor=in_full)
        token = redeem_ticket(services, ticket, browser_token="b", user_agent="")
        cookies = {"session": token, "browser": "b"}
        monkeypatch.setattr(wiring, "get_services", lambda: services)
        monkeypatch.setattr(session, "read_cookie", cookies.get)
        page = AppTest.from_file(LANDING_PAGE, default_timeout=20)
        page._page_hash = calc_hash(path)
        for name, value in query.items():
            page.query_params[name] = value
        return page.run()

    return open_page


def titles(page: AppTest) -> list[str]:
    return [title.value for title in page.title]


def left_for(page: AppTest) -> tuple[str, str]:
    """The ticket with which the page was left, and where it leads."""
    (component,) = page.get("bidi_component")
    query = parse_qs(urlsplit(json.loads(component.proto.json)["to"]).query)
    return query["ticket"][0], query["next"][0]


@pytest.mark.parametrize("path", ["", "dashboard", "billing", "account", "admin", "login", "register"])
def test_s25_every_page_of_a_half_session_asks_for_the_code(services, admin, app, visit, path) -> None:
    page = visit(services, admin, path)

    assert titles(page) == ["Enter your code"]
    assert labels(page) == ["Continue"]
    assert "admin" in seen(page)
    assert "Log out" in seen(page)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("", "Sector ETF RS Analyzer"),
        ("billing", "Billing · Sector ETF RS Analyzer"),
        ("ranks", "Ranks · Sector ETF RS Analyzer"),
    ],
    ids=["home", "billing", "ranks"],
)
def test_a_tab_is_named_after_its_page(services, user, visit, monkeypatch, path, title) -> None:
    named: list[str] = []
    monkeypatch.setattr(st, "set_page_config", lambda **said: named.append(said.get("page_title", "")))

    visit(services, user, path)

    assert [name for name in named if name] == [title]


def test_a_page_that_cannot_be_found_out_still_names_its_tab(services, user, visit, monkeypatch) -> None:
    named: list[str] = []
    monkeypatch.setattr(st, "set_page_config", lambda **said: named.append(said.get("page_title", "")))

    def fail(_services):
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(session, "current_user", fail)
    visit(services, user, "billing")

    assert [name for name in named if name] == ["Sector ETF RS Analyzer"]


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("terms", "Terms of use"),
        ("privacy", "Privacy"),
        ("refunds", "Refunds and cancellation"),
        ("contact", "Contact"),
    ],
)
def test_legal_texts_stay_readable(services, admin, app, visit, path, title) -> None:
    assert titles(visit(services, admin, path)) == [title]


def test_s05_the_right_code_leaves_with_a_ticket_for_a_whole_session(services, admin, app, visit) -> None:
    page = visit(services, admin, "admin")

    page.text_input(key="second-factor-code").set_value(app.code())
    click(page, "Continue")

    ticket, following = left_for(page)
    token = redeem_ticket(services, ticket, browser_token="b", user_agent="")
    assert following == "/admin"
    assert user_of_session(services, token) == admin


def test_a_second_press_does_not_lose_the_code_that_was_right(services, admin, app, visit) -> None:
    page = visit(services, admin, "admin")
    page.text_input(key="second-factor-code").set_value(app.code())
    click(page, "Continue")
    first = left_for(page)

    page.run()

    assert left_for(page) == first


def test_a_recovery_code_is_taken_in_the_same_field(services, admin, app, visit) -> None:
    codes = app.recovery_codes
    page = visit(services, admin, "")

    page.text_input(key="second-factor-code").set_value(codes[0].upper())
    click(page, "Continue")

    assert left_for(page)[1] == "/"
    assert state(services, admin).codes_left == 9


@pytest.mark.parametrize("typed", ["", "12345", "nonsense"])
def test_a_wrong_code_is_said_so_and_leaves_nowhere(services, admin, app, visit, typed) -> None:
    page = visit(services, admin, "admin")

    page.text_input(key="second-factor-code").set_value(typed)
    click(page, "Continue")

    assert "This code is not right" in seen(page)
    assert len(page.get("bidi_component")) == 0


def test_s25_a_used_code_is_refused(services, admin, app, visit) -> None:
    verify_code(services, admin, app.code())
    page = visit(services, admin, "admin")

    page.text_input(key="second-factor-code").set_value(app.code())
    click(page, "Continue")

    assert "it was used already" in seen(page)


@pytest.mark.parametrize(
    ("path", "query", "following"),
    [
        ("", {"order_id": "ORDER00000000000001A"}, "/?order_id=ORDER00000000000001A"),
        ("", {"order_id": "//evil.example"}, "/"),
        ("login", {"next": "/?order_id=ORDER00000000000001A"}, "/?order_id=ORDER00000000000001A"),
        ("account", {"order_id": "ORDER00000000000001A"}, "/account"),
    ],
)
def test_the_code_leads_on_to_where_somebody_wanted_to_go(
    services, admin, app, visit, path, query, following
) -> None:
    page = visit(services, admin, path, **query)

    page.text_input(key="second-factor-code").set_value(app.code())
    click(page, "Continue")

    assert left_for(page)[1] == following


def test_s25_in_production_an_admin_is_led_through_the_set_up_before_anything_else(
    in_production, admin, visit, clock
) -> None:
    page = visit(in_production, admin, "admin")
    assert titles(page) == ["Set up your second factor"]
    totp = _totp(page)

    page.text_input(key="second-factor-code").set_value("000000")
    click(page, "Confirm")
    assert "This code is not right" in seen(page)
    assert _totp(page).secret == totp.secret

    page.text_input(key="second-factor-code").set_value(totp.at(clock.moment))
    click(page, "Confirm")
    assert titles(page) == ["Your recovery codes"]
    assert seen(page).count("<li>") == 10
    assert state(in_production, admin).codes_left == 10

    click(page, "I have kept them")
    ticket, following = left_for(page)
    token = redeem_ticket(in_production, ticket, browser_token="b", user_agent="")
    assert following == "/admin"
    assert user_of_session(in_production, token) == admin


def test_codes_on_a_page_open_nothing_once_they_are_not_the_accounts_any_more(
    in_production, admin, visit, clock
) -> None:
    page = visit(in_production, admin, "admin")
    page.text_input(key="second-factor-code").set_value(_totp(page).at(clock.moment))
    click(page, "Confirm")
    with in_production.engine.begin() as conn:
        conn.execute(
            text(
                "UPDATE recovery_codes SET used_at = now() WHERE ctid = (SELECT min(ctid) FROM recovery_codes)"
            )
        )

    click(page, "I have kept them")

    assert len(page.get("bidi_component")) == 0
    assert titles(page) == ["Enter your code"]


def test_each_visit_begins_with_a_secret_that_nobody_has_seen(in_production, admin, visit) -> None:
    first = _totp(visit(in_production, admin, "admin")).secret

    assert _totp(visit(in_production, admin, "admin")).secret != first


def test_on_the_account_page_it_is_set_up(services, admin, visit, clock) -> None:
    page = visit(services, admin, "account")

    _begin(page)
    page.text_input(key="second-factor-code").set_value(_totp(page).at(clock.moment))
    click(page, "Confirm")

    assert titles(page) == ["Your recovery codes"]
    click(page, "I have kept them")
    assert left_for(page)[1] == "/account"


@pytest.mark.parametrize("typed", ["", "wrong-password"])
def test_s24_a_stolen_session_cannot_set_one_up_without_the_password(services, admin, visit, typed) -> None:
    page = visit(services, admin, "account")

    page.text_input(key="second-factor-begin-password").set_value(typed)
    click(page, "Set up")

    assert "Set up" in labels(page)
    assert "Six-digit code" not in [field.label for field in page.text_input]
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM second_factors")).scalar_one() == 0


def test_a_set_up_can_be_left(services, admin, visit) -> None:
    page = visit(services, admin, "account")
    _begin(page)

    click(page, "Cancel")

    assert "Set up" in labels(page)
    assert not state(services, admin).is_on


def test_new_recovery_codes_are_shown_once(services, admin, app, visit) -> None:
    page = visit(services, admin, "account", in_full=True)
    assert "10 recovery codes are left." in seen(page)

    page.text_input(key="second-factor-new-code").set_value(app.code())
    click(page, "Make new codes")
    assert seen(page).count("<li>") == 10

    click(page, "I have kept them")
    assert "<li>" not in seen(page)
    assert "10 recovery codes are left." in seen(page)


def test_few_codes_are_a_reason_to_make_new_ones(services, admin, app, visit, clock) -> None:
    codes = app.recovery_codes
    for recovery_code in codes[:9]:
        verify_code(services, admin, recovery_code)

    page = visit(services, admin, "account", in_full=True)

    assert "1 recovery code is left. Make new ones before you need them." in seen(page)


def test_s24_it_is_removed_with_password_and_code(services, admin, app, visit) -> None:
    page = visit(services, admin, "account", in_full=True)

    page.text_input(key="second-factor-password").set_value("wrong")
    page.text_input(key="second-factor-remove-code").set_value(app.code())
    click(page, "Remove it")
    assert "Your current password is not right." in seen(page)

    page.text_input(key="second-factor-password").set_value(PASSWORD)
    page.text_input(key="second-factor-remove-code").set_value(app.code())
    click(page, "Remove it")
    assert "Set up" in labels(page)
    assert not state(services, admin).is_on


def test_s25_in_production_an_admin_is_offered_no_way_to_do_without(in_production, admin, app, visit) -> None:
    page = visit(in_production, admin, "account", in_full=True)

    assert "Make new codes" in labels(page)
    assert "Remove it" not in labels(page)


def test_the_admin_panel_says_what_production_will_ask_for(services, admin) -> None:
    assert "Your account has no second factor" in seen(open_panel(services, admin))


def test_the_admin_panel_is_quiet_about_a_second_factor_that_is_on(services, admin, app) -> None:
    assert "second factor" not in seen(open_panel(services, admin))


def _totp(page: AppTest) -> pyotp.TOTP:
    key = seen(page).split('<p class="key mono">')[1].partition("<")[0]
    return pyotp.TOTP(key.replace(" ", ""))


def _begin(page: AppTest) -> None:
    page.text_input(key="second-factor-begin-password").set_value(PASSWORD)
    click(page, "Set up")
