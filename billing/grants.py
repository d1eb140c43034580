"""Access that an admin gives by hand, and ends again: for an outage, to a guest, to a colleague.

Nobody gives anything to themselves, and nothing here moves money: what was bought stays as it is, and what is bought
afterwards begins where the given access ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import Connection

from accounts.authority import require_admin
from billing import mails
from database import books, grants, plans, subscriptions, users
from domain.accounts import User
from domain.errors import GrantRefused, InvalidInput
from domain.plans import Plan, find_plan
from domain.subscriptions import Period, given_period
from mail.composing import one_line
from wiring import Services

LONGEST_DAYS = 366
REASON_CHARACTERS = 100

_NOT_TO_ONESELF = "Nobody gives access to their own account: another admin can give it to you."
_CLOSED = "This account is disabled or deleted, so nobody can use it. Nothing was given."
_CHANGED = (
    "The access of this account has changed since this was shown to you, so nothing was given by this click. Please "
    "look at its access, and begin again if it still needs more."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What giving access would do now. `access_until` is where the access of the account ended when it was made."""

    user: User
    plan: Plan
    period: Period
    access_until: datetime | None
    begins_now: bool


class GivenState(Enum):
    """How far a stretch of given access is."""

    COMING = "coming"
    RUNNING = "running"
    OVER = "over"
    ENDED_EARLY = "ended early"


@dataclass(frozen=True, slots=True)
class GivenLine:
    """A stretch of access that was given, as its owner sees it. It ended at `ended_at` if that was before its time."""

    plan_name: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    state: GivenState


def offer_access(services: Services, actor: User, *, user_id: UUID, plan_id: str, days: int) -> Offer:
    """What `give_access` would give, for the admin to look at first. Changes nothing. Raises like `give_access`."""
    with services.engine.connect() as conn:
        require_admin(conn, actor)
        return _offer(conn, actor, user_id=user_id, plan_id=plan_id, days=days, now=services.now(conn))


def give_access(
    services: Services,
    actor: User,
    *,
    user_id: UUID,
    plan_id: str,
    days: int,
    reason: str,
    seen_until: datetime | None,
) -> Period:
    """Give access for some days, from now or from where the present access ends, and tell its user by mail.

    `seen_until` is the offer's `access_until`. If the access ends elsewhere by now, nothing is given: the same form
    sent twice, in one process or two, and two admins who mean the same outage give it once. Raises Forbidden,
    InvalidInput (days, reason, plan) and GrantRefused (one's own account, a closed one, access that has changed).
    """
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        said = check_reason(reason)
        # The one order of locks: a payment of this user comes before or after.
        users.lock(conn, user_id)
        now = services.now(conn)
        offer = _offer(conn, actor, user_id=user_id, plan_id=plan_id, days=days, now=now)
        if offer.access_until != seen_until:
            raise GrantRefused(_CHANGED)
        grant_id = grants.insert(conn, user_id=user_id, admin_id=actor.id, reason=said)
        period = replace(offer.period, grant_id=grant_id)
        subscriptions.insert_pending(conn, user_id)
        subscription = subscriptions.find(conn, user_id)
        if subscription is None:
            raise LookupError("the subscription was just made")
        subscriptions.insert_given_period(conn, subscription.id, period)
        subscriptions.refresh(conn, subscription.id, now=now)
        detail = {"user": str(user_id), "plan": plan_id, "days": days, "reason": said}
        books.audit(conn, "access_given", f"grant:{grant_id}", actor_id=actor.id, detail=detail)
        mails.defer_access_given(services, conn, offer.user, period)
    return period


def end_access(services: Services, actor: User, *, grant_id: int, reason: str) -> bool:
    """End access that was given, before its time, and tell its user by mail. Periods after it move forward.

    False when it is over: ended before, or run out. What was bought is not ended here: its money goes back by a
    refund. Raises Forbidden, InvalidInput (reason) and GrantRefused (no such grant).
    """
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        said = check_reason(reason)
        found = grants.find(conn, grant_id)
        if found is None:
            raise GrantRefused("There is no such access. Nothing was changed.")
        users.lock(conn, found.user_id)
        # Read anew under the lock: what went before it may just have been returned, and it moved.
        ending, now = grants.find(conn, grant_id) or found, services.now(conn)
        if ending.revoked_at is not None or ending.ends_at <= now:
            return False
        subscriptions.revoke_period(conn, grant_id=grant_id, now=now)
        detail = {"user": str(ending.user_id), "plan": ending.plan_id, "reason": said}
        books.audit(conn, "access_ended", f"grant:{grant_id}", actor_id=actor.id, detail=detail)
        mails.defer_access_ended(services, conn, ending, now)
    return True


def list_given(services: Services, user: User) -> list[GivenLine]:
    """The stretches of access that were given to the user, the newest first."""
    with services.engine.connect() as conn:
        rows, now = grants.list_of_user(conn, user.id), services.now(conn)
    return [
        GivenLine(
            row["plan_name"], row["starts_at"], row["ends_at"], row["revoked_at"],
            _state(row["starts_at"], row["ends_at"], row["revoked_at"], now),
        )
        for row in rows
    ]  # fmt: skip


def check_reason(text: str) -> str:
    """The reason as it is kept. Raises InvalidInput when there is none."""
    reason = one_line(text)[:REASON_CHARACTERS].strip()
    if not reason:
        raise InvalidInput({"reason": "Please give a reason; the audit log keeps it."})
    return reason


def _state(starts_at: datetime, ends_at: datetime, ended_at: datetime | None, now: datetime) -> GivenState:
    if ended_at is not None:
        return GivenState.ENDED_EARLY
    if now < starts_at:
        return GivenState.COMING
    return GivenState.RUNNING if now < ends_at else GivenState.OVER


def _offer(conn: Connection, actor: User, *, user_id: UUID, plan_id: str, days: int, now: datetime) -> Offer:
    if user_id == actor.id:
        raise GrantRefused(_NOT_TO_ONESELF)
    user = users.find(conn, user_id)
    if user is None:
        raise GrantRefused(_CLOSED)
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput({"days": f"From 1 to {LONGEST_DAYS} whole days can be given."})
    plan = find_plan(plans.list_current(conn), plan_id)
    subscription = subscriptions.find(conn, user_id)
    until = None if subscription is None else subscription.access_until()
    period = given_period(plan.id, days, now=now, access_until=until)
    return Offer(user, plan, period, until, begins_now=period.starts_at == now)
