"""The billing page: what an account may use until when, the way to pay, what was given, and every order."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

import payment_handler
import user_management
from billing.grants import GivenLine, GivenState, list_given
from billing.returns import (
    HandReturn,
    RefundLine,
    ReturnedAccess,
    find_returned_access,
    list_hand_returns,
    list_refunds,
)
from domain.accounts import User
from domain.money import format_rupees
from domain.orders import OrderStatus, PaymentStatus
from domain.plans import Plan
from domain.refunds import RefundStatus
from domain.subscriptions import SubscriptionStatus
from domain.wording import format_date, format_moment, format_phone
from ui.activation import activate_form, describe_returned_access, wanted_plan
from ui.components import Tone, badge, demo_note, empty_state, facts, footer, practice_note, support_sentence
from ui.pages import page
from ui.paying import go_to_payment
from ui.payment_words import describe_failure, describe_method
from wiring import Services

_SUBSCRIPTION: dict[SubscriptionStatus, tuple[str, Tone]] = {
    SubscriptionStatus.PENDING: ("Not paid yet", "warn"),
    SubscriptionStatus.ACTIVE: ("Active", "good"),
    SubscriptionStatus.CANCELLED: ("Cancelled", ""),
    SubscriptionStatus.EXPIRED: ("Expired", "warn"),
}
_ORDER: dict[OrderStatus, tuple[str, Tone]] = {
    OrderStatus.CREATING: ("Not paid", ""),
    OrderStatus.UNKNOWN: ("Not paid", ""),
    OrderStatus.CREATED: ("Not paid", ""),
    OrderStatus.FAILED: ("Not opened", ""),
    OrderStatus.SUPERSEDED: ("Replaced", ""),
    OrderStatus.EXPIRED: ("Expired", ""),
    OrderStatus.TERMINATED: ("Closed", ""),
    OrderStatus.PAID: ("Paid", "good"),
    OrderStatus.SURPLUS: ("Being returned to you", "warn"),
    OrderStatus.QUARANTINED: ("Being checked", "warn"),
}
_GIVEN: dict[GivenState, tuple[str, Tone]] = {
    GivenState.COMING: ("Begins later", ""),
    GivenState.RUNNING: ("Running", "good"),
    GivenState.OVER: ("Over", ""),
    GivenState.ENDED_EARLY: ("Ended early", ""),
}
_MONEY = frozenset({PaymentStatus.CAPTURED, PaymentStatus.REFUNDED})


def render(services: Services, user: User | None) -> None:
    """The page /billing."""
    if user is None:
        st.switch_page(page("login"), query_params={"next": "billing"})
    access = user_management.entitlement(services, user)
    with st.container(key="middle-billing"):
        st.title("Billing", anchor=False)
        left, right = st.columns([1.05, 0.95], gap="medium")
        with left, st.container(key="card-billing-status"):
            _status(access, None if access.is_active else find_returned_access(services, user))
            if access.is_active:
                _extend(services, user)
            else:
                activate_form(services, user, key="billing")
        with right, st.container(key="card-billing-account"):
            _account(user)
        _given(list_given(services, user))
        st.subheader("Orders", anchor=False)
        lines = payment_handler.list_orders(services, user)
        _orders(lines, list_refunds(services, user), list_hand_returns(services, user))
        if any(payment.status in _MONEY for line in lines for payment in line.payments):
            _refund_note(services)
    footer(services.settings)


def _status(access: user_management.Entitlement, returned: ReturnedAccess | None) -> None:
    word, tone = _SUBSCRIPTION[access.status]
    if returned is not None:
        word, tone = ("Ended" if returned.amount_paise is None else "Refunded"), ""
    if access.is_active and access.access_until is not None:
        name = f"{access.plan_name} plan" if access.plan_name else "Access"
        days = access.days_left or 0
        st.html(f'<div class="plan-head"><span>{escape(name)}</span>{badge(word, tone)}</div>')
        st.html(facts([
            *([("This period", "Given by us")] if access.is_given else []),
            ("Access until", format_moment(access.access_until)),
            ("Days left", str(days)),
            ("Renews by itself", "No"),
        ]))  # fmt: skip
        if st.button("Go to Dashboard", key="billing-dashboard", type="primary", width="stretch"):
            st.switch_page(page("dashboard"))
        return
    st.html(f'<div class="plan-head"><span>No active subscription</span>{badge(word, tone)}</div>')
    if returned is not None:
        st.text(describe_returned_access(returned))
    elif access.status is SubscriptionStatus.EXPIRED and access.access_until is not None:
        st.text(
            f"Your access ended on {format_date(access.access_until)}. Your account and its history stay."
        )


def _extend(services: Services, user: User) -> None:
    st.html(
        '<p class="small quiet" style="margin:.5rem 0 0"><b>Extend your access.</b> The new period begins when the '
        "present one ends. Nothing renews by itself.</p>"
    )
    wanted = wanted_plan(services, user)
    plans: list[Plan] = sorted(payment_handler.list_plans(services), key=lambda plan: plan.id != wanted)
    for plan in plans:
        label = f"Extend by a {plan.period_word} ({format_rupees(plan.amount_paise)})"
        if st.button(label, key=f"billing-extend-{plan.id}", width="stretch"):
            go_to_payment(services, user, plan.id)
    practice_note(services.settings)
    demo_note(services)


def _account(user: User) -> None:
    st.html('<div class="plan-head"><span>Account</span></div>')
    st.html(facts([
        ("Name", user.full_name),
        ("Username", user.username),
        ("Email", user.email),
        ("Phone", format_phone(user.phone)),
        ("State for GST", user.state or "Not given"),
    ]))  # fmt: skip


def _given(lines: Sequence[GivenLine]) -> None:
    """Access that nobody paid for. Nothing for whom nothing was given."""
    if not lines:
        return
    st.subheader("Given by us", anchor=False)
    rows = "".join(
        f'<tr><td data-name="Plan">{escape(line.plan_name)}</td>'
        f'<td data-name="From">{format_moment(line.starts_at)}</td>'
        f'<td data-name="Until">{format_moment(line.ends_at)}</td>'
        f'<td data-name="Status"><div>{_given_status(line)}{_ended_on(line)}</div></td></tr>'
        for line in lines
    )
    st.html(
        '<div class="table-box"><table class="plain stacking figures"><thead><tr><th>Plan</th><th>From</th>'
        f"<th>Until</th><th>Status</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
    is_to_come = any(line.state in {GivenState.COMING, GivenState.RUNNING} for line in lines)
    st.html(
        '<p class="small quiet" style="margin:0">You paid nothing for this access, so there is no receipt and nothing '
        f"to return.{' It ends by itself.' if is_to_come else ''}</p>"
    )


def _given_status(line: GivenLine) -> str:
    # What never began did not end early.
    if line.ended_at is not None and line.ended_at <= line.starts_at:
        return badge("Withdrawn", "")
    return badge(*_GIVEN[line.state])


def _ended_on(line: GivenLine) -> str:
    return f'<div class="small quiet">on {format_moment(line.ended_at)}</div>' if line.ended_at else ""


def _orders(
    lines: list[payment_handler.OrderLine], refunds: list[RefundLine], by_hand: list[HandReturn]
) -> None:
    if not lines:
        empty_state(
            "No orders yet", "When you choose a plan, its order and every payment attempt are listed here."
        )
        return
    rows = "".join(
        _order_row(
            line,
            [refund for refund in refunds if refund.order_id == line.order.id],
            [returned for returned in by_hand if returned.order_id == line.order.id],
        )
        for line in lines
    )
    st.html(
        '<div class="table-box"><table class="plain stacking figures"><thead><tr><th>Date</th><th>Plan</th>'
        '<th>Status</th><th>Order and payment</th><th class="num">Amount</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _order_row(line: payment_handler.OrderLine, refunds: list[RefundLine], by_hand: list[HandReturn]) -> str:
    order = line.order
    word, tone = describe_order(line, by_hand)
    details = [f'<span class="mono">{escape(order.id)}</span>']
    if order.status is OrderStatus.PAID:
        details.append(
            f' <a class="small" href="/receipts/{escape(order.id)}" target="_blank" rel="noopener">Receipt</a>'
        )
    for payment in line.payments:
        details.append(_attempt(payment, order.status))
        details += [
            f'<div class="small">{escape(sentence)}</div>'
            for sentence in describe_way_back(payment, refunds, by_hand)
        ]
    return (
        f'<tr><td data-name="Date">{format_date(order.created_at)}</td>'
        f'<td data-name="Plan">{escape(line.plan_name)}</td>'
        f'<td data-name="Status">{badge(word, tone)}</td>'
        f'<td data-name="Order"><div>{"".join(details)}</div></td>'
        f'<td data-name="Amount" class="num"><b>{format_rupees(order.amount_paise)}</b></td></tr>'
    )


def describe_order(line: payment_handler.OrderLine, by_hand: Sequence[HandReturn] = ()) -> tuple[str, Tone]:
    """What became of an order, in words that never run ahead of its money: a refund is told when it is done."""
    money = [payment for payment in line.payments if payment.status in _MONEY]
    if money and all(is_back(payment, by_hand) for payment in money):
        return ("Returned to you" if line.order.status is OrderStatus.SURPLUS else "Refunded"), ""
    return _ORDER[line.order.status]


def is_back(payment: payment_handler.PaymentLine, by_hand: Sequence[HandReturn]) -> bool:
    """True when the buyer has all of a payment again, through the payment service or in another way."""
    return payment.status is PaymentStatus.REFUNDED or any(
        returned.gateway_payment_id == payment.gateway_payment_id for returned in by_hand
    )


def describe_way_back(
    payment: payment_handler.PaymentLine, refunds: Sequence[RefundLine], by_hand: Sequence[HandReturn]
) -> list[str]:
    """What went back of a payment, a sentence for each, the oldest first.

    Once it is back in another way, nobody waits for the refund that failed before.
    """
    mine = [refund for refund in refunds if refund.gateway_payment_id == payment.gateway_payment_id]
    other = [returned for returned in by_hand if returned.gateway_payment_id == payment.gateway_payment_id]
    told = [refund for refund in reversed(mine) if not (other and refund.status is RefundStatus.FAILED)]
    return [*map(describe_refund, told), *map(describe_hand_return, other)]


def describe_hand_return(returned: HandReturn) -> str:
    """That money is back in another way, with its date: the day on which it was written down."""
    amount, day = format_rupees(returned.amount_paise), format_date(returned.returned_at)
    return f"{amount} returned to you in another way on {day}"


def describe_refund(refund: RefundLine) -> str:
    """How far a refund is, in a sentence that claims no more than the payment service said."""
    amount = format_rupees(refund.amount_paise)
    if refund.status is RefundStatus.PROCESSED and refund.processed_at is not None:
        return f"{amount} returned on {format_date(refund.processed_at)}"
    if refund.status is RefundStatus.PENDING:
        return f"Refund of {amount} is with your bank"
    if refund.status is RefundStatus.FAILED:
        return f"Refund of {amount} did not go through; we have been told"
    return f"Refund of {amount} is on its way to your bank"


def _attempt(payment: payment_handler.PaymentLine, order_status: OrderStatus) -> str:
    method, when = describe_method(payment.method), format_moment(payment.occurred_at)
    if payment.is_untaken:
        parts = ["Not taken", method, when, describe_failure(payment.status, payment.message)]
    elif payment.is_unsuccessful:
        parts = ["Attempt failed", method, when, describe_failure(payment.status, payment.message)]
    elif payment.status is PaymentStatus.PENDING:
        parts = ["Waiting for the bank", method, when]
    else:
        parts = [method, when, f"payment {payment.gateway_payment_id}"]
        if order_status is OrderStatus.QUARANTINED:
            parts.insert(0, "Being checked")
    return f'<div class="small quiet">{escape(" · ".join(part for part in parts if part))}</div>'


def _refund_note(services: Services) -> None:
    contact = support_sentence(services.settings)
    write = f"Write to {contact} with" if contact else "Send us"
    st.html(
        f'<div class="rs-body small quiet"><p><b>Need a refund?</b> {write} the order id, the payment id and the '
        "reason. An approved refund arrives within 5 to 7 business days.</p></div>"
    )
