"""Alerts & mail: what is sent, when and about which sectors; the next report as it would be mailed; what was sent."""

from __future__ import annotations

from datetime import datetime
from html import escape

import streamlit as st

from accounts.verification import request_verification
from domain.accounts import User
from domain.report_rules import AlertKind, ReportKind, ReportSettings, Scope, SentReport
from domain.subscriptions import INDIA
from domain.wording import format_date, format_moment
from sectors.alerts import JUMP_PLACES
from sectors.delivery import preview_report, send_now
from sectors.report_settings import (
    find_report_settings,
    list_sent_reports,
    next_reports,
    save_report_settings,
)
from ui import session
from ui.account_parts import NOTHING, Answer, answer_of, show
from ui.components import Tone, badge, empty_state, notice
from ui.mail_words import tell_sent
from ui.pages import page
from ui.sectors.explained import how_link
from ui.sectors.frame import View, render_view
from wiring import Services

_VERIFY, _SAVE, _SEND, _PREVIEW = "alerts-verify", "alerts-save", "alerts-send", "alerts-previewed"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ALERTS = {
    AlertKind.ZERO_LINE: (
        "RS 55 crosses its zero line",
        "A sector goes ahead of the benchmark, or falls behind it.",
    ),
    AlertKind.QUADRANT: (
        "A change of quadrant holds two weeks",
        "On the Rotation Map, confirmed by a second week.",
    ),
    AlertKind.RANK_JUMP: (f"A rank jumps {JUMP_PLACES} places or more in a week", "Up or down, by RS 55."),
}
_SCOPES = {Scope.ALL: "All sectors", Scope.WATCH_LIST: "My watch-list"}
_KINDS = {
    ReportKind.WEEKLY: "Weekly report",
    ReportKind.DAILY: "Daily report",
    ReportKind.ALERTS: "Alerts",
    ReportKind.ON_REQUEST: "Report on request",
    ReportKind.EVIDENCE: "Evidence note",
}
# What can be looked at before it comes.
_PREVIEWED = {ReportKind.WEEKLY: "Report", ReportKind.EVIDENCE: "Evidence note"}
_STATUS: dict[str, tuple[str, Tone]] = {
    "queued": ("On its way", ""),
    "sent": ("Sent", "good"),
    "kept": ("Kept here: no mail server is set", ""),
    "withheld": ("Not sent", "warn"),
}


def render(services: Services, user: User | None) -> None:
    """The page /alerts."""
    render_view(services, user, "alerts", "Alerts & mail", _draw, has_past=False, has_benchmark=False)


def _draw(view: View) -> None:
    services, user = view.services, view.user
    answer = answer_of(lambda: _save(services, user)) if session.was_clicked(_SAVE) else NOTHING
    sent = answer_of(lambda: _send(services, user)) if session.was_clicked(_SEND) else NOTHING
    wanted = find_report_settings(services, user)
    if not user.is_email_verified:
        _address(services, user)
    if wanted.unsubscribed_at is not None:
        notice(
            f"You unsubscribed on {format_date(wanted.unsubscribed_at)}: no report and no alert is sent. Save your "
            "choice below to get them again. Receipts still come.",
            "warn",
        )
    left, right = st.columns([0.85, 1.15], gap="medium")
    with left, st.container(key="card-alerts-settings"):
        _settings(view, wanted, answer)
    with right, st.container(key="card-alerts-preview"):
        _preview(services, user, sent)
    _history(services, user)


def _address(services: Services, user: User) -> None:
    answer = NOTHING
    if session.was_clicked(_VERIFY):
        answer = answer_of(lambda: _send_link(services, user))
    with st.container(key="card-wait-alerts-address"):
        st.html(
            '<p style="margin:0"><strong>Your address is not confirmed yet.</strong> Reports and alerts go to '
            f"confirmed addresses only. We write to <bdi>{escape(user.email)}</bdi>; one click there is enough.</p>"
        )
        show(answer)
        st.button("Send the confirmation link", key=_VERIFY)


def _send_link(services: Services, user: User) -> str:
    request_verification(services, user)
    return tell_sent(services, "A link", user.email)


def _settings(view: View, wanted: ReportSettings, answer: Answer) -> None:
    with st.form("alerts-form", border=False):
        st.subheader("Reports", anchor=False)
        st.toggle("Weekly report", value=wanted.weekly, key="alerts-weekly")
        st.toggle("Daily report, the morning after each new close", value=wanted.daily, key="alerts-daily")
        st.toggle(
            "Evidence note, on each month's first Saturday", value=wanted.evidence, key="alerts-evidence"
        )
        day, hour = st.columns(2, gap="small")
        day.selectbox("Day of the weekly report", _DAYS, index=wanted.weekday - 1, key="alerts-day")
        hour.selectbox(
            "Hour, India (IST)", range(24), index=wanted.hour, format_func=_clock, key="alerts-hour"
        )
        st.subheader("Alerts", anchor=False)
        st.html(
            '<p class="chart-note">Looked for at each new close, mailed at the same hour. No news, no mail. '
            f"{how_link(view, 'rs', 'RS 55')}, {how_link(view, 'quadrant', 'quadrant')} and "
            f"{how_link(view, 'rank', 'rank')}: how they are computed.</p>"
        )
        for kind, (label, _) in _ALERTS.items():
            st.checkbox(label, value=kind in wanted.alerts, key=f"alerts-kind-{kind.value}")
        st.radio(
            "Alert me about",
            list(Scope),
            index=list(Scope).index(wanted.scope),
            format_func=lambda scope: _SCOPES[scope],
            key="alerts-scope",
            horizontal=True,
        )
        show(answer)
        st.form_submit_button("Save", key=_SAVE, type="primary")
    st.html(_coming(view, wanted))
    with st.container(key="alerts-links", horizontal=True):
        st.page_link(page("watchlist"), label="Open the watch-list")


