"""Find what no message told us: the sweep asks about unfinished orders, `reconcile` compares whole accounts.

Both only look: what a look finds is written by `sync_order` and `recover_order`, as for any other reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from billing.alarms import raise_standing_alarm
from billing.inbox import requeue_waiting_events
from billing.recovery import recover_order
from billing.settlement import sync_order
from database import books, unfinished
from database.locks import Exclusive, try_exclusively
from domain.errors import CircuitOpen, GatewayError, GatewayRateLimited, OrderNotFound
from domain.gateway import Movement
from wiring import Services

log = structlog.get_logger()

# An unfinished order is asked for when it is this old, and then ever more rarely.
SHORTEST_PAUSE = timedelta(minutes=2)
# A gateway may turn a failed attempt into a success for three days.
ORDERS_FOR = timedelta(days=3)
REFUNDS_FOR = timedelta(days=30)
# A third of the payments that the gateway lets us ask for in a minute: buyers come first.
ORDERS_PER_SWEEP = 35

# A webhook is tried again for half an hour. A payment of the last day without one after that is a sign.
SILENCE_AFTER = timedelta(minutes=40)
SILENCE_FOR = timedelta(days=1)

# The gateway's account may lag: the nightly run reads the last days again.
NIGHTLY_WINDOW = timedelta(days=3)
_MOVEMENTS_AT_ONCE = 200
_PAUSE_WHEN_LIMITED = 20.0
_TRIES_WHEN_LIMITED = 6


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What one round of the sweep did. `is_cut_short` when a gateway was not asked to the end."""

    asked: int = 0
    moved: int = 0
    failed: int = 0
    events_requeued: int = 0
    is_cut_short: bool = False


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a comparison found. `unresolved` names the orders whose money our books still lack, or doubt."""

    movements: int
    looked: int
    recovered: int
    unresolved: tuple[str, ...]


def sweep(services: Services) -> SweepResult:
    """Ask about unfinished orders and refunds that are due, the longest waiting first. One process at a time.

    Safe to repeat. An order that cannot be asked for is logged and comes again; a gateway that is limiting
    us or is down is left alone for the rest of the round, and the other goes on.
    """
    with try_exclusively(services.engine, Exclusive.SWEEP) as is_ours:
        return _sweep(services) if is_ours else SweepResult(is_cut_short=True)


def _sweep(services: Services) -> SweepResult:
    requeued = requeue_waiting_events(services)
    with services.engine.connect() as conn:
        now = services.now(conn)
        due = unfinished.due_orders(
            conn,
            now=now,
            orders_since=now - ORDERS_FOR,
            refunds_since=now - REFUNDS_FOR,
            shortest_pause=SHORTEST_PAUSE,
            limit=ORDERS_PER_SWEEP,
        )
    _listen_for_silence(services)
    asked = moved = failed = 0
    unforeseen: Exception | None = None
    left_alone: set[str] = set()
    for order_id, gateway in due:
        if gateway in left_alone:
            continue
        with services.engine.begin() as conn:
            before = unfinished.mark_swept(conn, order_id, now=services.now(conn))
        try:
            asked += 1
            moved += sync_order(services, order_id).status != before
        except (GatewayRateLimited, CircuitOpen) as exc:
            log.warning("sweep_cut_short", gateway=gateway, order_id=order_id, error=type(exc).__name__)
            failed += 1
            left_alone.add(gateway)
        except GatewayError as exc:
            failed += 1
            log.warning("order_not_swept", order_id=order_id, error=type(exc).__name__)
        except Exception as exc:  # raised below: one order must not keep the others waiting
            unforeseen = unforeseen or exc
            log.error("order_not_swept", order_id=order_id, error=type(exc).__name__)
    if unforeseen is not None:
        raise unforeseen
    return SweepResult(asked, moved, failed, requeued, is_cut_short=bool(left_alone))


def _listen_for_silence(services: Services) -> None:
    """Payments arrive and no webhook does: its address is wrong, or the gateway has given it up."""
    with services.engine.begin() as conn:
        now = services.now(conn)
        silent = unfinished.silent_gateways(conn, since=now - SILENCE_FOR, until=now - SILENCE_AFTER)
        for gateway in services.gateways:
            key = f"webhooks:{gateway}:silent"
            if gateway in silent:
                sentence = (
                    f"{gateway} took payments and sent no webhook since. Access is given all the same, but "
                    "later: check the webhook's address in the payment service's dashboard."
                )
                raise_standing_alarm(services, conn, key, sentence)
            else:
                books.resolve_alarm(conn, key, now=now)


def reconcile(
    services: Services,
    *,
    since: datetime,
    until: datetime | None = None,
    progress: Callable[[str], None] = lambda _sentence: None,
    wait: Callable[[float], None] = time.sleep,
) -> Reconciliation:
    """Compare our books with the gateways' own account of `since` to `until`, and mend what is missing.

    Orders that we lost are rebuilt (amnesia recovery): from the gateway's account, the stored events and the
    audit log. Raises GatewayError when an account cannot be read, after the other was; what cannot be mended
    is told by alarm. Two runs at once do the work twice and nothing more.
    """
    with services.engine.connect() as conn:
        now = services.now(conn)
    ending = min(until or now, now)
    total = Reconciliation(0, 0, 0, ())
    trouble: GatewayError | None = None
    for name in services.gateways:
        try:
            found = _reconcile_one(services, name, since, ending, progress, wait)
        except GatewayError as exc:
            trouble = trouble or exc
            continue
        total = Reconciliation(
            total.movements + found.movements,
            total.looked + found.looked,
            total.recovered + found.recovered,
            total.unresolved + found.unresolved,
        )
    log.info(
        "reconciled",
        movements=total.movements,
        looked=total.looked,
        recovered=total.recovered,
        unresolved=len(total.unresolved),
    )
    if trouble is not None:
        raise trouble
    return total


def reconcile_last_days(services: Services) -> Reconciliation:
    """The nightly comparison."""
    with services.engine.connect() as conn:
        since = services.now(conn) - NIGHTLY_WINDOW
    return reconcile(services, since=since)


def _reconcile_one(
    services: Services,
    gateway: str,
    since: datetime,
    until: datetime,
    progress: Callable[[str], None],
    wait: Callable[[float], None],
) -> Reconciliation:
    with services.engine.connect() as conn:
        began = services.now(conn)
    trouble: Exception | None = None
    try:
        movements = _keep_account(services, gateway, since, until, progress)
    except GatewayError as exc:
        # What was read is kept, and our own traces need no account: the work goes on, and this is raised below.
        movements, trouble = 0, exc
    span = {"since": since, "until": until, "reported_since": began}
    with services.engine.connect() as conn:
        unmatched = unfinished.orders_of_unmatched_movements(conn, gateway, **span)
        named = unfinished.orders_of_events(conn, gateway, since=since)
        open_orders = unfinished.unsettled_since(conn, gateway, since=since)
    candidates = list(dict.fromkeys([*unmatched, *named, *open_orders]))
    recovered, unanswered = 0, []
    for number, order_id in enumerate(candidates, start=1):
        if number % 25 == 0 or number == len(candidates):
            progress(f"{gateway}: looked at {number} of {len(candidates)} orders")
        try:
            recovered += _look(services, gateway, order_id, wait)
        except (GatewayError, SQLAlchemyError) as exc:
            log.warning("order_not_reconciled", order_id=order_id, error=type(exc).__name__)
            unanswered.append(order_id)
    with services.engine.begin() as conn:
        still = unfinished.orders_of_unmatched_movements(conn, gateway, **span)
        for order_id, found in still.items():
            # The money is named: more of it is news to who closed the alarm about the first.
            sentence = (
                f"{gateway} reports money for order {order_id} that our books do not have like that: "
                f"{', '.join(found)}."
            )
            raise_standing_alarm(services, conn, f"reconcile:{gateway}:{order_id}", sentence)
    if trouble is not None:
        raise trouble
    return Reconciliation(movements, len(candidates), recovered, tuple(dict.fromkeys([*still, *unanswered])))


def _keep_account(
    services: Services, gateway: str, since: datetime, until: datetime, progress: Callable[[str], None]
) -> int:
    """Store the gateway's account before anything is concluded from it."""
    count = 0
    batch: list[Movement] = []

    def keep() -> None:
        nonlocal count
        with services.engine.begin() as conn:
            unfinished.keep_movements(conn, gateway, batch)
        count += len(batch)
        progress(f"{gateway}: read {count} movements of money")
        batch.clear()

    try:
        for movement in services.gateway(gateway).list_movements(since, until):
            batch.append(movement)
            if len(batch) == _MOVEMENTS_AT_ONCE:
                keep()
    finally:
        # What was read before an unreadable line is kept all the same.
        if batch:
            keep()
    with services.engine.begin() as conn:
        unfinished.note_report(conn, gateway, since=since, until=until)
    return count


def _look(services: Services, gateway: str, order_id: str, wait: Callable[[float], None]) -> bool:
    """Look at one order, rebuilt if it was lost (then True), waiting where the gateway limits us."""
    for _ in range(_TRIES_WHEN_LIMITED):
        try:
            return _look_once(services, gateway, order_id)
        except GatewayRateLimited:
            wait(_PAUSE_WHEN_LIMITED)
    return _look_once(services, gateway, order_id)


def _look_once(services: Services, gateway: str, order_id: str) -> bool:
    try:
        sync_order(services, order_id)
    except OrderNotFound:
        return recover_order(services, gateway, order_id) is not None
    return False
