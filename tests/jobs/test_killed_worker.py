"""A real worker process is killed while it holds a job, and another one finishes it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from sqlalchemy import text

from billing.outbox import defer_mail
from jobs.worker import working
from mail.composing import Mail
from tests.books import rows
from wiring import Services

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60


def test_the_job_of_a_killed_worker_is_finished_by_another(services, tmp_path) -> None:
    _queue_mail(services)
    with _silent_server() as port:
        mail_settings = {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(port), "SENDER_EMAIL": "us@example.com"}
        with _worker(services, tmp_path, **mail_settings) as first:
            _eventually(lambda: _mail_jobs(services) == [("doing", 0)])
            first.kill()
            first.wait()
    left_behind = _mail_jobs(services)
    _let_a_minute_pass(services)

    with _worker(services, tmp_path):  # Without a mail server a mail is kept, not sent.
        _eventually(lambda: _mail_jobs(services) == [("succeeded", 2)])

    assert left_behind == [("doing", 0)]
    assert rows(services, "SELECT status FROM emails") == [("kept",)]


def test_a_worker_that_is_told_to_stop_leaves_nothing_behind(services, tmp_path) -> None:
    with _worker(services, tmp_path) as worker:
        _eventually(lambda: rows(services, "SELECT id FROM procrastinate_workers"))
        worker.terminate()
        code = worker.wait(PATIENCE_SECONDS)

    assert code == 0
    assert rows(services, "SELECT id FROM procrastinate_workers") == []
    assert rows(services, "SELECT id FROM procrastinate_jobs WHERE status = 'doing'") == []


def test_a_worker_that_was_taken_for_dead_goes_on_under_another_number(services) -> None:
    stop = Event()

    async def work() -> None:
        async with working(services):
            await asyncio.to_thread(stop.wait)

    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(asyncio.run, work())
        try:
            _eventually(lambda: rows(services, "SELECT id FROM procrastinate_workers"))
            with services.engine.begin() as conn:
                conn.execute(text("DELETE FROM procrastinate_workers"))
            _queue_mail(services)
            _eventually(lambda: _mail_jobs(services) == [("succeeded", 1)])
        finally:
            stop.set()
        worker.result()

    assert rows(services, "SELECT status FROM emails") == [("kept",)]


def _queue_mail(services: Services) -> None:
    with services.engine.begin() as conn:
        mail = Mail(subject="Hello", text="Hello", html="<p>Hello</p>")
        defer_mail(services, conn, "alarm", "1", user_id=None, to="owner@example.com", mail=mail)


@contextmanager
def _silent_server() -> Iterator[int]:
    """A mail server that takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def _worker(services: Services, folder: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=ROOT,
            env={
                **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
                "APP_ENV": "test",
                "DATA_DIR": str(folder / "data"),
                "DATABASE_URL": services.engine.url.render_as_string(hide_password=False),
                **environment,
            },
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _let_a_minute_pass(services: Services) -> None:
    """The dead worker has been silent for a minute, and the clock may queue the next minute's jobs."""
    with services.engine.begin() as conn:
        conn.execute(
            text("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'")
        )
        conn.execute(text("DELETE FROM procrastinate_periodic_defers"))


def _mail_jobs(services: Services) -> list[tuple]:
    return rows(
        services, "SELECT status::text, attempts FROM procrastinate_jobs WHERE task_name = 'send_mail'"
    )


def _eventually(probe: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not probe():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
