"""The inbox of verified webhooks: each is kept once, to the byte, and asks for a look at its order.

Nothing in a webhook is believed: what is true is asked of the gateway by `sync_order`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import Connection

from accounts.authority import require_admin
from billing.alarms import raise_alarm
from billing.recovery import recover_order
from billing.settlement import sync_order
from database import books, events, orders, queue
from database.events import EventText, StoredEvent
from database.queue import Job
from domain.accounts import User
from domain.errors import GatewayReplyInvalid
from domain.gateway import WebhookEvent
from domain.orders import NO_MONEY, SETTLED
from wiring import Services

log = structlog.get_logger()

# A job starts within seconds. An event that waits for minutes has none.
_WAITING_LONG = timedelta(minutes=2)
# What gave up after hours of tries need not be tried each minute.
_PAUSE_OF_DEAD_JOBS = timedelta(hours=1)
# After a long outage the gateway's rate limit is kept for buyers too.
_EVENTS_PER_ROUND = 50


def receive_webhook(services: Services, gateway_name: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Verify a webhook, keep it once, and queue the look it asks for, in one transaction.

    True when it is new. Raises WebhookRefused or WebhookUnreadable, and GatewayUnavailable for a gateway
    that is not configured. The body is kept to the byte; nothing in it is believed.
    """
    event = services.gateway(gateway_name).parse_webhook(headers, body)
    with services.engine.begin() as conn:
        event = _addressed(conn, event)
        event_id = events.insert_once(conn, event)
        # A repeat of an event that led to nothing in a minute is a welcome second chance.
        long_ago = services.now(conn) - timedelta(minutes=1)
        waiting_id = event_id or events.find_unprocessed(conn, event, received_before=long_ago)
        if waiting_id is not None:
            services.queue.defer(conn, Job.PROCESS_EVENT, event_id=waiting_id)
    if event_id is None:
        return False
    log.info("webhook_stored", gateway=gateway_name, event_type=event.event_type, order_id=event.order_id)
    return True


def process_event(services: Services, event_id: int) -> None:
    """Do what a stored event asks for: look at its order, with its refunds. Safe to repeat.

    An order that our database lost is rebuilt first. Raises GatewayError to be tried again, also when the
    event speaks of a payment that the gateway does not show yet: an event is done when something was
    learnt from it.
    """
    with services.engine.connect() as conn:
        event = events.find(conn, event_id)
    if event is None or event.status != "new":
        return
    order = None if event.order_id is None else recover_order(services, event.gateway, event.order_id)
    if order is not None:
        _look_because_of(services, event, order.id)
    with services.engine.begin() as conn:
        if order is None and event.order_id is not None and _reports_payment(services, event):
            raise_alarm(
                services,
                conn,
                f"event:{event.gateway}:{event.order_id}:unknown order",
                f"{event.gateway} reports a payment for order {event.order_id}, which is not ours.",
            )
        events.mark(conn, event_id, "ignored" if order is None else "processed", now=services.now(conn))


def requeue_waiting_events(services: Services) -> int:
    """Queue the look of events that nothing came of and that no job waits for, and say how many.

    A job may be lost with the database's last second, or have given up. One that gave up is tried once more
    after an hour, and again each hour: the same job, so that its alarm is one.
    """
    with services.engine.begin() as conn:
        now = services.now(conn)
        waiting = events.list_waiting(
            conn,
            received_before=now - _WAITING_LONG,
            failed_before=now - _PAUSE_OF_DEAD_JOBS,
            limit=_EVENTS_PER_ROUND,
        )
        for event in waiting:
            if event.dead_job_id is None:
                services.queue.defer(conn, Job.PROCESS_EVENT, event_id=event.id)
            else:
                queue.try_once_more(conn, event.dead_job_id)
    if waiting:
        log.warning("events_requeued", count=len(waiting))
    return len(waiting)


def list_events(services: Services, *, status: str | None = None, limit: int = 20) -> list[StoredEvent]:
    """The newest events, of every status (new, processed, ignored) or of one."""
    with services.engine.connect() as conn:
        return events.list_newest(conn, status=status, limit=limit)


def find_event(services: Services, event_id: int) -> EventText | None:
    """An event with its body to the byte. The body holds a buyer's data: it is for a person's eyes."""
    with services.engine.connect() as conn:
        return events.read(conn, event_id)


def replay_event(services: Services, actor: User, event_id: int) -> StoredEvent | None:
    """Queue an event once more, also a processed or ignored one. It, as it was before; None if there is none.

    Raises Forbidden for all but admins.
    """
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        return _reopen(services, conn, event_id, actor_id=actor.id)


def replay_event_for_operator(services: Services, event_id: int) -> StoredEvent | None:
    """The same for the command line: whoever may run it holds the server. No page may call this."""
    with services.engine.begin() as conn:
        return _reopen(services, conn, event_id, actor_id=None)


def _addressed(conn: Connection, event: WebhookEvent) -> WebhookEvent:
    """The event with our id of its order: by the gateway's own number where we know it, else as the message says."""
    if event.gateway_order_id is None:
        return event
    known = orders.find_id_at_gateway(conn, event.gateway, event.gateway_order_id)
    return event if known is None else replace(event, order_id=known)


def _reopen(
    services: Services, conn: Connection, event_id: int, *, actor_id: UUID | None
) -> StoredEvent | None:
    event = events.find(conn, event_id)
    if event is None:
        return None
    events.reopen(conn, event_id)
    services.queue.defer(conn, Job.PROCESS_EVENT, event_id=event_id)
    detail = {"status_before": event.status}
    books.audit(conn, "event_replayed", f"event:{event_id}", actor_id=actor_id, detail=detail)
    return event


def _look_because_of(services: Services, event: StoredEvent, order_id: str) -> None:
    synced = sync_order(services, order_id)
    if synced.status in SETTLED or not _reports_payment(services, event):
        return
    with services.engine.connect() as conn:
        # A success that moved no money, for instance: asking again and again adds nothing to the alarm.
        is_told = books.is_order_alarmed(conn, order_id, even_if_closed=NO_MONEY)
    if not is_told:
        raise GatewayReplyInvalid(detail="the gateway does not show the payment that it reported")


def _reports_payment(services: Services, event: StoredEvent) -> bool:
    return services.gateway(event.gateway).reports_payment(event.event_type)
