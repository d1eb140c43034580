"""Rotation Map: our own component draws all weeks, Python what belongs to the chosen one.

The component gets every position once, packed, and moves without the server. It gives back the week, the tail and
the picks, which stand in the address too.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from analyzer.market import Market
from analyzer.rotation_map import CENTRE
from domain.accounts import User
from domain.wording import format_date
from sectors.rotation import STEPS_A_UNIT, QuadrantMove, RotationView, quadrant_moves, rotation_view
from ui.sectors import charts
from ui.sectors.explained import help_of, how_link
from ui.sectors.frame import View, render_view
from ui.sectors.rotation_formula import formula_drawer
from wiring import Services

if TYPE_CHECKING:
    import altair as alt

# Names in the address.
WEEK, TAIL, PICK = "week", "tail", "pick"
LONGEST_TAIL, USUAL_TAIL = 26, 6
# More lines than this nobody tells apart.
_MOST_LINES = 6
_LINE_WEEKS = 104
_KEY, _START = "rotation-map", "rotation-map-start"
_MISSING = -32768
_EPOCH = date(1970, 1, 1)
_COLOURS = ("#0E9F80", "#E08A1E", "#5B6EE1", "#D1497B", "#8A9A2B", "#3FA7C9")

_HERE = Path(__file__).parent
_draw_map = st.components.v2.component(
    "rotation_map",
    html=(_HERE / "rotation_map.html").read_text(encoding="utf-8"),
    css=(_HERE / "rotation_map.css").read_text(encoding="utf-8"),
    # One module of two files: the content security policy lets it load no second one.
    js="\n".join(
        (_HERE / name).read_text(encoding="utf-8") for name in ("rotation_map_shapes.js", "rotation_map.js")
    ),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader looks at. `week` is a row of the view; `picks` are names of its sectors, none for all."""

    week: int
    tail: int = USUAL_TAIL
    picks: tuple[str, ...] = ()


def render(services: Services, user: User | None) -> None:
    """The page /rotation-map."""
    render_view(services, user, "rotation-map", "Rotation Map", _draw)


def _draw(view: View) -> None:
    rotation = _rotation(view.market, view.benchmark, view.market.version, view.market.as_of)
    if not len(rotation.dates):
        st.html('<div class="empty"><h3>Not enough history</h3><p>The map needs a year of prices.</p></div>')
        return
    choice = _map(view, rotation)
    _into_address(rotation, choice)
    left, right = st.columns([1.25, 0.75], gap="small")
    with left, st.container(key="card-rotation-lines", height="stretch"):
        _lines_card(view, rotation, choice)
    with right, st.container(key="card-rotation-moves", height="stretch"):
        _moves_card(view)
    formula_drawer(view)
    _figures(view, rotation, choice)


@st.cache_data(max_entries=32, show_spinner=False)
def _rotation(_market: Market, benchmark: str, version: str, as_of: date) -> RotationView:
    return rotation_view(_market, benchmark)


@st.cache_data(max_entries=32, show_spinner=False)
def _moves(_market: Market, benchmark: str, version: str, as_of: date) -> tuple[QuadrantMove, ...]:
    return quadrant_moves(_market, benchmark)


def _map(view: View, rotation: RotationView) -> Choice:
    # The component forgets when its page is left. What it starts with stays the same until then: a changed
    # start would send all positions again.
    if _KEY not in st.session_state or _START not in st.session_state:
        st.session_state[_START] = choice_from_address(rotation, st.query_params.to_dict(), _picks_asked())
    start: Choice = st.session_state[_START]
    drawn = _draw_map(
        key=_KEY,
        data={
            "version": f"{view.market.version} {view.benchmark} {view.market.as_of}",
            "benchmark": view.benchmark,
            **packed(rotation),
            "start": {"week": start.week, "tail": start.tail, "picks": list(start.picks)},
        },
        on_chosen_change=lambda: None,
    )
    chosen = drawn.get("chosen")
    return choice_from_map(rotation, chosen) if isinstance(chosen, Mapping) else _within(rotation, start)


def packed(rotation: RotationView) -> dict[str, object]:
    """All positions for the browser: hundredths from the centre as 16-bit numbers in base64, sector by sector."""
    return {
        "sectors": rotation.sectors,
        "days": [(day.date() - _EPOCH).days for day in rotation.dates],
        "x": _packed(rotation.where.x),
        "y": _packed(rotation.where.y),
    }


def _packed(positions: pd.DataFrame) -> str:
    steps = np.round((positions.to_numpy().T - CENTRE) * STEPS_A_UNIT)
    numbers = np.where(np.isnan(steps), _MISSING, np.clip(steps, _MISSING + 1, -_MISSING - 1))
    return base64.b64encode(numbers.astype("<i2").tobytes()).decode("ascii")


def choice_from_address(rotation: RotationView, query: Mapping[str, str], picks: list[str]) -> Choice:
    """What an address asks for; whatever in it is not possible is as if it were not there."""
    try:
        asked = date.fromisoformat(query.get(WEEK, ""))
    except ValueError:
        asked = None
    tail = query.get(TAIL, "")
    return Choice(
        rotation.week_of(asked),
        _tail(int(tail)) if tail.isascii() and tail.isdigit() and len(tail) < 3 else USUAL_TAIL,
        _known(rotation, picks),
    )


def choice_from_map(rotation: RotationView, chosen: Mapping[str, object]) -> Choice:
    """What the component gave back. It comes from a browser: anything unfit is left out."""
    week, tail, picks = chosen.get("week"), chosen.get("tail"), chosen.get("picks")
    try:
        day = _EPOCH + timedelta(days=int(week)) if isinstance(week, int | float) else None
    except (OverflowError, ValueError):
        day = None
    return Choice(
        rotation.week_of(day),
        _tail(int(tail)) if isinstance(tail, int) else USUAL_TAIL,
        _known(rotation, picks if isinstance(picks, list) else []),
    )


