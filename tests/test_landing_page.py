"""The entry's own functions: what an address may say, and who may open an order through the guide's names."""

from __future__ import annotations

import pytest
import structlog
from sqlalchemy.exc import OperationalError

import landing_page
from accounts.sessions import issue_ticket, redeem_ticket
from config import ConfigError
from domain.errors import GatewayTimeout, NotSignedIn
from payment_handler import list_orders


class Page:
    def __init__(self) -> None:
        self.query_params: dict[str, str] = {}


@pytest.fixture
def page(monkeypatch) -> Page:
    page = Page()
    monkeypatch.setattr(landing_page, "st", page)
    return page


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ({}, (False, None, None, None)),
        ({"order_id": "ORDER1"}, (True, "ORDER1", None, None)),
        ({"orderid": "ORDER1", "cfpaymentid": "7", "ordertoken": "t"}, (True, "ORDER1", "7", "t")),
        ({"order_id": "A", "orderid": "B", "cf_payment_id": "7", "order_token": "t"}, (True, "A", "7", "t")),
        ({"cf_payment_id": "7"}, (True, None, "7", None)),
        ({"order_token": "t"}, (False, None, None, "t")),
        ({"order_id": ""}, (False, None, None, None)),
        ({"order_status": "PAID"}, (False, None, None, None)),
        ({"order_id": "x" * 10_000}, (True, "x" * 100, None, None)),
    ],
)
def test_a_return_is_read_in_both_spellings_and_cut(page, query, read) -> None:
    page.query_params = query

    assert landing_page.check_cashfree_redirect_callback() == read


@pytest.fixture
def services(live_services, monkeypatch):
    monkeypatch.setattr(landing_page, "get_services", lambda: live_services)
    return live_services


@pytest.fixture
def signed_in(services, user, monkeypatch):
    ticket = issue_ticket(services, user, browser_token="b")
    token = redeem_ticket(services, ticket, browser_token="b", user_agent="")
    monkeypatch.setattr(landing_page.session, "read_cookie", lambda name: token)
    monkeypatch.setattr(landing_page.session.st, "session_state", {})
    return user


def test_the_signed_in_user_opens_an_order_by_the_guides_name(services, signed_in) -> None:
    assert (
        landing_page.create_cashfree_payment_session(" Asha ", "ASHA@example.com", "Annual Plan (₹4,990)")
        is True
    )

    assert [line.order.plan_id for line in list_orders(services, signed_in)] == ["annual"]


@pytest.mark.parametrize(
    ("username", "email"),
    [("bela", "asha@example.com"), ("asha", "bela@example.com"), ("", ""), ("bela", "bela@example.com")],
)
def test_a_name_that_is_not_the_signed_in_users_opens_nothing(services, signed_in, username, email) -> None:
    with pytest.raises(NotSignedIn):
        landing_page.create_cashfree_payment_session(username, email, "monthly")

    assert list_orders(services, signed_in) == []


def test_a_gateway_that_is_down_is_a_sentence_and_no_accident(
    services, signed_in, gateway, monkeypatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(landing_page, "notice", lambda text, *_: shown.append(text))
    gateway.fail_next = GatewayTimeout()

    assert landing_page.create_cashfree_payment_session("asha", "asha@example.com", "monthly") is False
    assert "temporarily unavailable" in shown[0]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"order_id": "ORDER00000000000001A"}, "If you have paid, it is safe"),
        ({}, "Nothing was charged by this step"),
    ],
)
def test_an_apology_says_where_the_money_of_this_visit_is(page, monkeypatch, query, sentence) -> None:
    shown: list[str] = []
    monkeypatch.setattr(landing_page, "notice", lambda text, *_: shown.append(text))
    page.query_params = query

    landing_page._apologise("Our database does not answer right now.", RuntimeError())

    assert sentence in shown[0]


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("canary /srv/app.py"),
        KeyError("canary"),
        OperationalError("SELECT canary", {"password": "canary"}, Exception("canary")),
        ConfigError("canary"),
    ],
)
def test_s19_whatever_a_page_raises_is_a_sentence_of_ours(page, monkeypatch, error) -> None:
    def fail():
        raise error

    shown: list[str] = []
    monkeypatch.setattr(landing_page, "notice", lambda text, *_: shown.append(text))
    monkeypatch.setattr(landing_page, "get_services", fail)
    monkeypatch.setattr(landing_page.st, "set_page_config", lambda **_: None, raising=False)
    monkeypatch.setattr(landing_page.theme, "apply", lambda: None)

    with structlog.testing.capture_logs() as written:
        landing_page.main()

    (sentence,) = shown
    for word in ("canary", "Error", "Traceback", "SELECT", ".py"):
        assert word not in sentence
    (line,) = written
    assert line.get("reference", "") in sentence


def test_the_module_exposes_the_application_for_a_server() -> None:
    assert type(landing_page.app).__name__ == "App"
