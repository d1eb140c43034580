"""The pages that law and payment services ask for: refunds, terms, privacy, contact.

The words stand in `ui/texts`, so that counsel can read and change them without reading code.
"""

from __future__ import annotations

import streamlit as st

from config import Settings
from domain.accounts import User
from ui.components import contact_cards, footer, load_text, page_head
from wiring import Services


def render_refunds(services: Services, user: User | None) -> None:
    """The page /refunds."""
    lead = "What happens to your money, and how long it takes."
    _text_page(services.settings, "refunds", "Refunds and cancellation", lead)


def render_terms(services: Services, user: User | None) -> None:
    """The page /terms."""
    _text_page(
        services.settings, "terms", "Terms of use", "The agreement between you and us, in plain words."
    )


def render_privacy(services: Services, user: User | None) -> None:
    """The page /privacy."""
    _text_page(services.settings, "privacy", "Privacy", "What we keep about you, why, and who else sees it.")


def render_contact(services: Services, user: User | None) -> None:
    """The page /contact."""
    with st.container(key="reading-contact"):
        page_head("Contact", "Write to a person.")
        st.html(contact_cards(services.settings))
    footer(services.settings)


def _text_page(settings: Settings, name: str, title: str, lead: str) -> None:
    with st.container(key=f"reading-{name}"):
        page_head(title, lead)
        st.html(f'<div class="rs-body">{load_text(name, settings)}</div>')
    footer(settings)
