"""Readers of reports for tests: who has paid and proved an address, and a market whose close is news."""

from __future__ import annotations

from datetime import UTC, datetime

from database import users
from domain.accounts import User
from payment_handler import start_checkout, sync_order
from tests.books import rows
from wiring import Services

# A Saturday, 8:01 in India: the default hour of the weekly report.
SATURDAY = datetime(2026, 10, 31, 2, 31, tzinfo=UTC)

# The next one, which is the first of its month: the hour of the evidence note.
FIRST_SATURDAY = datetime(2026, 11, 7, 2, 31, tzinfo=UTC)


def a_reader(services: Services, gateway, user: User) -> User:
    """This account with a month paid and its address proved."""
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    with services.engine.begin() as conn:
        users.mark_verified(conn, user.id, email=user.email, now=services.now(conn))
        found = users.find(conn, user.id)
    assert found is not None
    return found


def reports(services: Services) -> list[tuple]:
    """Kind and mail's status of every report that was written."""
    return rows(
        services,
        "SELECT r.kind, e.status FROM reports_sent r JOIN emails e ON e.id = r.email_id ORDER BY r.id",
    )
