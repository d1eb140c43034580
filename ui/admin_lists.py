"""The lists of the admin panel: which columns users, orders, payments, refunds, events and mails have."""

from __future__ import annotations

from collections.abc import Sequence

from database.events import StoredEvent
from domain.money import format_rupees
from domain.wording import format_moment
from reports.rows import MailRow, OrderRow, PaymentRow, PeriodRow, RefundRow, UserRow
from ui.admin_table import (
    EVENT,
    MAIL,
    PAYMENT,
    REFUND,
    SUBSCRIPTION,
    Column,
    code,
    link,
    moment,
    money,
    order_link,
    order_status,
    plain,
    quiet,
    sentence,
    status,
    table,
    word,
)
from ui.components import badge


def users(rows: Sequence[UserRow]) -> str:
    return table(rows, [
        Column("User", _user),
        Column("Email", lambda row: plain(row.email)),
        Column("Subscription", _subscription),
        Column("Access until (IST)", lambda row: moment(row.access_until)),
        Column("Registered (IST)", lambda row: moment(row.created_at)),
    ])  # fmt: skip


def orders(rows: Sequence[OrderRow], *, with_user: bool = True) -> str:
    columns: list[Column[OrderRow]] = [
        Column("Created (IST)", lambda row: moment(row.created_at)),
        Column("User", lambda row: link("orders", row.username, user=row.user_id)),
        Column("Order ID", lambda row: order_link("orders", row.id)),
        Column("Plan", lambda row: plain(row.plan_name)),
        Column("Status", lambda row: order_status(row) + _below(sentence(row.quarantine_reason or ""))),
        Column("Paid (IST)", lambda row: moment(row.paid_at)),
        Column("Amount", lambda row: money(row.amount_paise), is_number=True),
    ]
    return table(rows, [column for column in columns if with_user or column.name != "User"])


def payments(rows: Sequence[PaymentRow], *, with_user: bool = True, with_order: bool = True) -> str:
    columns: list[Column[PaymentRow]] = [
        Column("Time (IST)", lambda row: moment(row.occurred_at)),
        Column("User", lambda row: link("payments", row.username, user=row.user_id)),
        Column("Order and payment", _order_and_payment)
        if with_order
        else Column("Payment ID", lambda row: code(row.gateway_payment_id)),
        Column("Method", lambda row: plain(word(row.method))),
        Column("Status", _payment_status),
        Column("Amount", _payment_amount, is_number=True),
    ]
    return table(rows, [column for column in columns if with_user or column.name != "User"])


def refunds(rows: Sequence[RefundRow], *, with_order: bool = True) -> str:
    columns: list[Column[RefundRow]] = [
        Column("Asked (IST)", lambda row: moment(row.created_at)),
        Column("User", lambda row: link("refunds", row.username, user=row.user_id)),
        Column("Order ID", lambda row: order_link("refunds", row.order_id)),
        Column("Asked by", _asker),
        Column("Refund ID", lambda row: code(row.refund_key)),
        Column("Status", _refund_status),
        Column("Amount", lambda row: money(row.amount_paise), is_number=True),
    ]
    left_out = {"Refund ID"} if with_order else {"User", "Order ID"}
    return table(rows, [column for column in columns if column.name not in left_out])


def events(rows: Sequence[StoredEvent], *, with_order: bool = True) -> str:
    columns: list[Column[StoredEvent]] = [
        Column("Received (IST)", lambda row: moment(row.received_at)),
        Column("Event", lambda row: link("events", row.event_type, event=row.id)),
        Column("Gateway", lambda row: plain(word(row.gateway))),
        Column("Order ID", lambda row: order_link("events", row.order_id)),
        Column("Status", lambda row: status(EVENT, row.status)),
        Column("Processed (IST)", lambda row: moment(row.processed_at)),
    ]
    return table(rows, [column for column in columns if with_order or column.name != "Order ID"])


