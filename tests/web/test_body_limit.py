"""No body is read beyond its limit, declared or not, by a route that thinks of it or one that does not."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

import web.middleware
from web.middleware import SecurityHeaders

OURS = {"sec-fetch-site": "same-origin"}
CHUNK = b"x" * 16 * 1024


@pytest.fixture
def send(settings, monkeypatch):
    """Send a body in pieces, and return the status, the headers and the bytes that were taken."""
    monkeypatch.setattr(web.middleware, "_settings", lambda: settings)

    async def read(request):
        return JSONResponse(len(await request.body()))

    async def ignore(_request):
        return JSONResponse("ignored")

    paths = {"/read": read, "/ignore": ignore, "/webhooks/x": read, "/_stcore/upload_file/s/f": read}
    app = Starlette(
        routes=[Route(path, route, methods=["POST", "PUT", "DELETE"]) for path, route in paths.items()],
        middleware=[Middleware(SecurityHeaders)],
    )

    def send_it(path: str, pieces: list[bytes], *, declared: str | None = None, method: str = "POST"):
        length = {"content-length": declared} if declared else {"transfer-encoding": "chunked"}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "client": ("198.51.100.7", 1),
            "headers": [(k.encode(), v.encode()) for k, v in {**OURS, **length}.items()],
        }
        waiting, taken, sent = iter(pieces), 0, []

        async def receive():
            nonlocal taken
            piece = next(waiting, None)
            taken += len(piece or b"")
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

        async def collect(message):
            sent.append(message)

        asyncio.run(app(scope, receive, collect))
        return sent[0]["status"], dict(sent[0]["headers"]), taken

    return send_it


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_s27_a_body_without_a_length_is_read_up_to_the_limit_and_hung_up_on(send, method) -> None:
    status, headers, taken = send("/read", [CHUNK] * 100_000, method=method)

    assert status == 413
    assert headers[b"connection"] == b"close"
    assert taken <= 5 * len(CHUNK)


def test_s27_a_body_that_declares_too_much_is_not_read_at_all(send) -> None:
    status, headers, taken = send("/ignore", [CHUNK] * 5, declared=str(64 * 1024 + 1))

    assert (status, taken) == (413, 0)
    assert headers[b"connection"] == b"close"
    assert b"content-security-policy" in headers


def test_a_body_that_lies_about_its_length_is_counted(send) -> None:
    assert send("/read", [CHUNK] * 100, declared="10")[0] == 413


def test_a_body_of_the_limit_is_read_and_one_byte_more_is_not(send) -> None:
    assert send("/read", [b"x" * 64 * 1024])[0] == 200
    assert send("/read", [b"x" * 64 * 1024, b"x"])[0] == 413


def test_a_route_that_reads_nothing_hangs_up_on_a_body_without_end(send) -> None:
    status, headers, taken = send("/ignore", [CHUNK] * 100)

    assert (status, taken) == (200, 0)
    assert headers[b"connection"] == b"close"


def test_a_body_that_was_read_keeps_the_connection(send) -> None:
    assert b"connection" not in send("/read", [b"x"])[1]


@pytest.mark.parametrize(("path", "kib"), [("/webhooks/x", 256), ("/_stcore/upload_file/s/f", 5120)])
def test_events_and_streamlits_uploads_have_limits_of_their_own(send, path, kib) -> None:
    assert send(path, [b"x" * 1024] * kib)[0] == 200
    assert send(path, [b"x" * 1024] * (kib + 1))[0] == 413