def _save(services: Services, user: User) -> str:
    chosen = st.session_state
    day = chosen.get("alerts-day")
    scope = chosen.get("alerts-scope")
    hour = chosen.get("alerts-hour")
    save_report_settings(
        services,
        user,
        ReportSettings(
            weekly=chosen.get("alerts-weekly") is True,
            daily=chosen.get("alerts-daily") is True,
            evidence=chosen.get("alerts-evidence") is True,
            weekday=_DAYS.index(day) + 1 if day in _DAYS else 6,
            hour=hour if isinstance(hour, int) and 0 <= hour < 24 else 8,
            alerts=frozenset(kind for kind in AlertKind if chosen.get(f"alerts-kind-{kind.value}") is True),
            scope=scope if isinstance(scope, Scope) else Scope.ALL,
        ),
    )
    return "Saved."


def _coming(view: View, wanted: ReportSettings) -> str:
    """What comes next and when, in words."""
    services, user = view.services, view.user
    if not user.is_email_verified:
        return _said("Nothing is sent before your address is confirmed.")
    coming = next_reports(services, user)
    rows = [(_KINDS[one.kind], _day_and_hour(one.at)) for one in coming]
    if wanted.wants(ReportKind.ALERTS):
        rows.append(
            (_KINDS[ReportKind.ALERTS], f"{_clock(wanted.hour)} IST after each new close, if there is news")
        )
    if not rows:
        return _said("Nothing is on: no report and no alert comes.")
    lines = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(when)}</dd></div>" for name, when in rows)
    shown = f'<div class="coming"><p>What comes next</p><dl>{lines}</dl></div>'
    if view.whole.is_demo:
        return shown + _said(
            f"Demo data end on {format_date(view.whole.as_of)} and never get a new close, and no close is reported "
            "twice: while the demo is shown, each of these comes once at most."
        )
    return shown + _said("Only with a new close by then, and only while the data are in order.")


def _said(sentence: str) -> str:
    return f'<p class="small quiet" style="margin:0">{escape(sentence)}</p>'


def _preview(services: Services, user: User, sent: Answer) -> None:
    kind = _previewed()
    preview = preview_report(services, user, kind)
    with st.container(key="alerts-preview-head", horizontal=True, vertical_alignment="center"):
        st.subheader("What comes, as of now", anchor=False)
        st.segmented_control(
            "Preview",
            list(_PREVIEWED),
            default=ReportKind.WEEKLY,
            required=True,
            format_func=lambda one: _PREVIEWED[one],
            key=_PREVIEW,
            label_visibility="collapsed",
        )
        st.button(
            "Send me this report now",
            key=_SEND,
            icon=":material/mail:",
            disabled=preview is None or not user.is_email_verified,
        )
    show(sent)
    if preview is None:
        empty_state("Not enough history", "Evidence needs at least three years of prices before this close.")
        return
    st.html(f'<p class="mail-subject"><span>Subject</span> {escape(preview.subject)}</p>')
    with st.container(key="mail-preview", height=780, border=False):
        st.html(preview.html)  # allowed: html-unescaped - a mail of ours, whose template escapes every value


def _send(services: Services, user: User) -> str:
    kind = _previewed()
    send_now(services, user, kind)
    return tell_sent(services, "The note" if kind is ReportKind.EVIDENCE else "The report", user.email)


def _previewed() -> ReportKind:
    chosen = st.session_state.get(_PREVIEW)
    return chosen if chosen in _PREVIEWED else ReportKind.WEEKLY


def _history(services: Services, user: User) -> None:
    st.subheader("What was sent", anchor=False)
    sent = list_sent_reports(services, user)
    if not sent:
        empty_state("Nothing was sent yet", "Reports and alerts are listed here once they were written.")
        return
    st.html(
        '<div class="table-box"><table class="plain stacking figures"><thead><tr><th>Written</th><th>What</th>'
        "<th>Close</th><th>Subject</th><th>Result</th></tr></thead><tbody>"
        + "".join(_history_row(report) for report in sent)
        + "</tbody></table></div>"
    )


def _history_row(report: SentReport) -> str:
    name, tone = _STATUS.get(report.status, (report.status, ""))
    reason = "" if report.reason is None else f'<br><span class="small quiet">{escape(report.reason)}</span>'
    return (
        f'<tr><td data-name="Written">{format_moment(report.created_at)}</td>'
        f'<td data-name="What">{escape(_KINDS[report.kind])}</td>'
        f'<td data-name="Close">{format_date(report.as_of)}</td>'
        f'<td data-name="Subject">{escape(report.subject)}</td>'
        f'<td data-name="Result"><span>{badge(name, tone)}{reason}</span></td></tr>'
    )


def _day_and_hour(moment: datetime) -> str:
    """`Saturday, 5 Dec 2026, 8:00 am IST`."""
    return f"{_DAYS[moment.astimezone(INDIA).weekday()]}, {format_moment(moment)}"


def _clock(hour: int) -> str:
    return f"{hour % 12 or 12}:00 {'am' if hour < 12 else 'pm'}"
