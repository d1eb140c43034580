"""What every page of the analyzer has in common: who gets in, the strip of pages, and what the figures are of.

A page gives its name and a function that draws; everything that decides access, date and benchmark is here, once.
Date and benchmark stand in the address, so that every view can be linked to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from html import escape

import streamlit as st

from analyzer.market import Market
from domain.accounts import User
from domain.errors import NoActiveSubscription
from domain.views import VIEWS
from sectors.market import open_market
from ui.activation import render_locked
from ui.components import badge, footer, format_date
from ui.pages import page
from wiring import Services

# Names in the address, and the keys of the widgets that write them.
BENCHMARK, AS_OF = "benchmark", "asof"


@dataclass(frozen=True, slots=True)
class View:
    """What a page draws from: the market as it was known at the chosen close, and what it is compared with.

    `whole` is the market of today, for the few places that show what came after the chosen day.
    """

    services: Services
    user: User
    market: Market
    whole: Market
    benchmark: str

    @property
    def is_past(self) -> bool:
        return self.market.as_of < self.whole.as_of

    @property
    def query(self) -> dict[str, str]:
        """The choices that differ from the defaults, as they stand in the address."""
        chosen = {}
        if self.benchmark != self.market.benchmarks[0]:
            chosen[BENCHMARK] = self.benchmark
        if self.is_past:
            chosen[AS_OF] = self.market.as_of.isoformat()
        return chosen


def render_view(
    services: Services,
    user: User | None,
    path: str,
    title: str,
    draw: Callable[[View], None],
    *,
    has_past: bool = True,
) -> None:
    """One page of the analyzer: log-in, plans, or the page, for whom it may concern.

    `has_past` is False for pages that show no single day.
    """
    if user is None:
        st.switch_page(page("login"), query_params={"next": path})
    try:
        whole = open_market(services, user)
    except NoActiveSubscription:
        render_locked(services, user, title)
        footer(services.settings)
        return
    with st.container(key="view-head"):
        st.title(title, anchor=False)
        benchmark, chosen = _controls(whole, has_past=has_past)
        view = View(services, user, whole.until(chosen), whole, benchmark)
        _what_it_is_of(view)
        _strip(path, view)
    draw(view)
    footer(services.settings)


def _controls(market: Market, *, has_past: bool) -> tuple[str, date]:
    with st.container(key="view-controls", horizontal=True, gap="small"):
        benchmark = st.segmented_control(
            "Compared with",
            market.benchmarks,
            default=market.benchmarks[0],
            required=True,
            key=BENCHMARK,
            bind="query-params",
            label_visibility="collapsed",
        )
        chosen = None
        if has_past:
            chosen = st.date_input(
                "As of",
                value=market.as_of,
                min_value=market.first_session,
                max_value=market.as_of,
                format="DD/MM/YYYY",
                key=AS_OF,
                bind="query-params",
                label_visibility="collapsed",
            )
    return benchmark or market.benchmarks[0], chosen if isinstance(chosen, date) else market.as_of


def _what_it_is_of(view: View) -> None:
    market = view.market
    parts = [
        badge(market.source, "warn" if market.is_demo else ""),
        f'<span class="quiet">Close of {format_date(market.as_of)}, against {escape(view.benchmark)}.'
        f"{' Prices are invented.' if market.is_demo else ''}</span>",
    ]
    if view.is_past:
        parts.append(badge("As it was known then"))
    findings = len(market.findings)
    parts.append(
        badge(f"{findings} notes on the data", "warn") if findings else badge("All series complete", "good")
    )
    st.html(f'<div class="head-line">{"".join(parts)}</div>')


def _strip(path: str, view: View) -> None:
    if len(VIEWS) < 2:
        return
    with st.container(key="view-strip", horizontal=True, gap="small"):
        for other, name in VIEWS.items():
            with st.container(key=f"view-tab-{'here' if other == path else other}"):
                st.page_link(page(other), label=name, query_params=view.query or None)
