"""The mails that a payment causes: written in the transaction that causes them, sent by a job afterwards."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from database import books, emails, plans, users
from database.queue import Job
from domain.gateway import GatewayPayment
from domain.orders import Order
from domain.subscriptions import Period
from mail import templates
from mail.sender import MailNotSent, OutgoingMail
from wiring import Services


def defer_receipt(
    services: Services,
    conn: Connection,
    order: Order,
    payment: GatewayPayment,
    payment_id: int,
    period: Period,
) -> None:
    """Put the receipt of a payment into the outbox, once."""
    user = users.find(conn, order.user_id)
    if user is None:
        return  # The account was deleted while the payment was under way: the books keep the money's trace.
    mail = templates.receipt(
        templates.Business.from_settings(services.settings),
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
    _defer(services, conn, "receipt", payment_id, user.id, user.email, mail)


def defer_activation(
    services: Services, conn: Connection, order: Order, payment_id: int, period: Period
) -> None:
    """Put the mail that says "your access is open" into the outbox, once."""
    user = users.find(conn, order.user_id)
    if user is None:
        return
    mail = templates.activation(
        templates.Business.from_settings(services.settings),
        full_name=user.full_name,
        plan_name=_plan_name(conn, order.plan_id),
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        dashboard_url=f"{services.settings.app_base_url}/dashboard",
    )
    _defer(services, conn, "activation", payment_id, user.id, user.email, mail)


def queue_receipt(services: Services, conn: Connection, order_id: str) -> bool:
    """Queue the receipt of a paid order again, unless it was sent. False when there is none."""
    found = emails.find_receipt(conn, order_id)
    if found is None:
        return False
    if found.status != "sent":
        services.queue.defer(conn, Job.SEND_MAIL, lock=f"mail:{found.id}", email_id=found.id)
    return True


def send_mail(services: Services, email_id: int) -> None:
    """Send one mail of the outbox, or keep it when no mail server is set. Raises MailNotSent to be tried again.

    At least once: a crash after the server accepted it sends it again under the same Message-ID.
    """
    try:
        with services.engine.begin() as conn:
            stored = emails.lock_unsent(conn, email_id)
            if stored is None:
                return
            if services.mail_sender is None:
                emails.mark_kept(conn, email_id)
                return
            # The row stays locked while the mail goes out: two workers must not send it together.
            services.mail_sender.send(
                OutgoingMail(
                    to_address=stored.to_address,
                    subject=stored.subject,
                    text=stored.text_body,
                    html=stored.html_body,
                    message_id=stored.message_id,
                )
            )
            emails.mark_sent(conn, email_id, now=services.now(conn))
    except MailNotSent as exc:
        with services.engine.begin() as conn:
            emails.mark_failed(conn, email_id, str(exc))
            if exc.is_permanent:
                # Trying again cannot help: a person reads why on the admin panel.
                books.raise_alarm(conn, f"mail:{email_id}", f"Mail {email_id} cannot be delivered: {exc}.")
                return
        raise


def _defer(
    services: Services,
    conn: Connection,
    kind: str,
    payment_id: int,
    user_id: UUID,
    to: str,
    mail: templates.Mail,
) -> None:
    dedupe_key = f"{kind}:{payment_id}"
    domain = services.settings.app_base_url.split("//")[-1].split(":")[0]
    email_id = emails.insert_once(
        conn,
        kind=kind,
        dedupe_key=dedupe_key,
        user_id=user_id,
        to_address=to,
        subject=mail.subject,
        text_body=mail.text,
        html_body=mail.html,
        message_id=f"<{kind}.{payment_id}@{domain}>",
    )
    if email_id is not None:
        services.queue.defer(conn, Job.SEND_MAIL, lock=f"mail:{email_id}", email_id=email_id)


def _plan_name(conn: Connection, plan_id: str) -> str:
    return next((plan.name for plan in plans.list_current(conn) if plan.id == plan_id), plan_id)
