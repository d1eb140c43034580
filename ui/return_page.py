"""What a person sees when they come back from the gateway.

A return proves nothing: what is shown here is what our books say. Waiting re-reads our own database and
turns into the answer by itself. The gateway is asked for somebody who lands here or clicks, never by the
waiting; clicks are limited.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

import payment_handler
import user_management
from billing.returns import HandReturn, RefundLine, list_hand_returns, list_refunds
from domain.accounts import User
from domain.errors import OrderNotFound, ProductError
from domain.money import format_rupees
from domain.orders import MONEY, Order, OrderStatus, PaymentStatus
from domain.refunds import RefundStatus
from domain.wording import format_date, format_moment
from ui import session, upi
from ui.billing import describe_way_back, is_back
from ui.check_again import check_again
from ui.checkout import CLOSED, upi_button
from ui.components import facts, footer, notice, practice_note, pulse, support_sentence
from ui.pages import page
from ui.paying import gateway_of, go_to_payment
from ui.payment_words import describe_failure, describe_method
from wiring import Services

WAIT_SECONDS = 2

_UNDER_WAY = frozenset({RefundStatus.INTENDED, RefundStatus.PENDING})


class ReturnState(Enum):
    """What to tell somebody who came back."""

    PAID = "paid"
    FAILED = "failed"
    WAITING = "waiting"
    NOT_PAID = "not_paid"
    CLOSED = "closed"
    UNTAKEN = "untaken"
    SURPLUS = "surplus"
    REVIEW = "review"


def return_state(order: Order, attempt: payment_handler.PaymentLine | None) -> ReturnState:
    """The state of a return, from our books alone: the order and its newest attempt, if there is one.

    Only a recorded attempt is waited for. An attempt that is still with the bank may pay a closed order, too.
    """
    if order.status is OrderStatus.PAID:
        return ReturnState.PAID
    if order.status is OrderStatus.SURPLUS:
        return ReturnState.SURPLUS
    if order.status is OrderStatus.QUARANTINED:
        return ReturnState.REVIEW
    if attempt is not None and attempt.status is PaymentStatus.PENDING:
        return ReturnState.WAITING
    if attempt is not None and attempt.is_untaken:
        return ReturnState.UNTAKEN
    if order.status in CLOSED:
        return ReturnState.CLOSED
    if attempt is not None and attempt.is_unsuccessful:
        return ReturnState.FAILED
    return ReturnState.NOT_PAID


def is_undecided(services: Services, user: User, order: Order) -> bool:
    """True while money may be on its way for this order, so that paying once more must not be offered first."""
    state, _line, _attempt = _look(services, user, order.id)
    return state in {ReturnState.WAITING, ReturnState.REVIEW}


def render_return(services: Services, user: User, order: Order, said: str = "") -> None:
    """The answer for somebody who came back from the gateway with this order, under what was `said` of a click."""
    state, line, attempt = _look(services, user, order.id)
    order = line.order
    with st.container(key="narrow-return"):
        if said:
            notice(said, "warn")
        code = upi.code_to_show(services, user, order.id)
        if code is not None:
            upi.render(services, user, order, code)
        elif state is ReturnState.PAID:
            _paid(services, user, order)
        elif state is ReturnState.FAILED and attempt is not None:
            _failed(services, user, order, attempt)
        elif state is ReturnState.WAITING:
            _waiting(services, user, order, is_upi=attempt is not None and attempt.method == "upi")
        elif state is ReturnState.SURPLUS:
            _surplus(services, user, line)
        elif state is ReturnState.REVIEW:
            _review(services, order)
        elif state is ReturnState.UNTAKEN:
            _untaken(services, user, order)
        elif state is ReturnState.CLOSED:
            _closed(services, user, order)
        else:
            _not_paid(services, user, order)
    footer(services.settings)


def _look(
    services: Services, user: User, order_id: str
) -> tuple[ReturnState, payment_handler.OrderLine, payment_handler.PaymentLine | None]:
    """The user's own order in our books, the attempt that tells how it stands, and what both mean.

    Raises OrderNotFound.
    """
    for line in payment_handler.list_orders(services, user):
        if line.order.id == order_id:
            attempt = payment_handler.telling_attempt(line.payments)
            return return_state(line.order, attempt), line, attempt
    raise OrderNotFound()


def _paid(services: Services, user: User, order: Order) -> None:
    access = user_management.entitlement(services, user)
    with st.container(key="card-good-return"):
        st.html('<span class="stamp good" aria-hidden="true"></span>')
        st.header("Payment successful", anchor=False)
        st.html("<p class='quiet' style='margin:0'>Thank you. Your dashboard is open.</p>")
        rows = [("Plan", order.plan_id.capitalize()), ("Order", order.id)]
        if order.paid_at is not None:
            rows.append(("Paid on", format_moment(order.paid_at)))
        if access.access_until is not None:
            rows.append(("Access until", format_date(access.access_until)))
        st.html(facts(rows, total=("Paid", format_rupees(order.amount_paise))))
        if st.button("Go to Dashboard", key="return-dashboard", type="primary", width="stretch"):
            st.switch_page(page("dashboard"))
        if st.button("See it in billing", key="return-billing", width="stretch"):
            st.switch_page(page("billing"))


def _failed(services: Services, user: User, order: Order, failure: payment_handler.PaymentLine) -> None:
    with st.container(key="card-bad-return"):
        st.html('<span class="stamp bad" aria-hidden="true"></span>')
        st.header("Payment failed", anchor=False)
        st.text(describe_failure(failure.status, failure.message))
        rows = [("Order", order.id), ("Amount", format_rupees(order.amount_paise))]
        if failure.method:
            rows.append(("Method", describe_method(failure.method)))
        st.html(facts(rows))
        if st.button("Try again", key="return-again", type="primary", width="stretch"):
            go_to_payment(services, user, order.plan_id, gateway=gateway_of(services, order))
        upi_button(services, user, order.plan_id, order.gateway, key="return-upi")
        st.html(
            "<p class='small quiet' style='margin:0'>No money reached us with this attempt. If your bank shows a "
            "debit, it is confirmed here within minutes and access opens, or your bank returns it.</p>"
        )
        _watch(services, order.id, ReturnState.FAILED)
        check_again()
        _access_stays(services, user)
    _help(services)


def _waiting(services: Services, user: User, order: Order, *, is_upi: bool) -> None:
    with st.container(key="card-wait-return"):
        st.header("We are waiting for the bank", anchor=False)
        st.html(
            "<p class='quiet' style='margin:0'>This page turns to the answer by itself. You may close it: access "
            "opens as soon as the payment is confirmed. Please do not pay twice.</p>"
        )
        _watch(services, order.id, ReturnState.WAITING)
        st.html(facts([("Order", order.id), ("Amount", format_rupees(order.amount_paise))]))
        check_again()
        may_pay = order.status is OrderStatus.CREATED and order.payment_session_id is not None
        if may_pay and st.button("Back to the payment page", key="return-reopen", type="tertiary"):
            go_to_payment(services, user, order.plan_id, gateway=gateway_of(services, order))
        if may_pay and is_upi:
            # A page that was reloaded has lost its code: only the gateway had it.
            upi_button(services, user, order.plan_id, order.gateway, key="return-upi")
    _ask_us(services)


def _not_paid(services: Services, user: User, order: Order) -> None:
    with st.container(key="card-wait-return"):
        st.header("No payment has arrived for this order", anchor=False)
        st.html(
            "<p class='quiet' style='margin:0'>If you paid a moment ago, it appears here by itself; please do not "
            "pay twice.</p>"
        )
        _watch(services, order.id, ReturnState.NOT_PAID)
        st.html(facts([("Order", order.id), ("Amount", format_rupees(order.amount_paise))]))
        practice_note(services.settings)
        if st.button("Complete Payment", key="return-pay", type="primary", width="stretch"):
            go_to_payment(services, user, order.plan_id, gateway=gateway_of(services, order))
        check_again()
        _access_stays(services, user)
    _help(services)


def _access_stays(services: Services, user: User) -> None:
    """To somebody who was extending: what is open stays open, and the way back to it."""
    access = user_management.entitlement(services, user)
    if not access.is_active or access.access_until is None:
        return
    st.text(f"Your access until {format_moment(access.access_until)} stays as it is.")
    if st.button("Go to Dashboard", key="return-dashboard", width="stretch"):
        st.switch_page(page("dashboard"))


@st.fragment(run_every=WAIT_SECONDS)
def _watch(services: Services, order_id: str, shown: ReturnState) -> None:
    """Re-read our books; when they say something else than is shown, run the whole page again.

    Nobody's identity outlives a session: the cookie is looked up each time.
    """
    try:
        user = session.current_user(services)
        if user is None:
            st.html(
                '<p class="small quiet" style="margin:0">You are logged out. Log in to see the answer.</p>'
            )
            return
        state, _line, _attempt = _look(services, user, order_id)
    except (SQLAlchemyError, ProductError):
        st.html(pulse("We cannot look just now. This page tries again by itself."))
        return
    if state is not shown:
        st.rerun()
    st.html(pulse("Waiting for confirmation" if shown is ReturnState.WAITING else "Looking for a payment"))


def _closed(services: Services, user: User, order: Order) -> None:
    word = "expired" if order.status is OrderStatus.EXPIRED else "was closed"
    with st.container(key="card-wait-return"):
        st.header("This order can no longer be paid", anchor=False)
        st.text(
            f"It {word} before a payment was confirmed, so it gave you no access and we hold no money for it, as "
            "far as we know now. If your bank shows a debit, a late confirmation still counts and appears here; "
            "otherwise your bank returns it."
        )
        st.html(facts([("Order", order.id), ("Amount", format_rupees(order.amount_paise))]))
        if st.button("Start a fresh payment", key="return-fresh", type="primary", width="stretch"):
            go_to_payment(services, user, order.plan_id, gateway=gateway_of(services, order))
        check_again()
    _help(services)


def _untaken(services: Services, user: User, order: Order) -> None:
    has_access = user_management.entitlement(services, user).is_active
    with st.container(key="card-wait-return"):
        st.header("Your bank gives this money back", anchor=False)
        amount = format_rupees(order.amount_paise)
        further = (
            "Your access is open and does not depend on it."
            if has_access
            else "It opens no access. A fresh payment does, and need not wait for that money."
        )
        st.text(
            f"Your bank had set {amount} aside for this order, and we did not take it: the order's time was over, or "
            "the purchase had been paid already. It is free again by itself, usually within 10 days. You need not ask "
            f"for it. {further}"
        )
        st.html(facts([("Order", order.id), ("Amount", amount)]))
        if has_access:
            if st.button("Go to Dashboard", key="return-dashboard", type="primary", width="stretch"):
                st.switch_page(page("dashboard"))
        elif st.button("Start a fresh payment", key="return-fresh", type="primary", width="stretch"):
            go_to_payment(services, user, order.plan_id, gateway=gateway_of(services, order))
    _ask_us(services)


def describe_surplus(
    line: payment_handler.OrderLine, refunds: Sequence[RefundLine], by_hand: Sequence[HandReturn]
) -> tuple[str, list[str]]:
    """A heading and sentences on money that bought nothing, payment by payment, as billing tells of them."""
    money = [payment for payment in line.payments if payment.status in MONEY]
    are_back = bool(money) and all(is_back(payment, by_hand) for payment in money)
    is_one = len(money) < 2
    came = format_rupees(line.order.amount_paise) if is_one else f"{len(money)} payments"
    goes = "went" if are_back else "goes" if is_one else "go"
    sentences = [
        f"We received {came} that your purchase did not need: it had been paid already, or this order was closed."
    ]
    for payment in money:
        told = describe_way_back(payment, refunds, by_hand)
        mine = [refund for refund in refunds if refund.gateway_payment_id == payment.gateway_payment_id]
        if not is_back(payment, by_hand) and (not mine or mine[0].status in _UNDER_WAY):
            told.append("It is returned to the account you paid from within 5 to 7 business days")
        if told:
            number = "" if is_one else f"Payment {payment.gateway_payment_id}: "
            sentences.append(f"{number}{'. '.join(told)}.")
    return f"{'This payment' if is_one else 'These payments'} {goes} back to you", sentences


def _surplus(services: Services, user: User, line: payment_handler.OrderLine) -> None:
    order = line.order
    refunds = [refund for refund in list_refunds(services, user) if refund.order_id == order.id]
    by_hand = [returned for returned in list_hand_returns(services, user) if returned.order_id == order.id]
    heading, sentences = describe_surplus(line, refunds, by_hand)
    with st.container(key="card-wait-return"):
        st.header(heading, anchor=False)
        for sentence in sentences:
            st.text(sentence)
        st.html(facts([("Order", order.id), ("Amount", format_rupees(order.amount_paise))]))
        if st.button("See it in billing", key="return-billing", width="stretch"):
            st.switch_page(page("billing"))
    _ask_us(services)


def _review(services: Services, order: Order) -> None:
    with st.container(key="card-wait-return"):
        st.header("Your payment is being checked", anchor=False)
        st.text(
            "What the payment service reported does not match this order, so a person is looking at it. Money that "
            "arrived is recorded. Please do not pay again: we give access or return the money, and write to your email."
        )
        st.html(facts([("Order", order.id), ("Amount", format_rupees(order.amount_paise))]))
    _ask_us(services)


def _help(services: Services) -> None:
    contact = support_sentence(services.settings)
    write = f" Or write to {contact} with the order id above." if contact else ""
    st.html(
        "<div class='rs-body small quiet'><p><b>The payment does not go through?</b> Try another method, allow "
        f"pop-ups for this site, or use another browser.{write}</p></div>"
    )


def _ask_us(services: Services) -> None:
    """Help for an order that must not be paid once more: no hint at other methods."""
    contact = support_sentence(services.settings)
    if contact:
        sentence = f"<b>A question?</b> Write to {contact} with the order id above."
        st.html(f"<div class='rs-body small quiet'><p>{sentence}</p></div>")
