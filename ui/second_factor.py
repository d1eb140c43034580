"""What stands before every page of a half session: the question for the code, or the way to set one up.

Codes that were just made live in the page's state, which is bound to the token of the session that made them, for
as long as they are shown. The secret is drawn into the page itself: Streamlit serves images to anybody.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from accounts.second_factor import (
    Setup,
    begin_required_setup,
    confirm_setup,
    holds_all_codes,
    verify_code,
)
from accounts.sessions import HalfSession
from domain.accounts import User
from domain.errors import ProductError, SetupOver
from domain.second_factor import in_groups
from ui import session
from ui.components import footer, notice
from wiring import Services

_ENTER = "second-factor-enter"
_CONFIRM = "second-factor-confirm"
_KEPT = "second-factor-kept"
_CODE = "second-factor-code"
# The set-up that was begun on this page: the same secret on each run, since its code is on its way.
_SETUP = "second_factor_setup"
# The recovery codes to show, and whose they are.
_CODES = "second_factor_codes"


def render(services: Services, half: HalfSession, next_path: str) -> None:
    """Lead a half session to a whole one, which goes on to `next_path`."""
    # A second press interrupts the run that was about to leave; the code that was right is used up already.
    session.go_on_leaving()
    if codes := shown_codes(half.user):
        _codes_page(services, half.user, codes, next_path)
    elif half.has_to_set_up:
        _setup_page(services, half)
    else:
        _code_page(services, half.user, next_path)
    footer(services.settings)


def setup_form(services: Services, user: User, setup: Setup) -> None:
    """The steps from a new secret to a confirmed second factor. After it, `render` shows the recovery codes."""
    problem = _confirm(services, user, setup) if session.was_clicked(_CONFIRM) else ""
    st.html(_steps(setup))
    with st.form("second-factor-setup", border=False):
        _code_field("Six-digit code", "123456")
        if problem:
            notice(problem, "bad")
        st.form_submit_button("Confirm", key=_CONFIRM, type="primary", width="stretch")


def begun_setup() -> Setup | None:
    """The set-up that was begun on this page."""
    setup = st.session_state.get(_SETUP)
    return setup if isinstance(setup, Setup) else None


def keep_setup(setup: Setup | None) -> None:
    """Go on with this set-up on the next runs, or with none."""
    st.session_state[_SETUP] = setup


def show_codes(user: User, codes: tuple[str, ...]) -> None:
    """Keep new recovery codes on this page until their owner has kept them elsewhere."""
    st.session_state[_CODES] = (user.id, codes)


def shown_codes(user: User) -> tuple[str, ...]:
    """The recovery codes of this user that are being shown."""
    owner, codes = st.session_state.get(_CODES, (None, ()))
    return codes if owner == user.id else ()


def codes_card(codes: tuple[str, ...]) -> bool:
    """Show recovery codes and the button that ends it. True when it was pressed in this run."""
    if session.was_clicked(_KEPT):
        st.session_state.pop(_CODES, None)
        return True
    st.html(f'<ol class="codes">{"".join(f"<li>{escape(code)}</li>" for code in codes)}</ol>')
    st.html(
        '<p class="small quiet" style="margin:0">Print them or put them into a password manager, not beside '
        "your phone. They cannot be shown again.</p>"
    )
    st.button("I have kept them", key=_KEPT, type="primary", width="stretch")
    return False


def _code_page(services: Services, user: User, next_path: str) -> None:
    problem = ""
    if session.was_clicked(_ENTER):
        way = session.way_out()
        try:
            verify_code(services, user, st.session_state.get(_CODE) or "")
        except ProductError as error:
            problem = error.user_message
        else:
            session.enter(services, user, way, next_path, has_second_factor=True)
    with st.container(key="narrow-second-factor"):
        st.title("Enter your code", anchor=False)
        st.html(
            '<p class="section-lead">Open your authenticator app and type the code that it shows now.</p>'
        )
        with (
            st.container(key="card-raised-second-factor"),
            st.form("second-factor", border=False, clear_on_submit=True),
        ):
            _code_field("Code", "123456")
            if problem:
                notice(problem, "bad")
            st.form_submit_button("Continue", key=_ENTER, type="primary", width="stretch")
        st.html(
            '<p class="small quiet second-factor-help">No phone at hand? Type one of your recovery codes '
            "instead; each works once. If they are lost too, ask whoever runs this site to reset your second "
            "factor.</p>"
        )


def _setup_page(services: Services, half: HalfSession) -> None:
    setup = begun_setup()
    if setup is None:
        setup = begin_required_setup(services, half)
        keep_setup(setup)
    with st.container(key="narrow-second-factor"):
        st.title("Set up your second factor", anchor=False)
        st.html(
            '<p class="section-lead">Admins log in with their password and a code of their phone. '
            "This takes a minute, once.</p>"
        )
        with st.container(key="card-raised-second-factor"):
            setup_form(services, half.user, setup)


def _codes_page(services: Services, user: User, codes: tuple[str, ...], next_path: str) -> None:
    with st.container(key="narrow-second-factor"):
        st.title("Your recovery codes", anchor=False)
        st.html(
            '<p class="section-lead">Your second factor is on. If your phone is lost, each of these codes '
            "logs you in once.</p>"
        )
        with st.container(key="card-raised-second-factor"):
            if codes_card(codes):
                way = session.way_out()
                if holds_all_codes(services, user, codes):
                    session.enter(services, user, way, next_path, has_second_factor=True)
                st.rerun()


def _confirm(services: Services, user: User, setup: Setup) -> str:
    try:
        codes = confirm_setup(services, user, setup, st.session_state.get(_CODE) or "")
    except SetupOver as error:
        keep_setup(None)
        return error.user_message
    except ProductError as error:
        return error.user_message
    keep_setup(None)
    show_codes(user, codes)
    # From here on this session is half a session: the next run shows the codes before anything else.
    return st.rerun()


def _code_field(label: str, placeholder: str) -> None:
    st.text_input(label, key=_CODE, max_chars=40, placeholder=placeholder, autocomplete="one-time-code")


def _steps(setup: Setup) -> str:
    key = escape(in_groups(setup.secret))
    return (
        '<ol class="setup-steps"><li><p>Scan this picture with an authenticator app.</p>'
        f'<img class="qr" alt="QR code with the key below" src="{escape(setup.qr_image)}">'
        f"<details><summary>Cannot scan it?</summary><p>Type this key into the app:</p>"
        f'<p class="key mono">{key}</p></details></li>'
        "<li><p>Type the code that the app shows.</p></li></ol>"
    )
