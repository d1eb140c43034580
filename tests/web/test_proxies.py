"""Nobody chooses an address: only a proxy that was named speaks for others."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import web.middleware
from web.middleware import SecurityHeaders
from web.proxies import seen_through_proxies

REMOTE = ("198.51.100.7", 40_000)
SPOOFED = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]


def seen(client, headers, trusted=(), *, kind="http", scheme="http") -> tuple[tuple, str]:
    scope = {"type": kind, "client": client, "headers": headers, "scheme": scheme}
    found = asyncio.run(seen_through_proxies(scope, tuple(trusted)))
    return tuple(found["client"]), found["scheme"]


def test_s28_what_uvicorn_believed_of_the_loopback_is_undone() -> None:
    assert seen(("203.0.113.9", 0), SPOOFED, scheme="https") == (("127.0.0.1", 0), "http")


@pytest.mark.parametrize(
    ("value", "believed"),
    [
        (b"203.0.113.9:5555", ("203.0.113.9", 5555)),
        (b"198.51.100.1, 203.0.113.9", ("203.0.113.9", 0)),
        (b"203.0.113.9, 127.0.0.1", ("203.0.113.9", 0)),
        (b"[2001:db8::1]:77", ("2001:db8::1", 77)),
        (b"not an address", ("not an address", 0)),
    ],
)
def test_s28_no_way_of_writing_the_header_keeps_a_chosen_address(value, believed) -> None:
    client, _ = seen(believed, [(b"x-forwarded-for", value)])

    assert client == ("127.0.0.1", 0)


def test_a_page_sees_the_same_address_as_a_route() -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"wss")]

    assert seen(("203.0.113.9", 0), headers, kind="websocket", scheme="wss") == (("127.0.0.1", 0), "ws")


def test_s28_a_remote_peer_is_itself_whatever_it_sends() -> None:
    assert seen(REMOTE, SPOOFED) == (REMOTE, "http")
    assert seen(REMOTE, SPOOFED, ["10.0.0.0/8", "127.0.0.1"]) == (REMOTE, "http")


@pytest.mark.parametrize("trusted", ["198.51.100.7", "198.51.100.0/24"])
def test_a_proxy_that_was_named_is_believed(trusted) -> None:
    assert seen(REMOTE, SPOOFED, [trusted]) == (("203.0.113.9", 0), "https")


def test_s28_behind_a_named_proxy_only_its_own_words_count() -> None:
    headers = [(b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"203.0.113.9")]

    assert seen(REMOTE, headers, ["198.51.100.7"])[0] == ("203.0.113.9", 0)


@pytest.mark.parametrize("trusted", ["127.0.0.1", "::1"])
def test_a_named_proxy_on_this_machine_is_believed_after_uvicorn_and_without_it(trusted) -> None:
    assert seen(("203.0.113.9", 0), SPOOFED, [trusted], scheme="https") == (("203.0.113.9", 0), "https")
    assert seen(("127.0.0.1", 40_000), SPOOFED, [trusted]) == (("203.0.113.9", 0), "https")


def test_a_request_without_a_client_stays_without() -> None:
    scope = {"type": "http", "client": None, "headers": SPOOFED, "scheme": "http"}

    assert asyncio.run(seen_through_proxies(scope, ()))["client"] is None


@contextmanager
def serving(settings, monkeypatch) -> Iterator[str]:
    """A real uvicorn as it starts by default, in front of a route that says whom it sees."""
    monkeypatch.setattr(web.middleware, "_settings", lambda: settings)

    async def whom(request: Request) -> JSONResponse:
        return JSONResponse([request.client.host, request.url.scheme])

    app = Starlette(routes=[Route("/", whom)], middleware=[Middleware(SecurityHeaders)])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize(
    ("trusted", "expected"), [((), ["127.0.0.1", "http"]), (("127.0.0.1",), ["203.0.113.9", "https"])]
)
def test_s28_the_real_server_shows_the_peer_unless_it_was_named(
    settings, monkeypatch, trusted, expected
) -> None:
    named = settings.model_copy(update={"trusted_proxies": trusted})
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    with serving(named, monkeypatch) as address:
        assert requests.get(address, headers=headers, timeout=10).json() == expected
