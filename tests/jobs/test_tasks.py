"""The worker runs each job's use-case with the job's arguments, and tries again what may succeed later."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text

import jobs.worker
from database.queue import Job
from domain.errors import GatewayTimeout
from jobs.tasks import build_job_app
from payment_handler import receive_webhook, start_checkout, sync_order


def test_one_run_of_the_worker_follows_a_webhook_to_the_kept_mails(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    receive_webhook(
        services, "cashfree", {"x-webhook-signature": "good"}, f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode()
    )

    _work(services)

    assert _rows(services, "SELECT status FROM orders") == [("paid",)]
    assert _rows(services, "SELECT status FROM gateway_events") == [("processed",)]
    assert _rows(services, "SELECT kind, status FROM emails ORDER BY kind") == [
        ("activation", "kept"),
        ("receipt", "kept"),
    ]
    assert _rows(
        services, "SELECT DISTINCT status::text FROM procrastinate_jobs WHERE scheduled_at IS NULL"
    ) == [("succeeded",)]


def test_refunds_and_closings_are_jobs_too(services, user, gateway) -> None:
    monthly = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    gateway.pay(monthly.id)
    with services.engine.begin() as conn:
        services.queue.defer(conn, Job.LOOK_AGAIN, order_id=monthly.id)

    _work(services)

    assert _rows(services, "SELECT status FROM refunds") == [("processed",)]
    assert "terminate_order" in gateway.calls
    assert _rows(
        services, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed' OR attempts > 1"
    ) == [(0,)]


def test_a_job_whose_gateway_is_silent_waits_and_keeps_its_cause(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    with services.engine.begin() as conn:
        services.queue.defer(conn, Job.LOOK_AGAIN, order_id=order.id)
    gateway.fail_next = GatewayTimeout()

    _work(services)

    assert _rows(
        services,
        "SELECT status::text, attempts, scheduled_at > now() FROM procrastinate_jobs WHERE attempts > 0",
    ) == [("todo", 1, True)]


def test_a_job_that_can_never_succeed_fails_at_once(services, monkeypatch) -> None:
    with services.engine.begin() as conn:
        services.queue.defer(conn, Job.LOOK_AGAIN, wrong_argument="x")

    _work(services)

    assert _rows(services, "SELECT status::text FROM procrastinate_jobs") == [("failed",)]
    assert _rows(services, "SELECT message LIKE 'Job look_again % gave up %' FROM alarms") == [(True,)]


@pytest.mark.parametrize("error", [ConnectorException(), ConnectionRefusedError()])
def test_a_worker_that_ended_with_its_database_is_started_again(services, monkeypatch, error) -> None:
    started: list[int] = []

    class Dying:
        def open_async(self):
            return self

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            return None

        async def run_worker_async(self, **_):
            started.append(1)
            if len(started) < 3:
                raise error
            await asyncio.Event().wait()

    monkeypatch.setattr(jobs.worker, "build_job_app", lambda _services: Dying())
    monkeypatch.setattr(jobs.worker, "_RESTART_SECONDS", 0)

    async def watch() -> None:
        async with jobs.worker.working(services):
            for _ in range(1000):
                await asyncio.sleep(0)
                if len(started) == 3:
                    return

    _in_a_loop(watch())

    assert len(started) == 3


def test_the_mails_of_a_site_with_a_mail_server_are_sent_once(services, user, gateway) -> None:
    sent: list[str] = []

    class Sender:
        def send(self, mail) -> None:
            sent.append(mail.message_id)

    live = replace(services, mail_sender=Sender())
    order = start_checkout(live, user, "monthly")
    gateway.pay(order.id)
    sync_order(live, order.id)

    _work(live)
    with live.engine.begin() as conn:
        for row in conn.execute(text("SELECT id FROM emails")).all():
            live.queue.defer(conn, Job.SEND_MAIL, email_id=row.id)
    _work(live)

    assert len(sent) == len(set(sent)) == 2
    assert _rows(live, "SELECT DISTINCT status FROM emails") == [("sent",)]


def _work(services) -> None:
    async def once() -> None:
        app = build_job_app(services)
        async with app.open_async():
            await app.run_worker_async(
                wait=False, install_signal_handlers=False, listen_notify=False, concurrency=1
            )

    _in_a_loop(once())


def _in_a_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run it in a thread: the browser tests of the same process keep a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


def _rows(services, statement: str) -> list[tuple]:
    with services.engine.connect() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]
