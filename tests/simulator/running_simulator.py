"""A simulator on a free port and a merchant's server that receives its webhooks, both real HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import requests
import uvicorn

from simulator.app import build_app

REPOSITORY = Path(__file__).parents[2]
SECRET = "cfsk_ma_test_simulator"
_numbers = count(1)


@dataclass
class RunningSimulator:
    """What tests do to a simulator, over HTTP only."""

    origin: str
    version: str = "2025-01-01"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {
            "x-client-id": "TESTSIMULATOR",
            "x-client-secret": SECRET,
            "x-api-version": self.version,
        } | options.pop("headers", {})
        options.setdefault("timeout", 10)
        headers = {name: value for name, value in headers.items() if value is not None}
        return requests.request(
            method, f"{self.origin}/pg{path}", headers=headers, allow_redirects=False, **options
        )

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        reply = requests.request(method, f"{self.origin}/control{path}", json=body, timeout=30)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def fault(self, name: str, **settings: Any) -> None:
        self.control("POST", "/faults", {"name": name, **settings})

    def advance(self, seconds: int) -> None:
        self.control("POST", "/clock", {"advance_seconds": seconds})

    def flush(self) -> None:
        assert self.control("POST", "/webhooks/flush") == {"flushed": True}

    def new_order(self, **changes: Any) -> dict[str, Any]:
        reply = self.call("POST", "/orders", json=order_body(**changes))
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def pay(self, order_id: str, **how: Any) -> dict[str, Any]:
        return dict(self.control("POST", f"/orders/{order_id}/pay", how))

    def paid_order(self, **changes: Any) -> dict[str, Any]:
        order = self.new_order(**changes)
        self.pay(order["order_id"])
        return order

    def status_of(self, order_id: str) -> str:
        return str(self.call("GET", f"/orders/{order_id}").json()["order_status"])


@dataclass
class Received:
    """One webhook as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def parsed(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def type(self) -> str:
        return str(self.parsed["type"])


@dataclass
class Merchant:
    """A webhook receiver; ``status`` is what it answers, once ``may_answer`` is set."""

    url: str = ""
    status: int = 200
    may_answer: threading.Event = field(default_factory=threading.Event)
    received: list[Received] = field(default_factory=list)


def order_body(**changes: Any) -> dict[str, Any]:
    """A body that creates an order; keyword arguments replace or (None) leave out members."""
    body = {
        "order_id": f"ORDER{next(_numbers):010d}",
        "order_amount": 4990,
        "order_currency": "INR",
        "customer_details": {"customer_id": "CUST_1", "customer_phone": "9876543210"},
        "order_meta": {"return_url": "https://shop.example/return?order_id={order_id}"},
    } | changes
    return {name: value for name, value in body.items() if value is not None}


def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Return the condition's first true value; fail when none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError("nothing happened in time")


@contextlib.contextmanager
def running_simulator(state_dir: Path) -> Iterator[RunningSimulator]:
    """Serve a simulator from a thread."""
    config = uvicorn.Config(build_app(state_dir), port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield RunningSimulator(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def simulator_process(state_dir: Path) -> Iterator[tuple[subprocess.Popen[str], RunningSimulator]]:
    """Start the simulator by its command line, as a process that may be killed."""
    command = [sys.executable, "-m", "simulator", "--port", "0", "--data-dir", str(state_dir)]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CASHFREE_", "RAZORPAY_"))
    }
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=environment
    ) as process:
        assert process.stdout is not None
        origin = process.stdout.readline().split()[1].removesuffix("/dashboard")
        try:
            yield process, RunningSimulator(origin)
        finally:
            process.kill()


@contextlib.contextmanager
def running_merchant() -> Iterator[Merchant]:
    """Serve a webhook receiver from a thread."""
    merchant = Merchant()
    merchant.may_answer.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            merchant.received.append(Received(headers, body))
            merchant.may_answer.wait(10)
            self.send_response(merchant.status)
            if merchant.status in (301, 302):
                self.send_header("location", merchant.url)
            self.send_header("content-length", "0")
            # One who gave up waiting is not there any more.
            with contextlib.suppress(ConnectionError):
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    merchant.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield merchant
    finally:
        merchant.may_answer.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
