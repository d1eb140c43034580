"""Pieces that several pages share: badges, notices, facts, tiles, empty states, texts, the footer.

Functions that return `str` return HTML whose values are escaped already; the others draw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import Literal

import streamlit as st

from config import Settings
from domain.gateway_names import gateway_names
from domain.wording import NOT_ADVICE
from sectors.market import shows_demo
from ui.pages import page
from wiring import Services

Tone = Literal["", "good", "warn", "bad"]

# Stands wherever money is asked for: a buyer must know it before paying.
DEMO_NOTE = "The dashboard shows demo data until a market-data licence is in place."
LEGAL_LINKS = (("terms", "Terms"), ("privacy", "Privacy"), ("refunds", "Refunds"), ("contact", "Contact"))


def page_head(title: str, lead: str = "") -> None:
    """The page's one first-level heading, and the sentence under it."""
    st.title(title, anchor=False)
    if lead:
        st.html(f'<p class="section-lead">{escape(lead)}</p>')


def section_head(title: str, lead: str = "") -> None:
    st.html('<div style="height:2.75rem"></div>')
    st.header(title, anchor=False)
    if lead:
        st.html(f'<p class="section-lead">{escape(lead)}</p>')


def badge(text: str, tone: Tone = "") -> str:
    return f'<span class="badge {tone}">{escape(text)}</span>'


def notice(text: str, tone: Tone = "") -> None:
    """A short message in the flow of the page. Screen readers announce it."""
    role = "alert" if tone == "bad" else "status"
    st.html(f'<div class="notice {tone}" role="{role}">{escape(text)}</div>')


def facts(rows: Iterable[tuple[str, str]], total: tuple[str, str] | None = None) -> str:
    """A list of names and values, the total last."""
    lines = [f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows]
    if total is not None:
        lines.append(f'<dt class="total">{escape(total[0])}</dt><dd class="total">{escape(total[1])}</dd>')
    return f'<dl class="facts">{"".join(lines)}</dl>'


def tiles(figures: Iterable[tuple[str, str, str]]) -> str:
    """Figures side by side: what each is, its value in large, and a note below."""
    drawn = (
        f'<div class="tile"><p class="name">{escape(name)}</p><p class="value">{escape(value)}</p>'
        f'<p class="note">{escape(note)}</p></div>'
        for name, value, note in figures
    )
    return f'<div class="tiles">{"".join(drawn)}</div>'


def ticks(lines: Sequence[str]) -> str:
    return '<ul class="ticks">' + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def pulse(sentence: str) -> str:
    """That the page waits and looks by itself."""
    return f'<div class="waiting" role="status"><span></span>{escape(sentence)}</div>'


def empty_state(title: str, text: str) -> None:
    st.html(f'<div class="empty"><h3>{escape(title)}</h3><p>{escape(text)}</p></div>')


def practice_note(settings: Settings) -> None:
    """Says that no real money moves, wherever someone is about to pay, while the simulator stands in."""
    if settings.needs_simulator:
        st.html(
            f'<div class="notice practice">{badge("Practice mode", "warn")}<span>No real money moves '
            "here.</span></div>"
        )


def demo_note(services: Services) -> None:
    """What is behind the paywall today, for somebody who is about to pay. Nothing once real prices are shown."""
    if shows_demo(services):
        st.html(f'<p class="small quiet" style="margin:0">{DEMO_NOTE}</p>')


def legal_links(key: str, *, paths: Sequence[str] = ("terms", "privacy", "refunds")) -> None:
    with st.container(key=f"{key}-links", horizontal=True, gap="small"):
        for path, label in LEGAL_LINKS:
            if path in paths:
                st.page_link(page(path), label=label)


def support_sentence(settings: Settings) -> str:
    """Where to write or call, as one HTML sentence, from what is configured."""
    ways = []
    if settings.support_email:
        email = escape(settings.support_email)
        ways.append(f'<a href="mailto:{email}">{email}</a>')
    if settings.support_phone:
        ways.append(escape(settings.support_phone))
    return " or ".join(ways)


def contact_cards(settings: Settings) -> str:
    """Support, grievance officer and address, as far as they are configured."""
    cards = []
    contact = support_sentence(settings)
    if contact:
        cards.append(("Support", contact, "For a payment, add the order id from your billing page."))
    if settings.grievance_officer:
        officer = escape(settings.grievance_officer)
        cards.append(("Grievance officer", officer, "For a complaint that support has not settled."))
    if settings.postal_address:
        cards.append((escape(settings.business_name), escape(settings.postal_address), ""))
    drawn = "".join(f"<div><h3>{title}</h3><p>{line}</p><p>{note}</p></div>" for title, line, note in cards)
    return f'<div class="cards rs-body">{drawn}</div>'


def load_text(name: str, settings: Settings) -> str:
    """A text of `ui/texts` as HTML, with the configured names and addresses put in, escaped."""
    return _read_text(name).substitute(
        business=escape(settings.business_name),
        not_advice=escape(NOT_ADVICE),
        support=support_sentence(settings) or "our support",
        gateway=escape(gateway_names(settings.configured_gateways)),
    )


@lru_cache(maxsize=8)
def _read_text(name: str) -> Template:
    return Template((Path(__file__).parent / "texts" / f"{name}.html").read_text(encoding="utf-8"))


def footer(settings: Settings) -> None:
    """Legal links, the regulator's number when there is one, and what the product is not."""
    lines = [f"© {escape(settings.business_name)}"]
    if settings.postal_address:
        lines.append(escape(settings.postal_address))
    if settings.business_gstin:
        lines.append(f"GSTIN {escape(settings.business_gstin)}")
    if settings.sebi_registration:
        lines.append(f"SEBI registration {escape(settings.sebi_registration)}")
    with st.container(key="footer"):
        with st.container(key="footer-links", horizontal=True, gap="small"):
            for path, label in LEGAL_LINKS:
                st.page_link(page(path), label=label)
        st.html(
            f'<div class="rs-body small quiet"><p>{escape(NOT_ADVICE)} NIFTY index names are trademarks of their '
            f"owner; this product is not connected with NSE.</p><p>{' · '.join(lines)}</p></div>"
        )
