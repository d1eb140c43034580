"""Rows F36 and F38: bodies without measure or end, and work that must not stop the loop that everybody waits for."""

from __future__ import annotations

import asyncio
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from sqlalchemy import text

import web.webhooks
from checks.blocking import blocking_calls
from checks.source import ROOT, Project
from tests.faults.front_door import answer_to, build_app, serving
from tests.faults.invariant_guard import the_books_hold as the_books_hold
from tests.faults.signed_gateway import SignedGateway, message, signed
from wiring import Services

PATH = "/webhooks/cashfree"
BODY = message("ORDER00000000000001A", "EVENT_OF_TOMORROW_WEBHOOK")
LARGEST = 256 * 1024
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"


@pytest.fixture
def gateway(clock: Any) -> SignedGateway:
    return SignedGateway(lambda: clock.moment)


@pytest.fixture
def port(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    with serving(build_app(services, monkeypatch)) as port:
        yield port


def connection(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def head(*more: str) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "Host: localhost:8501", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status_of(wire: socket.socket) -> int:
    """The status of the answer; 0 when the connection ends without one."""
    answer = b""
    try:
        while b"\r\n" not in answer:
            part = wire.recv(4096)
            if not part:
                return 0
            answer += part
    except ConnectionResetError:
        return 0
    return int(answer.split()[1])


def deliver(port: int) -> int:
    """A genuine message of the gateway, as any sender would send it."""
    lines = [f"{name.decode()}: {value.decode()}" for name, value in signed(BODY)]
    with closing(connection(port)) as wire:
        wire.sendall(head(*lines, f"Content-Length: {len(BODY)}") + BODY)
        return status_of(wire)


def stored(services: Services) -> int:
    with services.engine.connect() as conn:
        return int(conn.execute(text("SELECT count(*) FROM gateway_events")).scalar_one())


@pytest.mark.parametrize("declared", [LARGEST + 1, 10**9, 10**18])
def test_f36_a_body_that_is_announced_too_long_is_refused_before_it_is_sent(
    port: int, services: Services, declared: int
) -> None:
    with closing(connection(port)) as wire:
        wire.sendall(head(f"Content-Length: {declared}"))

        assert status_of(wire) == 413
    assert (deliver(port), stored(services)) == (200, 1)


def test_f36_an_endless_body_is_answered_at_what_a_message_may_measure_and_then_cut_off(
    port: int, services: Services, scale: Any
) -> None:
    tracemalloc.start()
    try:
        for _ in range(scale.pick(5, 200)):
            with closing(connection(port)) as wire:
                wire.sendall(head("Transfer-Encoding: chunked") + CHUNK * 5)

                assert status_of(wire) == 413
                # What is still taken lies in the buffers of the two sockets.
                assert pour(wire, limit=100 * 1024 * 1024) < 16 * 1024 * 1024
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 5 * 1024 * 1024
    assert deliver(port) == 200
    assert stored(services) == 1


def pour(wire: socket.socket, *, limit: int) -> int:
    """Send chunks until nobody takes them any more. How many bytes were taken."""
    sent = 0
    wire.settimeout(0.5)
    try:
        while sent < limit:
            sent += wire.send(CHUNK)
    except (TimeoutError, ConnectionError):
        pass  # nobody reads, or the line was cut: both are an answer
    return sent


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Content-Length: 0"],
        ["Content-Length: -1"],
        ["Content-Length: 1e9"],
        ["Content-Length: 5", "Content-Length: 500"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: identity"],
    ],
)
def test_f36_a_length_that_is_missing_or_nonsense_is_a_client_error(
    port: int, services: Services, lines: list[str]
) -> None:
    with closing(connection(port)) as wire:
        wire.sendall(head(*lines, "Connection: close") + b"0\r\n\r\n")

        assert status_of(wire) in {0, 400, 401, 413}
    assert (deliver(port), stored(services)) == (200, 1)


@pytest.mark.parametrize("after", ["the head", "half of the body"])
def test_f36_a_sender_that_hangs_up_in_the_middle_leaves_nothing(
    port: int, services: Services, after: str
) -> None:
    lines = [f"{name.decode()}: {value.decode()}" for name, value in signed(BODY)]
    for _ in range(10):
        with closing(connection(port)) as wire:
            part = BODY[: len(BODY) // 2] if after == "half of the body" else b""
            wire.sendall(head(*lines, f"Content-Length: {len(BODY)}") + part)

    assert stored(services) == 0
    assert (deliver(port), stored(services)) == (200, 1)


def test_f36_many_who_send_nothing_or_hardly_anything_keep_nobody_from_being_answered(
    port: int, services: Services, scale: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.webhooks, "_LONGEST_READ_SECONDS", 120.0)
    lines = [f"{name.decode()}: {value.decode()}" for name, value in signed(BODY)]
    whole = head(*lines, f"Content-Length: {len(BODY)}") + BODY
    with ExitStack() as stack:
        waiting = [stack.enter_context(closing(connection(port))) for _ in range(scale.pick(90, 400))]
        for number, wire in enumerate(waiting):
            # Some stop within the head, some within the body, some before either.
            wire.sendall(whole[: (0, 40, len(whole) - 20)[number % 3]])
        answered = [deliver(port) for _ in range(3)]
        # They have lost nothing: whoever goes on is answered.
        waiting[2].sendall(whole[-20:])
        late = status_of(waiting[2])

    assert (answered, late) == ([200] * 3, 200)
    assert stored(services) == 1


def test_f36_a_body_that_never_ends_is_given_up(
    port: int, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.webhooks, "_LONGEST_READ_SECONDS", 0.2)
    with closing(connection(port)) as wire:
        wire.sendall(head(f"Content-Length: {len(BODY)}") + BODY[:5])

        assert status_of(wire) == 408
    assert stored(services) == 0


FROM_OUR_OWN_PAGE = [(b"origin", b"http://localhost:8501"), (b"sec-fetch-site", b"same-origin")]
# Every route, with what it needs to come as far as its first use of the application.
ROUTES = [
    ("POST", PATH),
    ("GET", "/auth/session?ticket=x"),
    ("POST", "/auth/sign-out"),
    ("GET", "/checkout/ORDER00000000000001A"),
    ("POST", "/checkout/ORDER00000000000001A/script-failure"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]


@pytest.mark.parametrize(("method", "target"), ROUTES, ids=[target.partition("?")[0] for _, target in ROUTES])
def test_f38_while_one_request_waits_for_the_application_another_is_answered(
    services: Services, monkeypatch: pytest.MonkeyPatch, method: str, target: str
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    module = next(name for name in ("webhooks", "auth", "checkout", "health") if belongs(name, target))
    app = build_app(services, monkeypatch)

    def slow_services() -> Services:
        begun.set()
        # If this stands still in the loop itself, nobody can ever say "go on".
        assert go_on.wait(20)
        return services

    monkeypatch.setattr(f"web.{module}.get_services", slow_services)
    body, headers = (BODY, signed(BODY)) if target == PATH else (b"", FROM_OUR_OWN_PAGE)

    async def both() -> tuple[int, bool]:
        slow = asyncio.create_task(answer_to(app, (method, target, headers, body)))
        while not begun.is_set():
            assert not slow.done(), f"{slow.result()} without having asked for the application"
            await asyncio.sleep(0)
        quick = await answer_to(app, ("GET", "/healthz", [], b""))
        was_waiting = not slow.done()
        go_on.set()
        await slow
        return quick.status, was_waiting

    assert asyncio.run(both()) == (200, True)


def belongs(module: str, target: str) -> bool:
    first = target.strip("/").split("/")[0].split("?")[0]
    return {"webhooks": "webhooks", "auth": "auth", "checkout": "checkout"}.get(first, "health") == module


def test_f38_no_coroutine_calls_what_may_block() -> None:
    """The rule itself is tried with planted calls in tests/checks/test_rules.py."""
    project = Project(ROOT)

    assert [f"{project.place(call)}: {why}" for call, why in blocking_calls(project)] == []
