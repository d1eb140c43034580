"""The receipt of an order, for its buyer's browser only: a page to print or to keep."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from accounts.sessions import session_cookie_name, user_of_session
from billing.receipts import make_receipt
from domain.errors import OrderNotFound
from web.documents import not_found
from web.response_headers import REPORTING
from wiring import get_services

_HEADERS = {
    "Cache-Control": "no-store",
    # It is the mail's document, which styles its elements inline and needs nothing else.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; {REPORTING}"
    ),
}


async def receipt(request: Request) -> Response:
    """GET /receipts/{order_id}: the receipt, for the order's owner. Others get 404, like an unknown id."""
    return await run_in_threadpool(_receipt, request)


def _receipt(request: Request) -> Response:
    services = get_services()
    user = user_of_session(services, request.cookies.get(session_cookie_name(services.settings)))
    if user is None:
        return RedirectResponse("/login?next=billing", status_code=303, headers={"Cache-Control": "no-store"})
    try:
        mail = make_receipt(services, user, request.path_params["order_id"])
    except OrderNotFound as exc:
        return not_found(exc)
    return HTMLResponse(mail.html, headers=_HEADERS)  # allowed: html-unescaped - its template escapes
