"""The look that theme settings cannot give: page width, header, cards, forms and tables, for light and dark.

Colours are `light-dark()` pairs, so one stylesheet serves both schemes. It holds no value of a user or of
the database, and loads nothing from elsewhere: the content security policy would refuse it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st

STATIC = Path(__file__).resolve().parent.parent / "static"
LOGO = STATIC / "logo.svg"
ICON = STATIC / "icon.png"

_STYLESHEETS = ("frame.css", "pieces.css", "sectors.css", "rotation.css", "watching.css", "method.css")


def apply() -> None:
    """Put the stylesheet and the logo on the page. Call it once in each run, after the page configuration."""
    st.html(_stylesheet())
    st.logo(str(LOGO), size="large")


@lru_cache(maxsize=1)
def _stylesheet() -> str:
    folder = Path(__file__).parent / "styles"
    return (
        "<style>"
        + "\n".join((folder / name).read_text(encoding="utf-8") for name in _STYLESHEETS)
        + "</style>"
    )
