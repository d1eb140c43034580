"""The log-in form. It returns people to the page they came for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import parse_qs, urlencode

import streamlit as st

import user_management
from domain.accounts import User
from domain.errors import ProductError, TicketRefused
from domain.identifiers import ORDER_ID_PATTERN
from domain.views import CHOICES, VIEW_ADDRESS, VIEWS
from ui import session
from ui.components import footer, notice
from ui.pages import page
from wiring import Services

# Where a person may be sent after logging in; anything else in the address means home.
_NEXT = {
    **dict.fromkeys(VIEWS, "open the analyzer"),
    "dashboard": "open your dashboard",
    "billing": "open your billing page",
    "admin": "open the admin panel",
    "account": "open your account",
}
_RETURN = "/?order_id="


def render(services: Services, user: User | None) -> None:
    """The page /login."""
    following = st.query_params.get("next", "")
    order_id = returned_order(following)
    following = following if following in _NEXT or VIEW_ADDRESS.fullmatch(following) else ""
    name, _, choices = following.partition("?")
    if user is not None:
        st.switch_page(page(name), query_params={"order_id": order_id} if order_id else parse_qs(choices))
    target = f"{_RETURN}{order_id}" if order_id else f"/{following}"
    message = _submit(services, target) if st.session_state.get("login-submit") else ""
    with st.container(key="narrow-login"):
        st.title("Log in", anchor=False)
        purpose = "see your payment" if order_id else _NEXT.get(name, "")
        if purpose:
            st.html(f'<p class="section-lead">Log in to {escape(purpose)}.</p>')
        if st.query_params.get("problem") == "ticket":
            notice(TicketRefused.user_message, "warn")
        with st.container(key="card-raised-login"), st.form("login", border=False):
            st.text_input("Email or username", key="login-name", max_chars=254, autocomplete="username")
            st.text_input("Password", key="login-password", type="password", autocomplete="current-password")
            if message:
                notice(message, "bad")
            st.form_submit_button("Log in", key="login-submit", type="primary", width="stretch")
        with st.container(
            key="login-register-line", horizontal=True, gap="small", vertical_alignment="center"
        ):
            st.html('<span class="small quiet">New here?</span>', width="content")
            st.page_link(page("register"), label="Create an account")
            st.page_link(page("forgot"), label="Forgot your password?")
    footer(services.settings)


def address_for_return(order_id: str) -> dict[str, str]:
    """The query with which the log-in page leads back to the return of this order."""
    return {"next": f"{_RETURN}{order_id}"}


def address_for_view(path: str, choices: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The query with which the log-in page leads back to a view as it was linked to, or to its page alone."""
    known = {name: values for name, values in choices.items() if name in CHOICES}
    whole = f"{path}?{urlencode(known, doseq=True)}" if known else path
    return {"next": whole if VIEW_ADDRESS.fullmatch(whole) else path}


def returned_order(following: str) -> str:
    """The order whose return the log-in is for, or an empty text. Nothing else in the address is believed."""
    order_id = following.removeprefix(_RETURN)
    return order_id if order_id != following and ORDER_ID_PATTERN.fullmatch(order_id) else ""


def _submit(services: Services, target: str) -> str:
    name = st.session_state.get("login-name") or ""
    password = st.session_state.get("login-password") or ""
    if not name.strip() or not password:
        return "Enter your email or username and your password."
    way = session.way_out()
    try:
        user = user_management.sign_in(
            services, login=name, password=password, visitor=session.visitor(services)
        )
    except ProductError as error:
        return error.user_message
    return session.enter(services, user, way, target)
