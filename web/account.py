"""The file with everything that is kept about a person, for that person's browser only.

A route and no download button: what Streamlit offers for download is open to whoever has its address.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from accounts.export import export_file
from accounts.sessions import session_cookie_name, user_of_session
from domain.errors import NotSignedIn, TooManyRequests
from web.response_headers import REPORTING
from wiring import get_services

_NO_STORE = {"Cache-Control": "no-store"}
# Our own page, the address bar, and a browser too old to say.
_OWN_PLACES = frozenset({"same-origin", "none", None})
_HEADERS = {
    "Content-Disposition": 'attachment; filename="my-account.json"',
    **_NO_STORE,
    # Opened in a tab after all, it is a text that runs nothing.
    "Content-Security-Policy": f"default-src 'none'; frame-ancestors 'none'; sandbox; {REPORTING}",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def export(request: Request) -> Response:
    """GET /account/export: the visitor's own data as JSON. It names nobody, so there is nobody else's to ask for."""
    # Each one is counted and audited: a link on another site must not use them up.
    if request.method != "GET" or request.headers.get("sec-fetch-site") not in _OWN_PLACES:
        return PlainTextResponse("Please download your data from your account page.", 403, headers=_NO_STORE)
    return await run_in_threadpool(_export, request)


def _export(request: Request) -> Response:
    services = get_services()
    user = user_of_session(services, request.cookies.get(session_cookie_name(services.settings)))
    if user is None:
        return _to_login()
    try:
        body = export_file(services, user)
    except NotSignedIn:
        return _to_login()
    except TooManyRequests as exc:
        return PlainTextResponse(exc.user_message, status_code=429, headers=_NO_STORE)
    return Response(body, media_type="application/json", headers=_HEADERS)


def _to_login() -> Response:
    return RedirectResponse("/login?next=account", status_code=303, headers=_NO_STORE)
