"""What a buyer may read of their own orders. Only our database is asked; other people's orders do not exist here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from database import orders, payments, plans
from domain.accounts import User
from domain.errors import OrderNotFound
from domain.gateway import RETURNED_UNTAKEN
from domain.identifiers import ORDER_ID_PATTERN
from domain.orders import Order, PaymentStatus
from domain.plans import Plan
from wiring import Services

_UNSUCCESSFUL = frozenset({PaymentStatus.FAILED, PaymentStatus.DROPPED, PaymentStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One attempt to pay, as its buyer sees it."""

    status: PaymentStatus
    method: str
    amount_paise: int
    occurred_at: datetime
    message: str
    gateway_payment_id: str

    @property
    def is_unsuccessful(self) -> bool:
        """True for an attempt that ended without money."""
        return self.status in _UNSUCCESSFUL

    @property
    def is_untaken(self) -> bool:
        """True for money that a bank held and that was left to it: it goes back without anybody's doing."""
        return self.status is PaymentStatus.CANCELLED and self.message == RETURNED_UNTAKEN


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order with its attempts, newest first."""

    order: Order
    plan_name: str
    payments: tuple[PaymentLine, ...]


def list_plans(services: Services) -> list[Plan]:
    """The plans on sale with today's prices."""
    with services.engine.connect() as conn:
        return plans.list_current(conn)


def find_order(services: Services, user: User, order_id: str) -> Order:
    """The user's own order. Raises OrderNotFound, also for somebody else's."""
    if not ORDER_ID_PATTERN.fullmatch(order_id):
        raise OrderNotFound()
    with services.engine.connect() as conn:
        order = orders.find_own(conn, order_id, user_id=user.id)
    if order is None:
        raise OrderNotFound()
    return order


def current_checkout(services: Services, user: User) -> Order | None:
    """The order that the user began to pay and neither paid nor put off."""
    with services.engine.connect() as conn:
        return orders.find_to_resume(conn, user.id)


def list_orders(services: Services, user: User) -> list[OrderLine]:
    """The user's orders, newest first, each with its attempts."""
    with services.engine.connect() as conn:
        own = orders.list_own(conn, user.id)
        attempts = payments.list_of_user(conn, user.id)
        names = {plan.id: plan.name for plan in plans.list_current(conn)}
    return [
        OrderLine(
            order,
            names.get(order.plan_id, order.plan_id),
            tuple(_line(row) for row in attempts if row.order_id == order.id),
        )
        for order in own
    ]


def telling_attempt(attempts: Sequence[PaymentLine]) -> PaymentLine | None:
    """The newest attempt; but money that goes back by itself is told of, whatever was tried and refused after it."""
    newest = attempts[0] if attempts else None
    if newest is None or not newest.is_unsuccessful:
        return newest
    return next((attempt for attempt in attempts if attempt.is_untaken), newest)


def last_failure(services: Services, user: User, order_id: str) -> PaymentLine | None:
    """What tells how the user's own order stands (see `telling_attempt`), if it brought no money."""
    order = find_order(services, user, order_id)
    with services.engine.connect() as conn:
        attempt = telling_attempt([_line(row) for row in payments.list_of_order(conn, order.id)])
    return attempt if attempt is not None and attempt.is_unsuccessful else None


def _line(row: payments.PaymentRow) -> PaymentLine:
    return PaymentLine(
        row.status,
        row.method,
        row.charged_paise,
        row.paid_at or row.created_at,
        row.message,
        row.gateway_payment_id,
    )
