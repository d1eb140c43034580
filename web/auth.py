"""The routes that set and clear the session cookie, which a page script cannot do."""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from accounts.sessions import browser_cookie_name, redeem_ticket, session_cookie_name, sign_out
from domain.errors import TicketRefused
from domain.identifiers import ORDER_ID_PATTERN
from domain.views import VIEW_ADDRESS
from web.cookies import clear_session, set_session
from wiring import get_services

# Where a sign-in may lead. Anything else leads home, so that no link of ours sends people elsewhere.
_NEXT = re.compile(
    rf"/|/({VIEW_ADDRESS.pattern})|/billing|/admin|/account|(/checkout/|/\?order_id=){ORDER_ID_PATTERN.pattern}"
)


async def start_session(request: Request) -> Response:
    """GET /auth/session?ticket=…&next=…: spend a ticket, set the cookie, go on."""
    services = await run_in_threadpool(get_services)
    following = request.query_params.get("next", "/")
    target = following if _NEXT.fullmatch(following) else "/"
    try:
        token = await run_in_threadpool(
            redeem_ticket,
            services,
            request.query_params.get("ticket", ""),
            browser_token=request.cookies.get(browser_cookie_name(services.settings), ""),
            user_agent=request.headers.get("user-agent", ""),
            address=request.client.host if request.client else "",
        )
    except TicketRefused:
        return RedirectResponse("/login?problem=ticket", status_code=303)
    response = RedirectResponse(target, status_code=303)
    # A session that this browser had before is over: privileges changed hands.
    await run_in_threadpool(sign_out, services, request.cookies.get(session_cookie_name(services.settings)))
    set_session(response, services.settings, token)
    return response


async def end_session(request: Request) -> Response:
    """POST /auth/sign-out: end the session everywhere it is looked up, and clear the cookie."""
    services = await run_in_threadpool(get_services)
    await run_in_threadpool(sign_out, services, request.cookies.get(session_cookie_name(services.settings)))
    response = RedirectResponse("/", status_code=303)
    clear_session(response, services.settings)
    return response
