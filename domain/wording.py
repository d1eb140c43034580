"""How dates, moments and signed figures are written, and what every page and mail says of itself.

Pages, mails and command line write the same thing the same way: there is one function for each.
"""

from __future__ import annotations

from datetime import date, datetime

from domain.subscriptions import INDIA

NOT_ADVICE = (
    "Figures describe past prices. They are for information only and are not investment advice. "
    "Investments in securities are subject to market risks."
)


def format_date(moment: datetime | date) -> str:
    """`22 Nov 2026`, in India's time zone."""
    day = moment.astimezone(INDIA).date() if isinstance(moment, datetime) else moment
    return f"{day.day} {day:%b %Y}"


def format_day(day: date) -> str:
    """`22 Nov`, where the year goes without saying."""
    return f"{day.day} {day:%b}"


def format_moment(moment: datetime) -> str:
    """`22 Nov 2026, 6:40 pm IST`."""
    local = moment.astimezone(INDIA)
    hour = local.hour % 12 or 12
    return f"{format_date(moment)}, {hour}:{local:%M} {'am' if local.hour < 12 else 'pm'} IST"


def format_clock(moment: datetime) -> str:
    """`6:40 pm IST`."""
    return format_moment(moment).split(", ", 1)[1]


def format_signed(value: float, decimals: int = 0) -> str:
    """`+5.9` or `−3`, with a real minus sign, which is as wide as the plus. What rounds to nothing has no sign: `0`."""
    shown = f"{value:+.{decimals}f}"
    return shown[1:] if float(shown) == 0 else shown.replace("-", "−")


def format_phone(phone: str) -> str:
    """`+91 99999 99999`, the way India groups a number in E.164 form."""
    return f"{phone[:3]} {phone[3:8]} {phone[8:]}"
