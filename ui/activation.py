"""What an account without access sees where the product would be: why, and the plans that open it."""

from __future__ import annotations

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

import payment_handler
import user_management
from billing.returns import ReturnedAccess, find_returned_access
from domain.accounts import User
from domain.money import format_rupees
from domain.orders import OrderStatus, PaymentStatus
from domain.plans import MONTHLY
from domain.wording import format_date
from ui import register
from ui.components import demo_note, empty_state, notice, practice_note
from ui.paying import go_to_payment
from wiring import Services

_LOOK_SECONDS = 5


def render_locked(services: Services, user: User, title: str) -> None:
    """The page of somebody who is signed in and has nothing running."""
    with st.container(key="reading-locked"):
        st.title(title, anchor=False)
        returned = find_returned_access(services, user)
        empty_state(
            "No active subscription",
            describe_returned_access(returned)
            if returned
            else "Your account is ready. Choose a plan to open the sector ranking, its charts and its table.",
        )
        with st.container(key="card-raised-activate"):
            activate_form(services, user, key="dashboard")


def describe_returned_access(returned: ReturnedAccess) -> str:
    """Why access ended before its time."""
    if returned.amount_paise is None:
        return f"The access that we gave you ended on {format_date(returned.ended_at)}. Choose a plan to come back."
    return (
        f"Your payment of {format_rupees(returned.amount_paise)} was returned, and the access that it bought ended "
        f"on {format_date(returned.ended_at)}. Choose a plan to come back."
    )


def activate_form(services: Services, user: User, *, key: str) -> None:
    """Choose a plan and go to pay. Used by every page where an account without access may want it.

    The page opens by itself when access is paid for elsewhere, or given.
    """
    _look_for_access(services, user)
    plans = payment_handler.list_plans(services)
    wanted = wanted_plan(services, user)
    label = st.radio(
        "Plan",
        [plan.label for plan in plans],
        captions=[register.plan_caption(plan, plans) for plan in plans],
        index=next((i for i, plan in enumerate(plans) if plan.id == wanted), 0),
        key=f"{key}-plan",
        horizontal=True,
        width="stretch",
    )
    _say_what_is_under_way(services, user)
    practice_note(services.settings)
    if st.button("Activate", key=f"{key}-activate", type="primary", width="stretch"):
        go_to_payment(services, user, next(plan.id for plan in plans if plan.label == label))
    st.html(
        '<p class="small quiet" style="margin:0">Both plans open everything. You pay once, in advance; nothing '
        "renews by itself.</p>"
    )
    demo_note(services)


def _say_what_is_under_way(services: Services, user: User) -> None:
    """Who left the page of a payment that the bank has not answered yet would pay again from here."""
    for line in payment_handler.list_orders(services, user):
        waiting = (
            payment.status is PaymentStatus.PENDING and not payment.is_untaken for payment in line.payments
        )
        if line.order.status is OrderStatus.CREATED and any(waiting):
            notice(
                f"A payment of {format_rupees(line.order.amount_paise)} is under way at your bank. Access opens by "
                "itself when it arrives; please do not pay a second time.",
                "warn",
            )
            return


@st.fragment(run_every=_LOOK_SECONDS)
def _look_for_access(services: Services, user: User) -> None:
    """Re-read our books; when access is open, run the whole page again. It looks up anew who is there.

    The session is not asked here: that counts as use, and a page that is left alone has to let it end.
    """
    try:
        is_open = user_management.entitlement(services, user).is_active
    except SQLAlchemyError:
        return  # Looked at again soon; the page itself says what is wrong when it is asked for something.
    if is_open:
        st.rerun()


def wanted_plan(services: Services, user: User) -> str:
    """The plan to offer first: the one just chosen (`?plan=`), else that of the last order, else the cheaper."""
    chosen = st.query_params.get("plan", "")
    if any(plan.id == chosen for plan in payment_handler.list_plans(services)):
        return chosen
    orders = payment_handler.list_orders(services, user)
    return orders[0].order.plan_id if orders else MONTHLY
