"""A person's own data: take it along, and delete the account with it."""

from __future__ import annotations

from html import escape

import streamlit as st

import user_management
from accounts.deletion import delete_account
from domain.accounts import User
from domain.wording import format_moment
from ui import session
from ui.account_parts import (
    NOTHING,
    Answer,
    answer_of,
    current_password_field,
    part,
    section,
    show,
    text_field,
    typed,
)
from wiring import Services

_OPEN, _SUBMIT, _CANCEL = "account-delete-open", "account-delete-submit", "account-delete-cancel"
_ASKED = "account-delete-asked"
_DELETED = (
    "Your account is deleted, and you are logged out everywhere. The last mail to you says so. Thank you for having "
    "been here."
)


def render_data() -> None:
    """The section with the way to one's data. A link to a route that asks for the cookie, never a stored file."""
    lead = "Everything that we keep about you, as a file that programs can read, too."
    with section("data", "Your data", lead):
        st.html(
            '<p class="small" style="margin:0">Account, sessions, access, orders, payments, refunds, mails, and what '
            "was done in your account and by whom. No passwords, and nothing of other people.</p>"
            '<p style="margin:.9rem 0 0"><a class="press" href="/account/export" download>Download my data</a></p>'
        )


def render_deletion(services: Services, user: User) -> None:
    """The section that closes the account, once its owner was told what goes and what stays."""
    lead = "For good. Nobody can bring a deleted account back."
    with section("delete", "Delete account", lead):
        if user.is_admin:
            st.html(
                '<p class="small" style="margin:0">An admin\'s account stays, so that the audit log can always say who '
                "acted.</p>"
            )
            return
        answer = _submit(services, user) if session.was_clicked(_SUBMIT) else NOTHING
        if session.was_clicked(_OPEN):
            st.session_state[_ASKED] = True
        if session.was_clicked(_CANCEL):
            st.session_state.pop(_ASKED, None)
        _explain(services, user)
        if st.session_state.get(_ASKED):
            _form(user, answer)
        else:
            st.button("Delete my account", key=_OPEN)


def _explain(services: Services, user: User) -> None:
    access = user_management.entitlement(services, user)
    lost = ""
    if access.is_active and access.access_until is not None:
        until = escape(format_moment(access.access_until))
        lost = f"<li><b>Lost:</b> your access until {until}. It is not paid back.</li>"
    st.html(
        '<ul class="plain-list small">'
        "<li><b>Erased:</b> your name, addresses, phone number, password, sessions, and the text of our mails to you."
        "</li>"
        "<li><b>Kept:</b> orders, payments, refunds and the books they stand in, for the eight years that the "
        "Companies Act (s. 128) asks for, with your state for the tax. Your name is no longer in them; it stays in the "
        "payment service's messages about them.</li>"
        f"{lost}</ul>"
    )


def _form(user: User, answer: Answer) -> None:
    with st.form("account-delete-form", border=False):
        text_field(
            f"Type your username, {user.username}",
            key="account-delete-username",
            autocomplete="off",
            error=answer.fields.get("username", ""),
        )
        current_password_field("account-delete-password", answer)
        show(answer)
        with st.container(key="account-delete-line", horizontal=True, gap="small"):
            st.form_submit_button("Delete my account for good", key=_SUBMIT)
            st.form_submit_button("Cancel", key=_CANCEL)


def _submit(services: Services, user: User) -> Answer:
    username, password = typed("account-delete-username"), typed("account-delete-password")
    if not password:
        return Answer(fields={"current": "Enter your current password."})

    def delete() -> str:
        delete_account(services, user, password=password, username=username)
        return _DELETED

    with st.spinner("Deleting your account …"):
        answer = answer_of(delete)
    if answer.tone == "good":
        st.session_state.pop(_ASKED, None)
        part(_DELETED)
    return answer
