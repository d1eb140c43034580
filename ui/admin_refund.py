"""Return money of an order: amount and reason first, then what it means, then one click.

The refund's key is made when the form is shown and kept until the refund is in the books: a second click,
a second tab of the same session or a page that was stopped half-way asks for the same refund.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from html import escape

import streamlit as st

import payment_handler
from billing import desk
from billing.refunds import SMALLEST_PAISE
from domain.accounts import User
from domain.errors import ProductError
from domain.identifiers import new_refund_key
from domain.money import format_rupees, paise_from_rupees
from domain.orders import PaymentRole
from domain.refunds import RefundablePayment, RefundStatus
from domain.wording import format_moment
from reports.rows import OrderReport
from ui.admin_actions import run
from ui.components import Tone, facts, notice
from wiring import Services

_DRAFT = "admin-refund-draft"
# Indian or plain grouping: 1,50 is neither and could mean 1.50.
_AMOUNT = re.compile(r"(?:\d{1,10}|\d{1,2}(?:,\d{2})*,\d{3}|\d{1,3}(?:,\d{3})+)(?:\.\d{1,2})?", re.ASCII)
_REASON_CHARACTERS = 100
_BESIDE_A_GOOD_PAYMENT = (
    "A refund of the payment that opened access can be asked for after that: until then the gateway could take the "
    "one for the other."
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A refund of one payment. `is_checked`: amount and reason are good, the last click is missing."""

    order_id: str
    payment_id: int
    refund_key: str
    amount_paise: int
    reason: str = ""
    is_checked: bool = False


def return_money(services: Services, user: User, report: OrderReport, *, view: str) -> None:
    """The form, or the question that follows it. Nothing for an order of which no refund can be asked now."""
    payment = report.refundable
    if payment is None:
        return
    draft = _draft(report, payment)
    st.html('<div class="plan-head"><span>Return money</span></div>')
    if draft.is_checked:
        _ask(services, user, report, payment, draft, view=view)
    else:
        _form(payment, draft)


def waiting_notice(report: OrderReport) -> None:
    """That money of this order opened no access and does not go back by itself, with what a person can do about it."""
    payment = report.waiting
    if payment is None:
        return
    amount = format_rupees(payment.amount_paise)
    may_ask = report.refundable is not None and report.refundable.id == payment.id
    beside = "" if may_ask else f" {_BESIDE_A_GOOD_PAYMENT}"
    if is_refused(report, payment):
        once_more = "ask the gateway once more below, or " if may_ask else ""
        notice(
            f"{amount} of this order opened no access, and the gateway did not return it. Its buyer waits until you "
            f"act: {once_more}send the money in another way and write down how.{beside}",
            "bad",
        )
    else:
        notice(
            f"{amount} of this order opened no access. The gateway returns a second payment by itself, within a day as "
            f"a rule; if it does not, send the money in another way and write down how.{beside}",
            "warn",
        )


def is_refused(report: OrderReport, payment: RefundablePayment) -> bool:
    """True when the gateway was asked to return a payment and the last answer was no."""
    mine = (row for row in report.refunds if row.gateway_payment_id == payment.gateway_payment_id)
    return any(row.status == RefundStatus.FAILED for row in mine)


def settle_by_hand(services: Services, user: User, report: OrderReport, *, view: str) -> None:
    """What was settled by hand, and the form for money of which the gateway returns nothing."""
    for row in report.settled:
        words = f"{format_rupees(row.amount_paise)} settled by hand by {row.by}, {format_moment(row.at)}: {row.reason}"
        st.html(f'<p class="small" style="margin:0">{escape(words)}</p>')
    payment = report.waiting
    if payment is None:
        return
    amount = format_rupees(payment.amount_paise)
    key = f"admin-by-hand-{payment.id}"
    more = st.expander("Returned in another way?", key=f"{key}-more", expanded=is_refused(report, payment))
    with more, st.form(key, border=False):
        st.html(
            f'<p class="small quiet" style="margin:0">If the gateway cannot return the {amount}, send it yourself, '
            "then write here how. No refund can be asked for it after that.</p>"
        )
        reason = st.text_input("How it went back", key=f"{key}-reason", max_chars=_REASON_CHARACTERS)
        sent = st.form_submit_button(f"{amount} settled by hand", key=f"{key}-go")
    if sent:
        act = partial(_settle, services, user, report.order.id, payment.id, reason or "")
        run(act, view=view, waiting="Writing it down …")


def _settle(services: Services, user: User, order_id: str, payment_id: int, reason: str) -> tuple[str, Tone]:
    if desk.settle_by_hand(services, user, order_id=order_id, payment_id=payment_id, reason=reason):
        return "It is written down in your name. Nothing of this payment waits any more.", "good"
    return "Somebody has written that down already.", ""


