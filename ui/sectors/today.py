"""Today: the ranking at the close, its charts and its table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from domain.accounts import User
from ui.components import empty_state, format_date, format_signed
from ui.market import CHART_SESSIONS, SHORT_WINDOW, WINDOW, Snapshot, load_snapshot
from ui.sectors.frame import View, render_view
from wiring import Services

if TYPE_CHECKING:
    import altair as alt

# Readable on both backgrounds.
_AHEAD, _BEHIND = "#0E9F80", "#E08A1E"
_ROW_HEIGHT = 21.5
_SIGNED_LABEL = "datum.value == 0 ? '0' : format(datum.value, '+.0f')"


def render(services: Services, user: User | None) -> None:
    """The page /dashboard."""
    render_view(services, user, "dashboard", "Sector ranking", _draw)


def _draw(view: View) -> None:
    _analyzer(load_snapshot())


def _analyzer(snapshot: Snapshot) -> None:
    st.html(_tiles(snapshot))
    left, right = st.columns([0.92, 1.08], gap="small")
    with left, st.container(key="card-ranking", height="stretch"):
        st.subheader("Ahead and behind", anchor=False)
        st.html(
            f'<p class="chart-note">Growth over {WINDOW} sessions compared with '
            f"{escape(snapshot.benchmark)}, in %</p>"
        )
        st.altair_chart(_bars(snapshot), key="dashboard-bars", alt="Sectors by relative strength")
    with right:
        with st.container(key="card-lines"):
            _lines_card(snapshot)
        with st.container(key="card-movers"):
            _movers(snapshot)
    st.html('<div style="height:.75rem"></div>')
    st.subheader("All sectors", anchor=False)
    _table(snapshot)
    st.html(
        f'<p class="small quiet">RS = (sector growth ÷ {escape(snapshot.benchmark)} growth) − 1 over the sessions '
        f"named. Rank change compares with {SHORT_WINDOW} sessions earlier; + is a climb. The line covers "
        f"{CHART_SESSIONS} sessions. A description of the past, not a forecast.</p>"
    )


def _tiles(snapshot: Snapshot) -> str:
    leader, laggard = snapshot.table.iloc[0], snapshot.table.iloc[-1]
    count = round(snapshot.breadth * len(snapshot.table))
    moved = round(100 * (snapshot.breadth - snapshot.breadth_month_ago))
    tiles = (
        (
            "Leader",
            escape(leader["sector"]),
            f'<span class="ahead">{format_signed(leader["rs_55"], 1)} %</span>',
        ),
        (
            "Laggard",
            escape(laggard["sector"]),
            f'<span class="behind">{format_signed(laggard["rs_55"], 1)} %</span>',
        ),
        (
            "Breadth",
            f"{100 * snapshot.breadth:.0f} %",
            f"{count} of {len(snapshot.table)}, {format_signed(moved)} points in a month",
        ),
        ("Last session", format_date(snapshot.as_of), escape(snapshot.source)),
    )
    return (
        '<div class="tiles">'
        + "".join(
            f'<div class="tile"><p class="name">{name}</p><p class="value">{value}</p><p '
            f'class="note">{note}</p></div>'
            for name, value, note in tiles
        )
        + "</div>"
    )


def _bars(snapshot: Snapshot) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    table = snapshot.table[["rank", "sector", "rs_55"]]
    base = alt.Chart(table).encode(
        y=alt.Y(
            "sector:N",
            sort=None,
            title=None,
            axis=alt.Axis(
                labelLimit=150,
                labelOverlap=False,
                labelFlush=False,
                labelBound=False,
                ticks=False,
                domain=False,
                labelPadding=8,
            ),
        ),
        x=alt.X(
            "rs_55:Q",
            title=None,
            axis=alt.Axis(labelExpr=_SIGNED_LABEL, tickCount=5),
            scale=alt.Scale(nice=True),
        ),
        tooltip=[
            alt.Tooltip("sector:N", title="Sector"),
            alt.Tooltip("rank:Q", title="Rank"),
            alt.Tooltip("rs_55:Q", title="RS 55, %", format="+.2f"),
        ],
    )
    bars = base.mark_bar(cornerRadius=3, height=12).encode(
        color=alt.condition("datum.rs_55 > 0", alt.value(_AHEAD), alt.value(_BEHIND))
    )
    zero = alt.Chart(table.head(1)).mark_rule(opacity=0.5).encode(x=alt.datum(0), color=alt.value("#7A8A84"))
    return alt.layer(bars, zero).properties(height=_ROW_HEIGHT * len(table), background="transparent")


def _lines_card(snapshot: Snapshot) -> None:
    names = snapshot.table["sector"].tolist()
    st.subheader("Relative-strength lines", anchor=False)
    st.html(
        f'<p class="chart-note">Sector ÷ {escape(snapshot.benchmark)}, {CHART_SESSIONS} sessions, start = 100. '
        "Rising means gaining on the index.</p>"
    )
    chosen = st.multiselect(
        "Sectors",
        names,
        default=[*names[:3], names[-1]],
        max_selections=6,
        key="dashboard-sectors",
        label_visibility="collapsed",
        placeholder="Choose up to six sectors",
    )
    if chosen:
        st.altair_chart(_lines(snapshot, chosen), key="dashboard-lines", alt="Relative-strength lines")
    else:
        empty_state("No sector chosen", "Pick one or more sectors above to draw their lines.")


def _lines(snapshot: Snapshot, chosen: list[str]) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    long = snapshot.lines[chosen].reset_index().melt("session", var_name="sector", value_name="line")
    lines = (
        alt.Chart(long)
        .mark_line(strokeWidth=2, interpolate="monotone")
        .encode(
            x=alt.X("session:T", title=None, axis=alt.Axis(format="%b", tickCount="month", grid=False)),
            y=alt.Y("line:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=5)),
            color=alt.Color(
                "sector:N",
                sort=chosen,
                title=None,
                legend=alt.Legend(orient="top", columns=3, labelLimit=150),
            ),
            tooltip=[
                alt.Tooltip("session:T", title="Session", format="%d %b %Y"),
                alt.Tooltip("sector:N", title="Sector"),
                alt.Tooltip("line:Q", title="Line", format=".1f"),
            ],
        )
    )
    level = (
        alt.Chart(long.head(1))
        .mark_rule(strokeDash=[3, 4], opacity=0.6)
        .encode(y=alt.datum(100), color=alt.value("#7A8A84"))
    )
    return alt.layer(level, lines).properties(height=300, background="transparent")


def _movers(snapshot: Snapshot) -> None:
    moved = snapshot.table.dropna(subset=["rank_change"]).sort_values("rank_change", ascending=False)
    st.subheader("Places moved in a month", anchor=False)
    st.html(
        '<div class="movers"><div><p class="chart-note">Climbed most</p><ol>'
        + _places(moved.head(5), "ahead")
        + '</ol></div><div><p class="chart-note">Slipped most</p><ol>'
        + _places(moved.tail(5).iloc[::-1], "behind")
        + "</ol></div></div>"
    )


def _places(rows: object, css: str) -> str:
    return "".join(
        f'<li><span>{escape(row.sector)}</span><b class="{css}">{format_signed(row.rank_change)}</b></li>'
        for row in rows.itertuples()  # type: ignore[attr-defined]
    )


def _table(snapshot: Snapshot) -> None:
    column = st.column_config
    table = snapshot.table.assign(etf=snapshot.table["etf"].replace("", "Index only"))
    st.dataframe(
        table,
        key="dashboard-table",
        hide_index=True,
        height=35 * 16 + 3,
        column_order=["rank", "sector", "rs_55", "rs_21", "rank_change", "etf", "line"],
        column_config={
            "rank": column.NumberColumn("Rank", format="%d", width=56, pinned=True),
            "sector": column.TextColumn("Sector", width=144, pinned=True),
            "etf": column.TextColumn("ETF", width=120),
            "rs_55": column.NumberColumn("RS 55", format="%+.2f %%", width=96),
            "rs_21": column.NumberColumn("RS 21", format="%+.2f %%", width=96),
            "rank_change": column.NumberColumn("Rank change", format="%+d", width=112),
            "line": column.LineChartColumn(f"Line, {CHART_SESSIONS} sessions", width="medium", color=_AHEAD),
        },
    )
