"""The form behind the link for a new password. Opening it uses nothing up: only a stored password does."""

from __future__ import annotations

import streamlit as st

from accounts.email_links import is_usable
from accounts.password_reset import reset_password
from domain.accounts import PASSWORD_MIN, User
from domain.errors import InvalidInput, LinkRefused, ProductError
from domain.links import Purpose
from ui import session
from ui.components import footer, notice
from ui.pages import page
from wiring import Services

_SUBMIT = "reset-submit"


def render(services: Services, user: User | None) -> None:
    """The page /reset?token=…"""
    token = st.query_params.get("token", "")
    with st.container(key="narrow-reset"):
        st.title("Choose a new password", anchor=False)
        problem, is_done = _submit(services, token) if session.was_clicked(_SUBMIT) else ("", False)
        if is_done:
            # The token is of no more use; it need not stay in the address and the history.
            st.query_params.clear()
            notice(
                "Your password was changed, and every browser was logged out. Log in with the new one.",
                "good",
            )
            st.page_link(page("login"), label="Log in")
        elif not is_usable(services, token, Purpose.RESET_PASSWORD):
            notice(LinkRefused.user_message, "warn")
            st.page_link(page("forgot"), label="Ask for a new link")
        else:
            _form(problem)
    footer(services.settings)


def _form(problem: str) -> None:
    st.html('<p class="section-lead">All your browsers are logged out when it is stored.</p>')
    with st.container(key="card-raised-reset"), st.form("reset", border=False):
        st.text_input(
            "New password",
            key="reset-password",
            type="password",
            placeholder=f"At least {PASSWORD_MIN} characters",
            autocomplete="new-password",
        )
        if problem:
            notice(problem, "bad")
        st.form_submit_button("Store the new password", key=_SUBMIT, type="primary", width="stretch")


def _submit(services: Services, token: str) -> tuple[str, bool]:
    password = st.session_state.get("reset-password") or ""
    try:
        reset_password(services, token, password=password, visitor=session.visitor(services))
    except InvalidInput as error:
        return error.fields["password"], False
    except ProductError as error:
        return error.user_message, False
    return "", True
