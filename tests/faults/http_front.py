"""The webhook's route over real HTTP, served by a thread of the test's process with services of the test's choice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import requests
import uvicorn
from starlette.applications import Starlette

from tests.simulator.running_simulator import until
from web.routes import build_routes
from wiring import Services

# Gateways give up after about five seconds. Whoever has not answered by then has failed.
GATEWAY_PATIENCE_SECONDS = 4.0


@contextmanager
def http_front(services: Services) -> Iterator[str]:
    """Serve the application's own routes on these services. The address of Cashfree's webhook."""
    config = uvicorn.Config(
        Starlette(routes=build_routes()), port=0, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    with mock.patch("web.webhooks.get_services", lambda: services):
        thread.start()
        until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}/webhooks/cashfree"
        finally:
            server.should_exit = True
            thread.join(10)


def deliver(url: str, headers: dict[str, str], body: bytes) -> int | None:
    """Send a message as the gateway does, which waits only so long. The status; None when it gave up."""
    answers: list[int] = []

    def send() -> None:
        answers.append(requests.post(url, data=body, headers=headers, timeout=30).status_code)

    # The time limit of a socket begins anew with each packet; the gateway's does not.
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    sender.join(GATEWAY_PATIENCE_SECONDS)
    return answers[0] if answers else None
