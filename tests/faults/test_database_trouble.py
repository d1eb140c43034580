"""The database answers late, not at all, or with "try again": the gateway hears 503 in time, and repeats."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError

import payment_handler
from database.embedded import EmbeddedServer
from database.engine import connect_engine
from database.queue import JobQueue
from domain.orders import Order
from tests.faults.agreement import disagreements
from tests.faults.commit_proxy import commit_proxy
from tests.faults.http_front import deliver, http_front
from tests.faults.shop import Shop, open_shop
from wiring import Services

# Serialization failure, deadlock, lock not available: each says that the same may succeed a moment later.
TRY_AGAIN = ("40001", "40P01", "55P03")


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(server, tmp_path_factory.mktemp("trouble"), "database_trouble") as shop:
        yield shop


def on(shop: Shop, engine: Engine) -> Services:
    return replace(shop.services, engine=engine, queue=JobQueue(engine))


def a_paid_order(shop: Shop) -> Order:
    order = shop.order(shop.buyer())
    shop.pay(order)
    return order


def assert_one_effect(shop: Shop, order: Order) -> None:
    shop.run_jobs()
    events = shop.rows("SELECT status FROM gateway_events WHERE order_id = :id", id=order.id)
    assert events == [{"status": "processed"}]
    assert disagreements(shop) == []


def test_f37_a_stalled_database_is_answered_503_in_time_and_later_one_effect(shop: Shop) -> None:
    order = a_paid_order(shop)
    with commit_proxy(shop.engine.url) as proxy:
        engine = connect_engine(proxy.url)
        with http_front(on(shop, engine)) as url:
            # One message before, so that a connection waits in the pool and looks healthy.
            deliver(url, *shop.webhook(a_paid_order(shop).id))
            proxy.stall()
            during = deliver(url, *shop.webhook(order.id))
            proxy.flow()
            afterwards = deliver(url, *shop.webhook(order.id))
        engine.dispose()

    assert (during, afterwards) == (503, 200)
    assert_one_effect(shop, order)


def test_f37_a_locked_inbox_is_answered_503_in_time_and_later_one_effect(shop: Shop) -> None:
    order = a_paid_order(shop)
    engine = connect_engine(shop.engine.url)
    with http_front(on(shop, engine)) as url:
        with shop.engine.begin() as conn:
            conn.execute(text("LOCK TABLE gateway_events IN ACCESS EXCLUSIVE MODE"))
            during = deliver(url, *shop.webhook(order.id))
        afterwards = deliver(url, *shop.webhook(order.id))
    engine.dispose()

    assert (during, afterwards) == (503, 200)
    assert_one_effect(shop, order)


def test_f37_an_empty_pool_is_answered_503_in_time_and_later_one_effect(shop: Shop) -> None:
    order = a_paid_order(shop)
    engine = connect_engine(shop.engine.url, pool_size=1)
    with http_front(on(shop, engine)) as url:
        with ExitStack() as slow_pages:
            for _ in range(1 + engine.pool._max_overflow):
                slow_pages.enter_context(engine.connect())
            during = deliver(url, *shop.webhook(order.id))
        afterwards = deliver(url, *shop.webhook(order.id))
    engine.dispose()

    assert (during, afterwards) == (503, 200)
    assert_one_effect(shop, order)


class Refusing:
    """Lets the server itself refuse one statement with an SQLSTATE, so that its transaction is really aborted."""

    def __init__(self, engine: Engine) -> None:
        self.passed = 0
        self.struck = False
        self._at: int | None = None
        self._sqlstate = ""
        event.listen(engine, "before_cursor_execute", self._before, retval=True)

    def arm(self, at: int, sqlstate: str) -> None:
        """Refuse the statement with this index from now, and no other."""
        self.passed, self.struck, self._at, self._sqlstate = 0, False, at, sqlstate

    def disarm(self) -> None:
        self._at = None

    def _before(self, _conn, _cursor, statement, parameters, _context, executemany):
        is_the_one = self.passed == self._at
        self.passed += 1
        if not is_the_one:
            return statement, parameters
        self.struck = True
        refusal = f"DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '{self._sqlstate}'; END $$"
        return refusal, [{}] if executemany else {}


@pytest.fixture
def refusing(shop: Shop) -> Iterator[tuple[Services, Refusing]]:
    engine = connect_engine(shop.engine.url)
    yield on(shop, engine), Refusing(engine)
    engine.dispose()


def everywhere(refusing: Refusing, attempt: Callable[[int], None]) -> int:
    """Let `attempt` meet a refusal at each statement in turn, with an SQLSTATE of its own. The statements."""
    rng = random.Random(42)
    at = 0
    while True:
        refusing.arm(at, rng.choice(TRY_AGAIN))
        attempt(at)
        if not refusing.struck:
            return at
        at += 1


def test_f42_a_webhook_refused_at_any_statement_is_stored_by_its_repetition(
    shop: Shop, refusing: tuple[Services, Refusing]
) -> None:
    services, refusal = refusing
    with http_front(services) as url:

        def send_until_stored(_at: int) -> None:
            order = a_paid_order(shop)
            message = shop.webhook(order.id)
            status = deliver(url, *message)
            assert status in ({200, 503} if refusal.struck else {200})
            if status == 503:
                assert deliver(url, *message) == 200
            assert_one_effect(shop, order)

        statements = everywhere(refusal, send_until_stored)

    assert statements >= 2


def test_f42_a_job_refused_at_any_statement_is_done_by_its_next_try(
    shop: Shop, refusing: tuple[Services, Refusing]
) -> None:
    services, refusal = refusing

    def try_twice(_at: int) -> None:
        order = a_paid_order(shop)
        shop.receive(*shop.webhook(order.id))
        (stored,) = shop.rows("SELECT id FROM gateway_events WHERE order_id = :id", id=order.id)
        # What a worker tries again is told by jobs.tasks; the second try meets no refusal.
        try:
            payment_handler.process_event(services, stored["id"])
        except DBAPIError as exc:
            assert exc.orig is not None and exc.orig.pgcode in TRY_AGAIN
            payment_handler.process_event(services, stored["id"])
        assert_one_effect(shop, order)

    assert everywhere(refusal, try_twice) >= 30


def test_f42_a_checkout_refused_at_any_statement_opens_one_order_at_the_next_click(
    shop: Shop, refusing: tuple[Services, Refusing]
) -> None:
    services, refusal = refusing

    def click_until_open(_at: int) -> None:
        user = shop.buyer()
        try:
            payment_handler.start_checkout(services, user, "monthly")
        except DBAPIError as exc:
            assert exc.orig is not None and exc.orig.pgcode in TRY_AGAIN
        refusal.disarm()
        order = payment_handler.start_checkout(services, user, "monthly")
        theirs = [o["order_id"] for o in shop.truth()["orders"] if o["tags"]["user_id"] == str(user.id)]
        assert theirs == [order.id]

    assert everywhere(refusal, click_until_open) >= 10
