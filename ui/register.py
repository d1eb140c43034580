"""The registration form: an account, the first order, and on to paying. On the first page and /register.

All fields travel together when the button is pressed, so a fast typist loses nothing; every wrong field is
marked at once and what was typed stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from html import escape

import streamlit as st

import payment_handler
import user_management
from domain.accounts import INDIAN_STATES, PASSWORD_MIN, User
from domain.errors import CheckoutClosed, EmailTaken, GatewayError, InvalidInput, ProductError, UsernameTaken
from domain.gateway_names import gateway_names
from domain.money import format_rupees
from domain.plans import ANNUAL, Plan, annual_saving_paise, find_plan
from ui import session
from ui.components import demo_note, footer, legal_links, notice
from ui.pages import page
from wiring import Services

SUBMIT = "register-submit"
# Union territories and states in the order people look for them.
_STATES = sorted(INDIAN_STATES.values())
_LABELS = {
    name: name.replace("_", " ").capitalize()
    for name in ("full_name", "email", "username", "phone", "state", "password")
}


def render(services: Services, user: User | None) -> None:
    """The page /register. Someone who is signed in has no use for it and goes home."""
    if user is not None:
        st.switch_page(page(""))
    with st.container(key="narrow-register"):
        st.title("Create your account", anchor=False)
        st.html('<p class="section-lead">Choose a plan, then pay on the next screen.</p>')
        with st.container(key="card-raised-register"):
            render_form(services)
        login_line()
    footer(services.settings)


def login_line() -> None:
    with st.container(key="register-login-line", horizontal=True, gap="small", vertical_alignment="center"):
        st.html('<span class="small quiet">Have an account already?</span>', width="content")
        st.page_link(page("login"), label="Log in instead")


def render_form(services: Services) -> None:
    """Draw the form; when it was sent, register, open the first order and sign in."""
    plans = payment_handler.list_plans(services)
    errors, message = _submit(services) if st.session_state.get(SUBMIT) else ({}, "")
    with st.form("register", border=False, enter_to_submit=True):
        _field("full_name", errors, placeholder="As on your bank account", autocomplete="name")
        _field("email", errors, placeholder="name@example.com", autocomplete="email")
        left, right = st.columns(2)
        with left:
            _field("username", errors, placeholder="3 to 30 characters", autocomplete="username")
        with right:
            _field("phone", errors, placeholder="10-digit mobile", autocomplete="tel-national")
        left, right = st.columns(2)
        with left:
            _state_field(errors)
        with right:
            _password_field(errors)
        _plan_choice(plans, errors)
        if message:
            notice(message, "bad")
        st.form_submit_button("Create Account & Subscribe", key=SUBMIT, type="primary", width="stretch")
    st.html(
        '<p class="small quiet" style="margin:0">By creating an account you accept our terms and privacy policy. '
        f"You pay on the next screen, through {escape(gateway_names(services.settings.configured_gateways))}.</p>"
    )
    demo_note(services)
    legal_links("register")


def _submit(services: Services) -> tuple[Mapping[str, str], str]:
    """Register what the form holds. Returns the sentences to show; does not return when it succeeds."""
    values = {name: st.session_state.get(f"register-{name}") or "" for name in _LABELS}
    way = session.way_out()
    try:
        plan = find_plan(payment_handler.list_plans(services), st.session_state.get("register-plan") or "")
        user = user_management.register(
            services,
            full_name=values["full_name"],
            email=values["email"],
            username=values["username"],
            phone=values["phone"],
            state=values["state"],
            password=values["password"],
            visitor=session.visitor(services),
        )
    except (EmailTaken, UsernameTaken) as error:
        # A second press of the button interrupts the run that made the account: it is this person's own.
        again = _own_account(services, values)
        if again is None:
            return error.fields, error.user_message
        user = again
    except InvalidInput as error:
        return error.fields, name_fields(error)
    except ProductError as error:
        return {}, error.user_message
    # Account and order stand: the first page shows the order and how to try again, or that it is being checked.
    with suppress(GatewayError, CheckoutClosed):
        if not user_management.entitlement(services, user).is_active:
            payment_handler.start_checkout(services, user, plan.id)
    return session.enter(services, user, way, "/")


def name_fields(error: InvalidInput) -> str:
    """The sentence above the button. On a phone the marked fields are out of sight: it names them."""
    names = [label for name, label in _LABELS.items() if name in error.fields]
    return f"Please correct: {', '.join(names)}." if names else error.user_message


def _own_account(services: Services, values: Mapping[str, str]) -> User | None:
    """The account of this email, if the typed password opens it."""
    try:
        return user_management.sign_in(
            services,
            login=values["email"],
            password=values["password"],
            visitor=session.visitor(services),
        )
    except ProductError:
        return None


def _field(name: str, errors: Mapping[str, str], *, placeholder: str, autocomplete: str) -> None:
    with st.container(key=f"register-field-{name}", gap="xsmall"):
        st.text_input(
            _LABELS[name],
            key=f"register-{name}",
            max_chars=254,
            placeholder=placeholder,
            autocomplete=autocomplete,
        )
        _error(name, errors)


def _state_field(errors: Mapping[str, str]) -> None:
    with st.container(key="register-field-state", gap="xsmall"):
        st.selectbox(
            _LABELS["state"], _STATES, index=None, key="register-state", placeholder="Choose your state"
        )
        _error("state", errors)


def _password_field(errors: Mapping[str, str]) -> None:
    with st.container(key="register-field-password", gap="xsmall"):
        st.text_input(
            _LABELS["password"],
            key="register-password",
            type="password",
            placeholder=f"At least {PASSWORD_MIN} characters",
            autocomplete="new-password",
        )
        _error("password", errors)


def _plan_choice(plans: list[Plan], errors: Mapping[str, str]) -> None:
    wanted = st.query_params.get("plan", "")
    with st.container(key="register-field-plan", gap="xsmall"):
        st.radio(
            "Plan",
            [plan.label for plan in plans],
            captions=[plan_caption(plan, plans) for plan in plans],
            index=next((i for i, plan in enumerate(plans) if plan.id == wanted), 0),
            key="register-plan",
            horizontal=True,
            width="stretch",
        )
        _error("plan", errors)


def plan_caption(plan: Plan, plans: list[Plan]) -> str:
    """What the plan means in money: the saving of the annual plan, the length of the others."""
    if plan.id == ANNUAL:
        return f"Save {format_rupees(annual_saving_paise(plans))} a year"
    return f"Paid for one {plan.period_word}"


def _error(name: str, errors: Mapping[str, str]) -> None:
    sentence = errors.get(name)
    if sentence is None:
        return
    # The name comes from our own list of fields; the sentence is escaped.
    st.html(
        f"<style>.st-key-register-{name} :is([data-testid=stTextInputRootElement],[role=group])"
        "{border-color:var(--danger)}</style>"
        f'<p class="field-error" role="alert">{escape(sentence)}</p>'
    )
