"""Links by mail: asked for in the caller's transaction, composed by a job, used once."""

from __future__ import annotations

from uuid import UUID

import structlog
from sqlalchemy import Connection

from accounts.link_tokens import marked_url, read_token
from billing.outbox import defer_mail
from database import email_tokens, users
from database.queue import Job
from domain.accounts import User
from domain.errors import LinkRefused
from domain.links import LIFETIMES, Purpose, SpentLink
from mail import account_mail
from mail.composing import Business
from wiring import Services

log = structlog.get_logger()

NIL = UUID(int=0)


def request_link(
    services: Services, conn: Connection, purpose: Purpose, *, user_id: UUID | None, to: str
) -> None:
    """Let a link go to an address of a user; it replaces an unused one. Without a user nothing is sent.

    Both take the same steps, so that time does not tell which accounts exist.
    """
    now = services.now(conn)
    users.lock(conn, user_id or NIL)
    token_id = email_tokens.insert(
        conn,
        purpose,
        user_id=user_id,
        email="" if user_id is None else to,
        expires_at=now + LIFETIMES[purpose],
        now=now,
    )
    services.queue.defer(conn, Job.SEND_LINK, token_id=str(token_id))


def send_link(services: Services, token_id: str) -> None:
    """Put the mail with a link into the outbox, once, unless nobody waits for it any more."""
    with services.engine.begin() as conn:
        waiting = email_tokens.find_waiting(conn, UUID(token_id), now=services.now(conn))
        user = None if waiting is None or waiting.user_id is None else users.find(conn, waiting.user_id)
        if waiting is None or user is None:
            return
        mail = account_mail.link(
            Business.from_settings(services.settings),
            purpose=waiting.purpose,
            url=marked_url(services.settings, waiting.purpose),
        )
        defer_mail(
            services,
            conn,
            str(waiting.purpose),
            token_id,
            user_id=user.id,
            to=waiting.email,
            mail=mail,
            email_token_id=waiting.id,
        )


def is_usable(services: Services, token: str, purpose: Purpose) -> bool:
    """True when this link would work now. Looking uses nothing up."""
    return find_account_of_link(services, token, purpose) is not None


def find_account_of_link(services: Services, token: str, purpose: Purpose) -> User | None:
    """Whose link this is, if it would work now. Looking uses nothing up."""
    token_id = read_token(services.settings, token, purpose)
    if token_id is None:
        return None
    with services.engine.connect() as conn:
        waiting = email_tokens.find_waiting(conn, token_id, now=services.now(conn))
        if waiting is None or waiting.user_id is None or waiting.purpose is not purpose:
            return None
        return users.find(conn, waiting.user_id)


def spend_link(services: Services, conn: Connection, token: str, purpose: Purpose) -> SpentLink:
    """Use a link in the caller's transaction, which holds its account from here on.

    The account is held before the link, as everywhere: two changes of one account wait for each other in one order.
    Raises LinkRefused: forged, used, replaced or too old.
    """
    now = services.now(conn)
    token_id = read_token(services.settings, token, purpose)
    waiting = None if token_id is None else email_tokens.find_waiting(conn, token_id, now=now)
    spent = None
    if waiting is not None and waiting.user_id is not None and users.lock(conn, waiting.user_id):
        spent = email_tokens.spend(conn, waiting.id, purpose, now=now)
    if spent is None:
        log.warning("link_refused", purpose=str(purpose))
        raise LinkRefused()
    return spent
