"""Today: what the close says in three sentences, the ranking as pictures, and the whole table."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from analyzer.rotation_map import QUADRANTS
from domain.accounts import User
from domain.wording import format_date, format_signed
from sectors.ranking import WINDOW
from ui.components import empty_state, notice, tiles
from ui.navigate import leave_to
from ui.sectors import charts
from ui.sectors.download import note_and_download
from ui.sectors.explained import help_of, how_link
from ui.sectors.figures import load_ranking
from ui.sectors.frame import View, render_view
from wiring import Services

if TYPE_CHECKING:
    import altair as alt

_ROW_HEIGHT = 23.5
_LINE_SESSIONS = 252
# By what the table is sorted: the column, and whether its smallest comes first.
_ORDERS = {
    "Rank": ("rank", True), "RS 21": ("rs21_pct", False), "RS 123": ("rs123_pct", False),
    "RS 252": ("rs252_pct", False), "Rating": ("rating", False), "Mansfield": ("mansfield200d", False),
    "Score": ("nse_nms", False),
    "Climb in 1 week": ("change_1w", False), "Climb in 4 weeks": ("change_4w", False), "Sector": ("sector", True),
    "Weeks in quadrant": ("weeks_in_quadrant", False), "ETF turnover": ("turnover", False),
}  # fmt: skip
# The columns whose figures have a sign, and its decimals.
_SIGNED = {
    "change_1w": 0, "change_4w": 0, "rs21_pct": 1, "rs55_pct": 1, "rs123_pct": 1, "rs252_pct": 1, "mansfield200d": 1,
}  # fmt: skip
_LEAST, _MOST = 1, 99
_CSV_COLUMNS = {
    "rank": "Rank", "change_1w": "Places in 1 week", "change_4w": "Places in 4 weeks", "etf": "ETF",
    "rs21_pct": "RS 21, %", "rs55_pct": "RS 55, %", "rs123_pct": "RS 123, %", "rs252_pct": "RS 252, %",
    "rating": "Rating", "mansfield200d": "Mansfield 200, %", "nse_nms": "Momentum score",
    "quadrant": "Quadrant", "weeks_in_quadrant": "Weeks in quadrant", "turnover": "ETF turnover, rupees",
}  # fmt: skip


def render(services: Services, user: User | None) -> None:
    """The page /dashboard."""
    render_view(services, user, "dashboard", "Sector ranking", _draw)


def _draw(view: View) -> None:
    ranking = load_ranking(view.market, view.benchmark)
    if ranking.ranked.empty:
        empty_state("No ranking at this close", f"{ranking.sentences[0]} Choose a later day above.")
        return
    with st.container(key="card-says"):
        st.html(
            '<ul class="says">'
            + "".join(f"<li>{escape(sentence)}</li>" for sentence in ranking.sentences)
            + "</ul>"
        )
    rows = ranking.ranked.set_index("sector")
    st.html(tiles(_figures(rows, view.benchmark)))
    left, right = st.columns([0.92, 1.08], gap="small")
    with left, st.container(key="card-ranking", height="stretch"):
        st.subheader("Ahead and behind", anchor=False)
        st.html(
            f'<p class="chart-note">Growth over {WINDOW} sessions compared with {escape(view.benchmark)}, in %. '
            f"{how_link(view, 'rs')}</p>"
        )
        charts.show("dashboard-bars", view.kept_by, lambda: _bars(rows), alt="Sectors by relative strength")
    with right:
        with st.container(key="card-lines"):
            _lines_card(view, [str(name) for name in rows.index])
        with st.container(key="card-movers"):
            _movers(view, rows)
    st.html('<div style="height:.75rem"></div>')
    _table(view, ranking.table.set_index("sector"))


def _figures(rows: pd.DataFrame, benchmark: str) -> tuple[tuple[str, str, str], ...]:
    count, placed = len(rows), rows["quadrant"].value_counts()
    return (
        _end("Leader", rows.iloc[0]),
        _end("Last", rows.iloc[-1]),
        (f"Ahead of {benchmark}", f"{(rows['rs55_pct'] > 0).sum()} of {count}", f"over {WINDOW} sessions"),
        (
            "In the leading quadrant",
            f"{placed.get('leading', 0)} of {count}",
            f"{placed.get('improving', 0)} improving, {placed.get('weakening', 0)} weakening",
        ),
    )


def _end(name: str, row: pd.Series) -> tuple[str, str, str]:
    rating = "" if pd.isna(row["rating"]) else f", rating {row['rating']}"
    return (name, str(row.name), f"{format_signed(float(row['rs55_pct']), 1)} %{rating}")


def _bars(table: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    rows = table[["rank", "rs55_pct"]].reset_index()
    axis = alt.Axis(
        labelLimit=150, labelOverlap=False, labelFlush=False, labelBound=False, ticks=False, domain=False,
        labelPadding=8,
    )  # fmt: skip
    base = alt.Chart(rows).encode(
        y=alt.Y("sector:N", sort=None, title=None, axis=axis),
        x=alt.X("rs55_pct:Q", title=None, axis=alt.Axis(labelExpr=charts.SIGNED, tickCount=5)),
        tooltip=[
            alt.Tooltip("sector:N", title="Sector"),
            alt.Tooltip("rank:Q", title="Rank"),
            alt.Tooltip("rs55_pct:Q", title=f"RS {WINDOW}, %", format="+.2f"),
        ],
    )
    bars = base.mark_bar(cornerRadius=3, height=13).encode(
        color=alt.condition("datum.rs55_pct > 0", alt.value(charts.AHEAD), alt.value(charts.BEHIND))
    )
    zero = (
        alt.Chart(rows.head(1)).mark_rule(opacity=0.5).encode(x=alt.datum(0), color=alt.value(charts.QUIET))
    )
    return charts.finish(alt.layer(bars, zero), round(_ROW_HEIGHT * len(rows)))


def _lines_card(view: View, names: list[str]) -> None:
    st.subheader("Relative-strength lines", anchor=False)
    st.html(
        f'<p class="chart-note">Sector ÷ {escape(view.benchmark)}, a year, start = 100. Rising means gaining on the '
        f"index. {how_link(view, 'line')}</p>"
    )
    chosen = st.multiselect(
        "Sectors",
        names,
        default=list(dict.fromkeys([*names[:3], names[-1]])),
        max_selections=6,
        key="sectors",
        bind="query-params",
        label_visibility="collapsed",
        placeholder="Choose up to six sectors",
    )
    if not chosen:
        empty_state("No sector chosen", "Pick one or more sectors above to draw their lines.")
        return
    st.html(charts.legend(chosen))
    charts.show(
        "dashboard-lines",
        (*view.kept_by, *chosen),
        lambda: _lines(view, chosen),
        alt="Relative-strength lines",
    )


def _lines(view: View, chosen: list[str]) -> alt.LayerChart | alt.FacetChart:
    ratio = view.market.closes()[chosen].div(view.market.benchmark(view.benchmark), axis="index")
    drawn = ratio.tail(_LINE_SESSIONS)
    return charts.lines((100 * drawn / drawn.bfill().iloc[0]).round(2), at=100, height=300)


def _movers(view: View, table: pd.DataFrame) -> None:
    moved = table["change_4w"].dropna().sort_values(ascending=False, kind="stable")
    st.subheader("Places moved in four weeks", anchor=False)
    if moved.empty:
        empty_state("No four weeks yet", "Places are compared with those of four weeks before.")
        return
    st.html(
        '<div class="movers"><div><p class="chart-note">Climbed most</p><ol>'
        + _places(moved[moved > 0].head(5), "ahead")
        + '</ol></div><div><p class="chart-note">Slipped most</p><ol>'
        + _places(moved[moved < 0].tail(5).iloc[::-1], "behind")
        + f'</ol></div></div><p class="chart-note">{how_link(view, "rank")}</p>'
    )


def _places(moved: pd.Series, css: str) -> str:
    return "".join(
        f'<li><span>{escape(str(name))}</span><b class="{escape(css)}">{escape(format_signed(float(places)))}</b></li>'
        for name, places in moved.items()
    )


def _table(view: View, rows: pd.DataFrame) -> None:
    st.subheader("All sectors", anchor=False)
    table = _filtered(rows)
    if table.empty:
        empty_state("No sector matches", "Take a filter away to see more of them.")
        return
    _grid(view, table)
    note_and_download(
        view,
        f'<p class="small quiet">RS n: {escape(help_of("rs"))} {escape(view.market.basis.capitalize())}. ▲ counts '
        "places climbed since one and four weeks before. The line covers 26 weeks. Tick a row to open its sector. "
        f"Figures describe the past. {how_link(view, 'rs', 'All formulas')}</p>",
        csv_table(table),
        "sector-ranking",
    )


def _filtered(table: pd.DataFrame) -> pd.DataFrame:
    # The field drops what it cannot read without a word.
    if len(st.query_params.get_all("rating")) == 1:
        notice("The address names one end of the ratings: a range has two. All ratings are shown.", "warn")
    with st.container(key="dashboard-filters", horizontal=True, vertical_alignment="bottom", gap="small"):
        words = st.text_input(
            "Find a sector or ETF",
            key="find",
            bind="query-params",
            max_chars=40,
            placeholder="IT, BANKBEES …",
            width=220,
        )
        quadrants = st.pills(
            "Quadrant",
            QUADRANTS,
            selection_mode="multi",
            format_func=str.capitalize,
            key="quadrant",
            bind="query-params",
        )
        rating = st.slider(
            "Rating", _LEAST, _MOST, (_LEAST, _MOST), key="rating", bind="query-params", width=180
        )
        order = st.selectbox("Sort by", list(_ORDERS), key="sort", bind="query-params", width=170)
        has_fund = st.toggle("Has an ETF", key="etf", bind="query-params")
    wanted = (words or "").strip().casefold()
    if wanted:
        named = table.index.str.casefold().str.contains(wanted, regex=False)
        table = table[named | table["etf"].str.casefold().str.contains(wanted, regex=False)]
    if quadrants:
        table = table[table["quadrant"].isin(quadrants)]
    if rating != (_LEAST, _MOST):
        # An address may name the two ends the wrong way round.
        table = table[table["rating"].between(min(rating), max(rating)).fillna(False)]
    if has_fund:
        table = table[table["etf"] != ""]
    column, smallest_first = _ORDERS[order or "Rank"]
    return table.sort_values(column, ascending=smallest_first, kind="stable", na_position="last")


def _grid(view: View, table: pd.DataFrame) -> None:
    column = st.column_config
    shown = table.reset_index()
    shown["etf"] = shown["etf"].replace("", "Index only")
    shown["quadrant"] = [
        f"{name.capitalize()}, {weeks} w" if name else "No position"
        for name, weeks in zip(table["quadrant"], table["weeks_in_quadrant"], strict=True)
    ]
    shown["sector"] = [
        name if since is None or pd.isna(since) else f"{name} (no data since {format_date(since)})"
        for name, since in zip(table.index, table["no_data_since"], strict=True)
    ]
    # A format of a column gives zero a sign. The cells stay numbers, so a press on a head sorts them as such.
    texts = shown.style.format(
        {name: partial(format_signed, decimals=decimals) for name, decimals in _SIGNED.items()}, na_rep="–"
    )
    chosen = st.dataframe(
        texts,
        key="dashboard-table",
        hide_index=True,
        height=35 * (len(shown) + 1) + 3,
        on_select="rerun",
        selection_mode="single-row",
        column_order=[
            "rank", "sector", "change_1w", "change_4w", "rs55_pct", "rs21_pct", "rs123_pct", "rs252_pct",
            "rating", "mansfield200d", "nse_nms", "quadrant", "line", "etf", "liquidity",
        ],
        column_config={
            "rank": column.NumberColumn("Rank", format="%d", width=46, help=help_of("rank")),
            "sector": column.TextColumn("Sector", width=152, pinned=True),
            "change_1w": column.NumberColumn(
                "▲ 1w", width=48, help="Places climbed in one week; 0 is the same place, below 0 a slip"
            ),
            "change_4w": column.NumberColumn(
                "▲ 4w", width=48, help="Places climbed in four weeks; 0 is the same place, below 0 a slip"
            ),
            **{
                f"rs{sessions}_pct": column.NumberColumn(
                    f"RS {sessions}", width=58, help=f"In %, over {sessions} sessions. {help_of('rs')}"
                )
                for sessions in (55, 21, 123, 252)
            },
            "rating": column.NumberColumn("Rating", format="%d", width=54, help=help_of("rating")),
            "mansfield200d": column.NumberColumn(
                "Mansfield", width=76, help=f"In %. {help_of('mansfield')}"
            ),
            "nse_nms": column.NumberColumn("Score", format="%.2f", width=52, help=help_of("momentum-score")),
            "quadrant": column.TextColumn("Quadrant", width=128, help=help_of("quadrant")),
            "line": column.LineChartColumn("26 weeks", width=72, color=charts.AHEAD),
            "etf": column.TextColumn("ETF", width=112),
            "liquidity": column.TextColumn(
                "Trades", width=58, help=help_of("liquidity")
            ),
        },
    )  # fmt: skip
    rows = chosen.selection.rows
    if rows and rows[0] < len(table):
        # Streamlit's own switch refuses an address with the fields above in it.
        leave_to("/sector?" + urlencode({**view.query, "name": str(table.index[rows[0]])}))


def csv_table(table: pd.DataFrame) -> pd.DataFrame:
    """The shown rows, with all their figures, under the names of the download."""
    return table[list(_CSV_COLUMNS)].rename(columns=_CSV_COLUMNS).rename_axis("Sector")
