"""A process that dies on command: `python -m tests.faults.victim` imports the application once and forks the victims.

The first line of JSON on standard input is the environment. Each further line is a request: a flow, its
arguments, and the boundary at which the child kills itself (none: it lives); the answer is one line on standard
output. The process stays single-threaded and holds no connection, so that a fork of it is as good as a fresh start.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import payment_handler
from database import users
from domain.accounts import User
from tests.faults.crashing_connection import Boundaries, crashing_engine
from tests.faults.shop import services_for
from wiring import Services

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ending:
    """How a child ended. `passed` are the boundaries it crossed; the deadly one, if any, is the last."""

    was_killed: bool
    passed: list[str]
    error: str = ""


class Zygote:
    """The test's end of the line to the process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, flow: str, *, at: int | None = None, **arguments: Any) -> Ending:
        """Run a flow in a child of its own that kills itself at boundary `at`."""
        assert self._process.stdout is not None
        self.send({"flow": flow, "at": at, "arguments": arguments})
        return Ending(**json.loads(self._process.stdout.readline()))

    def send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()


@contextmanager
def zygote(environment: dict[str, str]) -> Iterator[Zygote]:
    """A running zygote for the application that this environment describes."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.victim"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        zygote = Zygote(process)
        zygote.send(environment)
        yield zygote
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


def checkout(services: Services, user_id: str, plan: str) -> Callable[[], object]:
    user = _user(services, user_id)
    return lambda: payment_handler.start_checkout(services, user, plan)


def webhook(services: Services, headers: dict[str, str], body: str) -> Callable[[], object]:
    return lambda: payment_handler.receive_webhook(services, "cashfree", headers, body.encode())


def sync(services: Services, order_id: str) -> Callable[[], object]:
    return lambda: payment_handler.sync_order(services, order_id)


def process_event(services: Services, event_id: int) -> Callable[[], object]:
    return lambda: payment_handler.process_event(services, event_id)


def refund(
    services: Services, admin_id: str, order_id: str, payment_id: int, amount_paise: int, refund_key: str
) -> Callable[[], object]:
    admin = _user(services, admin_id)

    def ask_and_execute() -> None:
        payment_handler.request_refund(
            services,
            admin,
            order_id=order_id,
            payment_id=payment_id,
            amount_paise=amount_paise,
            reason="asked for it",
            refund_key=refund_key,
        )
        payment_handler.execute_refund(services, refund_key)

    return ask_and_execute


def sweep(services: Services) -> Callable[[], object]:
    return lambda: payment_handler.sweep(services)


def reconcile(services: Services, since: str) -> Callable[[], object]:
    return lambda: payment_handler.reconcile(services, since=datetime.fromisoformat(since))


# A flow looks up who acts, which is no part of it, and returns what can be killed.
FLOWS: dict[str, Callable[..., Callable[[], object]]] = {
    "checkout": checkout,
    "webhook": webhook,
    "sync": sync,
    "process_event": process_event,
    "refund": refund,
    "sweep": sweep,
    "reconcile": reconcile,
}


def _user(services: Services, user_id: str) -> User:
    with services.engine.connect() as conn:
        found = users.find(conn, UUID(user_id))
    if found is None:
        raise LookupError(user_id)
    return found


def _serve() -> None:
    environment = json.loads(sys.stdin.readline())
    boundaries = Boundaries()
    engine = crashing_engine(environment["DATABASE_URL"], boundaries, pool_size=1)
    services = services_for(environment, Path(environment["DATA_DIR"]), engine=engine)
    # The children connect for themselves: a connection is not to be shared.
    engine.dispose()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(_sacrifice(services, boundaries, json.loads(line))), flush=True)


def _sacrifice(services: Services, boundaries: Boundaries, request: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        # Standard output belongs to the answers; the application's log goes elsewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        _live(services, boundaries, request, report=writing)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as report:
        told = json.loads(report.read())
    _, status = os.waitpid(child, 0)
    return {"was_killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, **told}


def _live(services: Services, boundaries: Boundaries, request: dict[str, Any], *, report: int) -> None:
    """Run the flow and report what was crossed; at the chosen boundary, report and be gone."""

    def tell(error: str = "") -> None:
        os.write(report, json.dumps({"passed": boundaries.passed, "error": error}).encode())

    try:
        with services.engine.connect():
            pass
        run = FLOWS[request["flow"]](services, **request["arguments"])
        boundaries.on_death = lambda _label: tell()
        boundaries.disarm() if request["at"] is None else boundaries.arm(request["at"], kill=True)
        run()
        tell()
    except Exception as exc:
        tell(repr(exc))


if __name__ == "__main__":
    _serve()
