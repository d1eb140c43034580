"""The pages of one thing in the admin panel: an account, a gateway's message, a mail. Orders have their own module.

All of it is foreign text and shown as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from typing import TypeVar
from uuid import UUID

import streamlit as st

import payment_handler
from domain.accounts import User
from domain.money import format_rupees
from domain.wording import format_moment, format_phone
from reports import accounts as account_reports
from reports import overview as reports
from reports.rows import UserReport
from ui import admin_lists
from ui.admin_actions import action_button, show_result
from ui.admin_grant import end_access, give_access
from ui.admin_table import EVENT, MAIL, NOTHING, SUBSCRIPTION, link, order_link, status, word
from ui.components import Tone, badge, empty_state, facts
from wiring import Services

Row = TypeVar("Row")


def user_page(services: Services, user: User, user_id: UUID | None) -> None:
    """Everything about one account."""
    report = account_reports.user_page(services, user, user_id) if user_id else None
    if report is None:
        empty_state("No such account", "This link leads to no account. Search for the person instead.")
        return
    view = f"user:{report.user.id}"
    _head(report.user.full_name, status(SUBSCRIPTION, report.user.subscription_status) + _marks(report))
    show_result(view)
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="card-admin-account"):
        st.html(_account(report))
    with right, st.container(key="card-admin-access"):
        st.html(_access(report))
    give_access(services, user, report, view=view)
    _lines("Access", report.periods, admin_lists.periods, "No period of access yet.")
    end_access(services, user, report, view=view)
    _lines("Orders", report.orders, partial(admin_lists.orders, with_user=False), "No orders yet.")
    if report.orders:
        st.html('<p class="chart-note">Money is returned on the page of its order.</p>')
    _lines(
        "Payments", report.payments, partial(admin_lists.payments, with_user=False), "No attempt to pay yet."
    )
    _lines("Mails", report.mails, partial(admin_lists.mails, with_address=False), "No mails yet.")


def event_page(services: Services, user: User, event_id: int | None) -> None:
    """One message of a gateway with its body."""
    found = reports.read_event(services, user, event_id) if event_id else None
    if found is None:
        empty_state("No such event", "This link does not lead to a message of a gateway.")
        return
    event = found.event
    view = f"event:{event.id}"
    _head(event.event_type, status(EVENT, event.status))
    show_result(view)
    with st.container(key="card-admin-event"):
        st.html(facts([
            ("Gateway", word(event.gateway)),
            ("Received", format_moment(event.received_at)),
            ("Processed", format_moment(event.processed_at) if event.processed_at else "Not yet"),
            ("Known by", found.dedupe_key),
        ]))  # fmt: skip
        if event.order_id:
            st.html(f'<p class="small rs-body">Order {order_link("events", event.order_id)}</p>')
        action_button(
            "Process again",
            partial(_process_again, services, user, event.id),
            key=f"admin-event-again-{event.id}",
            view=view,
            waiting="Queueing the event …",
            icon=":material/replay:",
        )
    st.subheader("Body", anchor=False)
    st.code(found.body, language="json", wrap_lines=True)


def _process_again(services: Services, user: User, event_id: int) -> tuple[str, Tone]:
    if payment_handler.replay_event(services, user, event_id) is not None:
        return (
            "The event is in the queue again: its order is asked about at the gateway within seconds.",
            "good",
        )
    return "This event does not exist any more.", "bad"


def mail_page(services: Services, user: User, mail_id: int | None) -> None:
    """One mail as its reader sees it in plain text."""
    found = reports.read_mail(services, user, mail_id) if mail_id else None
    if found is None:
        empty_state("No such mail", "This link does not lead to a mail.")
        return
    mail = found.mail
    _head(mail.subject, status(MAIL, mail.status))
    with st.container(key="card-admin-mail"):
        rows = [
            ("To", mail.to_address),
            ("Kind", mail.kind.replace("_", " ")),
            ("Written", format_moment(mail.created_at)),
            ("Sent", format_moment(mail.sent_at) if mail.sent_at else "Not sent"),
            ("Tries", str(mail.attempts)),
            ("Message ID", found.message_id),
        ]
        st.html(facts(rows + ([("Last error", mail.last_error)] if mail.last_error else [])))
        if mail.status == "kept":
            st.html('<p class="quiet small">Kept here, because no mail server is set.</p>')
        if mail.user_id is not None:
            st.html(f'<p class="small rs-body">{link("mails", "Open the account", user=mail.user_id)}</p>')
    st.subheader("Text", anchor=False)
    with st.container(key="card-admin-mail-text"):
        st.text(found.text)


def _lines(title: str, rows: Sequence[Row], draw: Callable[[Sequence[Row]], str], nothing: str) -> None:
    st.subheader(title, anchor=False)
    st.html(draw(rows) if rows else f'<p class="quiet">{escape(nothing)}</p>')


def _head(title: str, marks: str) -> None:
    st.html(f'<div class="admin-head"><h2><bdi>{escape(title)}</bdi></h2>{marks}</div>')


def _marks(report: UserReport) -> str:
    marks = badge("Admin") if report.user.role == "admin" else ""
    if report.user.deleted_at is not None:
        return marks + badge("Deleted")
    return marks + (badge("Disabled", "warn") if report.user.account_status == "disabled" else "")


def _account(report: UserReport) -> str:
    user = report.user
    return facts([
        ("Username", user.username),
        ("Email", user.email),
        ("Phone", format_phone(user.phone) if user.phone else NOTHING),
        ("State", user.state or NOTHING),
        ("Registered", format_moment(user.created_at)),
        ("Customer ID", user.customer_id),
    ])  # fmt: skip


def _access(report: UserReport) -> str:
    user = report.user
    earned = sum(p.amount_paise - p.refunded_paise for p in report.payments if p.role == "primary")
    return facts([
        ("Plan now", user.plan_name or "None"),
        ("Access until", format_moment(user.access_until) if user.access_until else NOTHING),
        ("Orders", str(len(report.orders))),
        ("Paid, less refunds", format_rupees(earned)),
        ("Signed-in browsers", str(report.sessions)),
        ("Signed in", format_moment(report.last_seen_at) if report.last_seen_at else NOTHING),
    ])  # fmt: skip
