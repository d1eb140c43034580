"""What becomes of a mail that is written: it goes out, or it is kept here."""

from __future__ import annotations

from wiring import Services

KEPT = "No mail server is set, so it is kept here: the operator reads it under Admin → Mails."


def tell_sent(services: Services, what: str, to: str) -> str:
    """Where a mail is now, as a sentence. Without a mail server none is on its way to anybody."""
    if services.mail_sender is None:
        return f"{what} for {to} is written. {KEPT}"
    return f"{what} is on its way to {to}."


def tell_coming(services: Services, to: str) -> str:
    """What will become of a mail that a click writes, as a sentence."""
    return f"A mail for {to} is written. {KEPT}" if services.mail_sender is None else f"{to} is told by mail."


def add_kept(services: Services, told: str) -> str:
    """What is told of a mail, and where it is when no mail server takes it."""
    return told if services.mail_sender is not None else f"{told} {KEPT}"
