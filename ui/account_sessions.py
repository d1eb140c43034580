"""Where somebody is logged in: each browser with what it says of itself, and the way to log it out."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

import streamlit as st

from accounts.sessions import end_session, list_sessions, sign_out_everywhere
from domain.accounts import User
from domain.devices import describe_device
from domain.sessions import Session
from domain.wording import format_moment
from ui import session
from ui.account_parts import part, section
from ui.components import badge
from wiring import Services

# More are a sign of something else than devices; "Log out everywhere" ends them all.
_SHOWN = 8
_ASKED = "account-everywhere-asked"


def render(services: Services, user: User) -> None:
    """The section with the user's live sessions."""
    live, own_id = list_sessions(services, user, session.session_token(services))
    ended = next((s for s in live if session.was_clicked(_key(s))), None)
    if ended is not None:
        _end(services, user, ended, own_id)
        live = [s for s in live if s.id != ended.id]
    # This browser first, whatever was used last.
    live.sort(key=lambda s: s.id != own_id)
    with services.engine.connect() as conn:
        now = services.now(conn)
    lead = "Every browser in which you are logged in. One that you do not know: log it out, and change your password."
    with section("sessions", "Where you are logged in", lead):
        for number, one in enumerate(live[:_SHOWN]):
            _row(one, is_own=one.id == own_id, is_first=number == 0, now=now)
        if len(live) > _SHOWN:
            st.html(f'<p class="small quiet" style="margin:0">And {len(live) - _SHOWN} more.</p>')
        with st.container(key="account-everywhere-part"):
            _everywhere(services, user, len(live))


def describe_seen(seen_at: datetime, now: datetime) -> str:
    """How long ago, as exactly as it is known: a session notes its use once a minute."""
    ago = now - seen_at
    if ago < timedelta(minutes=2):
        return "Active now"
    if ago < timedelta(hours=1):
        return f"Active {ago // timedelta(minutes=1)} minutes ago"
    return f"Last active {format_moment(seen_at)}"


def _row(one: Session, *, is_own: bool, is_first: bool, now: datetime) -> None:
    where = f"Address {one.address}" if one.address else "Address not known"
    details = f"{where} · {describe_seen(one.seen_at, now)}"
    mark = badge("This browser", "good") if is_own else ""
    with st.container(
        key=f"account-session-{'first' if is_first else 'row'}-{one.id}",
        horizontal=True,
        vertical_alignment="center",
        gap="small",
    ):
        st.html(
            f'<div class="device"><p><b>{escape(describe_device(one.user_agent))}</b>{mark}</p>'
            f'<p class="small quiet">{escape(details)}</p></div>'
        )
        st.button("Log out", key=_key(one), width="content")


def _end(services: Services, user: User, one: Session, own_id: int | None) -> None:
    end_session(services, user, one.id)
    if one.id == own_id:
        part("You are logged out in this browser.")


def _everywhere(services: Services, user: User, count: int) -> None:
    if session.was_clicked("account-everywhere-sure"):
        sign_out_everywhere(services, user)
        st.session_state.pop(_ASKED, None)
        part("You are logged out in every browser.")
    if session.was_clicked("account-everywhere"):
        st.session_state[_ASKED] = True
    if session.was_clicked("account-everywhere-cancel"):
        st.session_state.pop(_ASKED, None)
    if not st.session_state.get(_ASKED):
        st.button("Log out everywhere", key="account-everywhere")
        return
    browsers = "this browser" if count == 1 else f"all {count} browsers, this one too"
    st.html(
        f'<p class="small" style="margin:0">This logs out {browsers}. You need your password to come back.</p>'
    )
    with st.container(key="account-everywhere-line", horizontal=True, gap="small"):
        st.button("Yes, log out everywhere", key="account-everywhere-sure", type="primary")
        st.button("Cancel", key="account-everywhere-cancel")


def _key(one: Session) -> str:
    return f"account-end-{one.id}"
