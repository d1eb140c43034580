"""The page behind a link that proves an address. Programs that scan mails open links: only the button uses it."""

from __future__ import annotations

import streamlit as st

from accounts.email_links import is_usable
from accounts.verification import verify_email
from domain.accounts import User
from domain.errors import LinkRefused, ProductError
from domain.links import Purpose
from ui import session
from ui.components import footer, notice
from ui.pages import page
from wiring import Services

_SUBMIT = "verify-submit"


def render(services: Services, user: User | None) -> None:
    """The page /verify?token=…, for a new account's address."""
    token = st.query_params.get("token", "")
    with st.container(key="narrow-verify"):
        st.title("Confirm your email address", anchor=False)
        problem, is_done = _submit(services, token) if session.was_clicked(_SUBMIT) else ("", False)
        if is_done:
            st.query_params.clear()
            notice("Thank you: this address is confirmed.", "good")
            st.page_link(
                page("dashboard" if user else "login"), label="Open your dashboard" if user else "Log in"
            )
        elif problem or not is_usable(services, token, Purpose.VERIFY_EMAIL):
            notice(problem or LinkRefused.user_message, "warn")
            st.page_link(page("login"), label="Log in to ask for a new link")
        else:
            st.html('<p class="section-lead">It shows us that the address is yours.</p>')
            st.button("Confirm this address", key=_SUBMIT, type="primary")
    footer(services.settings)


def _submit(services: Services, token: str) -> tuple[str, bool]:
    try:
        verify_email(services, token)
    except ProductError as error:
        return error.user_message, False
    return "", True
