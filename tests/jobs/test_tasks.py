"""The worker runs each job's use-case with the job's arguments, and tries again what may succeed later."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.periodic import PeriodicDeferrer
from sqlalchemy import text

import jobs.tasks
import jobs.worker
from billing.alarms import report_job
from database.queue import Job
from domain.errors import GatewayTimeout
from jobs.tasks import build_job_app
from payment_handler import receive_webhook, start_checkout, sync_order
from tests.books import rows


def test_one_run_of_the_worker_follows_a_webhook_to_the_kept_mails(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    receive_webhook(
        services, "cashfree", {"x-webhook-signature": "good"}, f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode()
    )

    _work(services)

    assert rows(services, "SELECT status FROM orders") == [("paid",)]
    assert rows(services, "SELECT status FROM gateway_events") == [("processed",)]
    assert rows(services, "SELECT kind, status FROM emails ORDER BY kind") == [
        ("activation", "kept"),
        ("receipt", "kept"),
        ("verify_email", "kept"),
    ]
    assert rows(
        services, "SELECT DISTINCT status::text FROM procrastinate_jobs WHERE scheduled_at IS NULL"
    ) == [("succeeded",)]


def test_refunds_and_closings_are_jobs_too(services, user, gateway) -> None:
    monthly = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    gateway.pay(monthly.id)

    _work(services)

    assert rows(services, "SELECT status FROM refunds") == [("processed",)]
    assert "terminate_order" in gateway.calls
    assert rows(
        services, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed' OR attempts > 1"
    ) == [(0,)]


def test_a_job_whose_gateway_is_silent_waits_and_keeps_its_cause(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    receive_webhook(
        services, "cashfree", {"x-webhook-signature": "good"}, f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode()
    )
    gateway.fail_next = GatewayTimeout()

    _work(services)

    assert rows(
        services,
        """
        SELECT status::text, attempts, scheduled_at > now()
        FROM procrastinate_jobs
        WHERE task_name = 'process_event'
        """,
    ) == [("todo", 1, True)]


def test_a_job_that_can_never_succeed_fails_at_once(services, monkeypatch) -> None:
    with services.engine.begin() as conn:
        services.queue.defer(conn, Job.TERMINATE_ORDER, wrong_argument="x")

    _work(services)

    assert rows(services, "SELECT status::text FROM procrastinate_jobs") == [("failed",)]
    assert rows(services, "SELECT message LIKE 'Job terminate_order % gave up %' FROM alarms") == [(True,)]


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

    assert len(sent) == len(set(sent)) == 3
    assert rows(live, "SELECT DISTINCT status FROM emails") == [("sent",)]


def test_the_clock_queues_each_periodic_job_once_for_two_workers(services) -> None:
    noon = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)

    for _ in range(2):
        _clock_strikes(services, noon)

    assert sorted(rows(services, "SELECT task_name FROM procrastinate_jobs")) == [
        ("check",), ("retry_stalled_jobs",), ("sweep",),
    ]  # fmt: skip


def test_a_worker_that_slept_makes_up_for_nothing(services) -> None:
    evening = datetime(2026, 11, 22, 20, 0, 30, tzinfo=UTC)

    _clock_strikes(services, evening - timedelta(hours=8), evening)

    assert rows(services, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'sweep'") == [(1,)]


def test_a_worker_that_starts_late_leaves_the_nights_comparison_to_the_next_night(services) -> None:
    _clock_strikes(services, datetime(2026, 11, 22, 21, 11, tzinfo=UTC))

    assert rows(services, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'reconcile'") == [(0,)]


def test_the_nightly_comparison_starts_at_half_past_two_in_india(services) -> None:
    registry = build_job_app(services).periodic_registry
    tonight = next(task for task in registry.periodic_tasks.values() if task.task.name == "reconcile")

    evening = datetime(2026, 11, 22, 18, 0, tzinfo=UTC).timestamp()
    tonight.croniter.set_current(start_time=evening)

    start = datetime.fromtimestamp(tonight.croniter.get_next(ret_type=float), ZoneInfo("Asia/Kolkata"))
    assert start.isoformat() == "2026-11-23T02:30:00+05:30"


def test_a_periodic_job_that_fails_has_one_alarm_until_it_succeeds(services, monkeypatch) -> None:
    def fail(_services) -> None:
        raise GatewayTimeout

    with services.engine.begin() as conn:
        services.queue.defer(conn, Job.SWEEP, timestamp=1)
        services.queue.defer(conn, Job.SWEEP, timestamp=2)
    with monkeypatch.context() as broken:
        broken.setitem(jobs.tasks.USE_CASES, Job.SWEEP, fail)
        _work(services)
    while_broken = rows(
        services, "SELECT key, message LIKE 'Job sweep gave up (GatewayTimeout)%', resolved_at FROM alarms"
    )
    with services.engine.begin() as conn:
        services.queue.defer(conn, Job.SWEEP, timestamp=3)
    _work(services)

    assert while_broken == [("job:sweep", True, None)]
    assert rows(services, "SELECT status::text, attempts FROM procrastinate_jobs ORDER BY id") == [
        ("failed", 1), ("failed", 1), ("succeeded", 1),
    ]  # fmt: skip
    assert rows(services, "SELECT resolved_at IS NOT NULL FROM alarms") == [(True,)]


def test_a_job_that_succeeds_after_all_resolves_its_alarm(services) -> None:
    with services.engine.begin() as conn:
        services.queue.defer(conn, Job.TERMINATE_ORDER, order_id="ORDERNOBODY00000001")
        job_id = conn.execute(text("UPDATE procrastinate_jobs SET attempts = 1 RETURNING id")).scalar_one()
    report_job(services, "terminate_order", job_id, GatewayTimeout(), is_over=True)

    _work(services)

    assert rows(services, "SELECT resolved_at IS NOT NULL, resolved_by FROM alarms") == [(True, None)]


def _clock_strikes(services, *moments: datetime) -> None:
    """One worker's clock at these moments."""

    async def strike() -> None:
        app = build_job_app(services)
        deferrer = PeriodicDeferrer(registry=app.periodic_registry)
        async with app.open_async():
            for moment in moments:
                await deferrer.defer_jobs(deferrer.get_previous_tasks(moment.timestamp()))

    _in_a_loop(strike())


def _work(services) -> None:

    async def once() -> None:
        app = build_job_app(services)
        app.periodic_registry.periodic_tasks.clear()  # What the real clock queues is another test's.
        async with app.open_async():
            await app.run_worker_async(
                wait=False, install_signal_handlers=False, listen_notify=False, concurrency=1
            )

    _in_a_loop(once())


def _in_a_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run it in a thread: the browser tests of the same process keep a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
