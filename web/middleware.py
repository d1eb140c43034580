"""One middleware for every response: security headers, the pre-session cookie, and Streamlit's public extras closed."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accounts.sessions import browser_cookie_name
from config import LOCAL_HOSTS, Settings, load_settings
from web.cookies import browser_cookie_header

# Public by Streamlit's default, of use to nobody outside.
_CLOSED = ("/_stcore/metrics", "/_stcore/agent")
_CONDITIONS = (b"if-none-match", b"if-modified-since")


class SecurityHeaders:
    """Adds what a response lacks; a route that sets a header itself keeps its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(_CLOSED):
            await PlainTextResponse("Not found", status_code=404)(scope, receive, send)
            return
        settings = _settings()
        elsewhere = _other_name_of_this_machine(scope, settings)
        if elsewhere is not None:
            await RedirectResponse(elsewhere, status_code=307)(scope, receive, send)
            return
        if not _has_browser_cookie(scope, settings):
            # "Not modified" carries no cookie that a page needs: a browser without one gets the page anew.
            scope = {**scope, "headers": [h for h in scope["headers"] if h[0] not in _CONDITIONS]}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(MutableHeaders(scope=message), scope, settings)
            await send(message)

        await self._app(scope, receive, send_with_headers)


@cache
def page_policy() -> str:
    """The content security policy of Streamlit's pages. The hash is computed, so an upgrade cannot break it.

    `blob:` runs our own navigation component, inline styles are how Streamlit styles everything.
    """
    index = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts
    )
    return (
        f"default-src 'none'; script-src 'self' {hashes} blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


@cache
def _settings() -> Settings:
    return load_settings()


def _complete(headers: MutableHeaders, scope: Scope, settings: Settings) -> None:
    headers.setdefault("Content-Security-Policy", page_policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    if settings.secure_cookies:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    is_page = headers.get("content-type", "").startswith("text/html")
    if is_page and scope["method"] == "GET" and not _has_browser_cookie(scope, settings):
        headers.append("Set-Cookie", browser_cookie_header(settings, secrets.token_urlsafe(32)))


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


def _has_browser_cookie(scope: Scope, settings: Settings) -> bool:
    raw = next((value for name, value in scope["headers"] if name == b"cookie"), b"").decode("latin-1")
    # Leniently, like the routes: the standard library drops every cookie when a neighbour's is malformed.
    return browser_cookie_name(settings) in cookie_parser(raw)
