"""One middleware around everything: who asks, whether it may, how much is read, what every answer carries.

What it decides stands in modules of its own; here is only their order. It is the outer edge of every route.
"""

from __future__ import annotations

import secrets
import uuid
from functools import cache
from urllib.parse import quote, urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request, cookie_parser
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accounts.sessions import browser_cookie_name
from config import Settings, load_settings
from domain.deployment import LOCAL_HOSTS
from web import paths
from web.body_limit import BodyTooLarge, LimitedBody
from web.cookies import browser_cookie_header
from web.proxies import seen_through_proxies
from web.response_headers import complete
from web.same_origin import is_foreign_socket, is_forged

log = structlog.get_logger()

# Public by Streamlit's default, of use to nobody outside.
_CLOSED = (
    "/_stcore/metrics",
    "/_stcore/agent",
    "/_stcore/script-health-check",
    # Streamlit's own log-in, which we do not use: one of them answers a link by deleting cookies.
    "/auth/login",
    "/auth/logout",
    "/oauth2callback",
)
# Before the handshake ends, a server turns this into 403.
_NOT_ALLOWED = 1008
_CONDITIONS = (b"if-none-match", b"if-modified-since")


class SecurityHeaders:
    """Adds what a response lacks; a route that sets a header itself keeps its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        settings = _settings()
        scope = await seen_through_proxies(scope, settings.trusted_proxies)
        if scope["type"] == "websocket":
            if is_foreign_socket(Headers(scope=scope), settings):
                await send({"type": "websocket.close", "code": _NOT_ALLOWED})
                return
            await self._app(scope, receive, send)
            return
        is_known = _has_browser_cookie(scope, settings)
        body = LimitedBody(scope, receive)
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                if not is_known:
                    _name_browser(headers, scope, settings)
                complete(headers, scope["path"], settings)
                if not body.is_read:
                    headers["Connection"] = "close"
            await send(message)

        refusal = _refusal(scope, body, settings)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        if not is_known:
            # "Not modified" carries no cookie that a page needs: a browser without one gets the page anew.
            scope["headers"] = [h for h in scope["headers"] if h[0] not in _CONDITIONS]
        try:
            await self._app(scope, body.receive, send_with_headers)
        except ClientDisconnect:
            return  # Nobody is left to answer.
        except BodyTooLarge:
            if not has_begun:
                await _too_large()(scope, receive, send_with_headers)
        except Exception as exc:  # the outermost edge of a route: everything unforeseen ends here
            apology = _apology(scope, exc)
            if has_begun:
                raise
            await apology(scope, receive, send_with_headers)


@cache
def _settings() -> Settings:
    return load_settings()


def _refusal(scope: Scope, body: LimitedBody, settings: Settings) -> Response | None:
    """The answer to a request that reaches no route."""
    if paths.folded(scope["path"]).startswith(_CLOSED):
        return PlainTextResponse("Not found", status_code=404)
    elsewhere = _other_name_of_this_machine(scope, settings)
    if elsewhere is not None:
        return RedirectResponse(elsewhere, status_code=307)
    if is_forged(Request(scope), settings):
        return JSONResponse({"error": "This request did not come from our own page."}, status_code=403)
    return _too_large() if body.is_declared_too_large else None


def _too_large() -> Response:
    return JSONResponse({"error": "too large"}, status_code=413)


def _apology(scope: Scope, error: Exception) -> Response:
    """Log what went wrong under a reference, and an answer that shows nothing but the reference."""
    reference = uuid.uuid4().hex[:8]
    log.error(
        "route_failed",
        reference=reference,
        method=scope["method"],
        path=paths.for_log(scope["path"]),
        error=type(error).__name__,
        exc_info=error,
    )
    if b"text/html" in dict(scope["headers"]).get(b"accept", b""):
        return PlainTextResponse(
            "Something went wrong on our side. Nothing was charged by this step. "
            f"Please try again; if it stays, tell support the reference {reference}.",
            status_code=500,
        )
    return JSONResponse(
        {"error": "something went wrong on our side", "reference": reference}, status_code=500
    )


def _other_name_of_this_machine(scope: Scope, settings: Settings) -> str | None:
    """Where a page asked for as 127.0.0.1 really lives: cookies of localhost do not reach it, nor the other way."""
    headers = dict(scope["headers"])
    if scope["method"] != "GET" or headers.get(b"sec-fetch-dest") != b"document":
        return None
    ours = urlsplit(settings.app_base_url)
    host, _, port = headers.get(b"host", b"").decode("latin-1").rpartition(":")
    names = {ours.hostname, host.strip("[]")}
    if len(names) == 1 or not names <= LOCAL_HOSTS or port != str(ours.port):
        return None
    query = scope["query_string"].decode("latin-1")
    path = quote(scope["path"], safe="/")
    return f"{ours.scheme}://{ours.netloc}{path}{'?' + query if query else ''}"


def _name_browser(headers: MutableHeaders, scope: Scope, settings: Settings) -> None:
    """Give a browser that reads its first page the pre-session cookie."""
    if scope["method"] == "GET" and headers.get("content-type", "").startswith("text/html"):
        headers.append("Set-Cookie", browser_cookie_header(settings, secrets.token_urlsafe(32)))


def _has_browser_cookie(scope: Scope, settings: Settings) -> bool:
    raw = next((value for name, value in scope["headers"] if name == b"cookie"), b"").decode("latin-1")
    # Leniently, like the routes: the standard library drops every cookie when a neighbour's is malformed.
    return browser_cookie_name(settings) in cookie_parser(raw)
