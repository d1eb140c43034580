"""The page behind a link that proves an address, a new account's or another one for an account.

Programs that scan mails open links: only the button uses one.
"""

from __future__ import annotations

import streamlit as st

from accounts.credentials import confirm_new_email
from accounts.email_links import is_usable
from accounts.verification import verify_email
from domain.accounts import User
from domain.errors import EmailTaken, LinkRefused, ProductError
from domain.links import Purpose
from ui import session
from ui.components import footer, notice
from ui.pages import page
from wiring import Services

_SUBMIT = "verify-submit"
_TAKEN = "Another account has this address by now, so yours is unchanged. Ask for another address."


def render(services: Services, user: User | None) -> None:
    """The page /verify?token=…, with `for=change_email` for an address that replaces the account's."""
    token = st.query_params.get("token", "")
    is_change = st.query_params.get("for", "") == Purpose.CHANGE_EMAIL
    purpose = Purpose.CHANGE_EMAIL if is_change else Purpose.VERIFY_EMAIL
    with st.container(key="narrow-verify"):
        st.title(
            "Confirm your new email address" if is_change else "Confirm your email address", anchor=False
        )
        problem, is_done = _submit(services, token, purpose) if session.was_clicked(_SUBMIT) else ("", False)
        if is_done:
            st.query_params.clear()
            _thank(user, is_change=is_change)
        elif problem or not is_usable(services, token, purpose):
            notice(problem or LinkRefused.user_message, "warn")
            if user is None:
                st.page_link(page("login"), label="Log in to ask for a new link")
            else:
                st.page_link(page("account"), label="Ask for a new link")
        elif is_change:
            st.html('<p class="section-lead">It becomes the address of your account.</p>')
            st.button("Use this address", key=_SUBMIT, type="primary")
        else:
            st.html('<p class="section-lead">It shows us that the address is yours.</p>')
            st.button("Confirm this address", key=_SUBMIT, type="primary")
    footer(services.settings)


def _thank(user: User | None, *, is_change: bool) -> None:
    said = "this is the address of your account now." if is_change else "this address is confirmed."
    notice(f"Thank you: {said}", "good")
    if user is None:
        st.page_link(page("login"), label="Log in")
    elif is_change:
        st.page_link(page("account"), label="Open your account")
    else:
        st.page_link(page("dashboard"), label="Open your dashboard")


def _submit(services: Services, token: str, purpose: Purpose) -> tuple[str, bool]:
    try:
        if purpose is Purpose.CHANGE_EMAIL:
            confirm_new_email(services, token)
        else:
            verify_email(services, token)
    except EmailTaken:
        return _TAKEN, False
    except ProductError as error:
        return error.user_message, False
    return "", True
