"""What a page is, and the pages of this run by url path, so that pages link to each other without imports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from domain.accounts import User
from wiring import Services

_KEY = "pages_of_this_run"


class Bar(Enum):
    """Whose bar links to a page. Whom the page lets in is its own decision."""

    EVERYBODY = "everybody"
    VISITORS = "who is not logged in"
    MEMBERS = "who is logged in"
    ADMINS = "admins"
    NOBODY = "nobody: other pages and mails lead there"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of ours: what it is called, what draws it, and who finds it in the bar."""

    title: str
    render: Callable[[Services, User | None], None]
    bar: Bar = Bar.NOBODY


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
