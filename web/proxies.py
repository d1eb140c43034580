"""Who really asks: only a proxy of TRUSTED_PROXIES may name another client or scheme than those of its connection.

uvicorn believes `X-Forwarded-For` and `X-Forwarded-Proto` of every peer on the loopback, in both ways of
starting, so that any program on this machine could choose its address. What it believed is undone here first.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_LOOPBACK = ("127.0.0.1", "::1")


async def seen_through_proxies(scope: Scope, trusted: tuple[str, ...]) -> Scope:
    """The scope with the client and scheme that may be believed, for requests and for websockets.

    Streamlit takes `st.context.ip_address` from the websocket's client, so a page sees the same address as
    a route (and None for the loopback).
    """
    seen = {**scope, **_as_connected(scope)}
    if trusted:
        await _rewriter(trusted)(seen, _receive, _send)  # type: ignore[arg-type]
    return seen


def _as_connected(scope: Scope) -> dict[str, Any]:
    """Client and scheme before uvicorn believed a header of a peer on the loopback.

    A remote peer that names its own address and port looks the same and counts as the loopback, which gives
    it nothing: every limit per address holds there too.
    """
    client = tuple(scope.get("client") or ())
    forwarded = b", ".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    if (
        client
        and forwarded
        and client == _believed_by_default().get_trusted_client_address(forwarded.decode("latin-1"))
    ):
        client = ("127.0.0.1", 0)
    if not client or client[0] not in _LOOPBACK:
        return {}
    is_named = any(name == b"x-forwarded-proto" for name, _ in scope["headers"])
    plain = "ws" if scope["type"] == "websocket" else "http"
    return {"client": client, "scheme": plain if is_named else scope.get("scheme", plain)}


@cache
def _rewriter(trusted: tuple[str, ...]) -> ProxyHeadersMiddleware:
    # A proxy on this machine may be named by either of its loopback addresses.
    hosts = {*trusted, *(_LOOPBACK if set(trusted) & set(_LOOPBACK) else ())}
    return ProxyHeadersMiddleware(_nothing, trusted_hosts=sorted(hosts))


@cache
def _believed_by_default() -> Any:
    return ProxyHeadersMiddleware(_nothing, trusted_hosts=list(_LOOPBACK)).trusted_hosts


async def _nothing(*_: object) -> None:
    """uvicorn's middleware is wanted for what it does to the scope alone."""


async def _receive() -> Any:
    raise AssertionError("nothing is read here")


async def _send(_message: object) -> None:
    raise AssertionError("nothing is sent here")
