"""Mails about the market: what a report or an alert says, as plain values, and how its page shows the same."""

from __future__ import annotations

from dataclasses import dataclass

from domain.wording import NOT_ADVICE
from mail.composing import Business, Mail, rendered
from mail.sender import IMAGE_ID


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
class FigureRow:
    """One line of a table of figures: its name, its cells, and what stands in small below the name."""

    name: str
    cells: tuple[str, ...]
    note: str = ""
    is_picked: bool = False


@dataclass(frozen=True, slots=True)
class FigureTable:
    """Figures under a title, with a note below. Without `columns` the cells speak for themselves."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[FigureRow, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReportText:
    """A report, a note or a mail of alerts in words. Empty parts are left out; `watched` is None without a list.

    `figures` stand before the picture, `tables` after the lists. `ends_only` names what the mail's link ends, where
    that is not everything about the market.
    """

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
    figures: tuple[FigureTable, ...] = ()
    image_title: str = "Rotation Map"
    image_alt: str = ""
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tables: tuple[FigureTable, ...] = ()
    method: str = ""
    why: str = ""
    path: str = ""
    link_label: str = "Open this close in the analyzer"
    ends_only: str = ""


def report(business: Business, content: ReportText, *, unsubscribe_url: str) -> Mail:
    """A report by mail. Its picture is named by `cid:` and travels with it; nothing is loaded from elsewhere."""
    return Mail.composed(
        "report",
        business,
        subject=content.subject,
        full_name="",
        not_advice=NOT_ADVICE,
        preview=content.preview,
        method=content.method,
        why=content.why,
        link_label=content.link_label,
        ends_only=content.ends_only,
        url=f"{business.base_url}{content.path}",
        settings_url=f"{business.base_url}/alerts",
        unsubscribe_url=unsubscribe_url,
        **_report_values(business, content, f"cid:{IMAGE_ID}" if content.image_alt else ""),
    )


def report_preview(business: Business, content: ReportText, image_src: str) -> str:
    """The same report as HTML for a page, without the mail's frame; `image_src` is where its picture is."""
    return rendered(
        "report_body.html.j2", _report_values(business, content, image_src if content.image_alt else "")
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
        "figures": content.figures,
        "image_title": content.image_title,
        "tables": content.tables,
        "image_src": image_src,
        "image_alt": content.image_alt,
        "lists": content.lists,
    }
