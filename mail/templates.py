"""What our mails say: subject, plain text and HTML, from plain values.

Every value is untrusted: it is made one line, and escaped in HTML. Nothing is loaded from elsewhere and
nothing is tracked. Times are shown in India's time zone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.limits import in_words
from domain.links import LIFETIMES, Purpose
from domain.money import format_rupees
from domain.subscriptions import INDIA
from mail.sender import IMAGE_ID

_FOLDER = Path(__file__).with_name("templates")
# Control characters, line and paragraph separators, text direction overrides, lone surrogates. Joiners
# stay: Indian scripts need them.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_METHOD_NAMES = {
    "upi": "UPI",
    "netbanking": "Net banking",
    "net_banking": "Net banking",
    "emi": "EMI",
    "cardless_emi": "Cardless EMI",
    "paylater": "Pay later",
    "app": "Wallet",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """A composed mail. The subject is one line."""

    subject: str
    text: str
    html: str


class BusinessSettings(Protocol):
    """What a mail needs to know of the configuration."""

    @property
    def business_name(self) -> str: ...
    @property
    def business_address(self) -> str: ...
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
            address=settings.business_address,
            gstin=settings.business_gstin,
            support_email=settings.support_email,
            support_phone=settings.support_phone,
            grievance_officer=settings.grievance_officer,
            sebi_registration=settings.sebi_registration,
            base_url=settings.app_base_url.rstrip("/"),
        )


def receipt(
    business: Business,
    *,
    full_name: str,
    order_id: str,
    plan_name: str,
    amount_paise: int,
    charged_paise: int,
    paid_at: datetime,
    method: str,
    gateway_payment_id: str,
    starts_at: datetime,
    ends_at: datetime,
) -> Mail:
    """The receipt for one payment. `charged_paise` is shown when the bank was asked for another amount."""
    amount = format_rupees(amount_paise)
    rows = [
        ("Plan", f"{plan_name}, prepaid"),
        ("Access from", in_india(starts_at)),
        ("Access until", in_india(ends_at)),
        ("Paid on", in_india(paid_at)),
        ("Paid by", method_name(method)),
        ("Order ID", order_id),
        ("Payment ID", gateway_payment_id),
        ("Amount", amount),
        ("Charged to you", format_rupees(charged_paise) if charged_paise != amount_paise else ""),
    ]
    return _compose(
        "receipt",
        business,
        subject=f"Receipt for {amount}: {business.name} {plan_name} plan ({order_id})",
        full_name=_one_line(full_name),
        plan_name=_one_line(plan_name),
        amount=amount,
        is_charged_otherwise=charged_paise != amount_paise,
        rows=[(label, _one_line(value)) for label, value in rows if value],
    )


def activation(
    business: Business,
    *,
    full_name: str,
    plan_name: str,
    starts_at: datetime,
    ends_at: datetime,
    dashboard_url: str,
) -> Mail:
    """The news that a subscription is open, with the way in."""
    if not dashboard_url.startswith(("https://", "http://")):
        raise ValueError("dashboard_url must be a web address")
    return _compose(
        "activation",
        business,
        subject=f"Your {business.name} {plan_name} plan is active",
        full_name=_one_line(full_name),
        plan_name=_one_line(plan_name),
        ends_at=in_india(ends_at),
        dashboard_url=_one_line(dashboard_url),
        rows=[
            ("Plan", _one_line(plan_name)),
            ("Access from", in_india(starts_at)),
            ("Access until", in_india(ends_at)),
        ],
    )


def refund(
    business: Business,
    *,
    full_name: str,
    order_id: str,
    plan_name: str,
    amount_paise: int,
    refund_key: str,
    access_ends: bool,
) -> Mail:
    """The news that money went back, and what that means for the access."""
    amount = format_rupees(amount_paise)
    return _compose(
        "refund",
        business,
        subject=f"We returned {amount} to you ({order_id})",
        full_name=_one_line(full_name),
        amount=amount,
        access_ends=access_ends,
        rows=[
            ("Amount", amount),
            ("Plan", _one_line(plan_name)),
            ("Order ID", order_id),
            ("Refund ID", _one_line(refund_key)),
        ],
    )


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
    return _compose(
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
    return _compose(
        "notice",
        business,
        subject=subject,
        full_name=_one_line(full_name),
        sentence=_one_line(sentence),
        at=in_india(at),
        is_closed=is_closed,
    )


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One sector in a report, every figure in the words of the page. `bars` are heights in pixels, up to 22.

    Tones are `accent`, `behind` or `soft`, of bars `ahead` or `behind`.
    """

    rank: str
    change: str
    change_words: str
    tone: str
    sector: str
    note: str
    strength: str
    strength_tone: str
    rating: str
    bars: tuple[int, ...]
    bar_tone: str


