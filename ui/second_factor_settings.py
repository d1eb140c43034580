"""The second factor on the account page: switch it on, make new recovery codes, do without it."""

from __future__ import annotations

from html import escape

import streamlit as st

from accounts.second_factor import begin_setup, new_recovery_codes, remove, state
from domain.accounts import User
from domain.errors import ProductError
from domain.second_factor import FactorState
from ui import second_factor, session
from ui.account_parts import section
from ui.components import badge, notice
from wiring import Services

_BEGIN = "second-factor-open"
_NEW_CODES = "second-factor-new-codes"
_REMOVE = "second-factor-remove"
# Fewer are a reason to say so: somebody who travels may need more than one.
_FEW_CODES = 3


def render(services: Services, user: User) -> None:
    """The section of one account."""
    found = state(services, user)
    lead = "Logging in asks for a code of your phone too, so that a stolen password opens nothing."
    with section("second-factor", "Second factor", lead):
        st.html(badge("On", "good") if found.is_on else badge("Off"))
        if codes := second_factor.shown_codes(user):
            if second_factor.codes_card(codes):
                st.rerun()
        elif found.is_on:
            _on(services, user, found)
        else:
            _off(services, user)


def hint(services: Services, user: User) -> str:
    """What an admin without a second factor should know, as HTML, or an empty text."""
    if not user.is_admin or state(services, user).is_on:
        return ""
    return (
        '<div class="rs-body small quiet"><p>Your account has no second factor. In production admins need one: '
        '<a href="/account" target="_self">set it up</a>.</p></div>'
    )


def _off(services: Services, user: User) -> None:
    setup = second_factor.begun_setup()
    if setup is None:
        _ask_for_password(services, user)
        return
    second_factor.setup_form(services, user, setup)
    if st.button("Cancel", key="second-factor-cancel", type="tertiary"):
        second_factor.keep_setup(None)
        st.rerun()


def _ask_for_password(services: Services, user: User) -> None:
    problem = ""
    if session.was_clicked(_BEGIN):
        try:
            setup = begin_setup(services, user, st.session_state.get("second-factor-begin-password") or "")
        except ProductError as error:
            problem = error.user_message
        else:
            second_factor.keep_setup(setup)
            st.rerun()
    with st.form("second-factor-begin-form", border=False, clear_on_submit=True):
        st.text_input(
            "Your password",
            key="second-factor-begin-password",
            type="password",
            autocomplete="current-password",
        )
        if problem:
            notice(problem, "bad")
        st.form_submit_button("Set up", key=_BEGIN)


def _on(services: Services, user: User, found: FactorState) -> None:
    second_factor.keep_setup(None)
    st.html(_codes_left(found.codes_left))
    with st.expander("New recovery codes"):
        _new_codes(services, user)
    if not found.is_required:
        with st.expander("Remove the second factor"):
            _remove(services, user)


def _codes_left(left: int) -> str:
    words = "1 recovery code is left." if left == 1 else f"{left or 'No'} recovery codes are left."
    if left > _FEW_CODES:
        return f'<p style="margin:0">{escape(words)}</p>'
    return f'<div class="notice warn" role="status">{escape(words)} Make new ones before you need them.</div>'


def _new_codes(services: Services, user: User) -> None:
    problem = ""
    if session.was_clicked(_NEW_CODES):
        try:
            codes = new_recovery_codes(services, user, st.session_state.get("second-factor-new-code") or "")
        except ProductError as error:
            problem = error.user_message
        else:
            second_factor.show_codes(user, codes)
            st.rerun()
    with st.form("second-factor-codes", border=False, clear_on_submit=True):
        st.html('<p class="small quiet" style="margin:0">The earlier ones stop working.</p>')
        _code("second-factor-new-code")
        if problem:
            notice(problem, "bad")
        st.form_submit_button("Make new codes", key=_NEW_CODES)


def _remove(services: Services, user: User) -> None:
    problem = ""
    if session.was_clicked(_REMOVE):
        password = st.session_state.get("second-factor-password") or ""
        code = st.session_state.get("second-factor-remove-code") or ""
        try:
            remove(services, user, password=password, code=code)
        except ProductError as error:
            problem = error.user_message
        else:
            st.rerun()
    with st.form("second-factor-removal", border=False, clear_on_submit=True):
        st.text_input(
            "Current password",
            key="second-factor-password",
            type="password",
            autocomplete="current-password",
        )
        _code("second-factor-remove-code")
        if problem:
            notice(problem, "bad")
        st.form_submit_button("Remove it", key=_REMOVE)


def _code(key: str) -> None:
    st.text_input(
        "Code of your app", key=key, max_chars=40, placeholder="123456", autocomplete="one-time-code"
    )
