"""The order before it is paid: what it is, what it costs, and the ways on."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Literal

import streamlit as st

import payment_handler
import user_management
from domain.accounts import User
from domain.errors import GatewayError, ProductError
from domain.gateway_names import gateway_name, gateway_names
from domain.money import format_rupees
from domain.orders import Order, OrderStatus
from domain.plans import ANNUAL, Plan, annual_saving_paise
from domain.wording import format_clock, format_date
from ui import session, upi
from ui.components import demo_note, facts, footer, legal_links, notice, practice_note, ticks
from ui.landing import INCLUDED
from ui.pages import page
from ui.paying import choice, failover, gateway_of, go_to_payment
from wiring import Services

CLOSED = frozenset({OrderStatus.EXPIRED, OrderStatus.TERMINATED, OrderStatus.SUPERSEDED, OrderStatus.FAILED})


def render_summary(services: Services, user: User, order: Order, plans: list[Plan]) -> None:
    """The unpaid order: what it is, what it costs, and the ways on."""
    plan = next(plan for plan in plans if plan.id == order.plan_id)
    access = user_management.entitlement(services, user)
    with st.container(key="middle-checkout"):
        st.title("Complete your payment", anchor=False)
        lead = (
            "It extends the access you have. You can also do this later."
            if access.is_active
            else "Your account is ready. One step is left."
        )
        st.html(f'<p class="section-lead">{lead}</p>')
        is_left = _was_left_to_the_bank(services, user, order)
        if is_left:
            notice(describe_untaken(order), "warn")
        is_elsewhere_first = failover(services, user, order, is_left_to_the_bank=is_left)
        left, right = st.columns([1.05, 0.95], gap="medium")
        with left, st.container(key="card-checkout-plan"):
            _included(services, user, order, plans, access)
        with right, st.container(key="card-raised-checkout-order"):
            _amount_and_buttons(services, user, order, plan, is_second=is_elsewhere_first)
    footer(services.settings)


def upi_button(services: Services, user: User, plan_id: str, gateway: str, *, key: str) -> None:
    """The way to a UPI code, where the gateway's account has such codes."""
    if payment_handler.offers_upi_code(services, gateway) and st.button(
        "Pay by UPI", key=key, width="stretch", icon=":material/qr_code_2:"
    ):
        upi.pay_by_upi(services, user, plan_id, gateway=gateway)


def describe_untaken(order: Order) -> str:
    """That money which a bank had set aside for this order goes back by itself, and that paying anew is safe."""
    return (
        f"Your bank had set {format_rupees(order.amount_paise)} aside for this order, and we did not take it: it came "
        "too late, or was not needed. It is free again by itself, usually within 10 days, and opens no access. You may "
        "pay anew."
    )


def describe_expiry(order: Order, now: datetime) -> str:
    """How long the order can be paid, or that it no longer can."""
    if order.expires_at <= now or order.status is OrderStatus.EXPIRED:
        return "This order has expired; Complete Payment opens a fresh one."
    if order.status in CLOSED:
        return "This order was closed; Complete Payment opens a fresh one."
    return (
        f"This order can be paid until {format_clock(order.expires_at)} (30 minutes); after that we open a "
        "fresh one."
    )


def _was_left_to_the_bank(services: Services, user: User, order: Order) -> bool:
    attempt = payment_handler.last_failure(services, user, order.id)
    return attempt is not None and attempt.is_untaken


def _included(
    services: Services, user: User, order: Order, plans: list[Plan], access: user_management.Entitlement
) -> None:
    plan = next(plan for plan in plans if plan.id == order.plan_id)
    st.subheader(plan.label, anchor=False)
    if access.is_active and access.access_until is not None:
        beginning = f"One {plan.period_word} more, from {format_date(access.access_until)}"
    else:
        beginning = f"Access for one {plan.period_word}, from the moment you pay"
    st.html(ticks((*INCLUDED, beginning, "No automatic renewal")))
    demo_note(services)
    for other in plans:
        if other.id == plan.id:
            continue
        saving = (
            f", and save {format_rupees(annual_saving_paise(plans))} a year" if other.id == ANNUAL else ""
        )
        st.html(
            f'<p class="small quiet" style="margin:.75rem 0 -.5rem">Change plan before you pay{saving}:</p>'
        )
        if st.button(f"Change to {other.label}", key=f"checkout-change-{other.id}"):
            try:
                gateway = gateway_of(services, order)
                payment_handler.start_checkout(services, user, other.id, gateway=gateway)
            except GatewayError:
                # The order of the new plan may stand; the summary says that it could not be opened yet.
                session.note_trouble(order.gateway)
            except ProductError as error:
                notice(error.user_message, "bad")
                return
            st.rerun()


def _amount_and_buttons(services: Services, user: User, order: Order, plan: Plan, *, is_second: bool) -> None:
    rows = [
        ("Order", order.id),
        ("Plan", f"{plan.name}, one {plan.period_word}"),
        ("Receipt to", user.email),
    ]
    st.html(facts(rows, total=("To pay", format_rupees(order.amount_paise))))
    practice_note(services.settings)
    gateway = None if is_second else choice(services, order)
    pay_type: Literal["primary", "secondary"] = "secondary" if is_second else "primary"
    if st.button(
        "Complete Payment", key="checkout-pay", type=pay_type, width="stretch", icon=":material/lock:"
    ):
        go_to_payment(services, user, plan.id, gateway=gateway)
    if gateway is not None:
        upi_button(services, user, plan.id, gateway, key="checkout-upi")
    if st.button("Skip Payment", key="checkout-skip", width="stretch"):
        payment_handler.skip_payment(services, user)
        st.switch_page(page("dashboard"))
    name = gateway_name(gateway) if gateway else gateway_names(sorted(services.gateways))
    st.html(
        f'<p class="small quiet" style="margin:0">{describe_expiry(order, datetime.now(UTC))} You pay on a '
        f"secure page of {escape(name)} by UPI, card, net banking or wallet. Card and bank details never reach us.</p>"
    )
    legal_links("checkout", paths=("refunds", "terms", "privacy"))