def read_amount(text: str, *, most_paise: int) -> int:
    """Paise of what was typed. Raises ValueError with the sentence to show."""
    compact = re.sub(r"[₹\s]", "", text)
    if not _AMOUNT.fullmatch(compact):
        raise ValueError("Write an amount in rupees, like 1,234.50.")
    paise = paise_from_rupees(compact.replace(",", ""))
    if not SMALLEST_PAISE <= paise <= most_paise:
        raise ValueError(
            f"From {format_rupees(SMALLEST_PAISE)} to {format_rupees(most_paise)} can be returned."
        )
    return paise


def consequence(payment: RefundablePayment, amount_paise: int) -> str:
    """What a refund of this amount does to access."""
    if payment.role is PaymentRole.DUPLICATE:
        return "This money bought no access, so none changes."
    if amount_paise == payment.left_paise:
        return (
            f"With this, all of the {format_rupees(payment.amount_paise)} goes back: the access that this order "
            "bought ends when the bank confirms it."
        )
    return "This is a part: it never ends access."


def _draft(report: OrderReport, payment: RefundablePayment) -> Draft:
    draft: Draft | None = st.session_state.get(_DRAFT)
    is_used = draft is not None and any(row.refund_key == draft.refund_key for row in report.refunds)
    if draft is not None and not is_used and draft.order_id == report.order.id:
        if draft.payment_id == payment.id:
            return draft
        notice("This order has changed: what can be returned now is another payment than before.", "warn")
    draft = Draft(report.order.id, payment.id, new_refund_key(), payment.left_paise)
    st.session_state[_DRAFT] = draft
    return draft


def _form(payment: RefundablePayment, draft: Draft) -> None:
    key = f"admin-refund-{draft.refund_key}"
    with st.form(key, border=False):
        left, right = st.columns([1, 1.6], gap="small")
        amount = left.text_input(
            "Amount in rupees",
            value=format_rupees(min(draft.amount_paise, payment.left_paise)).removeprefix("₹"),
            key=f"{key}-amount",
            max_chars=20,
        )
        reason = right.text_input(
            "Reason", value=draft.reason, key=f"{key}-reason", max_chars=_REASON_CHARACTERS,
            placeholder="Kept in the audit log",
        )  # fmt: skip
        trouble = st.empty()
        st.html(f'<p class="small quiet" style="margin:0">{escape(_rule(payment))}</p>')
        sent = st.form_submit_button("Continue", key=f"{key}-continue")
    if not sent:
        return
    try:
        paise = read_amount(amount or "", most_paise=payment.left_paise)
    except ValueError as exc:
        _refuse(trouble, str(exc))
        return
    if not (reason or "").strip():
        _refuse(trouble, "Please give a reason.")
        return
    st.session_state[_DRAFT] = replace(draft, amount_paise=paise, reason=reason.strip(), is_checked=True)
    st.rerun()


def _rule(payment: RefundablePayment) -> str:
    if payment.role is PaymentRole.DUPLICATE:
        return f"At most {format_rupees(payment.left_paise)}. This money bought no access."
    return (
        f"At most {format_rupees(payment.left_paise)}. A full refund ends access when the bank confirms it; "
        "a partial one never does."
    )


def _refuse(place: st.delta_generator.DeltaGenerator, sentence: str) -> None:
    place.html(f'<p class="field-error" role="alert">{escape(sentence)}</p>')


def _ask(
    services: Services,
    user: User,
    report: OrderReport,
    payment: RefundablePayment,
    draft: Draft,
    *,
    view: str,
) -> None:
    amount = format_rupees(draft.amount_paise)
    rows = [("To", report.order.full_name), ("Amount", amount), ("Reason", draft.reason)]
    st.html(facts([*rows, ("Of payment", payment.gateway_payment_id)]))
    st.html(
        f'<div class="notice warn" role="status">{escape(consequence(payment, draft.amount_paise))} '
        "Once the payment service has it, a refund cannot be taken back.</div>"
    )

    def use_case() -> tuple[str, Tone]:
        try:
            payment_handler.request_refund(
                services,
                user,
                order_id=draft.order_id,
                payment_id=draft.payment_id,
                amount_paise=draft.amount_paise,
                reason=draft.reason,
                refund_key=draft.refund_key,
            )
        except ProductError:
            st.session_state[_DRAFT] = replace(draft, is_checked=False)
            raise
        return f"The refund of {amount} is requested. How far it is stands under Refunds.", "good"

    key = f"admin-refund-{draft.refund_key}"
    with st.container(key="admin-refund-ask", horizontal=True, gap="small"):
        if st.button(f"Return {amount}", key=f"{key}-go", type="primary"):
            run(use_case, view=view, waiting="Writing the refund down …")
        if st.button("Change", key=f"{key}-back"):
            st.session_state[_DRAFT] = replace(draft, is_checked=False)
            st.rerun()
