"""The pages of this run, by url path, so that pages can link to each other without importing each other."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

_KEY = "pages_of_this_run"


def register(pages: dict[str, StreamlitPage]) -> None:
    """Remember the pages that `st.navigation` was given in this run."""
    st.session_state[_KEY] = pages


def page(path: str) -> StreamlitPage:
    """The page with this url path; "" is home."""
    pages: dict[str, StreamlitPage] = st.session_state[_KEY]
    return pages[path]


def go(path: str, **query: str) -> None:
    """Switch to a page within the app, with query parameters."""
    st.switch_page(page(path), query_params=query)
