"""What a buyer may read of money that goes back to them, and of access that ended before its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from database import order_reports
from domain.accounts import User
from domain.refunds import RefundStatus
from wiring import Services


@dataclass(frozen=True, slots=True)
class RefundLine:
    """One refund, as its buyer sees it."""

    order_id: str
    gateway_payment_id: str
    amount_paise: int
    status: RefundStatus
    processed_at: datetime | None


@dataclass(frozen=True, slots=True)
class HandReturn:
    """A payment that went back in another way than through the gateway, as its buyer sees it."""

    order_id: str
    gateway_payment_id: str
    amount_paise: int
    returned_at: datetime


@dataclass(frozen=True, slots=True)
class ReturnedAccess:
    """Access that ended because its payment went back; without an amount it was given, and ended by an admin."""

    amount_paise: int | None
    ended_at: datetime


def list_refunds(services: Services, user: User) -> list[RefundLine]:
    """Refunds of the user's own payments, the newest first."""
    with services.engine.connect() as conn:
        rows = order_reports.refunds_of_user(conn, user.id)
    return [RefundLine(**{**row, "status": RefundStatus(row["status"])}) for row in rows]


def list_hand_returns(services: Services, user: User) -> list[HandReturn]:
    """The user's own payments that an admin returned in another way, the newest first."""
    with services.engine.connect() as conn:
        rows = order_reports.settled_by_hand_of_user(conn, user.id)
    return [HandReturn(**row) for row in rows]


def find_returned_access(services: Services, user: User) -> ReturnedAccess | None:
    """The user's last access, when it ended before its time. None also for somebody who never had any."""
    with services.engine.connect() as conn:
        row = order_reports.end_of_access(conn, user.id)
    if row is None or (row["returned_paise"] is None and not row["was_withdrawn"]):
        return None
    return ReturnedAccess(row["returned_paise"], row["ended_at"])
