"""What is done once a night: forget what is of no use, and note the end of the audit log's chain."""

from __future__ import annotations

from datetime import timedelta

import structlog

from database import personal_data, retention
from operations.audit import note_end
from wiring import Services

log = structlog.get_logger()

# A person who asks "who was logged in to my account?" asks within a quarter of a year; CERT-In wants 180 days of logs,
# which the audit log keeps without addresses.
_KEPT = {
    "sign_in_tickets": timedelta(days=1),
    "email_tokens": timedelta(days=30),
    "sessions": timedelta(days=90),
}
# As long as browsers keep a cookie.
_BROWSERS_KEPT = timedelta(days=400)
# The last mail to somebody who left is tried for less than five hours.
_LAST_MAIL_KEPT = timedelta(days=1)


def tidy(services: Services) -> None:
    """Delete ended tickets, links, sessions and forgotten browsers, and what is left of who left. Safe to repeat."""
    with services.engine.begin() as conn:
        now = services.now(conn)
        deleted = {
            table: retention.delete_ended(conn, table, before=now - kept) for table, kept in _KEPT.items()
        }
        deleted["known_browsers"] = retention.delete_unseen_browsers(conn, before=now - _BROWSERS_KEPT)
        deleted["mails_of_closed_accounts"] = personal_data.erase_mails_of_accounts_closed_before(
            conn, now - _LAST_MAIL_KEPT
        )
    log.info("tidied", **deleted)
    note_end(services)
