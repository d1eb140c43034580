"""Prove the mail settings by sending one mail."""

from __future__ import annotations

from email.utils import make_msgid

from config import ConfigError, Settings
from mail.composing import Business
from mail.operator_mail import test_mail
from mail.sender import OutgoingMail, sender_from_settings


def send_test_mail(settings: Settings, to_address: str) -> None:
    """Send a test mail now. Raises ConfigError when no server is set, MailNotSent when it refuses."""
    sender = sender_from_settings(settings)
    if sender is None:
        raise ConfigError(
            "SMTP_SERVER is not set: mails are kept in the database, readable in the admin panel."
        )
    mail = test_mail(Business.from_settings(settings))
    message_id = make_msgid(domain=settings.sender_email.rpartition("@")[2])
    sender.send(OutgoingMail(to_address, mail.subject, mail.text, mail.html, message_id))
