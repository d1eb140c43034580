"""Find a person or an order from whatever support was told, and show all there is about one account.

Read-only. Every function refuses an actor who is not an admin with Forbidden.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from database import reports as statements
from domain.accounts import User
from reports.overview import reading
from reports.rows import Found, MailRow, OrderRow, PaymentRow, PeriodRow, UserReport, UserRow

if TYPE_CHECKING:
    from wiring import Services

# One account's lists are read on one page. Nobody pays a hundred times; a tester may.
_NEWEST = 100
# PostgreSQL stores neither NUL nor lone surrogates, so nothing can be found with them.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def search(services: Services, actor: User, words: str, *, limit: int = 25) -> Found:
    """Users by exact or beginning username or email, or customer id; orders by exact order or payment id.

    Upper and lower case do not matter, except in payment ids. Wildcards are plain characters.
    """
    words = words.strip()
    folded = words.lower()
    with reading(services, actor) as conn:
        if not words or len(words) > 254 or _UNSTORABLE.search(words):
            return Found((), ())
        now = services.now(conn)
        users = statements.search_users(conn, folded, prefix=_prefix(folded), now=now, limit=limit)
        orders = statements.search_orders(conn, words, limit=limit)
    return Found(tuple(UserRow(**row) for row in users), tuple(OrderRow.of(**row) for row in orders))


def user_page(services: Services, actor: User, user_id: UUID) -> UserReport | None:
    """One account with its periods, orders, payments, mails and sign-ins, or None when it does not exist."""
    with reading(services, actor) as conn:
        now = services.now(conn)
        user = statements.find_user(conn, user_id, now=now)
        if user is None:
            return None
        sessions = statements.count_sessions(conn, user_id, now=now)
        orders = statements.recent_orders(conn, user_id=user_id, limit=_NEWEST, offset=0)
        payments = statements.recent_payments(conn, user_id=user_id, limit=_NEWEST, offset=0)
        mails = statements.recent_mails(conn, user_id=user_id, limit=_NEWEST, offset=0)
        return UserReport(
            at=now,
            user=UserRow(**user),
            periods=tuple(PeriodRow(**row) for row in statements.periods_of_user(conn, user_id)),
            orders=tuple(OrderRow.of(**row) for row in orders[:_NEWEST]),
            payments=tuple(PaymentRow(**row) for row in payments[:_NEWEST]),
            mails=tuple(MailRow(**row) for row in mails[:_NEWEST]),
            sessions=sessions["sessions"],
            last_seen_at=sessions["last_seen_at"],
        )


def _prefix(words: str) -> str:
    """A LIKE pattern, with `!` as its escape character, for values that begin with these words."""
    return re.sub(r"([!%_])", r"!\1", words) + "%"
