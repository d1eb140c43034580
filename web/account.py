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

_HEADERS = {
    "Content-Disposition": 'attachment; filename="my-account.json"',
    "Cache-Control": "no-store",
    # Opened in a tab after all, it is a text that runs nothing.
    "Content-Security-Policy": f"default-src 'none'; frame-ancestors 'none'; sandbox; {REPORTING}",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def export(request: Request) -> Response:
    """GET /account/export: the visitor's own data as JSON. It names nobody, so there is nobody else's to ask for."""
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
        return PlainTextResponse(exc.user_message, status_code=429, headers={"Cache-Control": "no-store"})
    return Response(body, media_type="application/json", headers=_HEADERS)


def _to_login() -> Response:
    return RedirectResponse("/login?next=account", status_code=303, headers={"Cache-Control": "no-store"})
