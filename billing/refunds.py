"""Give money back: the intention is written before anybody is asked, and access follows what really went back.

A refund may begin here (an admin, a duplicate payment), in the gateway's dashboard, or with the gateway
itself. Wherever it begins, what the gateway shows of it is written by `apply_change`, and only there.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection

from accounts.authority import require_admin
from billing import mails
from billing.alarms import end_return, raise_alarm, raise_standing_alarm
from database import books, orders, payments, refunds, subscriptions, users
from database.queue import Job
from database.refunds import RefundRow
from domain.accounts import User
from domain.errors import GatewayRequestRejected, OrderNotFound, RefundRefused
from domain.gateway import GatewayRefund, GatewayRefundStatus, OrderRef
from domain.identifiers import new_refund_key
from domain.money import INR, format_rupees
from domain.orders import Order, PaymentRole
from domain.refunds import RefundChange, RefundStatus, is_mixed, payment_to_return, settle_refunds
from wiring import Services

log = structlog.get_logger()

# The gateways' own minimum: ₹1.
SMALLEST_PAISE = 100
_NOT_OURS = "made at the payment service"


def request_refund(
    services: Services,
    actor: User,
    *,
    order_id: str,
    payment_id: int,
    amount_paise: int,
    reason: str,
    refund_key: str,
) -> None:
    """Write down that an admin wants money of an order returned, and queue the refund.

    `payment_id` is the payment that the form was about: no other one goes back in its place. `refund_key` is made
    when the form is shown: sending the form twice asks once. Raises Forbidden, OrderNotFound and RefundRefused
    (nothing to return, more than is left, another payment's turn, a second payment that waits on this order).
    """
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        order = _lock(conn, order_id)
        if refunds.find(conn, refund_key) is not None:
            return
        money = refunds.refundable(conn, order.id)
        if is_mixed(money):
            raise RefundRefused(
                "This order was paid twice, and the second payment is still here: asking now could return the good "
                "one. A refund can be asked for once the second is back, by the payment service or by hand."
            )
        payment = payment_to_return(money)
        if payment is None:
            raise RefundRefused("Nothing of this order is left to return.")
        if payment.id != payment_id:
            raise RefundRefused(
                "This order has changed since the form was shown: the refund would take another payment. Nothing was "
                "asked for. Please look at the order again."
            )
        if not SMALLEST_PAISE <= amount_paise <= payment.left_paise:
            most = format_rupees(payment.left_paise)
            raise RefundRefused(f"From {format_rupees(SMALLEST_PAISE)} to {most} can be returned.")
        if not reason.strip():
            raise RefundRefused("Please give a reason; the audit log keeps it.")
        intend_refund(
            services,
            conn,
            payment_id=payment.id,
            amount_paise=amount_paise,
            reason=reason.strip()[:100],
            refund_key=refund_key,
            actor=actor,
        )


def intend_refund(
    services: Services,
    conn: Connection,
    *,
    payment_id: int,
    amount_paise: int,
    reason: str,
    refund_key: str | None = None,
    actor: User | None = None,
) -> None:
    """Write down that a payment goes back, and queue the refund, in the caller's transaction."""
    key = refund_key or new_refund_key()
    actor_id = None if actor is None else actor.id
    if not refunds.insert_intent(
        conn,
        refund_key=key,
        payment_id=payment_id,
        amount_paise=amount_paise,
        reason=reason,
        requested_by=actor_id,
    ):
        return
    services.queue.defer(conn, Job.EXECUTE_REFUND, refund_key=key)
    detail = {"payment": payment_id, "amount_paise": amount_paise, "reason": reason}
    books.audit(conn, "refund_intended", f"refund:{key}", actor_id=actor_id, detail=detail)


def execute_refund(services: Services, refund_key: str) -> None:
    """Ask the gateway for an intended refund, under its own id. Safe to repeat. Raises GatewayError.

    A refusal ends the refund: asking for the same again cannot help, and a person hears of it. What becomes
    of an accepted one is learnt like everything else, by a webhook or by the sweep.
    """
    with services.engine.connect() as conn:
        refund = refunds.find(conn, refund_key)
    if refund is None or refund.status is not RefundStatus.INTENDED:
        return
    gateway = services.gateway(refund.gateway)
    try:
        answer = gateway.create_refund(
            OrderRef(refund.order_id, refund.gateway_order_id),
            refund_id=refund_key,
            gateway_payment_id=refund.gateway_payment_id,
            amount_paise=refund.amount_paise,
            note=refund.reason,
        )
    except GatewayRequestRejected as refusal:
        log.warning("refund_refused", refund=refund_key, code=refusal.code)
        answer = _refused(refund)
    with services.engine.begin() as conn:
        order = _lock(conn, refund.order_id)
        known = refunds.known_of_order(conn, order.id)
        changes, alarms = settle_refunds(refunds.refundable(conn, order.id), known, [answer])
        apply_changes(services, conn, order, changes, alarms)


def _refused(refund: RefundRow) -> GatewayRefund:
    return GatewayRefund(
        refund_id=refund.refund_key,
        gateway_refund_id="",
        order_id=refund.order_id,
        gateway_payment_id="",
        amount_paise=refund.amount_paise,
        currency=INR,
        status=GatewayRefundStatus.FAILED,
    )


def apply_changes(
    services: Services,
    conn: Connection,
    order: Order,
    changes: tuple[RefundChange, ...],
    alarms: tuple[str, ...],
) -> None:
    """Write what became of an order's refunds. The caller holds the locks of user and order."""
    now = services.now(conn)
    for change in changes:
        _apply_change(services, conn, order, change, now)
    for reason in alarms:
        raise_standing_alarm(services, conn, f"order:{order.id}:{reason}", f"Order {order.id}: {reason}.")


def _apply_change(
    services: Services, conn: Connection, order: Order, change: RefundChange, now: datetime
) -> None:
    processed_at = (change.processed_at or now) if change.status is RefundStatus.PROCESSED else None
    if not change.is_new:
        refunds.keep_answer(conn, change, processed_at=processed_at)
    elif not refunds.insert_found(conn, change, reason=_NOT_OURS, processed_at=processed_at):
        raise_standing_alarm(
            services,
            conn,
            f"refund:{change.key}:taken",
            f"Order {order.id}: the payment service shows refund {change.key}, which is another refund of ours.",
        )
        return
    detail = {"order": order.id, "amount_paise": change.amount_paise, "found": change.is_new}
    books.audit(conn, f"refund_{change.status}", f"refund:{change.key}", actor_id=None, detail=detail)
    if change.status is RefundStatus.PROCESSED:
        _book(services, conn, order, change, now)
    elif change.status is RefundStatus.FAILED:
        raise_alarm(
            services,
            conn,
            f"refund:{change.key}:failed",
            f"Refund {change.key} of order {order.id} failed at the payment service.",
        )


def _book(services: Services, conn: Connection, order: Order, change: RefundChange, now: datetime) -> None:
    """The money is gone: the ledger, the payment and the access follow it."""
    refund = refunds.find(conn, change.key)
    if refund is None:
        raise LookupError("refunds are never deleted")
    account = "sales" if refund.role is PaymentRole.PRIMARY else "owed_to_buyers"
    books.post(
        conn,
        {account: refund.amount_paise, "gateway_receivable": -refund.amount_paise},
        payment_id=refund.payment_id,
        refund_id=refund.id,
    )
    if refunds.is_returned_by_hand(conn, refund.payment_id):
        raise_alarm(
            services,
            conn,
            f"order:{order.id}:returned twice",
            f"Order {order.id}: the payment service returned money that was returned by hand before. Its buyer has "
            "it twice.",
        )
    is_full = payments.mark_refunded(
        conn, refund.payment_id, refunds.processed_paise(conn, refund.payment_id)
    )
    # A failure that an admin, or the gateway itself, has overcome.
    books.resolve_alarm(conn, f"refund:{change.key}:failed", now=now)
    if is_full:
        end_return(conn, refund.payment_id, refund.gateway_payment_id, now=now)
    access_ends = is_full and refund.role is PaymentRole.PRIMARY
    if access_ends:
        subscriptions.revoke_period(conn, payment_id=refund.payment_id, now=now)
    mails.defer_refund(services, conn, order, refund, access_ends=access_ends)


def _lock(conn: Connection, order_id: str) -> Order:
    """The user, then the order: the one order of locks."""
    found = orders.find(conn, order_id)
    if found is None:
        raise OrderNotFound()
    users.lock(conn, found.user_id)
    return orders.lock(conn, order_id)
