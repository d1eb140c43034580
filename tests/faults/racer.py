"""One of several application processes that race: `python -m tests.faults.racer`.

The first line of JSON on standard input names the environment and the number of threads. Each further line is a
round: one blow for each thread. The process says `ready` when every thread waits at the line, and strikes at the
line `go`; its answer names what failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

import payment_handler
from database import users
from database.engine import connect_engine
from tests.faults.shop import services_for
from wiring import Services

ROOT = Path(__file__).parents[2]
Blow = dict[str, Any]


class Racers:
    """The test's end: several processes on one database, which strike together."""

    def __init__(self, processes: list[subprocess.Popen[str]], threads: int) -> None:
        self._processes = processes
        self.workers = threads * len(processes)

    def strike(self, blows: list[Blow]) -> list[str]:
        """Land all blows at once, dealt out to the processes in turn. What failed, in words."""
        number = len(self._processes)
        for index, process in enumerate(self._processes):
            _send(process, blows[index::number])
        assert [_hear(process) for process in self._processes] == ["ready"] * number
        for process in self._processes:
            _send(process, "go")
        return [failure for process in self._processes for failure in _hear(process)]


@contextmanager
def racers(environment: dict[str, str], *, processes: int, threads: int) -> Iterator[Racers]:
    """Application processes with so many threads each, ready to race."""
    command = [sys.executable, "-m", "tests.faults.racer"]
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            )
            for _ in range(processes)
        ]
        for process in running:
            _send(process, {"environment": environment, "threads": threads})
        yield Racers(running, threads)
        for process in running:
            assert process.stdin is not None
            process.stdin.close()


def _send(process: subprocess.Popen[str], message: object) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def webhook(services: Services, headers: dict[str, str], body: str) -> None:
    """A delivery, and the job that it queued, which starts within milliseconds."""
    event = services.gateway("cashfree").parse_webhook(headers, body.encode())
    payment_handler.receive_webhook(services, "cashfree", headers, body.encode())
    with services.engine.connect() as conn:
        event_id = conn.execute(
            text("SELECT id FROM gateway_events WHERE dedupe_key = :key"), {"key": event.dedupe_key}
        ).scalar_one()
    payment_handler.process_event(services, event_id)


def return_page(services: Services, user_id: str, order_id: str) -> None:
    with services.engine.connect() as conn:
        user = users.find(conn, UUID(user_id))
    if user is None:
        raise LookupError(user_id)
    payment_handler.confirm_return(services, user, order_id)


BLOWS: dict[str, Callable[..., object]] = {
    "webhook": webhook,
    "return": return_page,
    "sync": payment_handler.sync_order,
    "sweep": payment_handler.sweep,
}


def _serve() -> None:
    # Standard output belongs to the answers; the application's log goes elsewhere.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    begin = json.loads(sys.stdin.readline())
    environment, threads = begin["environment"], begin["threads"]
    engine = connect_engine(environment["DATABASE_URL"], pool_size=threads)
    services = services_for(environment, Path(environment["DATA_DIR"]), engine=engine)
    for line in sys.stdin:
        failures = _round(services, json.loads(line), lambda: print(json.dumps("ready"), file=answers))
        print(json.dumps(failures), file=answers)
    engine.dispose()


def _round(services: Services, blows: list[Blow], say_ready: Callable[[], None]) -> list[str]:
    failures: list[str] = []
    line = threading.Barrier(len(blows) + 1)

    def land(blow: Blow) -> None:
        line.wait()
        try:
            BLOWS[blow.pop("kind")](services, **blow)
        except Exception as exc:
            # The SQLSTATE tells a deadlock from a lock that was waited for in vain.
            failures.append(f"{type(exc).__name__} {getattr(getattr(exc, 'orig', None), 'pgcode', '')} {exc}")

    running = [threading.Thread(target=land, args=(blow,)) for blow in blows]
    for thread in running:
        thread.start()
    say_ready()
    sys.stdin.readline()
    line.wait()
    for thread in running:
        thread.join()
    return failures


if __name__ == "__main__":
    _serve()