@dataclass(frozen=True, slots=True)
class ReportText:
    """A report or a mail of alerts in words. Parts that are empty are left out; `watched` is None without a list."""

    subject: str
    title: str
    preview: str
    basis: str
    is_demo: bool
    sentences: tuple[str, ...] = ()
    alerts: tuple[tuple[str, str], ...] = ()
    top_title: str = ""
    top: tuple[ReportLine, ...] = ()
    bottom_title: str = ""
    bottom: tuple[ReportLine, ...] = ()
    watched: tuple[ReportLine, ...] | None = None
    legend: str = ""
    image_alt: str = ""
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    method: str = ""
    why: str = ""
    path: str = ""


NOT_ADVICE = (
    "Figures describe past prices. They are for information only and are not investment advice. Investments in "
    "securities are subject to market risks."
)


def report(business: Business, content: ReportText, *, unsubscribe_url: str) -> Mail:
    """A report by mail. Its picture is named by `cid:` and travels with it; nothing is loaded from elsewhere."""
    return _compose(
        "report",
        business,
        subject=content.subject,
        full_name="",
        not_advice=NOT_ADVICE,
        preview=content.preview,
        method=content.method,
        why=content.why,
        url=f"{business.base_url}{content.path}",
        settings_url=f"{business.base_url}/alerts",
        unsubscribe_url=unsubscribe_url,
        **_report_values(business, content, f"cid:{IMAGE_ID}" if content.image_alt else ""),
    )


def report_preview(business: Business, content: ReportText, image_src: str) -> str:
    """The same report as HTML for a page, without the mail's frame; `image_src` is where its picture is."""
    return (
        _templates()
        .get_template("report_body.html.j2")
        .render(_report_values(business, content, image_src if content.image_alt else ""))
    )


def _report_values(business: Business, content: ReportText, image_src: str) -> dict[str, object]:
    return {
        "demo": content.is_demo,
        "title": content.title,
        "basis": content.basis,
        "sentences": content.sentences,
        "alerts": content.alerts,
        "top_title": content.top_title,
        "top": content.top,
        "bottom_title": content.bottom_title,
        "bottom": content.bottom,
        "watched_title": "" if content.watched is None else "Your watch-list",
        "watched": content.watched or (),
        "watch_url": f"{business.base_url}/watchlist",
        "legend": content.legend,
        "image_src": image_src,
        "image_alt": content.image_alt,
        "lists": content.lists,
    }


def alarm(business: Business, *, message: str, admin_url: str) -> Mail:
    """Something needs a person: one sentence and the way to the admin panel."""
    return _compose(
        "alarm",
        business,
        subject=f"{business.name} needs attention",
        full_name="",
        message=_one_line(message),
        admin_url=admin_url,
    )


def test_mail(business: Business) -> Mail:
    """The mail that shows an operator that sending works."""
    return _compose("test_mail", business, subject=f"Test mail from {business.name}", full_name="")


# pytest collects functions with this prefix from files that import it; this one is no test.
test_mail.__test__ = False  # type: ignore[attr-defined]


def in_india(moment: datetime) -> str:
    """22 November 2026, 7:05 pm IST."""
    local = moment.astimezone(INDIA)
    hour = local.hour % 12 or 12
    half = "am" if local.hour < 12 else "pm"
    return f"{local.day} {local:%B %Y}, {hour}:{local:%M} {half} IST"


def method_name(method: str) -> str:
    """A gateway's word for a way to pay as a person writes it: `credit_card` becomes "Credit card"."""
    word = _one_line(method).lower()
    return _METHOD_NAMES.get(word) or word.replace("_", " ").capitalize()


def _compose(name: str, business: Business, *, subject: str, **values: object) -> Mail:
    shown = {"business": _cleaned(business), "subject": _one_line(subject), **values}
    templates = _templates()
    return Mail(
        subject=_one_line(subject),
        text=templates.get_template(f"{name}.txt.j2").render(shown).strip() + "\n",
        html=templates.get_template(f"{name}.html.j2").render(shown),
    )


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
    return Business(**{field: _one_line(getattr(business, field)) for field in Business.__slots__})


def _one_line(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", text).split(" ")).strip()
