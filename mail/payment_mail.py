"""Mails about money: the receipt, the way in, and what went back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.money import format_rupees
from mail.composing import Business, Mail, in_india, one_line, web_address

_METHOD_NAMES = {
    "upi": "UPI",
    "netbanking": "Net banking",
    "net_banking": "Net banking",
    "emi": "EMI",
    "cardless_emi": "Cardless EMI",
    "paylater": "Pay later",
    "app": "Wallet",
}


def receipt(
    business: Business,
    *,
    full_name: str,
    order_id: str,
    plan_name: str,
    amount_paise: int,
    charged_paise: int,
    paid_at: datetime,
    method: str,
    gateway_payment_id: str,
    starts_at: datetime,
    ends_at: datetime,
    revoked_at: datetime | None = None,
    returned: Sequence[tuple[datetime, int]] = (),
) -> Mail:
    """The receipt for one payment. `charged_paise` is shown when the bank was asked for another amount.

    `revoked_at` is when its access ended before its time; `returned` what went back since, each with its time and
    paise.
    """
    amount = format_rupees(amount_paise)
    rows = [
        ("Plan", f"{plan_name}, prepaid"),
        ("Access from", in_india(starts_at)),
        ("Access until" if revoked_at is None else "Access ended", in_india(revoked_at or ends_at)),
        ("Paid on", in_india(paid_at)),
        ("Paid by", method_name(method)),
        ("Order ID", order_id),
        ("Payment ID", gateway_payment_id),
        ("Amount", amount),
        ("Charged to you", format_rupees(charged_paise) if charged_paise != amount_paise else ""),
        *((f"Returned on {in_india(at)}", format_rupees(paise)) for at, paise in returned),
    ]
    return Mail.composed(
        "receipt",
        business,
        subject=f"Receipt for {amount}: {business.name} {plan_name} plan ({order_id})",
        full_name=one_line(full_name),
        plan_name=one_line(plan_name),
        amount=amount,
        is_charged_otherwise=charged_paise != amount_paise,
        rows=[(label, one_line(value)) for label, value in rows if value],
    )


def activation(
    business: Business,
    *,
    full_name: str,
    plan_name: str,
    starts_at: datetime,
    ends_at: datetime,
    dashboard_url: str,
) -> Mail:
    """The news that a subscription is open, with the way in."""
    return Mail.composed(
        "activation",
        business,
        subject=f"Your {business.name} {plan_name} plan is active",
        full_name=one_line(full_name),
        plan_name=one_line(plan_name),
        ends_at=in_india(ends_at),
        dashboard_url=web_address(dashboard_url),
        rows=[
            ("Plan", one_line(plan_name)),
            ("Access from", in_india(starts_at)),
            ("Access until", in_india(ends_at)),
        ],
    )


def refund(
    business: Business,
    *,
    full_name: str,
    order_id: str,
    plan_name: str,
    amount_paise: int,
    refund_key: str,
    access_ends: bool,
) -> Mail:
    """The news that money went back, and what that means for the access."""
    amount = format_rupees(amount_paise)
    return Mail.composed(
        "refund",
        business,
        subject=f"We returned {amount} to you ({order_id})",
        full_name=one_line(full_name),
        amount=amount,
        access_ends=access_ends,
        rows=[
            ("Amount", amount),
            ("Plan", one_line(plan_name)),
            ("Order ID", order_id),
            ("Refund ID", one_line(refund_key)),
        ],
    )


def returned_by_hand(
    business: Business,
    *,
    full_name: str,
    order_id: str,
    plan_name: str,
    amount_paise: int,
    returned_at: datetime,
    gateway_payment_id: str,
) -> Mail:
    """The news that money went back in another way than through the payment service. It claims nothing of why."""
    amount = format_rupees(amount_paise)
    return Mail.composed(
        "returned_by_hand",
        business,
        subject=f"We returned {amount} to you ({order_id})",
        full_name=one_line(full_name),
        amount=amount,
        rows=[
            ("Amount", amount),
            ("Returned on", in_india(returned_at)),
            ("Plan", one_line(plan_name)),
            ("Order ID", order_id),
            ("Payment ID", one_line(gateway_payment_id)),
        ],
    )


def method_name(method: str) -> str:
    """A gateway's word for a way to pay as a person writes it: `credit_card` becomes "Credit card"."""
    word = one_line(method).lower()
    return _METHOD_NAMES.get(word) or word.replace("_", " ").capitalize()
