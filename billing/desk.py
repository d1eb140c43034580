"""What an admin does by hand about orders, messages and alarms. Each checks its actor itself, and is audited.

Returning money is in `billing/refunds.py`, a verdict in `billing/quarantine.py`, dead letters in
`billing/dead_letters.py`.
"""

from __future__ import annotations

from accounts.authority import require_admin
from billing.settlement import sync_order
from database import books
from database.order_reports import find_alarm_key
from domain.accounts import User
from domain.orders import Order
from operations.check import Finding, check_and_alarm
from wiring import Services


def check_order(services: Services, actor: User, order_id: str) -> Order:
    """Ask the gateway about an order now, and return it as it is then. Raises like `sync_order`, and Forbidden."""
    _note(services, actor, "order_checked", f"order:{order_id}")
    return sync_order(services, order_id)


def resolve_alarm(services: Services, actor: User, alarm_id: int) -> bool:
    """Close an open alarm in an admin's name. False when it was closed already. Raises Forbidden."""
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        key = find_alarm_key(conn, alarm_id)
        if key is None or not books.resolve_alarm(conn, key, now=services.now(conn), actor_id=actor.id):
            return False
        books.audit(conn, "alarm_resolved", f"alarm:{alarm_id}", actor_id=actor.id, detail={"key": key})
    return True


def check_books(services: Services, actor: User) -> list[Finding]:
    """Run every check now. Opens an alarm for what is violated, closes those of what holds. Raises Forbidden."""
    _note(services, actor, "books_checked", "books")
    return check_and_alarm(services)


def _note(services: Services, actor: User, action: str, obj: str) -> None:
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        books.audit(conn, action, obj, actor_id=actor.id, detail={})
