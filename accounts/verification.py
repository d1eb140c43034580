"""Prove that an address belongs to the person who registered it. It gates reports and trials, never paying."""

from __future__ import annotations

from accounts import brakes
from accounts.email_links import request_link, spend_link
from database import books, users
from domain.accounts import User
from domain.errors import LinkRefused
from domain.links import Purpose
from wiring import Services


def request_verification(services: Services, actor: User) -> None:
    """Send the link that proves the actor's address again, unless it is proved. Raises TooManyRequests."""
    with services.engine.connect() as conn:
        user = users.find(conn, actor.id)
    if user is None or user.is_email_verified:
        return
    brakes.spend(services, (brakes.VERIFICATIONS_BY_RECIPIENT, user.email))
    with services.engine.begin() as conn:
        request_link(services, conn, Purpose.VERIFY_EMAIL, user_id=user.id, to=user.email)


def verify_email(services: Services, token: str) -> None:
    """The address of a link is proved. Raises LinkRefused, also when the account has another address by now."""
    with services.engine.begin() as conn:
        spent = spend_link(services, conn, token, Purpose.VERIFY_EMAIL)
        if not users.mark_verified(conn, spent.user_id, email=spent.email, now=services.now(conn)):
            raise LinkRefused()
        books.audit(conn, "email_verified", f"user:{spent.user_id}", actor_id=spent.user_id, detail={})
