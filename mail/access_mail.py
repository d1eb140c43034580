"""Mails about access that nobody paid for: it was given by hand, or ended before its time."""

from __future__ import annotations

from datetime import datetime

from mail.composing import Business, Mail, in_india, one_line, web_address


def access_given(
    business: Business,
    *,
    full_name: str,
    plan_name: str,
    starts_at: datetime,
    ends_at: datetime,
    dashboard_url: str,
) -> Mail:
    """The news that access was given, from when to when, with the way in."""
    return Mail.composed(
        "access_given",
        business,
        subject=f"You were given access until {_day(ends_at)}",
        full_name=one_line(full_name),
        until=_day(ends_at),
        dashboard_url=web_address(dashboard_url),
        rows=[
            ("Plan", f"{one_line(plan_name)}, given by us"),
            ("Access from", in_india(starts_at)),
            ("Access until", in_india(ends_at)),
            ("To pay", "Nothing"),
        ],
    )


def access_ended(
    business: Business,
    *,
    full_name: str,
    plan_name: str,
    ended_at: datetime,
    given_until: datetime,
    access_until: datetime | None,
    billing_url: str,
) -> Mail:
    """The news that access which was given has ended early, and what is left. It claims nothing of why."""
    left = in_india(access_until) if access_until is not None else ""
    rows = [
        ("Plan", f"{one_line(plan_name)}, given by us"),
        ("Given until", in_india(given_until)),
        ("Ended on", in_india(ended_at)),
        ("Your access now", f"until {left}" if left else "None"),
    ]
    return Mail.composed(
        "access_ended",
        business,
        subject="The access that we gave you has ended",
        full_name=one_line(full_name),
        left=left,
        billing_url=web_address(billing_url),
        rows=rows,
    )


def _day(moment: datetime) -> str:
    return in_india(moment).split(",", 1)[0]
