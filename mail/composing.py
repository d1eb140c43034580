"""How a mail is written: subject, plain text and HTML, from a template and plain values.

Every value is untrusted: it is made one line, and escaped in HTML. Nothing is loaded from elsewhere and
nothing is tracked. Times are shown in India's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.subscriptions import INDIA

_FOLDER = Path(__file__).with_name("templates")
# Control characters, line and paragraph separators, text direction overrides, lone surrogates. Joiners
# stay: Indian scripts need them.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


class BusinessSettings(Protocol):
    """What a mail needs to know of the configuration."""

    @property
    def business_name(self) -> str: ...
    @property
    def postal_address(self) -> str: ...
    @property
    def business_gstin(self) -> str: ...
    @property
    def support_email(self) -> str: ...
    @property
    def support_phone(self) -> str: ...
    @property
    def grievance_officer(self) -> str: ...
    @property
    def sebi_registration(self) -> str: ...
    @property
    def app_base_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Business:
    """Who writes the mail. Empty values are left out of it."""

    name: str
    address: str
    gstin: str
    support_email: str
    support_phone: str
    grievance_officer: str
    sebi_registration: str
    base_url: str

    @classmethod
    def from_settings(cls, settings: BusinessSettings) -> Business:
        return cls(
            name=settings.business_name,
            address=settings.postal_address,
            gstin=settings.business_gstin,
            support_email=settings.support_email,
            support_phone=settings.support_phone,
            grievance_officer=settings.grievance_officer,
            sebi_registration=settings.sebi_registration,
            base_url=settings.app_base_url.rstrip("/"),
        )


@dataclass(frozen=True, slots=True)
class Mail:
    """A composed mail. The subject is one line."""

    subject: str
    text: str
    html: str

    @classmethod
    def composed(cls, template: str, business: Business, *, subject: str, **values: object) -> Mail:
        """The mail of this template, whose text and HTML show the same values."""
        shown = {"business": _cleaned(business), "subject": one_line(subject), **values}
        return cls(
            subject=one_line(subject),
            text=rendered(f"{template}.txt.j2", shown).strip() + "\n",
            html=rendered(f"{template}.html.j2", shown),
        )


def rendered(template: str, values: Mapping[str, object]) -> str:
    """A template with its values; in HTML every one of them is escaped."""
    return _templates().get_template(template).render(values)


def in_india(moment: datetime) -> str:
    """22 November 2026, 7:05 pm IST."""
    local = moment.astimezone(INDIA)
    hour = local.hour % 12 or 12
    half = "am" if local.hour < 12 else "pm"
    return f"{local.day} {local:%B %Y}, {hour}:{local:%M} {half} IST"


def one_line(text: str) -> str:
    """The text without line breaks and characters that nobody sees."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split(" ")).strip()


def web_address(url: str) -> str:
    """The address of a link. Raises ValueError when it is none of the web: nothing that runs gets into a mail."""
    if not url.startswith(("https://", "http://")):
        raise ValueError("a link of a mail must be a web address")
    return one_line(url)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _cleaned(business: Business) -> Business:
    return Business(**{field: one_line(getattr(business, field)) for field in Business.__slots__})
