"""Who is looking: the only module that touches cookies and `st.session_state` keys.

Identity is the cookie, looked up in the database on every run. A Streamlit session can be resumed by anybody
who knows its id, so nothing in `session_state` says who somebody is; when the cookie's owner differs from the
one this state was filled for, the state is wiped.
"""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st
import structlog

from accounts.sessions import (
    HalfSession,
    browser_cookie_name,
    half_session_of,
    hash_token,
    issue_ticket,
    session_cookie_name,
    user_of_session,
)
from billing.upi import UpiCode
from domain.accounts import User, Visitor
from domain.money import rupees_from_paise
from domain.orders import Order, OrderStatus
from ui.navigate import leave_to
from wiring import Services

log = structlog.get_logger()

# The guide's keys, refilled on every run for the cookie's user.
GUIDE_KEYS = (
    "payment_stage",
    "payment_session_id",
    "payment_order_id",
    "payment_amount",
    "payment_order_created",
    "new_user_id",
    "new_username",
    "new_email",
)
_OWNER = "state_owner"
_LEAVING = "leaving_for"
_UPI_CODE = "upi_code"
_TROUBLE = "gateway_trouble"


def current_user(services: Services) -> User | None:
    """The signed-in user, or None. Wipes a state that was filled for somebody else, and ends the run."""
    token = session_token(services)
    owner = hash_token(token).hex() if token else ""
    if st.session_state.get(_OWNER, owner) != owner:
        st.session_state.clear()
        st.session_state[_OWNER] = owner
        log.warning("state_of_another_session")
        st.warning("This browser's log-in changed. Please reload the page to continue.")
        st.stop()
    st.session_state[_OWNER] = owner
    return user_of_session(services, token)


def half_session(services: Services) -> HalfSession | None:
    """Who has to show a second factor before anything opens in this browser."""
    return half_session_of(services, session_token(services))


def session_token(services: Services) -> str | None:
    """The token of this browser's session, good or not."""
    return read_cookie(session_cookie_name(services.settings))


def visitor(services: Services) -> Visitor:
    """Where this page is looked at."""
    address = st.context.ip_address
    return Visitor(
        # Streamlit says None for the machine itself. It is an address like others: who can pretend to be here
        # must not pass the limits.
        address if isinstance(address, str) else "127.0.0.1",
        read_cookie(browser_cookie_name(services.settings)) or "",
    )


def user_agent() -> str:
    """What this browser calls itself."""
    value = st.context.headers.get("User-Agent")
    return value if isinstance(value, str) else ""


def refill_guide_keys(user: User | None, order: Order | None) -> None:
    """Set the guide's session keys from the database's facts: they show, they decide nothing."""
    is_paid = order is not None and order.status is OrderStatus.PAID
    st.session_state.update(
        payment_stage=None if order is None else "paid" if is_paid else "session_created",
        payment_session_id=None if order is None else order.payment_session_id,
        payment_order_id=None if order is None else order.id,
        payment_amount=None if order is None else rupees_from_paise(order.amount_paise),
        payment_order_created=order is not None,
        new_user_id=None if user is None else str(user.id),
        new_username=None if user is None else user.username,
        new_email=None if user is None else user.email,
    )


def keep_upi_code(code: UpiCode | None) -> None:
    """Remember the code that this browser shows, or forget it. It pays an order, it says nothing about a person."""
    st.session_state[_UPI_CODE] = code


def shown_upi_code(order_id: str) -> UpiCode | None:
    """The code that this browser shows for an order."""
    code = st.session_state.get(_UPI_CODE)
    return code if isinstance(code, UpiCode) and code.order_id == order_id else None


def note_trouble(gateway: str) -> None:
    """Remember that a gateway did not do what the last click asked, for the page that follows."""
    st.session_state[_TROUBLE] = gateway


def take_trouble() -> str:
    """The gateway of `note_trouble`, once; an empty text without one."""
    return str(st.session_state.pop(_TROUBLE, ""))


def was_clicked(button: str) -> bool:
    """True in the run that a click on the button of this key began, also before the button is drawn."""
    return st.session_state.get(button) is True


def way_out() -> list[str]:
    """Take it before what can be done only once, and hand it to `enter`.

    A second press ends the run at its next touch of the page or of `session_state`: by then the way must be known.
    """
    way: list[str] = st.session_state.setdefault(_LEAVING, [])
    return way


def enter(
    services: Services, user: User, way: list[str], next_path: str, *, has_second_factor: bool = False
) -> NoReturn:
    """Sign the user in: leave for the route that sets the cookie and comes back to `next_path`.

    A session that this browser had before ends there, so that every change of rights brings a new token. `way` is
    the `way_out` that was taken before the user proved who they are.
    """
    browser_token = read_cookie(browser_cookie_name(services.settings))
    if browser_token is None:
        st.error(
            "Your browser refuses cookies, which keep you logged in. Please allow them and reload this page."
        )
        st.stop()
    ticket = issue_ticket(services, user, browser_token=browser_token, has_second_factor=has_second_factor)
    path = f"/auth/session?{urlencode({'ticket': ticket, 'next': next_path})}"
    way.append(path)
    leave_to(path)


def go_on_leaving() -> None:
    """Leave where `enter` was about to, if a second press interrupted it. The ticket works in this browser, once."""
    way = st.session_state.pop(_LEAVING, None)
    if way:
        leave_to(way[-1])


def read_cookie(name: str) -> str | None:
    """One cookie of the page's websocket handshake. Anything that is no text counts as absent."""
    value = st.context.cookies.get(name)
    return value if isinstance(value, str) and value else None
