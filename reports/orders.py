"""All there is about one order, and the list of refunds, for admins.

Read-only. Every function refuses an actor who is not an admin with Forbidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from database import order_reports, refunds
from database import reports as statements
from database.events import StoredEvent
from domain.accounts import User
from domain.identifiers import ORDER_ID_PATTERN
from domain.refunds import payment_to_return, waiting_payment
from reports.overview import reading
from reports.rows import AlarmRow, OrderFacts, OrderReport, Page, PaymentRow, RefundRow, SettledRow

if TYPE_CHECKING:
    from wiring import Services

# One order's lists are read on one page. A gateway repeats itself a few dozen times at worst.
_NEWEST = 100


def order_page(services: Services, actor: User, order_id: str) -> OrderReport | None:
    """One order with its attempts, refunds, messages and open alarms, or None when it does not exist."""
    with reading(services, actor) as conn:
        order = order_reports.find_order(conn, order_id) if ORDER_ID_PATTERN.fullmatch(order_id) else None
        if order is None:
            return None
        payments = statements.recent_payments(conn, user_id=None, order_id=order_id, limit=_NEWEST, offset=0)
        returned = order_reports.recent_refunds(conn, order_id=order_id, limit=_NEWEST, offset=0)
        events = statements.recent_events(conn, order_id=order_id, limit=_NEWEST, offset=0)
        money = refunds.refundable(conn, order_id)
        return OrderReport(
            order=OrderFacts.of(**order),
            payments=tuple(PaymentRow(**row) for row in payments[:_NEWEST]),
            refunds=tuple(RefundRow(**row) for row in returned[:_NEWEST]),
            events=tuple(StoredEvent(**row) for row in events[:_NEWEST]),
            alarms=tuple(AlarmRow(**row) for row in order_reports.alarms_of_order(conn, order_id)),
            waiting=waiting_payment(money),
            settled=tuple(SettledRow(**row) for row in order_reports.settled_by_hand(conn, order_id)),
            # The same choice as request_refund makes; it decides, this only shows.
            refundable=payment_to_return(money),
        )


def recent_refunds(services: Services, actor: User, *, limit: int = 50, offset: int = 0) -> Page[RefundRow]:
    """Money that goes back or went, whoever asked for it."""
    with reading(services, actor) as conn:
        rows = order_reports.recent_refunds(conn, limit=limit, offset=offset)
        return Page(tuple(RefundRow(**row) for row in rows[:limit]), has_more=len(rows) > limit)
