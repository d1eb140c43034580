"""The two cookies: who is signed in, and which browser this is. Both are HttpOnly."""

from __future__ import annotations

from starlette.responses import Response

from accounts.sessions import browser_cookie_name, session_cookie_name
from config import Settings
from domain.sessions import LIMITS

_SESSION_SECONDS = int(max(limit.absolute for limit in LIMITS.values()).total_seconds())
# A browser stays known for as long as browsers keep cookies at all: guesses of strangers do not lock it out.
_BROWSER_SECONDS = 400 * 24 * 3600


def set_session(response: Response, settings: Settings, token: str) -> None:
    response.set_cookie(
        session_cookie_name(settings),
        token,
        max_age=_SESSION_SECONDS,
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def clear_session(response: Response, settings: Settings) -> None:
    response.delete_cookie(
        session_cookie_name(settings), path="/", secure=settings.secure_cookies, httponly=True, samesite="lax"
    )


def browser_cookie_header(settings: Settings, token: str) -> str:
    """The Set-Cookie value that names a browser."""
    secure = "; Secure" if settings.secure_cookies else ""
    lifetime = f"Max-Age={_BROWSER_SECONDS}"
    return f"{browser_cookie_name(settings)}={token}; {lifetime}; Path=/; HttpOnly; SameSite=Lax{secure}"
