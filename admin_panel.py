"""The admin panel: one search box, ten sections, and pages for an account, an order, an event and a mail.

What is looked at stands in the URL, except what is searched for: addresses do not belong into logs of URLs.
Whether somebody may look is decided in `reports`, and whether they may act in each use-case, on every call;
this page only chooses what to show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from domain.accounts import User
from domain.errors import Forbidden
from domain.identifiers import parse_uuid
from reports import accounts, orders, overview
from reports.export import to_csv
from reports.rows import Page
from ui import (
    admin_details,
    admin_lists,
    admin_market,
    admin_order,
    admin_overview,
    admin_table,
    admin_trouble,
)
from ui.components import empty_state
from ui.pages import go
from wiring import Services

PAGE_ROWS = 25
# A spreadsheet opens this at once, and the statement stays far inside its time limit.
EXPORT_ROWS = 10_000

_SECTION = "section"
_CONTROL = "admin-section"
_SEARCH = "admin-search"
_DETAILS = ("user", "order", "event", "mail")


@dataclass(frozen=True, slots=True)
class Listing:
    """One list section: what it reads, how it draws it, and what it says when there is nothing."""

    read: Callable[..., Page[Any]]
    draw: Callable[[Sequence[Any]], str]
    nothing: tuple[str, str]


_LISTINGS = {
    "users": Listing(
        overview.recent_users,
        admin_lists.users,
        ("No accounts yet", "Everybody who registers is listed here."),
    ),
    "orders": Listing(
        overview.recent_orders,
        admin_lists.orders,
        ("No orders yet", "An order is made when somebody chooses a plan."),
    ),
    "payments": Listing(
        overview.recent_payments,
        admin_lists.payments,
        ("No payments yet", "Every attempt to pay is listed here, refused ones included."),
    ),
    "refunds": Listing(
        orders.recent_refunds,
        admin_lists.refunds,
        (
            "No refunds yet",
            "Money that goes back is listed here, whoever asked for it. Begin on an order's page.",
        ),
    ),
    "events": Listing(
        overview.recent_events,
        admin_lists.events,
        ("No events yet", "Every signed message of a payment gateway is kept here, once."),
    ),
    "mails": Listing(
        overview.recent_mails,
        admin_lists.mails,
        ("No mails yet", "Receipts and notices are listed here, sent or kept."),
    ),
}
_TROUBLE = {
    "dead-letters": admin_trouble.dead_letters,
    "checks": admin_trouble.checks,
    "market-data": admin_market.render,
}
_SECTIONS = ("overview", *_LISTINGS, *_TROUBLE)


def render(services: Services, user: User | None) -> None:
    """The page /admin. A visitor is led to the login, and a subscriber sees nothing of it."""
    if user is None:
        go("login", next="admin")
        return
    if not user.is_admin:
        st.text(Forbidden.user_message)
        return
    admin_table.style()
    section, words = _top()
    if words:
        _back(section)
        _found(services, user, words)
    elif "user" in st.query_params:
        _back(section)
        admin_details.user_page(services, user, parse_uuid(st.query_params["user"]))
    elif "order" in st.query_params:
        _back(section)
        admin_order.order_page(services, user, st.query_params["order"])
    elif "event" in st.query_params:
        _back(section)
        admin_details.event_page(services, user, _whole(st.query_params["event"]))
    elif "mail" in st.query_params:
        _back(section)
        admin_details.mail_page(services, user, _whole(st.query_params["mail"]))
    elif section == "overview":
        admin_overview.render(services, user)
    elif section in _TROUBLE:
        _TROUBLE[section](services, user)
    else:
        _list(services, user, section)
    st.html('<div style="height:3rem"></div>')


def _top() -> tuple[str, str]:
    """The head of the panel. Returns the section and what is searched for."""
    left, right = st.columns([1, 1.4], vertical_alignment="bottom")
    with left:
        st.title("Admin", anchor=False)
    with right:
        words = st.text_input(
            "Search users and orders",
            key=_SEARCH,
            placeholder="Username, email, order ID or payment ID",
            icon=":material/search:",
            label_visibility="collapsed",
        )
    # The URL is the only truth, so that links and the browser's Back work; the control follows it.
    section = st.query_params.get(_SECTION, "")
    st.session_state[_CONTROL] = section if section in _SECTIONS else "overview"
    st.segmented_control(
        "Section",
        _SECTIONS,
        key=_CONTROL,
        required=True,
        format_func=_name,
        label_visibility="collapsed",
        on_change=_open_section,
    )
    return st.session_state[_CONTROL], (words or "").strip()


def _found(services: Services, user: User, words: str) -> None:
    found = accounts.search(services, user, words)
    if not found.users and not found.orders:
        empty_state(
            "Nothing found",
            "Type the beginning of a username or email, or a whole order, payment or customer ID.",
        )
        return
    st.html(
        f'<p class="section-lead">What matches “<bdi>{escape(words)}</bdi>” among all users and orders, whatever '
        "section is open.</p>"
    )
    if found.users:
        st.subheader("Users", anchor=False)
        st.html(admin_lists.users(found.users))
    if found.orders:
        st.subheader("Orders", anchor=False)
        st.html(admin_lists.orders(found.orders))


def _list(services: Services, user: User, section: str) -> None:
    listing = _LISTINGS[section]
    number = _whole(st.query_params.get("page", "")) or 1
    shown = listing.read(services, user, limit=PAGE_ROWS, offset=(number - 1) * PAGE_ROWS)
    if not shown.rows and number == 1:
        empty_state(*listing.nothing)
        return
    if shown.rows:
        st.html(listing.draw(shown.rows))
    else:
        empty_state("Nothing on this page", "The list ends before it.")
    _foot(services, user, section, number, shown)


def _foot(services: Services, user: User, section: str, number: int, shown: Page[Any]) -> None:
    with st.container(key=f"admin-{section}-foot", horizontal=True, vertical_alignment="center"):
        st.button(
            "Newer", key=f"admin-{section}-newer", disabled=number == 1, on_click=_turn, args=(number - 1,)
        )
        st.button(
            "Older",
            key=f"admin-{section}-older",
            disabled=not shown.has_more,
            on_click=_turn,
            args=(number + 1,),
        )
        st.caption(f"Page {number}", width="content")
        st.space("stretch")
        st.download_button(
            "Download CSV",
            lambda: _export(services, user, section),
            file_name=f"{section}.csv",
            mime="text/csv",
            key=f"admin-{section}-csv",
            on_click="ignore",
            icon=":material/download:",
        )


def _export(services: Services, user: User, section: str) -> bytes:
    rows = _LISTINGS[section].read(services, user, limit=EXPORT_ROWS).rows
    return to_csv(rows, without=["user_id"])


def _back(section: str) -> None:
    st.button(
        f"Back to {_name(section).lower()}",
        key="admin-back",
        type="tertiary",
        icon=":material/arrow_back:",
        on_click=_leave_details,
    )


def _name(section: str) -> str:
    return section.replace("-", " ").capitalize()


def _open_section() -> None:
    st.query_params[_SECTION] = st.session_state[_CONTROL] or "overview"
    _leave_details()


def _leave_details() -> None:
    st.session_state[_SEARCH] = ""
    for name in (*_DETAILS, "page"):
        st.query_params.pop(name, None)


def _turn(number: int) -> None:
    st.query_params["page"] = str(number)


def _whole(text: str) -> int | None:
    """A row's or a page's number from a URL, or None. No list is longer than six digits of pages."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