def _within(rotation: RotationView, choice: Choice) -> Choice:
    return replace(
        choice,
        week=min(choice.week, len(rotation.dates) - 1),
        picks=_known(rotation, list(choice.picks)),
    )


def _tail(weeks: int) -> int:
    return min(max(weeks, 1), LONGEST_TAIL)


def _known(rotation: RotationView, names: list[str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(map(str, names)) if name in rotation.sectors)


def _picks_asked() -> list[str]:
    return st.query_params.get_all(PICK)


def _into_address(rotation: RotationView, choice: Choice) -> None:
    """Write what differs from the usual, and nothing when it stands there already."""
    is_newest = choice.week == len(rotation.dates) - 1
    wanted = {
        WEEK: [] if is_newest else [rotation.dates[choice.week].date().isoformat()],
        TAIL: [] if choice.tail == USUAL_TAIL else [str(choice.tail)],
        PICK: list(choice.picks),
    }
    for name, values in wanted.items():
        if st.query_params.get_all(name) == values:
            continue
        if values:
            st.query_params[name] = values
        else:
            del st.query_params[name]


def _lines_card(view: View, rotation: RotationView, choice: Choice) -> None:
    week = rotation.dates[choice.week]
    shown = list(choice.picks)[:_MOST_LINES] or rotation.at(choice.week)["sector"].head(1).tolist()
    st.subheader("Relative-strength line", anchor=False)
    more = len(choice.picks) - len(shown)
    st.html(
        f'<p class="chart-note">{escape(", ".join(shown) or "No sector")} ÷ {escape(view.benchmark)}, weekly closes, '
        f"100 in the week to {format_date(week.date())}."
        f"{'' if choice.picks else ' Press sectors on the map to see theirs.'}"
        f"{f' The first {_MOST_LINES} of {len(choice.picks)}.' if more > 0 else ''}</p>"
    )
    if not shown:
        return
    if len(shown) > 1:
        st.html(charts.legend(shown, _COLOURS))
    charts.show(
        "rotation-lines",
        (*view.kept_by, choice.week, *shown),
        lambda: _lines(view, rotation, choice.week, shown),
        alt=f"Relative-strength lines of {', '.join(shown)}",
    )


def _lines(
    view: View, rotation: RotationView, number: int, shown: list[str]
) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    import analyzer

    week = rotation.dates[number]
    closes, benchmark = view.market.closes()[shown], view.market.benchmark(view.benchmark)
    lines = analyzer.rs_line(closes, benchmark, base=week.date()).loc[rotation.dates]
    lines = lines.iloc[max(0, number - _LINE_WEEKS + 1) : number + _LINE_WEEKS // 2]
    long = (
        lines.round(2)
        .rename_axis("session")
        .reset_index()
        .melt("session", var_name="sector", value_name="line")
    )
    drawn = (
        alt.Chart(long)
        .mark_line(strokeWidth=2, interpolate="monotone")
        .encode(
            x=alt.X("session:T", title=None, axis=alt.Axis(format="%b %y", tickCount=6, grid=False)),
            y=alt.Y("line:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=5)),
            color=charts.colour("sector", shown, _COLOURS),
            tooltip=[
                alt.Tooltip("session:T", title="Week to", format="%d %b %Y"),
                alt.Tooltip("sector:N", title="Sector"),
                alt.Tooltip("line:Q", title="Line", format=".1f"),
            ],
        )
    )
    at = alt.Chart(pd.DataFrame({"session": [week], "level": [100.0]})).mark_rule(
        strokeDash=[3, 4], opacity=0.6, color="#7A8A84"
    )
    return alt.layer(at.encode(y="level:Q"), at.encode(x="session:T"), drawn).properties(
        height=400, background="transparent"
    )


def _moves_card(view: View) -> None:
    market = view.market
    moves = _moves(market, view.benchmark, market.version, market.as_of)
    st.subheader("Changed quadrant", anchor=False)
    st.html(
        f'<p class="chart-note">In the week to {format_date(market.as_of)}, and whose change of the week before '
        f"has held. {how_link(view, 'quadrant')}</p>"
    )
    if not moves:
        st.html('<p class="quiet">Nobody did.</p>')
        return
    st.html(
        '<ul class="moves">'
        + "".join(
            f"<li><b>{escape(move.sector)}</b><span>{escape(move.before.capitalize())} → "
            f'<em class="quadrant-{escape(move.after)}">{escape(move.after.capitalize())}</em></span>'
            f"<small>{'held two weeks' if move.has_held else 'new this week'}</small></li>"
            for move in moves
        )
        + "</ul>"
    )


def _figures(view: View, rotation: RotationView, choice: Choice) -> None:
    column = st.column_config
    table = rotation.at(choice.week)
    table["quadrant"] = table["quadrant"].str.capitalize()
    st.subheader("The map's figures", anchor=False)
    st.html(
        f'<p class="chart-note">Week to {format_date(rotation.dates[choice.week].date())}. {escape(help_of("map"))} '
        f"{how_link(view, 'map')}</p>"
    )
    st.dataframe(
        table,
        key="rotation-figures",
        hide_index=True,
        height=35 * (len(table) + 1) + 3,
        column_config={
            "sector": column.TextColumn("Sector", pinned=True, width=180),
            "x": column.NumberColumn("x, trend", format="%.2f", width=96),
            "y": column.NumberColumn("y, momentum", format="%.2f", width=112),
            "quadrant": column.TextColumn("Quadrant", width=120),
            "weeks": column.NumberColumn("Weeks in it", format="%d", width=96),
        },
    )
