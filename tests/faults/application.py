"""The whole application as a process that may be killed: `uvicorn landing_page:app` on a database of the test's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.faults.shop import signed
from tests.simulator.running_simulator import until

ROOT = Path(__file__).parents[2]
_START_SECONDS = 90.0


class Application:
    """The process, its address, and its start after a death."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self._environment = {**kept, **environment, "PORT": str(port)}
        self._log = log
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_ready(self) -> bool:
        """Database, migrations and worker are there."""
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()[-3000:]
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def start(self) -> None:
        """Start and wait until it is ready."""
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", "uvicorn", "landing_page:app", "--port", port, "--no-access-log"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        until(lambda: self.is_ready, _START_SECONDS)

    def kill(self) -> None:
        """SIGKILL: nobody cleans up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        """Ask it to end."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def application(environment: dict[str, str], folder: Path) -> Iterator[Application]:
    """A running application."""
    running = Application(environment, folder / "app.log")
    running.start()
    yield running
    running.stop()


@dataclass(frozen=True)
class Answer:
    """One delivery: between which moments of the test's clock, and the status (none: no answer at all)."""

    sent: float
    answered: float
    status: int | None


@dataclass
class Gateway:
    """Delivers messages like the gateway: several at once, each again and again until it is answered 200."""

    url: str
    bodies: list[bytes]
    senders: int = 4
    answers: list[Answer] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """Deliver in the background; on leaving, every message has been accepted."""
        waiting, lock = list(reversed(self.bodies)), threading.Lock()

        def work() -> None:
            with requests.Session() as session:
                while True:
                    with lock:
                        if not waiting:
                            return
                        body = waiting.pop()
                    if not self._deliver(session, body):
                        with lock:
                            # Not at once again: first all the others.
                            waiting.insert(0, body)

        threads = [threading.Thread(target=work) for _ in range(self.senders)]
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join()

    def when_accepted(self, number: int) -> None:
        """Come back as soon as so many messages have been accepted."""
        until(lambda: len(self.accepted) >= number, 60)

    def _deliver(self, session: requests.Session, body: bytes) -> bool:
        sent = time.monotonic()
        headers, body = signed(body)
        try:
            status: int | None = session.post(
                f"{self.url}/webhooks/cashfree", data=body, headers=headers, timeout=10
            ).status_code
        except requests.RequestException:
            status = None
        self.answers.append(Answer(sent, time.monotonic(), status))
        if status == 200:
            self.accepted.append(body)
        elif status is None:
            # Nobody listens: a process is being started, which takes seconds.
            time.sleep(0.05)
        return status == 200
