"""Tell a person by mail what was changed about their account, so that a stranger's change does not go unseen."""

from __future__ import annotations

from enum import StrEnum
from uuid import uuid4

from sqlalchemy import Connection

from billing.outbox import defer_mail
from domain.accounts import User
from mail import account_mail
from mail.composing import Business
from wiring import Services


class Notice(StrEnum):
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a notice
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CHANGED = "email_changed"
    EMAIL_ALREADY_USED = "email_already_used"
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODES_REPLACED = "recovery_codes_replaced"
    ACCOUNT_DELETED = "account_deleted"


# What happened, and in a few words for the subject. `{detail}` is what the caller adds, if anything.
_WORDS = {
    Notice.PASSWORD_CHANGED: (
        "Your password was changed",
        "The password of your account was changed, and every browser was logged out.",
    ),
    Notice.EMAIL_CHANGE_ASKED: (
        "A new email address was asked for",
        "Somebody who knows your password asked to change the email address of your account. It changes when the "
        "link that we sent to the new address is used.",
    ),
    Notice.EMAIL_CHANGED: (
        "Your email address was changed",
        "The email address of your account was changed. This is the last mail to the old one.",
    ),
    Notice.EMAIL_ALREADY_USED: (
        "This email address has an account already",
        "Somebody asked to use this address for another account. It stays with yours, and nothing was changed.",
    ),
    Notice.SECOND_FACTOR_ON: (
        "Your second factor is on",
        "Logging in to your account now asks for a code of your authenticator app.",
    ),
    Notice.SECOND_FACTOR_OFF: (
        "Your second factor was removed",
        "Logging in to your account no longer asks for a code.",
    ),
    Notice.RECOVERY_CODE_USED: (
        "A recovery code was used",
        "A recovery code opened your account in place of your authenticator app. {detail}",
    ),
    Notice.RECOVERY_CODES_REPLACED: (
        "You have new recovery codes",
        "New recovery codes were made for your account. The earlier ones no longer work.",
    ),
    Notice.ACCOUNT_DELETED: (
        "Your account was deleted",
        "Your account and the personal data in it were deleted, as you asked. Records of payments are kept for as "
        "long as the law wants. This is the last mail to you.",
    ),
}


def send_notice(
    services: Services, conn: Connection, user: User, notice: Notice, *, detail: str = ""
) -> None:
    """Queue a notice to the user's address in the transaction that causes it."""
    subject, sentence = _WORDS[notice]
    mail = account_mail.notice(
        Business.from_settings(services.settings),
        full_name=user.full_name,
        subject=subject,
        sentence=sentence.format(detail=detail),
        at=services.now(conn),
        is_closed=notice is Notice.ACCOUNT_DELETED,
    )
    defer_mail(services, conn, str(notice), uuid4().hex, user_id=user.id, to=user.email, mail=mail)
