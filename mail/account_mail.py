"""Mails about an account: links that its owner asked for, and notices of what was changed."""

from __future__ import annotations

from datetime import datetime

from domain.limits import in_words
from domain.links import LIFETIMES, Purpose
from mail.composing import Business, Mail, in_india, one_line

_LINK_WORDS = {
    Purpose.VERIFY_EMAIL: (
        "Confirm your email address",
        "One click shows us that this address is yours. Reports are sent to confirmed addresses only.",
        "Confirm this address",
        "If you have not created an account, do nothing: the address stays unconfirmed.",
    ),
    Purpose.RESET_PASSWORD: (
        "Choose a new password",
        "Somebody asked for a new password for your account.",
        "Choose a new password",
        "If this was not you, do nothing: your password stays as it is.",
    ),
    Purpose.CHANGE_EMAIL: (
        "Confirm your new email address",
        "One click makes this the address of your account.",
        "Use this address",
        "If this was not you, do nothing: nothing changes.",
    ),
}


def link(business: Business, *, purpose: Purpose, url: str) -> Mail:
    """A link that its reader asked for, with how long it works and what to do who did not ask.

    No name is in it: whoever registers somebody else's address would be read there.
    """
    title, lead, label, otherwise = _LINK_WORDS[purpose]
    return Mail.composed(
        "link",
        business,
        subject=f"{title} for {business.name}",
        title=title,
        lead=lead,
        label=label,
        otherwise=otherwise,
        url=url,
        lifetime=in_words(LIFETIMES[purpose]),
        full_name="",
    )


def notice(
    business: Business, *, full_name: str, subject: str, sentence: str, at: datetime, is_closed: bool = False
) -> Mail:
    """What was changed about an account, and what to do if a stranger changed it.

    With `is_closed` there is no account any more whose password could be set anew.
    """
    return Mail.composed(
        "notice",
        business,
        subject=subject,
        full_name=one_line(full_name),
        sentence=one_line(sentence),
        at=in_india(at),
        is_closed=is_closed,
    )
