"""The page of one order in the admin panel: what came, what went back, and what a person may do about it."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

import payment_handler
from billing import desk
from domain.accounts import User
from domain.errors import Forbidden
from domain.money import format_rupees
from domain.orders import Order, OrderStatus
from domain.wording import format_moment
from reports import orders as reports
from reports.rows import OrderReport
from ui import admin_lists
from ui.admin_actions import action_button, show_result
from ui.admin_refund import return_money, settle_by_hand, waiting_notice
from ui.admin_table import NOTHING, ORDER, link, order_status, order_words, word
from ui.components import Tone, empty_state, facts
from wiring import Services

# A refund moves within seconds where there is no bank behind; in earnest it takes days, and the page is closed.
_EVERY = "3s"


def order_page(services: Services, user: User, order_id: str) -> None:
    """Everything about one order, with its buttons."""
    report = reports.order_page(services, user, order_id)
    if report is None:
        empty_state("No such order", "This link leads to no order. Search for its ID instead.")
        return
    order = report.order
    view = f"order:{order.id}"
    st.html(f'<div class="admin-head"><h2 class="mono">{escape(order.id)}</h2>{order_status(order)}</div>')
    show_result(view)
    if order.status == OrderStatus.QUARANTINED:
        _quarantine(services, user, report, view=view)
    waiting_notice(report)
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="card-admin-order"):
        _order(services, user, report, view=view)
    with right, st.container(key="card-admin-money"):
        st.html(facts(_money(report)))
        return_money(services, user, report, view=view)
        settle_by_hand(services, user, report, view=view)
    if report.refunds:
        st.subheader("Refunds", anchor=False)
        is_open = any(refund.is_open for refund in report.refunds)
        st.fragment(_refunds, run_every=_EVERY if is_open else None)(services, user, order.id, is_open)
    st.subheader("Payments", anchor=False)
    st.html(
        admin_lists.payments(report.payments, with_user=False, with_order=False)
        if report.payments
        else '<p class="quiet">No attempt to pay yet.</p>'
    )
    st.subheader("Events", anchor=False)
    st.html(
        admin_lists.events(report.events, with_order=False)
        if report.events
        else '<p class="quiet">No message of the gateway about this order.</p>'
    )


def _order(services: Services, user: User, report: OrderReport, *, view: str) -> None:
    order = report.order
    rows = [
        ("Plan", order.plan_name),
        ("Price", format_rupees(order.amount_paise)),
        ("Created", format_moment(order.created_at)),
        ("Paid", format_moment(order.paid_at) if order.paid_at else NOTHING),
        ("Gateway", word(order.gateway)),
        ("Gateway's ID", order.gateway_order_id or NOTHING),
        ("Last asked", format_moment(order.synced_at) if order.synced_at else "Never"),
    ]
    if order.recovered_at is not None:
        rows.append(("Rebuilt from the gateway", format_moment(order.recovered_at)))
    st.html(
        f'<div class="plan-head"><span>{link("orders", order.full_name, user=order.user_id)}</span></div>'
        + facts(rows)
    )
    if not order.is_settled or any(refund.is_open for refund in report.refunds):
        action_button(
            "Check with the gateway",
            partial(_check, services, user, order.id, order.status),
            key=f"admin-order-check-{order.id}",
            view=view,
            waiting="Asking the payment service …",
            icon=":material/sync:",
        )


def _check(services: Services, user: User, order_id: str, before: str) -> tuple[str, Tone]:
    order = desk.check_order(services, user, order_id)
    report = reports.order_page(services, user, order_id)
    name = ORDER[order.status][0] if report is None else order_words(order.status, report.order.returned)[0]
    if order.status != before:
        return f"The payment service was asked. The order is now: {name}.", "good"
    return f"The payment service was asked. Nothing new: {name}.", ""


def _quarantine(services: Services, user: User, report: OrderReport, *, view: str) -> None:
    order = report.order
    reason = order.quarantine_reason or "what the gateway says contradicts our books"
    # The first alarm repeats the reason; later looks may have found more.
    more = [alarm for alarm in report.alarms if reason not in alarm.message]
    said = "".join(f"<li><bdi>{escape(alarm.message)}</bdi></li>" for alarm in more)
    with st.container(key="card-admin-quarantine"):
        st.html(
            '<div class="notice bad admin-alarms" role="alert"><strong>A person has to decide: '
            f"<bdi>{escape(reason)}</bdi></strong><ul>{said}"
            f"<li>{escape(_gateways_word(report))}</li></ul></div>"
        )
        again, back = st.columns(2, gap="medium")
        with again:
            action_button(
                "Look again",
                partial(_release, services, user, order.id, give_back=False),
                key=f"admin-order-again-{order.id}",
                view=view,
                waiting="Asking the payment service …",
                kind="primary",
            )
            _explain(
                "Asks the payment service once more. If nothing contradicts our books any more, the order goes on "
                "as usual: access opens if it is paid."
            )
        with back:
            action_button(
                "Return the money",
                partial(_release, services, user, order.id, give_back=True),
                key=f"admin-order-back-{order.id}",
                view=view,
                waiting="Asking the payment service …",
            )
            _explain(
                "All that came for this order goes back to the buyer. No access opens, and this cannot be taken back."
            )


def _explain(sentence: str) -> None:
    st.html(f'<p class="small quiet" style="margin:0">{escape(sentence)}</p>')


def _gateways_word(report: OrderReport) -> str:
    """What the gateway shows of the order's money, in two sentences."""
    money = [payment for payment in report.payments if payment.status in {"held", "captured", "refunded"}]
    shown = ", ".join(admin_lists.charged(payment) for payment in money) or "none"
    return (
        f"Money that the gateway shows: {shown}. Our order is for {format_rupees(report.order.amount_paise)}."
    )


