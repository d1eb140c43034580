"""Change what somebody logs in with. Each change asks for the password again and is told to the address of before.

A new password ends every session and every link; a new address counts once the link that went to it was used.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from accounts import brakes
from accounts.email_links import request_link, spend_link
from accounts.notices import Notice, send_notice
from accounts.passwords import PasswordCheck, check_stored, hash_password
from accounts.sessions import hash_token
from database import books, email_tokens, sessions, users
from domain.accounts import User, Visitor, check_password, normal_email
from domain.errors import EmailTaken, InvalidInput, LinkRefused, NotSignedIn, WrongPassword
from domain.links import Purpose
from wiring import Services

log = structlog.get_logger()


def confirm_password(services: Services, actor: User, password: str) -> str:
    """Make sure that whoever sits at an open page knows the password. The stored form that it matched.

    Raises WrongPassword, or TooManyRequests after ten wrong ones in a quarter of an hour; right ones do not count.
    """
    with brakes.one_guess(services, (brakes.PASSWORDS_BY_ACCOUNT, str(actor.id))):
        with services.engine.connect() as conn:
            stored = users.find_password_hash(conn, actor.id)
        if stored is None:
            raise NotSignedIn()
        if check_stored(services.settings, password, stored) is PasswordCheck.WRONG:
            log.warning("password_refused", user_id=str(actor.id))
            raise WrongPassword()
    return stored


def lock_with_password(conn: Connection, user: User, matched: str) -> None:
    """Hold the account. Raises WrongPassword when the password that matched is no longer the one that is stored.

    A thief's request that is under way must not outlive the owner's new password.
    """
    if not users.lock(conn, user.id) or users.find_password_hash(conn, user.id) != matched:
        raise WrongPassword()


def change_password(services: Services, actor: User, *, current: str, new: str, visitor: Visitor) -> User:
    """Store another password, end every session and link, tell the person, and return them as they are now.

    The acting browser stays known, so that strangers who guess cannot lock it out; it has to be signed in anew.
    Raises WrongPassword, InvalidInput (field `password`) and TooManyRequests.
    """
    user = _reread(services, actor)
    matched = confirm_password(services, user, current)
    _check_new(user, current=current, new=new)
    brakes.spend(services, (brakes.CHANGES_BY_ACCOUNT, str(user.id)))
    # Hashed before the transaction opens: it takes a third of a second.
    password_hash = hash_password(services.settings, new)
    with services.engine.begin() as conn:
        now = services.now(conn)
        lock_with_password(conn, user, matched)
        users.replace_password(conn, user.id, password_hash=password_hash, now=now)
        # A stranger may have asked for one: no link may outlive the new password.
        email_tokens.use_up_all(conn, user.id, now=now)
        sessions.revoke_all(conn, user.id, now=now)
        sessions.forget_browsers(conn, user.id, except_hash=hash_token(visitor.browser_token))
        books.audit(conn, "password_changed", f"user:{user.id}", actor_id=user.id, detail={})
        send_notice(services, conn, user, Notice.PASSWORD_CHANGED)
    return replace(user, password_changed_at=now)


def change_email(services: Services, actor: User, *, password: str, email: str) -> None:
    """Send a link to the new address and a notice to the old one. Nothing changes until the link is used.

    An address that another account has gets a word of its own instead of the link: what the caller sees is the
    same. Raises WrongPassword, InvalidInput (field `email`) and TooManyRequests.
    """
    user = _reread(services, actor)
    try:
        address = normal_email(email)
    except ValueError as exc:
        raise InvalidInput({"email": str(exc)}) from exc
    if address == user.email:
        raise InvalidInput({"email": "This is the address of your account already."})
    matched = confirm_password(services, user, password)
    brakes.spend(
        services,
        (brakes.LINKS_BY_RECIPIENT, address),
        (brakes.EMAIL_CHANGES_BY_ACCOUNT, str(user.id)),
        (brakes.LINKS_BY_ALL, "all"),
    )
    with services.engine.begin() as conn:
        now = services.now(conn)
        lock_with_password(conn, user, matched)
        owner_id = users.find_owner_of_email(conn, address)
        if owner_id is None:
            request_link(services, conn, Purpose.CHANGE_EMAIL, user_id=user.id, to=address)
        else:
            # The request before this one is over in both cases.
            email_tokens.use_up(conn, Purpose.CHANGE_EMAIL, user.id, now=now)
            owner = users.find(conn, owner_id)
            if owner is not None:
                send_notice(services, conn, owner, Notice.EMAIL_ALREADY_USED)
        send_notice(services, conn, user, Notice.EMAIL_CHANGE_ASKED)
        books.audit(conn, "email_change_asked", f"user:{user.id}", actor_id=user.id, detail={})


def confirm_new_email(services: Services, token: str) -> User:
    """Make the address that a link was sent to the account's, proved, and tell the old one. Sessions stay.

    Raises LinkRefused, and EmailTaken when another account took the address meanwhile: the link stays usable.
    """
    try:
        with services.engine.begin() as conn:
            now = services.now(conn)
            spent = spend_link(services, conn, token, Purpose.CHANGE_EMAIL)
            before = users.find(conn, spent.user_id)
            if before is None:
                raise LinkRefused()
            users.replace_email(conn, before.id, email=spent.email, now=now)
            # They went to the old address.
            email_tokens.use_up_all(conn, before.id, now=now)
            books.audit(conn, "email_changed", f"user:{before.id}", actor_id=before.id, detail={})
            send_notice(services, conn, before, Notice.EMAIL_CHANGED)
            after = users.find(conn, before.id)
    except IntegrityError as exc:
        if getattr(getattr(exc.orig, "diag", None), "constraint_name", "") == "users_email_key":
            raise EmailTaken() from exc
        raise
    return after or before


def find_password_change(services: Services, actor: User) -> datetime | None:
    """When the actor last changed the password. None for the one that the account began with."""
    with services.engine.connect() as conn:
        return users.find_password_change(conn, actor.id)


def _reread(services: Services, actor: User) -> User:
    """The actor as the database knows them now: an open page may hold an old one."""
    with services.engine.connect() as conn:
        user = users.find(conn, actor.id)
    if user is None:
        raise NotSignedIn()
    return user


def _check_new(user: User, *, current: str, new: str) -> None:
    try:
        check_password(new, owner=(user.email, user.username, user.full_name))
    except ValueError as exc:
        raise InvalidInput({"password": str(exc)}) from exc
    if new == current:
        # pragma: allowlist nextline secret - a sentence
        raise InvalidInput({"password": "This is your current password. Choose another one."})
