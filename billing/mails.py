"""The mails about money and access: receipt, access that is open, given or ended early, and money returned."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from billing.outbox import defer_mail, queue_mail
from database import emails, plans, subscriptions, users
from database.grants import GrantRow
from database.refunds import RefundRow
from domain.accounts import User
from domain.gateway import GatewayPayment
from domain.orders import Order
from domain.refunds import RefundablePayment
from domain.subscriptions import Period
from mail import access_mail, payment_mail
from mail.composing import Business
from wiring import Services


def defer_receipt(
    services: Services,
    conn: Connection,
    order: Order,
    payment: GatewayPayment,
    period: Period,
) -> None:
    """Put the receipt of a payment into the outbox, once."""
    user = users.find(conn, order.user_id)
    if user is None:
        return  # The account was deleted while the payment was under way: the books keep the money's trace.
    mail = payment_mail.receipt(
        Business.from_settings(services.settings),
        full_name=user.full_name,
        order_id=order.id,
        plan_name=_plan_name(conn, order.plan_id),
        amount_paise=order.amount_paise,
        charged_paise=payment.charged_paise,
        paid_at=payment.paid_at or period.starts_at,
        method=payment.method,
        gateway_payment_id=payment.gateway_payment_id,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
    )
    cause = _cause(order, payment)
    defer_mail(services, conn, "receipt", cause, user_id=user.id, to=user.email, mail=mail)


def defer_activation(
    services: Services, conn: Connection, order: Order, payment: GatewayPayment, period: Period
) -> None:
    """Put the mail that says "your access is open" into the outbox, once."""
    user = users.find(conn, order.user_id)
    if user is None:
        return
    mail = payment_mail.activation(
        Business.from_settings(services.settings),
        full_name=user.full_name,
        plan_name=_plan_name(conn, order.plan_id),
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        dashboard_url=f"{services.settings.app_base_url}/dashboard",
    )
    cause = _cause(order, payment)
    defer_mail(services, conn, "activation", cause, user_id=user.id, to=user.email, mail=mail)


def defer_refund(
    services: Services, conn: Connection, order: Order, refund: RefundRow, *, access_ends: bool
) -> None:
    """Put the mail that says "your money went back" into the outbox, once for each refund."""
    user = users.find(conn, order.user_id)
    if user is None:
        return
    mail = payment_mail.refund(
        Business.from_settings(services.settings),
        full_name=user.full_name,
        order_id=order.id,
        plan_name=_plan_name(conn, order.plan_id),
        amount_paise=refund.amount_paise,
        refund_key=refund.refund_key,
        access_ends=access_ends,
    )
    defer_mail(services, conn, "refund", refund.refund_key, user_id=user.id, to=user.email, mail=mail)


def defer_returned_by_hand(
    services: Services, conn: Connection, order: Order, payment: RefundablePayment, *, returned_at: datetime
) -> None:
    """Put the mail that says "your money went back in another way" into the outbox, once for each payment."""
    user = users.find(conn, order.user_id)
    if user is None:
        return
    mail = payment_mail.returned_by_hand(
        Business.from_settings(services.settings),
        full_name=user.full_name,
        order_id=order.id,
        plan_name=_plan_name(conn, order.plan_id),
        amount_paise=payment.amount_paise,
        returned_at=returned_at,
        gateway_payment_id=payment.gateway_payment_id,
    )
    cause = f"{order.gateway}:{payment.gateway_payment_id}"
    defer_mail(services, conn, "returned_by_hand", cause, user_id=user.id, to=user.email, mail=mail)


def defer_access_given(services: Services, conn: Connection, user: User, period: Period) -> None:
    """Put the mail that says "you were given access" into the outbox, once for each grant."""
    mail = access_mail.access_given(
        Business.from_settings(services.settings),
        full_name=user.full_name,
        plan_name=_plan_name(conn, period.plan_id),
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        dashboard_url=f"{services.settings.app_base_url}/dashboard",
    )
    cause = str(period.grant_id)
    defer_mail(services, conn, "access_given", cause, user_id=user.id, to=user.email, mail=mail)


def defer_access_ended(services: Services, conn: Connection, ended: GrantRow, now: datetime) -> None:
    """Put the mail that says "access that you were given has ended early" into the outbox, once for each grant.

    Call it when the period has ended: what is left of other access is read here, and told.
    """
    user = users.find(conn, ended.user_id)
    if user is None:
        return
    subscription = subscriptions.find(conn, user.id)
    until = None if subscription is None else subscription.access_until()
    mail = access_mail.access_ended(
        Business.from_settings(services.settings),
        full_name=user.full_name,
        plan_name=_plan_name(conn, ended.plan_id),
        ended_at=now,
        given_until=ended.ends_at,
        access_until=until if until is not None and until > now else None,
        billing_url=f"{services.settings.app_base_url}/billing",
    )
    defer_mail(services, conn, "access_ended", str(ended.id), user_id=user.id, to=user.email, mail=mail)


def queue_receipt(services: Services, conn: Connection, order_id: str) -> bool:
    """Queue the receipt of a paid order again, unless it was sent. False when there is none."""
    found = emails.find_receipt(conn, order_id)
    if found is None:
        return False
    if found.status != "sent":
        queue_mail(services, conn, found.id)
    return True


def _cause(order: Order, payment: GatewayPayment) -> str:
    """The gateway's id of the payment: a row that was rebuilt after a loss has another id of ours."""
    return f"{order.gateway}:{payment.gateway_payment_id}"


def _plan_name(conn: Connection, plan_id: str) -> str:
    return next((plan.name for plan in plans.list_current(conn) if plan.id == plan_id), plan_id)
