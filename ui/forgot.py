"""The form that asks for a link to choose a new password. Its answer is the same for every address."""

from __future__ import annotations

import streamlit as st

from accounts.password_reset import request_reset
from domain.accounts import User
from domain.errors import InvalidInput, ProductError
from domain.limits import in_words
from domain.links import LIFETIMES, Purpose
from ui import session
from ui.components import footer, notice
from ui.mail_words import KEPT
from ui.pages import page
from wiring import Services

_SUBMIT = "forgot-submit"


def render(services: Services, user: User | None) -> None:
    """The page /forgot."""
    problem, is_sent = _submit(services) if session.was_clicked(_SUBMIT) else ("", False)
    with st.container(key="narrow-forgot"):
        st.title("Forgot your password?", anchor=False)
        st.html('<p class="section-lead">We send you a link with which you choose a new one.</p>')
        if is_sent:
            lifetime = in_words(LIFETIMES[Purpose.RESET_PASSWORD])
            # The same for every address: it must not tell which ones have an account.
            if services.mail_sender is None:
                told = f"a link that works for {lifetime} is written for it. {KEPT}"
            else:
                told = f"a link is on its way to it. It works for {lifetime}. Look into the spam folder too."
            notice(f"If there is an account with this address, {told}", "good")
        with st.container(key="card-raised-forgot"), st.form("forgot", border=False):
            st.text_input("Email", key="forgot-email", max_chars=254, autocomplete="email")
            if problem:
                notice(problem, "bad")
            st.form_submit_button("Send the link", key=_SUBMIT, type="primary", width="stretch")
        with st.container(key="forgot-login-line", horizontal=True, gap="small", vertical_alignment="center"):
            st.html('<span class="small quiet">Remembered it?</span>', width="content")
            st.page_link(page("login"), label="Log in")
    footer(services.settings)


def _submit(services: Services) -> tuple[str, bool]:
    email = st.session_state.get("forgot-email") or ""
    try:
        request_reset(services, email=email, visitor=session.visitor(services))
    except InvalidInput as error:
        return error.fields["email"], False
    except ProductError as error:
        return error.user_message, False
    return "", True
