"""Accounts' face: register, sign in, and the question behind every gate, "may this person use the product now?"

Passwords, tickets and cookies are in `accounts/`; what a period means is in `domain/subscriptions.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.exc import IntegrityError

from accounts import brakes
from accounts.email_links import request_link
from accounts.passwords import PasswordCheck, check_stored, hash_password
from accounts.sessions import hash_token
from database import books, plans, sessions, subscriptions, users
from domain.accounts import (
    NOBODY,
    Role,
    User,
    Visitor,
    check_password,
    check_registration,
    normal_email,
    normal_username,
)
from domain.errors import EmailTaken, InvalidInput, TooManyRequests, UsernameTaken, WrongCredentials
from domain.identifiers import customer_id_for
from domain.links import Purpose
from domain.subscriptions import SubscriptionStatus
from wiring import Services, get_services

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a user may use at a moment, computed from the periods they bought or were given."""

    status: SubscriptionStatus
    plan_id: str | None
    plan_name: str | None
    access_until: datetime | None
    days_left: int | None
    # True while the period that runs was given by us, not bought.
    is_given: bool = False

    @property
    def is_active(self) -> bool:
        return self.status is SubscriptionStatus.ACTIVE


def register(
    services: Services,
    *,
    full_name: str,
    email: str,
    username: str,
    phone: str,
    state: str,
    password: str,
    visitor: Visitor = NOBODY,
) -> User:
    """Create an account with a pending subscription, and send the link that proves its address.

    Raises InvalidInput, EmailTaken, UsernameTaken or TooManyRequests. A form that is wrong in itself counts
    against no limit; "already in use" does.
    """
    form = check_registration(
        full_name=full_name, email=email, username=username, phone=phone, state=state, password=password
    )
    brakes.spend(
        services,
        (brakes.REGISTRATIONS_BY_ADDRESS, visitor.network),
        (brakes.REGISTRATIONS_BY_ALL, "all" if visitor.network else ""),
    )
    try:
        link = brakes.spend(services, (brakes.VERIFICATIONS_BY_RECIPIENT, form.email))
    except TooManyRequests:
        link = None  # A buyer is not stopped: the account page sends it later.
    try:
        return _insert_user(
            services,
            full_name=form.full_name,
            email=form.email,
            username=form.username,
            phone=form.phone,
            state_code=form.state_code,
            role=Role.SUBSCRIBER,
            password=form.password,
            sends_link=link is not None,
        )
    except InvalidInput:
        if link is not None:  # It was not sent: the owner of the address may still need it.
            brakes.give_back(services, link)
        raise


def create_admin(services: Services, *, email: str, password: str) -> User:
    """Create an admin's account. Admins log in by email. Called from the command line and at first start.

    Never promotes an account: raises EmailTaken when one has this address already.
    """
    fields: dict[str, str] = {}
    for name, check, value in (("email", normal_email, email), ("password", check_password, password)):
        try:
            check(value)
        except ValueError as exc:
            fields[name] = str(exc)
    if fields:
        raise InvalidInput(fields)
    address = normal_email(email)
    try:
        return _insert_user(
            services,
            full_name="Administrator",
            email=address,
            username=f"admin-{hashlib.sha256(address.encode()).hexdigest()[:8]}",
            phone="",
            state_code="",
            role=Role.ADMIN,
            password=password,
        )
    except UsernameTaken as exc:  # The username is made from the address: the database met it first.
        raise EmailTaken() from exc


def sign_in(services: Services, *, login: str, password: str, visitor: Visitor = NOBODY) -> User:
    """The user with this email or username and password. Raises WrongCredentials or TooManyRequests.

    An unknown login costs the same hash as a known one, so that time does not tell which accounts exist. Only
    wrong passwords stay counted. A second factor that is due is asked for by the session that follows.
    """
    name = _login_name(login)
    with services.engine.connect() as conn:
        found = users.find_credentials(conn, name)
        is_known = sessions.is_known_browser(
            conn, None if found is None else found.user.id, hash_token(visitor.browser_token)
        )
    with brakes.one_guess(services, *brakes.of_login(name, visitor, in_known_browser=is_known)):
        check = check_stored(services.settings, password, None if found is None else found.password_hash)
        if found is None or check is PasswordCheck.WRONG:
            log.warning("sign_in_refused", user_id=None if found is None else str(found.user.id))
            raise WrongCredentials()
    if check is PasswordCheck.OUTDATED:
        _hash_anew(services, found, password)
    return found.user


def entitlement(services: Services, user: User) -> Entitlement:
    """What the user may use right now. Reads only our database."""
    with services.engine.connect() as conn:
        subscription = subscriptions.find(conn, user.id)
        names = {plan.id: plan.name for plan in plans.list_current(conn)}
        now = services.now(conn)
    if subscription is None:
        return Entitlement(SubscriptionStatus.PENDING, None, None, None, None)
    current = subscription.current(now)
    plan_id = None if current is None else current.plan_id
    until = subscription.access_until()
    # A day that has begun counts: the last one shows 1, not 0.
    days_left = max(0, -((now - until) // timedelta(days=1))) if until is not None else None
    is_given = current is not None and current.is_given
    return Entitlement(
        subscription.status(now), plan_id, names.get(plan_id or ""), until, days_left, is_given
    )


class SubscriptionTracker:
    """The guide's view of a subscription, by username."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def get_subscription(self, username: str) -> dict[str, Any] | None:
        """`status` (pending, active, cancelled, expired), `is_paid`, `plan` and `current_period_end`, or None."""
        services = self._services or get_services()
        try:
            name = normal_username(username)
        except ValueError:
            return None
        with services.engine.connect() as conn:
            user = users.find_by_username(conn, name)
        if user is None:
            return None
        found = entitlement(services, user)
        return {
            "status": str(found.status),
            "is_paid": found.is_active,
            "plan": found.plan_id,
            "current_period_end": found.access_until,
        }


def _login_name(text: str) -> str:
    """What was typed, in the one spelling in which registration stores usernames and addresses."""
    name = text.strip()[:254].replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    try:
        return normal_email(name) if "@" in name else name.casefold()
    except ValueError:
        return name.casefold()


def _hash_anew(services: Services, found: users.Credentials, password: str) -> None:
    """Store the password at the present cost and under the present pepper, unless it was changed meanwhile."""
    password_hash = hash_password(services.settings, password)
    with services.engine.begin() as conn:
        users.replace_password(
            conn, found.user.id, password_hash=password_hash, instead_of=found.password_hash
        )


def _insert_user(
    services: Services, *, password: str, role: Role, sends_link: bool = True, **values: str
) -> User:
    # Hashed before the transaction opens: it takes a third of a second.
    password_hash = hash_password(services.settings, password)
    user_id = uuid4()
    try:
        with services.engine.begin() as conn:
            user = users.insert(
                conn,
                id=user_id,
                **values,
                role=str(role),
                password_hash=password_hash,
                customer_id=customer_id_for(user_id),
            )
            subscriptions.insert_pending(conn, user.id)
            books.audit(conn, "registered", f"user:{user.id}", actor_id=user.id, detail={"role": str(role)})
            if sends_link:
                request_link(services, conn, Purpose.VERIFY_EMAIL, user_id=user.id, to=user.email)
            return user
    except IntegrityError as exc:
        raise _taken(exc) from exc


def _taken(error: IntegrityError) -> Exception:
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", "")
    known: dict[str, type[InvalidInput]] = {
        "users_email_key": EmailTaken,
        "users_username_key": UsernameTaken,
    }
    return known[constraint]() if constraint in known else error  # type: ignore[call-arg]
