"""A new password for somebody who lost theirs, by a link to their address.

Asking says the same, in the same time, whether or not such an account exists. Using the link ends every session
and signs nobody in: whoever reads the mailbox still has to pass the log-in, and the second factor where there is one.
"""

from __future__ import annotations

import structlog

from accounts import brakes
from accounts.email_links import find_account_of_link, request_link, spend_link
from accounts.notices import Notice, send_notice
from accounts.passwords import hash_password
from accounts.sessions import hash_token
from database import books, email_tokens, sessions, users
from domain.accounts import Visitor, check_password, normal_email
from domain.errors import InvalidInput, LinkRefused
from domain.links import Purpose
from wiring import Services

log = structlog.get_logger()


def request_reset(services: Services, *, email: str, visitor: Visitor) -> None:
    """Send a link for a new password, if there is an account with this address.

    Raises InvalidInput for what is no address, TooManyRequests. Both say nothing about accounts.
    """
    try:
        address = normal_email(email)
    except ValueError as exc:
        raise InvalidInput({"email": str(exc)}) from exc
    brakes.spend(
        services,
        (brakes.LINKS_BY_RECIPIENT, address),
        (brakes.LINKS_BY_ADDRESS, visitor.network),
        (brakes.LINKS_BY_ALL, "all"),
    )
    with services.engine.begin() as conn:
        user_id = users.find_id_by_email(conn, address)
        log.info("password_reset_asked", user_id=None if user_id is None else str(user_id))
        request_link(services, conn, Purpose.RESET_PASSWORD, user_id=user_id, to=address)


def reset_password(services: Services, token: str, *, password: str, visitor: Visitor) -> None:
    """Store a new password, end every session, and tell the person. Raises InvalidInput or LinkRefused.

    A password that is refused leaves the link as it is. The browser counts as known from now on: it was shown
    to belong to the reader of the mailbox. Raises TooManyRequests too.
    """
    owner = find_account_of_link(services, token, Purpose.RESET_PASSWORD)
    if owner is None:
        raise LinkRefused()
    try:
        check_password(password, owner=(owner.email, owner.username, owner.full_name))
    except ValueError as exc:
        raise InvalidInput({"password": str(exc)}) from exc
    brakes.spend(services, (brakes.CHANGES_BY_ACCOUNT, str(owner.id)))
    # Hashed before the transaction opens: it takes a third of a second.
    password_hash = hash_password(services.settings, password)
    with services.engine.begin() as conn:
        now = services.now(conn)
        spent = spend_link(services, conn, token, Purpose.RESET_PASSWORD)
        user = users.find(conn, spent.user_id)
        if user is None or user.email != spent.email:
            raise LinkRefused()
        users.replace_password(conn, user.id, password_hash=password_hash, now=now)
        # Whoever used the link reads this mailbox.
        users.mark_verified(conn, user.id, email=user.email, now=now)
        # A stranger may have asked for another address: that link must not outlive the new password.
        email_tokens.use_up_all(conn, user.id, now=now)
        sessions.revoke_all(conn, user.id, now=now)
        sessions.forget_browsers(conn, user.id)
        if visitor.browser_token:
            sessions.remember_browser(conn, user.id, hash_token(visitor.browser_token), now=now)
        books.audit(conn, "password_reset", f"user:{user.id}", actor_id=user.id, detail={})
        send_notice(services, conn, user, Notice.PASSWORD_CHANGED)
