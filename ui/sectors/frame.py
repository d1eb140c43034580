"""What every page of the analyzer has in common: who gets in, the strip of pages, and what the figures are of.

A page gives its name and a function that draws; everything that decides access, date and benchmark is here, once.
Date and benchmark stand in the address, so that every view can be linked to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from html import escape

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from analyzer.market import Market
from domain.accounts import User
from domain.errors import NoActiveSubscription
from domain.views import VIEWS
from domain.wording import format_date
from sectors.market import open_market
from ui.activation import render_locked
from ui.components import badge, footer, notice
from ui.login import address_for_view
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
    def kept_by(self) -> tuple[str, date, str]:
        """What tells apart the figures of two views: see `figures` and `charts.show`."""
        return self.market.version, self.market.as_of, self.benchmark

    @property
    def query(self) -> dict[str, str]:
        """The choices that differ from the defaults, as they stand in the address."""
        chosen = {}
        if self.benchmark != self.market.benchmarks[0]:
            chosen[BENCHMARK] = self.benchmark
        if self.is_past:
            chosen[AS_OF] = self.market.as_of.isoformat()
        return chosen

    @property
    def file_name(self) -> str:
        """What a download of this view is told apart by."""
        return f"{self.market.as_of.isoformat()}-{self.benchmark.lower().replace(' ', '-')}"


def render_view(
    services: Services,
    user: User | None,
    path: str,
    title: str,
    draw: Callable[[View], None],
    *,
    has_past: bool = True,
    has_benchmark: bool = True,
) -> None:
    """One page of the analyzer: log-in, plans, or the page, for whom it may concern.

    `has_past` is False for pages that show no single day, `has_benchmark` for those that compare with none.
    """
    if user is None:
        asked = {name: st.query_params.get_all(name) for name in st.query_params}
        st.switch_page(page("login"), query_params=address_for_view(path, asked))
    try:
        whole = open_market(services, user)
    except NoActiveSubscription:
        render_locked(services, user, "Dashboard" if path == "dashboard" else title)
        footer(services.settings)
        return
    misread = _misread(whole, has_past=has_past, has_benchmark=has_benchmark)
    with _of_all_pages(), st.container(key="view-head"):
        with st.container(
            key="view-bar", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.title(title, anchor=False, width="content")
            with st.container(
                key="view-choices", horizontal=True, vertical_alignment="center", width="content"
            ):
                benchmark = _benchmark(whole) if has_benchmark else whole.benchmarks[0]
                chosen = _day(whole) if has_past else whole.as_of
        view = View(services, user, whole.until(chosen), whole, benchmark)
        _what_it_is_of(view, has_benchmark=has_benchmark)
        _strip(path)
    for sentence in misread:
        notice(sentence, "warn")
    draw(view)
    footer(services.settings)


@contextmanager
def _of_all_pages() -> Iterator[None]:
    """Draw what is the same on the next page, as if the entry drew it and not the page.

    Streamlit takes a page's own fields out of the address when it is left and puts the next page's in again, one
    after the other. Each of these addresses is an entry of the browser's history, and "back" lands on the same page.
    """
    context = get_script_run_ctx()
    if context is None:
        yield
        return
    with context.run_with_active_hash(context.pages_manager.main_script_hash):
        yield


def _misread(market: Market, *, has_past: bool, has_benchmark: bool) -> list[str]:
    """What the address asks for and there is not. It is read before the fields, which drop it without a word."""
    sentences = []
    benchmark, day = st.query_params.get(BENCHMARK), st.query_params.get(AS_OF)
    if has_benchmark and benchmark and benchmark not in market.benchmarks:
        sentences.append(f"There is no benchmark of that name. {market.benchmarks[0]} is used.")
    if has_past and day and not _has_close(market, day):
        sentences.append(
            f"There is no close for the day in the address: prices run from {format_date(market.first_session)} to "
            f"{format_date(market.as_of)}. The latest close is shown."
        )
    return sentences


def _has_close(market: Market, day: str) -> bool:
    try:
        return market.first_session <= date.fromisoformat(day) <= market.as_of
    except ValueError:
        return False


def _benchmark(market: Market) -> str:
    chosen = st.segmented_control(
        "Compared with",
        market.benchmarks,
        default=market.benchmarks[0],
        required=True,
        key=BENCHMARK,
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or market.benchmarks[0]


def _day(market: Market) -> date:
    """The close to look at. Between sessions it means the session before."""
    with st.container(
        key="view-day", horizontal=True, vertical_alignment="center", gap=None, width="content"
    ):
        before = st.container(width="content")
        chosen = st.date_input(
            "As of",
            value=market.as_of,
            min_value=market.first_session,
            max_value=market.as_of,
            format="DD/MM/YYYY",
            key=AS_OF,
            bind="query-params",
            label_visibility="collapsed",
            width=140,
        )
        day = chosen if isinstance(chosen, date) else market.as_of
        at = market.until(day).as_of
        _step(before, "Earlier", market, at, -1)
        _step(st.container(width="content"), "Later", market, at, 1)
        if at < market.as_of:
            st.button("Latest", key="view-latest", on_click=_go_to, args=(market.as_of,))
    return day


def _step(place: DeltaGenerator, name: str, market: Market, at: date, step: int) -> None:
    sessions = market.total_return.index
    beside = int(sessions.searchsorted(pd.Timestamp(at))) + step
    exists = 0 <= beside < len(sessions)
    place.button(
        name,
        key=f"view-{name.lower()}",
        icon=":material/chevron_left:" if step < 0 else ":material/chevron_right:",
        disabled=not exists,
        on_click=_go_to,
        args=(sessions[beside].date() if exists else at,),
    )


def _go_to(day: date) -> None:
    st.session_state[AS_OF] = day


def _what_it_is_of(view: View, *, has_benchmark: bool) -> None:
    market = view.market
    against = f", against {escape(view.benchmark)}" if has_benchmark else ""
    line = [
        badge(market.source, "warn" if market.is_demo else ""),
        f'<span class="quiet">Close of {format_date(market.as_of)}{against}.'
        f"{' Prices are invented.' if market.is_demo else ''}</span>",
    ]
    if view.is_past:
        line.append(badge("As it was known then"))
    count = len(market.findings)
    if count:
        line.append(badge(f"{count} {'note' if count == 1 else 'notes'} on the data", "warn"))
    else:
        line.append(badge("All series complete", "good"))
    notes = "".join(
        f"<li><b>{escape(finding.subject)}</b> {escape(finding.sentence)}</li>" for finding in market.findings
    )
    opened = (
        f'<details class="health"><summary>What is missing</summary><ul>{notes}</ul></details>'
        if notes
        else ""
    )
    st.html(f'<div class="head-line">{"".join(line)}</div>{opened}')


def _strip(path: str) -> None:
    with st.container(key="view-strip", horizontal=True, gap=None):
        for other, name in VIEWS.items():
            with st.container(key=f"view-tab-{'here' if other == path else other}", width="content"):
                # The browser takes the fields of all pages along by itself.
                st.page_link(page(other), label=name)
