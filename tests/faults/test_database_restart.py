"""Processes die under load: PostgreSQL, its connections, the application. Nothing that was accepted is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from billing.dead_letters import retry_stalled_jobs
from tests.faults.agreement import disagreements
from tests.faults.application import Application, Gateway, application
from tests.faults.private_server import PrivateServer, private_server
from tests.faults.shop import Shop, message, open_shop
from tests.simulator.running_simulator import until

# What the application's engine may open: its pool and the overflow.
CONNECTIONS = 15
# The worker asks for jobs every five seconds when nobody wakes it.
LONGER_THAN_A_POLL = 7.0
HOURS = 8


@pytest.fixture(scope="module")
def server_of_ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    with private_server(tmp_path_factory.mktemp("postgres-of-ours")) as server:
        yield server


@pytest.fixture(scope="module")
def shop(server_of_ours: PrivateServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("restarts")
    with open_shop(server_of_ours.embedded, folder, "restarts") as shop:
        yield shop


@pytest.fixture(scope="module")
def app(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with application(shop.environment, tmp_path_factory.mktemp("application")) as app:
        yield app


def paid_messages(shop: Shop, number: int) -> list[bytes]:
    """Messages about so many payments of which nobody has told the application."""
    bodies = []
    for _ in range(number):
        order = shop.order(shop.buyer())
        shop.pay(order)
        bodies.append(shop.messages(order.id)[-1])
    return bodies


def assert_nothing_lost(shop: Shop) -> None:
    """The application's own worker brings every order in line with the gateway, if hours may pass."""
    for _ in range(HOURS):
        if _worker_finishes(shop):
            break
        let_an_hour_pass(shop)
    assert disagreements(shop) == []


def let_an_hour_pass(shop: Shop) -> None:
    """What waits for its next try is due; a dead worker has been silent, a job whose end was not heard is overdue."""
    for statement in (
        "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo' AND scheduled_at > now()",
        "UPDATE procrastinate_events SET at = at - interval '1 hour'",
        """
        UPDATE procrastinate_workers
        SET last_heartbeat = last_heartbeat - interval '1 hour'
        WHERE id <> (SELECT max(id) FROM procrastinate_workers)
        """,
    ):
        shop.execute(statement)
    retry_stalled_jobs(shop.services)


def _worker_finishes(shop: Shop) -> bool:
    deadline = time.monotonic() + LONGER_THAN_A_POLL
    while shop.rows("SELECT 1 FROM gateway_events WHERE status = 'new' LIMIT 1"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def assert_pool_is_whole(shop: Shop, app: Application) -> None:
    """As many requests as the pool has connections get one each: a leaked slot would show as one less."""
    strange = [message(f"nobody{n}", kind="PAYMENT_USER_DROPPED_WEBHOOK") for n in range(CONNECTIONS)]
    gateway = Gateway(app.url, strange, senders=CONNECTIONS)
    with shop.engine.connect() as conn:
        conn.exec_driver_sql("LOCK TABLE gateway_events IN ACCESS EXCLUSIVE MODE")
        with gateway.delivering():
            until(lambda: _waiting(shop) >= CONNECTIONS)
            conn.rollback()


def _waiting(shop: Shop) -> int:
    (found,) = shop.rows("""
        SELECT count(*) AS number
        FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INTO gateway_events%'
        """)
    return int(found["number"])


def test_f30_a_process_killed_between_receipt_and_processing_has_lost_nothing_it_accepted(
    shop: Shop, app: Application, scale: Any
) -> None:
    bodies = paid_messages(shop, scale.pick(12, 100))
    # The worker hangs in a question to the gateway while messages are received.
    shop.simulator.fault("slow", operation="get_order", seconds=30)
    gateway = Gateway(app.url, bodies)
    with gateway.delivering():
        gateway.when_accepted(len(bodies) // 2)
        app.kill()
        accepted = set(gateway.accepted)
        stored = shop.rows("SELECT body, status FROM gateway_events")
        assert {bytes(event["body"]) for event in stored} >= accepted
        assert {event["status"] for event in stored} == {"new"}
        shop.simulator.control("DELETE", "/faults/slow")
        app.start()

    let_an_hour_pass(shop)
    assert_nothing_lost(shop)


def test_f60_a_database_that_crashes_under_load_costs_503_while_it_is_down_and_nothing_else(
    shop: Shop, app: Application, server_of_ours: PrivateServer, scale: Any, exercised: Any
) -> None:
    crashes = scale.pick(2, 20)
    gateway = Gateway(app.url, paid_messages(shop, scale.pick(40, 400)))
    outages = []
    with gateway.delivering():
        for number in range(1, crashes + 1):
            gateway.when_accepted(len(gateway.bodies) * number // (crashes + 1))
            began = time.monotonic()
            server_of_ours.kill()
            server_of_ours.start()
            outages.append((began, time.monotonic()))

    trouble = [answer for answer in gateway.answers if answer.status != 200]
    assert {answer.status for answer in trouble} == {503}
    for answer in trouble:
        assert any(began <= answer.answered and answer.sent <= ended for began, ended in outages), answer
    assert_nothing_lost(shop)
    assert_pool_is_whole(shop, app)
    until(lambda: app.is_ready)
    exercised("F60", crashes)


def test_f62_connections_that_are_terminated_under_load_are_replaced_and_nothing_is_lost(
    shop: Shop, app: Application, scale: Any, exercised: Any
) -> None:
    gateway = Gateway(app.url, paid_messages(shop, scale.pick(40, 1_000)))
    terminated = 0
    with gateway.delivering():
        for number in range(len(gateway.bodies)):
            gateway.when_accepted(number)
            terminated += len(
                shop.rows("""
                SELECT pg_terminate_backend(pid)
                FROM (
                    SELECT pid
                    FROM pg_stat_activity
                    WHERE datname = current_database() AND backend_type = 'client backend'
                      AND pid <> pg_backend_pid()
                    ORDER BY random()
                    LIMIT 2
                ) AS unlucky
                """)
            )

    assert {answer.status for answer in gateway.answers} <= {200, 503}
    assert terminated >= len(gateway.bodies)
    assert_nothing_lost(shop)
    assert_pool_is_whole(shop, app)
    exercised("F62", terminated)