def mails(rows: Sequence[MailRow], *, with_address: bool = True) -> str:
    columns: list[Column[MailRow]] = [
        Column("Written (IST)", lambda row: moment(row.created_at)),
        Column("To", lambda row: plain(row.to_address)),
        Column("Subject", lambda row: link("mails", row.subject or "(no subject)", mail=row.id)),
        Column("Status", lambda row: status(MAIL, row.status) + _below(_mail_trouble(row))),
        Column("Sent (IST)", lambda row: moment(row.sent_at)),
    ]
    return table(rows, [column for column in columns if with_address or column.name != "To"])


def periods(rows: Sequence[PeriodRow]) -> str:
    return table(rows, [
        Column("Plan", lambda row: plain(row.plan_name)),
        Column("From (IST)", lambda row: moment(row.starts_at)),
        Column("Until (IST)", lambda row: moment(row.ends_at)),
        Column("Ended early (IST)", _early_end),
        Column("Given by", _giver),
    ])  # fmt: skip


def _user(row: UserRow) -> str:
    return link("users", row.username, user=row.id) + _role(row) + _below(row.full_name)


def _subscription(row: UserRow) -> str:
    return status(SUBSCRIPTION, row.subscription_status) + _below(row.plan_name)


def _role(row: UserRow) -> str:
    marks = [badge("Admin")] if row.role == "admin" else []
    if row.deleted_at is not None:
        marks.append(badge("Deleted"))
    elif row.account_status == "disabled":
        marks.append(badge("Disabled", "warn"))
    return "".join(f" {mark}" for mark in marks)


def charged(row: PaymentRow) -> str:
    """What the payer was charged, in its own currency."""
    amount = format_rupees(row.charged_paise)
    return amount if row.charged_currency == "INR" else f"{row.charged_currency} {amount.removeprefix('₹')}"


def _order_and_payment(row: PaymentRow) -> str:
    return f"{order_link('payments', row.order_id)}<br>{code(row.gateway_payment_id)}"


def _asker(row: RefundRow) -> str:
    who = row.requested_by or ("The gateway" if row.origin == "gateway" else "This site, by itself")
    return plain(who) + _below(row.reason)


def _refund_status(row: RefundRow) -> str:
    at = row.processed_at or row.updated_at
    mark = badge("Returned by hand", "good") if row.origin == "by_hand" else status(REFUND, row.status)
    return mark + _below(format_moment(at))


def _payment_status(row: PaymentRow) -> str:
    mark = badge("Duplicate", "warn") if row.role == "duplicate" else ""
    # Of money that came the gateway says "success" once more, each in other letters.
    said = "" if row.status in {"captured", "refunded", "held"} else row.message
    if " " not in said:
        said = word(said)
    return f"{status(PAYMENT, row.status)} {mark}{_below(said)}"


def _payment_amount(row: PaymentRow) -> str:
    lines = [money(row.amount_paise)]
    if (row.charged_paise, row.charged_currency) != (row.amount_paise, "INR"):
        lines.append(quiet(f"charged {charged(row)}"))
    if row.refunded_paise:
        lines.append(quiet(f"{format_rupees(row.refunded_paise)} returned"))
    if row.returned_by_hand_paise:
        lines.append(quiet(f"{format_rupees(row.returned_by_hand_paise)} returned by hand"))
    return "<br>".join(lines)


def _giver(row: PeriodRow) -> str:
    if row.order_id is not None:
        return order_link("users", row.order_id)
    return plain(row.granted_by) + _below(row.grant_reason)


def _early_end(row: PeriodRow) -> str:
    if row.ended_by is None:
        return moment(row.revoked_at)
    return f"{moment(row.revoked_at)}{_below(f'by {row.ended_by}: {row.end_reason}')}"


def _mail_trouble(row: MailRow) -> str | None:
    if row.status == "queued" and row.last_error:
        return f"Try {row.attempts}: {row.last_error}"
    return None


def _below(text: str | None) -> str:
    return f"<br>{quiet(text)}" if text else ""
