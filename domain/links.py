"""Links that we send by mail: what each is for, and how long it works (ASVS 6.5.5: as short as a mail may take)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID


class Purpose(StrEnum):
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a purpose
    CHANGE_EMAIL = "change_email"


# A new password opens everything, so its link is short-lived; an address may be proved on the next day.
LIFETIMES = {
    Purpose.VERIFY_EMAIL: timedelta(days=1),
    Purpose.RESET_PASSWORD: timedelta(minutes=30),
    Purpose.CHANGE_EMAIL: timedelta(hours=1),
}
# The page that each link opens. Opening it changes nothing: programs that scan mails open links too.
PAGES = {
    Purpose.VERIFY_EMAIL: "verify",
    Purpose.RESET_PASSWORD: "reset",  # pragma: allowlist secret - the name of a page
    Purpose.CHANGE_EMAIL: "verify",
}


@dataclass(frozen=True, slots=True)
class SpentLink:
    """Whose link was used, and the address that using it proves."""

    user_id: UUID
    email: str
