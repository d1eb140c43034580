"""Put a mail into the outbox in the transaction that causes it, and hand it to the mail server afterwards."""

from __future__ import annotations

from uuid import UUID

import structlog
from sqlalchemy import Connection

from accounts.link_tokens import fill_in, fill_in_unsubscribe, marked_unsubscribe_url
from database import emails, personal_data
from database.queue import RETRY_LIMIT, Job
from domain.report_rules import ended_by
from mail.composing import Mail
from mail.sender import MailNotSent, OutgoingMail
from wiring import Services

log = structlog.get_logger()


def defer_mail(
    services: Services,
    conn: Connection,
    kind: str,
    cause: str,
    *,
    user_id: UUID | None,
    to: str,
    mail: Mail,
    email_token_id: UUID | None = None,
) -> None:
    """Queue one mail for one cause. The same kind and cause is queued once.

    The token of a link stays out of the database: it is put where its mark is when the mail is sent.
    """
    email_id = store_mail(
        services, conn, kind, cause, user_id=user_id, to=to, mail=mail, email_token_id=email_token_id
    )
    if email_id is not None:
        queue_mail(services, conn, email_id)


def store_mail(
    services: Services,
    conn: Connection,
    kind: str,
    cause: str,
    *,
    user_id: UUID | None,
    to: str,
    mail: Mail,
    email_token_id: UUID | None = None,
    image_digest: bytes | None = None,
    can_unsubscribe: bool = False,
) -> int | None:
    """Put one mail for one cause into the outbox, for the caller to queue. Its id; None if it is there already."""
    domain = services.settings.app_base_url.split("//")[-1].split(":")[0]
    return emails.insert_once(
        conn,
        kind=kind,
        dedupe_key=f"{kind}:{cause}",
        user_id=user_id,
        to_address=to,
        subject=mail.subject,
        text_body=mail.text,
        html_body=mail.html,
        email_token_id=email_token_id,
        message_id=f"<{kind}.{cause.replace(':', '.')}@{domain}>",
        image_digest=image_digest,
        can_unsubscribe=can_unsubscribe,
    )


def with_link(services: Services, stored: emails.StoredMail, body: str) -> str:
    """A body of a mail as its reader gets it."""
    if stored.can_unsubscribe and stored.user_id is not None:
        return fill_in_unsubscribe(services.settings, body, stored.user_id, only=ended_by(stored.kind))
    if stored.email_token_id is None or stored.purpose is None:
        return body
    return fill_in(services.settings, body, stored.email_token_id, stored.purpose)


def queue_mail(services: Services, conn: Connection, email_id: int) -> None:
    """Queue the sending of a mail that is in the outbox. Its jobs run one at a time."""
    services.queue.defer(conn, Job.SEND_MAIL, lock=f"mail:{email_id}", email_id=email_id)


def send_mail(services: Services, email_id: int) -> None:
    """Send one mail of the outbox, or keep it when no mail server is set. Raises MailNotSent to be tried again.

    At least once: a crash after the server accepted it sends it again under the same Message-ID. No
    transaction is open while the server is talked to; the queue's lock keeps two workers apart. The mail of
    an account that is closed by then is erased when nothing more is to be done with it: it told of the closing.
    """
    with services.engine.begin() as conn:
        stored = emails.find_unsent(conn, email_id)
        if stored is not None and services.mail_sender is None:
            emails.mark_kept(conn, email_id)
            personal_data.erase_mail_of_closed_account(conn, email_id)
    if stored is None or services.mail_sender is None:
        return
    try:
        services.mail_sender.send(
            OutgoingMail(
                to_address=stored.to_address,
                subject=stored.subject,
                text=with_link(services, stored, stored.text_body),
                html=with_link(services, stored, stored.html_body),
                message_id=stored.message_id,
                png=stored.png,
                unsubscribe_url=with_link(services, stored, marked_unsubscribe_url(services.settings))
                if stored.can_unsubscribe
                else "",
            )
        )
    except MailNotSent as exc:
        with services.engine.begin() as conn:
            attempts = emails.mark_failed(conn, email_id, str(exc))
            if exc.is_permanent or attempts > RETRY_LIMIT:
                personal_data.erase_mail_of_closed_account(conn, email_id)
        if exc.is_permanent:
            # Trying again cannot help; the admin panel shows the reason beside the mail.
            log.error("mail_undeliverable", email_id=email_id, reason=str(exc))
            return
        raise
    with services.engine.begin() as conn:
        emails.mark_sent(conn, email_id, now=services.now(conn))
        personal_data.erase_mail_of_closed_account(conn, email_id)
