"""The UPI code of an unpaid order: a picture to scan from a desktop, a button that opens the app on a phone.

The link is the gateway's own and is shown as it came. The page re-reads our books and turns into the answer by itself;
the code's time is told in words, and a second try makes a new one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import quote

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

import payment_handler
from domain.accounts import User
from domain.errors import GatewayRequestRejected, OrderNotFound, ProductError
from domain.gateway_names import gateway_name
from domain.money import format_rupees
from domain.orders import Order, OrderStatus, PaymentStatus
from payment_handler import UpiCode
from ui import session
from ui.check_again import check_again
from ui.components import facts, notice, practice_note, pulse
from ui.navigate import leave_to
from ui.paying import open_order
from wiring import Services

WAIT_SECONDS = 2

_OVER = frozenset({PaymentStatus.FAILED, PaymentStatus.DROPPED, PaymentStatus.CANCELLED})

# A link in page text may only lead to the web; a component's may open an app. What it opens is looked at once more.
_app_link = st.components.v2.component(
    "upi-link",
    js="""
export default ({data, parentElement}) => {
  // The button that led here stood further down: begin at the top, once.
  if (!parentElement.querySelector("a.open")) document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
  const link = document.createElement("a");
  link.className = "open";
  link.textContent = data.label;
  if (data.link.startsWith("upi://pay?")) link.href = data.link;
  parentElement.querySelector("a.open")?.remove();
  parentElement.append(link);
}
""",
    css="""
a.open { display: block; padding: .8rem 1rem; border-radius: .6rem; text-align: center; text-decoration: none;
  font: 650 1rem/1.4 var(--st-font); color: #fff; background: light-dark(#0f766e, #0f7d73); }
a.open:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
""",
)


def pay_by_upi(services: Services, user: User, plan_id: str, *, gateway: str | None) -> None:
    """Make a code for the order of this plan and show it; where the account has none, leave for the checkout.

    A gateway that refuses this one code still takes UPI on its own page: the way there is shown, and what happened.
    """
    order = open_order(services, user, plan_id, gateway=gateway)
    if order is None:
        return
    try:
        code = payment_handler.make_upi_code(
            services, user, order.id, visitor=session.visitor(services), user_agent=session.user_agent()
        )
    except GatewayRequestRejected:
        _lead_to_checkout(order)
        return
    except ProductError as error:
        notice(error.user_message, "bad")
        return
    session.keep_upi_code(code)
    if code is None:
        leave_to(f"/checkout/{order.id}")
    # The address names the order from now on, so that the answer is shown here when it comes.
    st.query_params["order_id"] = order.id
    st.rerun()


def code_to_show(services: Services, user: User, order_id: str) -> UpiCode | None:
    """The code that this browser shows for an order that waits for it; None once there is another answer."""
    code = session.shown_upi_code(order_id)
    return code if code is not None and _is_awaited(services, user, code) else None


def render(services: Services, user: User, order: Order, code: UpiCode) -> None:
    """The code, how long it works, and the ways on."""
    is_live = code.expires_at > datetime.now(UTC)
    with st.container(key="card-raised-upi"):
        amount = format_rupees(order.amount_paise)
        st.header(f"Pay {amount} by UPI" if is_live else "This code has run out", anchor=False)
        if is_live:
            _how(services, code)
        else:
            st.text(
                "No payment with it has reached us. If you approved one in your app, wait: it appears here by itself. "
                "Please do not pay twice."
            )
        _watch(services, code, was_live=is_live)
        if not is_live and st.button("Make a new code", key="upi-again", type="primary", width="stretch"):
            pay_by_upi(services, user, order.plan_id, gateway=order.gateway)
        st.html(facts([("Order", order.id), ("Amount", amount)]))
        _practice(services, code)
        check_again()
        if st.button("Pay another way", key="upi-leave", type="tertiary", width="stretch"):
            session.keep_upi_code(None)
            leave_to(f"/checkout/{order.id}")


def describe_time_left(left: timedelta) -> str:
    """How long the code works, in whole minutes that never promise more than is left. A phone shows no code."""
    minutes = left // timedelta(minutes=1)
    if minutes < 1:
        return "You have less than a minute to pay."
    return f"You have {minutes} more minute{'' if minutes == 1 else 's'} to pay."


def _lead_to_checkout(order: Order) -> None:
    name = gateway_name(order.gateway)
    notice(
        f"{name} made no UPI code for this order, and nothing was charged. You can pay by UPI, card, net banking or "
        f"wallet on {name}'s own page.",
        "warn",
    )
    link = f'<a href="/checkout/{escape(order.id)}" target="_self">Go to the payment page</a>'
    st.html(f'<div class="rs-body"><p>{link}</p></div>')


def _how(services: Services, code: UpiCode) -> None:
    st.html(
        '<p class="quiet wide-only" style="margin:0">Scan this picture with any UPI app on your phone and approve the '
        "payment there.</p>"
        '<p class="quiet narrow-only" style="margin:0">Approve the payment in your UPI app, then come back to this '
        "page.</p>"
    )
    with st.container(key="upi-app"):
        _app_link(
            key=f"upi-link-{code.gateway_payment_id}", data={"link": code.link, "label": "Open a UPI app"}
        )
    picture = f'<img class="qr upi" alt="UPI QR code of this order" src="{escape(code.picture)}">'
    st.html(
        f'<div class="wide-only">{picture}</div>'
        f'<details class="narrow-only scan"><summary>Scan from another phone</summary>{picture}</details>'
    )


def _practice(services: Services, code: UpiCode) -> None:
    """In practice mode, the phone that nobody has."""
    practice_note(services.settings)
    if services.settings.razorpay_uses_simulator:
        phone = f"{services.settings.simulator_url}/upi?link={quote(code.link, safe='')}"
        play = f'<a href="{escape(phone)}" target="_blank" rel="noopener">play the phone</a> instead'
        st.html(
            f'<div class="rs-body small quiet"><p class="wide-only">No phone can scan this code: {play}.</p>'
            f'<p class="narrow-only">No UPI app can pay this order: {play}.</p></div>'
        )


@st.fragment(run_every=WAIT_SECONDS)
def _watch(services: Services, code: UpiCode, *, was_live: bool) -> None:
    """Re-read our books; when they know more, or the code has run out, run the whole page again.

    Nobody's identity outlives a session: the cookie is looked up each time.
    """
    try:
        user = session.current_user(services)
        if user is None:
            st.html(
                '<p class="small quiet" style="margin:0">You are logged out. Log in to see the answer.</p>'
            )
            return
        is_awaited = _is_awaited(services, user, code)
    except (SQLAlchemyError, ProductError):
        st.html(pulse("We cannot look just now. This page tries again by itself."))
        return
    left = code.expires_at - datetime.now(UTC)
    if not is_awaited or was_live is not (left > timedelta(0)):
        st.rerun()
    if was_live:
        st.html(pulse(f"Waiting for the payment. {describe_time_left(left)}"))
    else:
        st.html(pulse("Looking for a payment"))


def _is_awaited(services: Services, user: User, code: UpiCode) -> bool:
    """False once the order is decided or closed, or the attempt of this code has failed. Raises OrderNotFound."""
    for line in payment_handler.list_orders(services, user):
        if line.order.id == code.order_id:
            attempts = {payment.gateway_payment_id: payment.status for payment in line.payments}
            return (
                line.order.status is OrderStatus.CREATED
                and attempts.get(code.gateway_payment_id) not in _OVER
            )
    raise OrderNotFound()
