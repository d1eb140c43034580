"""Mails to who runs the product: an alarm, and a test of the mail server."""

from __future__ import annotations

from mail.composing import Business, Mail, one_line


def alarm(business: Business, *, message: str, admin_url: str) -> Mail:
    """Something needs a person: one sentence and the way to the admin panel."""
    return Mail.composed(
        "alarm",
        business,
        subject=f"{business.name} needs attention",
        full_name="",
        message=one_line(message),
        admin_url=admin_url,
    )


def test_mail(business: Business) -> Mail:
    """The mail that shows an operator that sending works."""
    return Mail.composed("test_mail", business, subject=f"Test mail from {business.name}", full_name="")


# pytest collects functions with this prefix from files that import it; this one is no test.
test_mail.__test__ = False  # type: ignore[attr-defined]
