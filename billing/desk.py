"""What an admin does by hand about orders, messages and alarms. Each checks its actor itself, and is audited.

Returning money is in `billing/refunds.py`, a verdict in `billing/quarantine.py`, dead letters in
`billing/dead_letters.py`.
"""

from __future__ import annotations

from accounts.authority import require_admin
from billing import mails
from billing.alarms import end_return
from billing.settlement import sync_order
from database import books, orders, refunds, users
from database.order_reports import find_alarm_key
from domain.accounts import User
from domain.errors import OrderNotFound, RefundRefused
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


def settle_by_hand(services: Services, actor: User, *, order_id: str, payment_id: int, reason: str) -> bool:
    """Write down that the buyer has money back that bought nothing, without the gateway: by bank transfer, say.

    For a duplicate whose refund failed, or that its gateway never returned. No refund can be asked for it any more, and
    the alarms about it close, also those of its failed refunds. In the ledger it is owed to its buyer no more: it was
    paid by hand. False when it was written down already. Raises Forbidden, OrderNotFound and RefundRefused.
    """
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        found = orders.find(conn, order_id)
        if found is None:
            raise OrderNotFound()
        # The one order of locks: a refund that is asked for at this moment comes before or after.
        users.lock(conn, found.user_id)
        orders.lock(conn, order_id)
        payment = next((p for p in refunds.refundable(conn, order_id) if p.id == payment_id), None)
        if payment is not None and payment.is_settled_by_hand:
            return False
        if payment is None or not payment.may_be_settled_by_hand:
            raise RefundRefused(
                "Only money that opened no access, and that no refund returns, is settled by hand."
            )
        if not reason.strip():
            raise RefundRefused("Please say how the money went back; the audit log keeps it.")
        now, said, amount = services.now(conn), reason.strip()[:100], payment.amount_paise
        returned = refunds.insert_hand_return(conn, payment, reason=said, admin_id=actor.id, now=now)
        entries = {"owed_to_buyers": amount, "paid_by_hand": -amount}
        books.post(conn, entries, payment_id=payment.id, hand_return_id=returned)
        detail = {"order": order_id, "amount_paise": amount, "reason": said}
        books.audit(conn, "settled_by_hand", f"payment:{payment.id}", actor_id=actor.id, detail=detail)
        mails.defer_returned_by_hand(services, conn, found, payment, returned_at=now)
        end_return(conn, payment.id, payment.gateway_payment_id, now=now, actor=actor)
    return True


def check_books(services: Services, actor: User) -> list[Finding]:
    """Run every check now. Opens an alarm for what is violated, closes those of what holds. Raises Forbidden."""
    _note(services, actor, "books_checked", "books")
    return check_and_alarm(services)


def _note(services: Services, actor: User, action: str, obj: str) -> None:
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        books.audit(conn, action, obj, actor_id=actor.id, detail={})
