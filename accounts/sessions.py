"""Browser sessions: opaque cookies whose SHA-256 is looked up on every rerun, and the tickets that start them.

A session of somebody who needs a second factor is half a session until the code was right: it opens nothing but
the page that asks for the code, and a new token replaces it then.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from config import Settings
from database import books, sessions, users
from domain.accounts import Role, User
from domain.errors import NotSignedIn, TicketRefused
from domain.sessions import LIMITS, LONGEST_IDLE, Session

if TYPE_CHECKING:
    from wiring import Services

log = structlog.get_logger()

# Long enough for a slow redirect, short enough that a link in a history is worthless.
TICKET_LIFETIME = timedelta(seconds=60)
# A page that redraws itself each second need not write each second.
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class HalfSession:
    """Somebody whose password was right, and who still has to show (or to set up) the second factor."""

    user: User
    has_to_set_up: bool


def session_cookie_name(settings: Settings) -> str:
    """Name of the session cookie. The `__Host-` prefix needs TLS, so plain http on a local machine goes without."""
    return "__Host-session" if settings.secure_cookies else "session"


def browser_cookie_name(settings: Settings) -> str:
    """Name of the cookie that tells one browser from another, also before anybody is signed in."""
    return "__Host-browser" if settings.secure_cookies else "browser"


def issue_ticket(
    services: Services, user: User, *, browser_token: str, has_second_factor: bool = False
) -> str:
    """A single-use ticket that signs `user` in, in the browser that holds `browser_token` only.

    Raises NotSignedIn when the password was changed since `user` was read: it may be the old one that was right.
    """
    ticket = new_token()
    with services.engine.begin() as conn:
        is_stored = sessions.insert_ticket(
            conn,
            user,
            token_hash=hash_token(ticket),
            browser_hash=hash_token(browser_token),
            has_second_factor=has_second_factor,
            expires_at=services.now(conn) + TICKET_LIFETIME,
        )
    if not is_stored:
        raise NotSignedIn()
    return ticket


def redeem_ticket(
    services: Services, ticket: str, *, browser_token: str, user_agent: str, address: str = ""
) -> str:
    """Spend a ticket and return the token of the new session. Raises TicketRefused."""
    token = new_token()
    with services.engine.begin() as conn:
        now = services.now(conn)
        spent = sessions.use_ticket(
            conn, token_hash=hash_token(ticket), browser_hash=hash_token(browser_token), now=now
        )
        role = None if spent is None else users.find_role(conn, spent.user_id)
        if spent is None or role is None:
            raise TicketRefused()
        sessions.insert(
            conn,
            token_hash=hash_token(token),
            user_id=spent.user_id,
            user_agent=user_agent[:300].replace("\x00", ""),
            address=address[:45].replace("\x00", ""),
            has_second_factor=spent.has_second_factor,
            expires_at=now + LIMITS[role].absolute,
            now=now,
        )
        sessions.remember_browser(conn, spent.user_id, hash_token(browser_token), now=now)
        detail = {"second_factor": spent.has_second_factor}
        books.audit(conn, "signed_in", f"user:{spent.user_id}", actor_id=spent.user_id, detail=detail)
    return token


def user_of_session(services: Services, token: str | None) -> User | None:
    """Whose live session this token is. Asked on every rerun, so that a revoked session is out at once.

    Nobody's while a second factor is due: see `half_session_of`.
    """
    found = _find(services, token)
    return None if found is None or _second_factor_is_due(services, found) else found.user


def half_session_of(services: Services, token: str | None) -> HalfSession | None:
    """Who has to show a second factor before this token opens anything."""
    found = _find(services, token)
    if found is None or not _second_factor_is_due(services, found):
        return None
    return HalfSession(found.user, has_to_set_up=not found.user_has_second_factor)


def has_second_factor(services: Services, token: str | None) -> bool:
    """True when a second factor was shown for this session."""
    found = _find(services, token)
    return found is not None and found.has_second_factor


def list_sessions(services: Services, actor: User, token: str | None) -> tuple[list[Session], int | None]:
    """The actor's live sessions, the last used first, and which of them `token` is."""
    own = _find(services, token)
    with services.engine.connect() as conn:
        now = services.now(conn)
        live = sessions.list_live(conn, actor.id, seen_after=now - LIMITS[actor.role].idle, now=now)
    return live, None if own is None or own.user.id != actor.id else own.session.id


def end_session(services: Services, actor: User, session_id: int) -> bool:
    """End one of the actor's own sessions. False when there is no such one (any more)."""
    with services.engine.begin() as conn:
        if not sessions.revoke_one(conn, actor.id, session_id, now=services.now(conn)):
            return False
        books.audit(
            conn, "session_ended", f"user:{actor.id}", actor_id=actor.id, detail={"session_id": session_id}
        )
    return True


def sign_out(services: Services, token: str | None) -> None:
    """End the session of this token, if there is one."""
    if not token:
        return
    with services.engine.begin() as conn:
        user_id = sessions.revoke(conn, token_hash=hash_token(token), now=services.now(conn))
        if user_id is not None:
            books.audit(conn, "signed_out", f"user:{user_id}", actor_id=user_id, detail={})


def sign_out_everywhere(services: Services, actor: User) -> int:
    """End every session of the actor, this one too, and forget the browsers. The number that ended."""
    with services.engine.begin() as conn:
        ended = sessions.revoke_all(conn, actor.id, now=services.now(conn))
        sessions.forget_browsers(conn, actor.id)
        books.audit(
            conn, "signed_out_everywhere", f"user:{actor.id}", actor_id=actor.id, detail={"sessions": ended}
        )
    return ended


def new_token() -> str:
    """256 random bits, safe in a URL and in a cookie."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _find(services: Services, token: str | None) -> sessions.FoundSession | None:
    if not token:
        return None
    with services.engine.connect() as conn:
        now = services.now(conn)
        found = sessions.find(conn, hash_token(token), seen_after=now - LONGEST_IDLE, now=now)
    if found is None or found.session.is_idle(found.user.role, now):
        return None
    if now - found.session.seen_at >= _SEEN_EVERY:
        _touch(services, found.session.id, now)
    return found


def _touch(services: Services, session_id: int, now: datetime) -> None:
    """A disk that is full must not log everybody out: a session that cannot be marked as seen only ends earlier."""
    try:
        with services.engine.begin() as conn:
            sessions.touch(conn, session_id, now=now)
    except SQLAlchemyError:
        log.warning("session_not_marked_as_seen", exc_info=True)


def _second_factor_is_due(services: Services, found: sessions.FoundSession) -> bool:
    """Due for whoever has set one up, and in production for every admin."""
    is_required = services.settings.is_production and found.user.role is Role.ADMIN
    return (found.user_has_second_factor or is_required) and not found.has_second_factor
