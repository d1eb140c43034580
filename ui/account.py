"""The account page: how its owner logs in."""

from __future__ import annotations

import streamlit as st

from domain.accounts import User
from ui import second_factor_settings
from ui.components import footer
from ui.pages import page
from wiring import Services


def render(services: Services, user: User | None) -> None:
    """The page /account."""
    if user is None:
        st.switch_page(page("login"), query_params={"next": "account"})
    with st.container(key="reading-account"):
        st.title("Account", anchor=False)
        second_factor_settings.render(services, user)
    footer(services.settings)
