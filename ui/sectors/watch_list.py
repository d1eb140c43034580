"""The watch-list: a reader's own sectors in their own order, each with the ranking's line and what changed."""

from __future__ import annotations

from html import escape

import streamlit as st

from domain.accounts import User
from domain.errors import ProductError
from domain.wording import format_date, format_signed
from sectors.watch_list import list_watched, move, unwatch, watch
from sectors.watched import Watched, watched_rows
from ui.components import empty_state, notice
from ui.pages import page
from ui.picture import spark
from ui.sectors.explained import how_link
from ui.sectors.frame import View, render_view
from wiring import Services

_ADD = "watch-add"
# What was just removed, and from which place: kept until the next removal or the way back.
_REMOVED = "watch-removed"
_PROBLEM = "watch-problem"


def render(services: Services, user: User | None) -> None:
    """The page /watchlist."""
    render_view(services, user, "watchlist", "Watch-list", _draw)


def _draw(view: View) -> None:
    names = list_watched(view.services, view.user)
    _adding(view, names)
    problem = st.session_state.pop(_PROBLEM, "")
    if problem:
        notice(str(problem), "bad")
    _undo(view, names)
    if not names:
        empty_state(
            "No sector is watched yet",
            "Choose one above. It then stands here with its rank, its strength and what changed in a week, and in "
            "your own part of each report by mail.",
        )
        with st.container(key="watch-links", horizontal=True):
            st.page_link(page("dashboard"), label="See how all sectors rank")
        return
    rows = watched_rows(view.market, view.benchmark, names)
    with st.container(key="card-watched", gap=None):
        for place, watched in enumerate(rows):
            _row(view, watched, is_first=place == 0, is_last=place == len(rows) - 1)
    st.html(
        f'<p class="small quiet">RS 55 is the growth over 55 sessions compared with {escape(view.benchmark)}. The line '
        "is the relative strength of 26 weeks. A description of the past, not a forecast. "
        f"{how_link(view, 'rs')}</p>"
    )
    with st.container(key="watch-links", horizontal=True):
        st.page_link(page("alerts"), label="Alerts & mail for these sectors")


def _adding(view: View, names: tuple[str, ...]) -> None:
    others = sorted(name for name in view.whole.sector_names if name not in names)
    if others:
        st.selectbox(
            "Add a sector",
            others,
            index=None,
            key=_ADD,
            placeholder="Add a sector",
            on_change=_add,
            args=(view.services, view.user),
            label_visibility="collapsed",
            width=320,
        )


def _add(services: Services, user: User) -> None:
    chosen = st.session_state.get(_ADD)
    st.session_state[_ADD] = None
    if isinstance(chosen, str):
        _try(lambda: watch(services, user, chosen))
        if st.session_state.get(_REMOVED, ("", 0))[0] == chosen:
            st.session_state.pop(_REMOVED)


def _undo(view: View, names: tuple[str, ...]) -> None:
    sector, position = st.session_state.get(_REMOVED, ("", 0))
    if not sector or sector in names:
        return
    with st.container(key="watch-undo", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<p class="small" role="status" style="margin:0">{escape(sector)} was removed.</p>')
        st.button(
            "Undo",
            key="watch-undo-press",
            on_click=_restore,
            args=(view.services, view.user, sector, position),
        )


def _restore(services: Services, user: User, sector: str, position: int) -> None:
    _try(lambda: watch(services, user, sector, position=position))
    st.session_state.pop(_REMOVED, None)


def _row(view: View, watched: Watched, *, is_first: bool, is_last: bool) -> None:
    name = watched.row.sector
    key = "-".join(word for word in "".join(c if c.isalnum() else " " for c in name.lower()).split())
    with st.container(key=f"watch-row-{key}", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(_line(watched))
        with st.container(key=f"watch-keys-{key}", horizontal=True, gap=None, width="content"):
            common = (view.services, view.user, name)
            st.button(
                f"Move {name} up", key=f"watch-up-{key}", icon=":material/arrow_upward:", disabled=is_first,
                on_click=_move, args=(*common, -1), type="tertiary",
            )  # fmt: skip
            st.button(
                f"Move {name} down", key=f"watch-down-{key}", icon=":material/arrow_downward:", disabled=is_last,
                on_click=_move, args=(*common, 1), type="tertiary",
            )  # fmt: skip
            st.button(
                f"Remove {name}", key=f"watch-remove-{key}", icon=":material/close:",
                on_click=_remove, args=common, type="tertiary",
            )  # fmt: skip


def _move(services: Services, user: User, sector: str, places: int) -> None:
    _try(lambda: move(services, user, sector, places))


def _remove(services: Services, user: User, sector: str) -> None:
    names = list_watched(services, user)
    if sector in names:
        st.session_state[_REMOVED] = (sector, names.index(sector))
    _try(lambda: unwatch(services, user, sector))


def _try(change) -> None:  # type: ignore[no-untyped-def]  # any use-case that changes the list
    """Do it; a refusal is told when the page is drawn."""
    try:
        change()
    except ProductError as error:
        st.session_state[_PROBLEM] = error.user_message


def _line(watched: Watched) -> str:
    row = watched.row
    if row.rank is None:
        why = (
            "No rank yet" if row.no_data_since is None else f"No data since {format_date(row.no_data_since)}"
        )
        return (
            '<div class="watch"><b class="rank">–</b>'
            f'<div class="what"><strong>{escape(row.sector)}</strong><span>{escape(why)}</span></div></div>'
        )
    change = "=" if not row.change_1w else format_signed(row.change_1w)
    tone = "" if not row.change_1w else " ahead" if row.change_1w > 0 else " behind"
    weeks = "" if row.weeks_in_quadrant is None else f", week {row.weeks_in_quadrant}"
    quadrant = f"{row.quadrant.capitalize()}{weeks}" if row.quadrant else "No quadrant yet"
    is_ahead = row.rs55_pct > 0
    line = spark(row.line, up=is_ahead) if len(row.line) > 1 else ""
    return (
        f'<div class="watch"><b class="rank">{int(row.rank)}<small class="{escape(tone.strip())}">{change}</small></b>'
        f'<div class="what"><strong>{escape(row.sector)}</strong>'
        f"<span>{escape(row.etf or 'Index only')} · {escape(quadrant)}</span>"
        f"<em>{escape(watched.changes)}</em></div>"
        f"<div>{line}</div>"
        f'<div class="strength {"ahead" if is_ahead else "behind"}">{format_signed(row.rs55_pct, 1)} %'
        f"<small>RS 55{'' if row.rating is None else f', rating {int(row.rating)}'}</small></div></div>"
    )
