"""The two cookies: who is signed in, and which browser a sign-in ticket was made for. Both are HttpOnly."""

from __future__ import annotations

from starlette.responses import Response

from accounts.sessions import browser_cookie_name, session_cookie_name
from config import Settings

_SESSION_SECONDS = 30 * 24 * 3600


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
    """The Set-Cookie value of a new pre-session cookie."""
    secure = "; Secure" if settings.secure_cookies else ""
    return f"{browser_cookie_name(settings)}={token}; Path=/; HttpOnly; SameSite=Lax{secure}"
