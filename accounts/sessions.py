"""Browser sessions: opaque cookies whose SHA-256 is looked up on every rerun, and the tickets that start them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from config import Settings
from database import books, sessions, users
from domain.accounts import User
from domain.errors import TicketRefused

if TYPE_CHECKING:
    from wiring import Services

# Long enough for a slow redirect, short enough that a link in a history is worthless.
TICKET_LIFETIME = timedelta(seconds=60)
# A month, so that a monthly subscriber logs in about once per payment.
SESSION_LIFETIME = timedelta(days=30)


def session_cookie_name(settings: Settings) -> str:
    """Name of the session cookie. The `__Host-` prefix needs TLS, so plain http on a local machine goes without."""
    return "__Host-session" if settings.secure_cookies else "session"


def browser_cookie_name(settings: Settings) -> str:
    """Name of the pre-session cookie, which tells one browser from another before anybody is signed in."""
    return "__Host-browser" if settings.secure_cookies else "browser"


def issue_ticket(services: Services, user: User, *, browser_token: str) -> str:
    """A single-use ticket that signs `user` in, in the browser that holds `browser_token` only."""
    ticket = new_token()
    with services.engine.begin() as conn:
        sessions.insert_ticket(
            conn,
            token_hash=hash_token(ticket),
            browser_hash=hash_token(browser_token),
            user_id=user.id,
            expires_at=services.now(conn) + TICKET_LIFETIME,
        )
    return ticket


def redeem_ticket(services: Services, ticket: str, *, browser_token: str, user_agent: str) -> str:
    """Spend a ticket and return the token of the new session. Raises TicketRefused."""
    token = new_token()
    with services.engine.begin() as conn:
        now = services.now(conn)
        user_id = sessions.use_ticket(
            conn, token_hash=hash_token(ticket), browser_hash=hash_token(browser_token), now=now
        )
        if user_id is None:
            raise TicketRefused()
        sessions.insert(
            conn,
            token_hash=hash_token(token),
            user_id=user_id,
            user_agent=user_agent[:300].replace("\x00", ""),
            expires_at=now + SESSION_LIFETIME,
        )
        books.audit(conn, "signed_in", f"user:{user_id}", actor_id=user_id, detail={})
    return token


def user_of_session(services: Services, token: str | None) -> User | None:
    """Whose live session this token is. Asked on every rerun, so that a revoked session is out at once."""
    if not token:
        return None
    with services.engine.connect() as conn:
        return users.find_by_session(conn, hash_token(token), now=services.now(conn))


def sign_out(services: Services, token: str | None) -> None:
    """End the session of this token, if there is one."""
    if not token:
        return
    with services.engine.begin() as conn:
        user_id = sessions.revoke(conn, token_hash=hash_token(token), now=services.now(conn))
        if user_id is not None:
            books.audit(conn, "signed_out", f"user:{user_id}", actor_id=user_id, detail={})


def new_token() -> str:
    """256 random bits, safe in a URL and in a cookie."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
