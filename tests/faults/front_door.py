"""The application's own routes with their middleware: driven without sockets, or served over them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

import web.middleware
from tests.simulator.running_simulator import until
from web.middleware import SecurityHeaders
from web.routes import build_routes
from wiring import Services

Header = tuple[bytes, bytes]
# Method, path with query, headers, body.
Message = tuple[str, str, Sequence[Header], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


def build_app(services: Services, monkeypatch: pytest.MonkeyPatch) -> Starlette:
    """The routes in front of these services. How soon they answer is no matter here, on whatever machine."""
    monkeypatch.setattr("web.webhooks._ANSWER_SECONDS", 60.0)
    for module in ("auth", "checkout", "health", "webhooks"):
        monkeypatch.setattr(f"web.{module}.get_services", lambda: services)
    monkeypatch.setattr(web.middleware, "_settings", lambda: services.settings)
    return Starlette(routes=build_routes(), middleware=[Middleware(SecurityHeaders)])


def answers_of(app: Starlette, messages: Sequence[Message]) -> list[Answer]:
    """Send messages one after the other, to the byte as given, also what no honest client would send."""

    async def send_all() -> list[Answer]:
        return [await answer_to(app, message) for message in messages]

    return asyncio.run(send_all())


async def answer_to(app: Starlette, message: Message) -> Answer:
    """Send one message. What the application does not catch is raised here."""
    method, target, headers, body = message
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.replace("%00", "\x00"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost:8501"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 8501),
    }
    given = [{"type": "http.request", "body": body, "more_body": False}]
    told: dict[str, Any] = {"body": b""}

    async def receive() -> dict[str, Any]:
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(part: Any) -> None:
        if part["type"] == "http.response.start":
            told["status"] = part["status"]
        else:
            told["body"] += part.get("body", b"")

    await app(scope, receive, send)
    return Answer(told["status"], told["body"])


@contextmanager
def serving(app: Starlette) -> Iterator[int]:
    """Serve the application as production does, from a thread. The port."""
    config = uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
