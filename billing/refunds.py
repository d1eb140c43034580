"""Give money back: the intention is written with its cause, carried out by a job, asked after until it is certain."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from billing.alarms import raise_alarm
from database import books, payments
from database.queue import Job
from domain.gateway import GatewayRefund, GatewayRefundStatus
from domain.identifiers import new_refund_key
from wiring import Services

# A refund takes seconds or days. Asking again after as long as it has lasted so far finds either soon enough.
_SHORTEST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=6)

_STATUS = {
    GatewayRefundStatus.SUCCESS: "processed",
    GatewayRefundStatus.FAILED: "failed",
    GatewayRefundStatus.CANCELLED: "failed",
}


def intend_refund(
    services: Services, conn: Connection, *, payment_id: int, amount_paise: int, reason: str
) -> None:
    """Write down that a payment goes back, and queue the refund, in the caller's transaction."""
    refund_key = new_refund_key()
    payments.insert_refund_intent(
        conn, refund_key=refund_key, payment_id=payment_id, amount_paise=amount_paise, reason=reason
    )
    services.queue.defer(conn, Job.EXECUTE_REFUND, refund_key=refund_key)


def execute_refund(services: Services, refund_key: str) -> None:
    """Carry out an intention to refund, under its own id. Safe to repeat. Raises GatewayError to be tried again.

    While the gateway says "pending", the same job is queued for later.
    """
    with services.engine.connect() as conn:
        refund = payments.find_refund(conn, refund_key)
    if refund is None or refund.status in {"processed", "failed"}:
        return
    gateway = services.gateway(refund.gateway)
    if refund.status == "intended":
        answer = gateway.create_refund(
            refund.order_id, refund_id=refund_key, amount_paise=refund.amount_paise, note=refund.reason
        )
    else:
        answer = gateway.fetch_refund(refund.order_id, refund_key)
    with services.engine.begin() as conn:
        _write(services, conn, refund_key, answer)


def _write(services: Services, conn: Connection, refund_key: str, answer: GatewayRefund) -> None:
    refund = payments.find_refund(conn, refund_key, for_update=True)
    if refund is None or refund.status in {"processed", "failed"}:
        return
    status = _STATUS.get(answer.status, "pending")
    payments.set_refund_status(conn, refund_key, status, gateway_refund_id=answer.gateway_refund_id)
    if status == "processed":
        payments.mark_refunded(conn, refund.payment_id)
        books.post(
            conn,
            {"owed_to_buyers": refund.amount_paise, "gateway_receivable": -refund.amount_paise},
            payment_id=refund.payment_id,
            refund_id=refund.id,
        )
    elif status == "failed":
        raise_alarm(
            services, conn, f"refund:{refund_key}:failed", f"Refund {refund_key} failed at the gateway."
        )
    else:
        pause = _pause(services.now(conn), refund.created_at)
        services.queue.defer(conn, Job.EXECUTE_REFUND, after=pause, refund_key=refund_key)


def _pause(now: datetime, created_at: datetime) -> timedelta:
    return min(max(now - created_at, _SHORTEST_PAUSE), _LONGEST_PAUSE)
