"""Answer an address that is nothing of ours with a page of our own and 404.

Streamlit answers every address with its pages, says 200, and shows a dialog of its own over Home. Which pages there
are is handed in by `landing_page`; our routes and Streamlit's files are asked themselves.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from functools import cache
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.sessions import session_cookie_name
from config import Settings, load_settings
from web.documents import templates
from web.response_headers import REPORTING
from web.routes import build_routes

# Streamlit's own routes, which say themselves what they do not have.
_STREAMLITS = ("/_stcore/", "/media/", "/component/", "/app/static/")
# Its script asks for these below the page's own address, too, to learn where the site begins.
_ASKED_BELOW_PAGES = ("/_stcore/health", "/_stcore/host-config")


class UnknownPages:
    """Hands on what somebody answers: pages, routes, files. The rest ends here."""

    def __init__(self, app: ASGIApp, *, pages: Collection[str], product: str) -> None:
        self._app = app
        self._pages = frozenset(pages)
        self._product = product
        self._routes = build_routes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"} or self._is_known(scope):
            await self._app(scope, receive, send)
            return
        await _not_found(Request(scope), self._product)(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        path: str = scope["path"]
        # Streamlit sends a page with a slash at its end to the one without.
        if path[:1] == "/" and path[1:].rstrip("/") in self._pages and not path.startswith("//"):
            return True
        if path.startswith(_STREAMLITS) or path.endswith(_ASKED_BELOW_PAGES) or path in _files():
            return True
        return any(route.matches(scope)[0] is Match.FULL for route in self._routes)


@cache
def _files() -> frozenset[str]:
    """The addresses of Streamlit's files. Its one page is none: that has the addresses of our pages."""
    folder = Path(streamlit.__file__).parent / "static"
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return frozenset(f"/{name}" for name in found if name != "index.html")


@cache
def _settings() -> Settings:
    return load_settings()


def _not_found(request: Request, product: str) -> Response:
    """The page. It repeats nothing of the address, and a cookie only chooses which link stands on it."""
    nonce = secrets.token_urlsafe(16)
    page = templates.get_template("page_not_found.html").render(
        nonce=nonce,
        product=product,
        is_member=session_cookie_name(_settings()) in request.cookies,
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; font-src 'self'; img-src 'self'; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors 'none'; {REPORTING}"
    )
    return HTMLResponse(page, status_code=404, headers={"Content-Security-Policy": policy})
