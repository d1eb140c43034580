"""The account page: who somebody is here, what they log in with, where they are logged in, and their data.

A change of address, password or second factor asks for the password again. Forms are answered before they are
drawn, so that what a section shows is true after the press.
"""

from __future__ import annotations

from html import escape

import streamlit as st

import user_management
from accounts import credentials
from accounts.sessions import has_second_factor
from accounts.verification import request_verification
from domain.accounts import PASSWORD_MIN, User
from domain.errors import ProductError
from domain.wording import format_date, format_moment
from ui import account_leaving, account_sessions, second_factor_settings, session
from ui.account_parts import (
    NOTHING,
    Answer,
    answer_of,
    current_password_field,
    parting_words,
    refusal,
    section,
    show,
    text_field,
    typed,
)
from ui.components import badge, footer, notice
from ui.mail_words import add_kept, tell_sent
from ui.pages import page
from wiring import Services

# pragma: allowlist nextline secret - names of buttons
_RESEND, _EMAIL, _PASSWORD = "account-resend", "account-email-submit", "account-password-submit"


def render(services: Services, user: User | None) -> None:
    """The page /account."""
    if user is None:
        _without_a_user(services)
        return
    with st.container(key="middle-account"):
        st.title("Account", anchor=False)
        _profile(services, user)
        _email(services, user)
        _password(services, user)
        second_factor_settings.render(services, user)
        account_sessions.render(services, user)
        account_leaving.render_data()
        account_leaving.render_deletion(services, user)
    footer(services.settings)


def _without_a_user(services: Services) -> None:
    # A second press of "Change password" interrupts the run that was about to sign this browser in anew.
    session.go_on_leaving()
    sentence = parting_words()
    if not sentence:
        st.switch_page(page("login"), query_params={"next": "account"})
    with st.container(key="narrow-account"):
        st.title("See you", anchor=False)
        notice(sentence, "good")
        st.page_link(page("login"), label="Log in")
    footer(services.settings)


def _profile(services: Services, user: User) -> None:
    answer = answer_of(lambda: _send_again(services, user)) if session.was_clicked(_RESEND) else NOTHING
    is_verified = user.is_email_verified
    state = badge("Verified", "good") if is_verified else badge("Not verified", "warn")
    lines = [
        ("Name", escape(user.full_name)),
        ("Username", escape(user.username)),
        ("Email", f'<span class="with-badge"><span>{escape(user.email)}</span>{state}</span>'),
        ("Member since", escape(format_moment(user.created_at).split(",")[0])),
        ("Access", escape(_describe_access(user_management.entitlement(services, user)))),
    ]
    with section("profile", "Profile", "How we know you. Receipts carry your name."):
        st.html(
            f'<dl class="facts">{"".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in lines)}</dl>'
        )
        if not is_verified:
            told = add_kept(
                services, "We sent a link that shows us that the address is yours. It works for a day."
            )
            st.html(f'<p class="small quiet" style="margin:0">{escape(told)}</p>')
            show(answer)
            st.button("Send the link again", key=_RESEND)


def _describe_access(access: user_management.Entitlement) -> str:
    if not access.is_active or access.access_until is None:
        return "None"
    # What comes after it may be bought: only of the period that runs it is said.
    by_us = " (the present period was given by us)" if access.is_given else ""
    return f"Until {format_date(access.access_until)}{by_us}"


def _send_again(services: Services, user: User) -> str:
    request_verification(services, user)
    return tell_sent(services, "A new link", user.email)


def _email(services: Services, user: User) -> None:
    answer = _change_email(services, user) if session.was_clicked(_EMAIL) else NOTHING
    lead = (
        "We send a link to the new address. It becomes yours when you use the link; both addresses are told."
    )
    with (
        section("email", "Email address", lead),
        st.form("account-email-form", border=False),
    ):
        text_field(
            "New email",
            key="account-email",
            autocomplete="email",
            placeholder="name@example.com",
            error=answer.fields.get("email", ""),
        )
        current_password_field("account-email-password", answer)
        show(answer)
        st.form_submit_button("Send the link", key=_EMAIL)


def _change_email(services: Services, user: User) -> Answer:
    email, password = typed("account-email"), typed("account-email-password")
    if not password:
        return Answer(fields={"current": "Enter your current password."})

    def change() -> str:
        credentials.change_email(services, user, password=password, email=email)
        told = f"We have written to {email.strip()}. Your address changes when the link in that mail is used."
        return add_kept(services, told)

    answer = answer_of(change)
    if answer.tone == "good":
        st.session_state["account-email"] = st.session_state["account-email-password"] = ""
    return answer


def _password(services: Services, user: User) -> None:
    answer = _change_password(services, user) if session.was_clicked(_PASSWORD) else NOTHING
    changed_at = credentials.find_password_change(services, user)
    lead = "A new password logs out every other browser, and makes links that we mailed before useless."
    with section("password", "Password", lead):
        if changed_at is not None:
            st.html(
                f'<p class="small quiet" style="margin:0">Last changed on {escape(format_moment(changed_at))}.</p>'
            )
        with st.form("account-password-form", border=False):
            current_password_field("account-password-current", answer)
            text_field(
                "New password",
                key="account-password-new",
                autocomplete="new-password",
                placeholder=f"At least {PASSWORD_MIN} characters",
                is_password=True,
                error=answer.fields.get("password", ""),
            )
            show(answer)
            st.form_submit_button("Change password", key=_PASSWORD)


def _change_password(services: Services, user: User) -> Answer:
    current, new = typed("account-password-current"), typed("account-password-new")
    if not current:
        return Answer(fields={"current": "Enter your current password."})
    # Read before the session ends: the new one must not be worth less, or more.
    was_proved = has_second_factor(services, session.session_token(services))
    way = session.way_out()
    try:
        changed = credentials.change_password(
            services, user, current=current, new=new, visitor=session.visitor(services)
        )
    except ProductError as error:
        # Streamlit begins the run of a second press while the first is at work. That one has changed it, and this
        # browser is about to be signed in anew: "nothing was changed" would be untrue.
        session.go_on_leaving()
        return refusal(error)
    return session.enter(services, changed, way, "/account", has_second_factor=was_proved)
