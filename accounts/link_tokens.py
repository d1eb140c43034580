"""The secret part of a link: a keyed hash of its row's id, so that the database alone opens nothing.

A mail in the outbox has a mark where the token goes; it is put in when the mail is handed to the server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from uuid import UUID

from config import Settings
from domain.links import PAGES, Purpose
from domain.report_rules import ReportKind

MARK = "made-when-sent"
# Stands where links have the name of what they are for.
_UNSUBSCRIBE = "unsubscribe"
# Before the token of a link that ends one kind only, so that its page can name it without looking anything up.
_ONLY = {ReportKind.EVIDENCE: "evidence-"}
_TOKEN = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Unsubscription:
    """Whose mails a link ends: all about the market, or one kind only."""

    user_id: UUID
    only: ReportKind | None


def marked_url(settings: Settings, purpose: Purpose) -> str:
    """The link as it is stored: everything but the token."""
    kind = f"&for={purpose}" if purpose is Purpose.CHANGE_EMAIL else ""
    return f"{settings.app_base_url.rstrip('/')}/{PAGES[purpose]}?token={MARK}{kind}"


def fill_in(settings: Settings, text: str, token_id: UUID, purpose: Purpose) -> str:
    """The text of a mail with the token where its mark was."""
    return text.replace(MARK, make_token(settings, token_id, purpose))


def make_token(settings: Settings, token_id: UUID, purpose: Purpose) -> str:
    return f"{token_id.hex}.{_seal(settings, token_id, purpose)}"


def marked_unsubscribe_url(settings: Settings) -> str:
    """The link that ends reports by mail, as it is stored: everything but the token."""
    return f"{settings.app_base_url.rstrip('/')}/unsubscribe/{MARK}"


def unsubscribe_token(settings: Settings, user_id: UUID, *, only: ReportKind | None = None) -> str:
    """Whoever has it may end this person's reports, and begin them again; nothing else. It does not run out.

    With `only` it is good for this kind, which must be one that has links of its own.
    """
    prefix = "" if only is None else _ONLY[only]
    return f"{prefix}{user_id.hex}.{_seal(settings, user_id, prefix + _UNSUBSCRIBE)}"


def fill_in_unsubscribe(
    settings: Settings, text: str, user_id: UUID, *, only: ReportKind | None = None
) -> str:
    """The text of a mail with the token where its mark was."""
    return text.replace(MARK, unsubscribe_token(settings, user_id, only=only))


def kind_ended_by(token: str) -> ReportKind | None:
    """The one kind that a token speaks of, whoever made it; None when it speaks of all."""
    return next((kind for kind, prefix in _ONLY.items() if token.startswith(prefix)), None)


def read_unsubscribe_token(settings: Settings, token: str) -> Unsubscription | None:
    """Whose reports this token ends, and which, or None when we did not make it."""
    only = kind_ended_by(token)
    prefix = "" if only is None else _ONLY[only]
    user_id = _read(settings, token.removeprefix(prefix), prefix + _UNSUBSCRIBE)
    return None if user_id is None else Unsubscription(user_id, only)


def read_token(settings: Settings, token: str, purpose: Purpose) -> UUID | None:
    """The id that this token names, or None when we did not make it for this purpose."""
    return _read(settings, token, purpose)


def _read(settings: Settings, token: str, purpose: str) -> UUID | None:
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    token_id = UUID(hex=found[1])
    expected = _seal(settings, token_id, purpose)
    return token_id if hmac.compare_digest(found[2].encode(), expected.encode()) else None


def _seal(settings: Settings, token_id: UUID, purpose: str) -> str:
    key = settings.secret_key.get_secret_value().encode()
    digest = hmac.digest(key, f"email-link:{purpose}:{token_id.hex}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