def _release(services: Services, user: User, order_id: str, *, give_back: bool) -> tuple[str, Tone]:
    order: Order = payment_handler.release_order(services, user, order_id, give_back=give_back)
    if order.status is OrderStatus.PAID:
        return "Nothing contradicts our books any more. The order is paid and its access is open.", "good"
    if order.status is OrderStatus.SURPLUS:
        return "The money goes back to the buyer. How far it is stands under Refunds.", "good"
    return f"The order is released. No money came with it; it is now: {ORDER[order.status][0]}.", "good"


def _money(report: OrderReport) -> list[tuple[str, str]]:
    received = sum(payment.amount_paise for payment in report.payments if payment.role is not None)
    gone = [refund for refund in report.refunds if refund.status == "processed"]
    returned = sum(refund.amount_paise for refund in gone if refund.origin != "by_hand")
    by_hand = sum(refund.amount_paise for refund in gone if refund.origin == "by_hand")
    under_way = sum(refund.amount_paise for refund in report.refunds if refund.is_open)
    held = sum(payment.amount_paise for payment in report.payments if payment.status == "held")
    rows = [("Received", format_rupees(received)), ("Returned", format_rupees(returned))]
    if by_hand:
        rows.append(("Returned by hand", format_rupees(by_hand)))
    if held:
        rows.insert(0, ("Held until somebody decides", format_rupees(held)))
    if under_way:
        rows.append(("On its way back", format_rupees(under_way)))
    return [*rows, ("Left", format_rupees(received - returned - by_hand - under_way))]


def _refunds(services: Services, user: User, order_id: str, was_open: bool) -> None:
    """Drawn by itself every few seconds while a refund is open; then the whole page once more."""
    try:
        report = reports.order_page(services, user, order_id)
    except Forbidden:
        # No admin any more since the page was drawn: the whole page says so.
        st.rerun()
    refunds = report.refunds if report else ()
    if was_open and not any(refund.is_open for refund in refunds):
        st.rerun()
    st.html(admin_lists.refunds(refunds, with_order=False))
