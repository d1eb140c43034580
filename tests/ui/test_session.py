"""Identity is the cookie of this run; what a Streamlit session remembers never says who somebody is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from accounts.sessions import issue_ticket, redeem_ticket, sign_out
from domain.orders import OrderStatus
from payment_handler import start_checkout
from ui import session
from ui.navigate import leave_to


class Stopped(Exception):
    """The run of the page ended."""


class Page:
    """The parts of Streamlit that the session module touches."""

    def __init__(self) -> None:
        self.session_state: dict[str, object] = {}
        self.context = SimpleNamespace(cookies={}, ip_address=None)
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def error(self, text: str) -> None:
        self.errors.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def stop(self) -> None:
        raise Stopped


@pytest.fixture
def page(monkeypatch) -> Page:
    page = Page()
    monkeypatch.setattr(session, "st", page)
    return page


@pytest.fixture
def services(live_services):
    return live_services


@pytest.fixture
def token(services, user) -> str:
    ticket = issue_ticket(services, user, browser_token="b")
    return redeem_ticket(services, ticket, browser_token="b", user_agent="")


def test_the_cookie_says_who_is_looking(services, user, page, token) -> None:
    page.context.cookies["session"] = token

    assert session.current_user(services) == user


@pytest.mark.parametrize("cookie", [None, "", "nonsense", 7, object()])
def test_without_a_good_cookie_nobody_is_looking(services, user, page, cookie) -> None:
    page.context.cookies["session"] = cookie

    assert session.current_user(services) is None


def test_a_session_state_that_claims_a_user_is_believed_nothing(services, user, page) -> None:
    page.session_state.update(new_user_id=str(user.id), new_username="asha", payment_stage="paid")

    assert session.current_user(services) is None


def test_s06_a_state_filled_for_another_cookie_is_wiped_and_the_run_ends(services, user, page, token) -> None:
    page.context.cookies["session"] = token
    session.current_user(services)
    page.session_state["new_email"] = "asha@example.com"

    page.context.cookies["session"] = "somebody-else"
    with pytest.raises(Stopped):
        session.current_user(services)

    assert "new_email" not in page.session_state
    assert "reload" in page.warnings[0]
    assert session.current_user(services) is None


def test_a_state_survives_reruns_of_the_same_visitor(services, user, page, token) -> None:
    page.context.cookies["session"] = token
    session.current_user(services)
    page.session_state["draft"] = "kept"

    session.current_user(services)

    assert page.session_state["draft"] == "kept"


def test_a_revoked_session_is_out_on_the_next_run(services, user, page, token) -> None:
    page.context.cookies["session"] = token
    session.current_user(services)

    sign_out(services, token)

    assert session.current_user(services) is None


def test_the_cookies_value_itself_is_never_kept_in_the_state(services, user, page, token) -> None:
    page.context.cookies["session"] = token
    session.current_user(services)

    assert token not in str(page.session_state)


def test_the_guides_keys_tell_the_databases_facts(services, user, page) -> None:
    order = start_checkout(services, user, "annual")

    session.refill_guide_keys(user, order)
    created = dict(page.session_state)
    session.refill_guide_keys(user, replace(order, status=OrderStatus.PAID))
    paid = page.session_state["payment_stage"]
    session.refill_guide_keys(None, None)

    assert created == {
        "payment_stage": "session_created",
        "payment_session_id": f"session_{order.id}",
        "payment_order_id": order.id,
        "payment_amount": Decimal("4990.00"),
        "payment_order_created": True,
        "new_user_id": str(user.id),
        "new_username": "asha",
        "new_email": "asha@example.com",
    }
    assert set(created) == set(session.GUIDE_KEYS)
    assert paid == "paid"
    assert {key: value for key, value in page.session_state.items() if value} == {}


def test_s08_entering_leaves_with_a_ticket_that_only_this_browser_can_use(
    services, user, page, monkeypatch
) -> None:
    left: list[str] = []

    def leave(path: str) -> None:
        left.append(path)
        raise Stopped

    monkeypatch.setattr(session, "leave_to", leave)
    page.context.cookies["browser"] = "browser-1"

    with pytest.raises(Stopped):
        session.enter(services, user, session.way_out(), "/checkout/ORDER00000000000001A")

    path, _, query = left[0].partition("?")
    ticket = query.partition("ticket=")[2].partition("&")[0]
    assert path == "/auth/session"
    assert query.endswith("next=%2Fcheckout%2FORDER00000000000001A")
    assert redeem_ticket(services, ticket, browser_token="browser-1", user_agent="")


class Pressed(BaseException):
    """Streamlit ends a run with something like it when a button was pressed again."""


class PressedAgain(dict[str, object]):
    """A `session_state` during whose next touch the run ends, as Streamlit's does after a second press."""

    is_pressed = False

    def _touch(self) -> None:
        if self.is_pressed:
            self.is_pressed = False
            raise Pressed

    def __setitem__(self, key: str, value: object) -> None:
        self._touch()
        super().__setitem__(key, value)

    def setdefault(self, key: str, default: object = None) -> object:
        self._touch()
        return super().setdefault(key, default)

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        self._touch()
        return super().get(key, default)


def test_a_second_press_after_a_new_password_finds_the_way_that_the_first_began(
    services, user, page, monkeypatch
) -> None:
    state = page.session_state = PressedAgain()
    left: list[str] = []

    def leave(path: str) -> None:
        state.get("anything")
        left.append(path)
        raise Stopped

    monkeypatch.setattr(session, "leave_to", leave)
    page.context.cookies["browser"] = "browser-1"
    way = session.way_out()
    state.is_pressed = True  # while the password is changed

    with pytest.raises(Pressed):
        session.enter(services, user, way, "/account")
    with pytest.raises(Stopped):
        session.go_on_leaving()

    assert left[0].startswith("/auth/session?ticket=")


def test_a_browser_that_refuses_cookies_is_told_so(services, user, page) -> None:
    with pytest.raises(Stopped):
        session.enter(services, user, session.way_out(), "/")

    assert "cookies" in page.errors[0]


def test_two_visitors_never_see_each_other(services, user, stranger, page, token) -> None:
    ticket = issue_ticket(services, stranger, browser_token="b")
    other = redeem_ticket(services, ticket, browser_token="b", user_agent="")

    seen = []
    for cookie in (token, other, token):
        page.context.cookies["session"] = cookie
        page.session_state.clear()
        seen.append(session.current_user(services))

    assert seen == [user, stranger, user]


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "javascript:alert(1)", "", "dashboard"]
)
def test_s22_a_page_can_only_be_left_for_a_path_of_this_site(path) -> None:
    with pytest.raises(ValueError, match="this site"):
        leave_to(path)
