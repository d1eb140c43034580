"""Who may do what an admin does. Every use-case asks here itself: hiding a page is no authorisation."""

from __future__ import annotations

import structlog
from sqlalchemy import Connection

from database import users
from domain.accounts import User
from domain.errors import Forbidden

log = structlog.get_logger()


def require_admin(conn: Connection, actor: User) -> None:
    """Raise Forbidden unless the actor is an admin, in the database too: an open page may hold an old actor."""
    if not actor.is_admin or not users.is_admin(conn, actor.id):
        log.warning("admin_refused", user_id=str(actor.id))
        raise Forbidden()
