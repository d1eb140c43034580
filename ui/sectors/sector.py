"""One sector from near: strength and price, falls, correlation, and the funds that track it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analyzer.registry import formula
from domain.accounts import User
from domain.money import format_rupees
from domain.wording import format_date, format_signed
from sectors.ranking import Ranking, ordinal
from sectors.sector_detail import AVERAGE, FundTrack, SectorDetail
from ui.components import empty_state, notice, tiles
from ui.sectors import charts
from ui.sectors.download import download, file_part
from ui.sectors.explained import help_of, how_link
from ui.sectors.figures import load_ranking, load_sector
from ui.sectors.frame import View, render_view
from wiring import Services

if TYPE_CHECKING:
    import altair as alt

_WINDOWS = {"1y": 252, "2y": 504, "5y": 1260, "All": 100_000}
# A chart of ten years is drawn by week: nobody sees five points in a pixel.
_MOST_POINTS = 520


def render(services: Services, user: User | None) -> None:
    """The page /sector."""
    render_view(services, user, "sector", "Sector", _draw)


def _draw(view: View) -> None:
    ranking = load_ranking(view.market, view.benchmark)
    names = ranking.table["sector"].tolist()
    asked = st.query_params.get("name")
    if asked is not None and asked not in names:
        notice("There is no sector of that name. The strongest one is shown.", "warn")
    with st.container(key="sector-choices", horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox("Sector, strongest first", names, key="name", bind="query-params", width=260)
        window = st.segmented_control(
            "Span", list(_WINDOWS), default="2y", required=True, key="span", bind="query-params",
        )  # fmt: skip
        at = names.index(name)
        # The two stay side by side where there is no room for all on one line.
        with st.container(key="sector-beside", horizontal=True, gap="small", width="content"):
            for label, beside in (("Stronger", at - 1), ("Weaker", at + 1)):
                st.button(
                    label,
                    key=f"sector-{label.lower()}",
                    disabled=not 0 <= beside < len(names),
                    on_click=_choose,
                    args=(names[beside] if 0 <= beside < len(names) else name,),
                )
    st.html(tiles(_figures(ranking, name)))
    span = _WINDOWS[window or "2y"]
    detail = load_sector(view.market, name, view.benchmark, span)
    if detail.daily["line"].isna().all():
        empty_state("No prices here", f"{name} has no prices in this span. Choose another day or span.")
        return
    _pictures(view, detail, span)
    _funds(view, detail)
    st.html('<div style="height:.75rem"></div>')
    with st.container(key="sector-downloads", horizontal=True, gap="small"):
        file = f"sector-{file_part(name)}"
        download(view, csv_table(detail), file, "Download the lines as CSV")
        if detail.funds:
            download(view, csv_funds(detail), f"{file}-funds", "Download the funds as CSV")


def csv_table(detail: SectorDetail) -> pd.DataFrame:
    """Session by session what the charts draw, save the index itself: closes belong to who publishes them."""
    columns = {
        "line": "Relative strength", "average": f"Average of {AVERAGE}", "drawdown_pct": "Below the high, %",
        "correlation": "Correlation",
    }  # fmt: skip
    return detail.daily[list(columns)].rename(columns=columns).rename_axis("Session")


def csv_funds(detail: SectorDetail) -> pd.DataFrame:
    """The table of funds."""
    rows = [
        {
            "Symbol": track.fund.symbol, "ISIN": track.fund.isin, "Listed": track.fund.listed,
            "Gap a year, points": track.gap_pct, "Tracking error, %": track.error_pct,
            "Turnover a session, rupees": track.turnover,
        }
        for track in detail.funds
    ]  # fmt: skip
    return pd.DataFrame(rows).set_index("Symbol")


def _choose(name: str) -> None:
    st.session_state["name"] = name


def _figures(ranking: Ranking, name: str) -> tuple[tuple[str, str, str], ...]:
    row = ranking.table[ranking.table["sector"] == name].iloc[0]
    count = len(ranking.ranked)
    if pd.isna(row["rank"]):
        place, moved = (
            "No rank",
            f"No data since {format_date(row['no_data_since'])}" if row["no_data_since"] else "",
        )
    else:
        place = f"{ordinal(int(row['rank']))} of {count}"
        moved = "" if pd.isna(row["change_4w"]) else _moved(int(row["change_4w"]))
    quadrant = str(row["quadrant"]).capitalize() or "No position"
    stay = row["weeks_in_quadrant"]
    weeks = f"for {stay} week{'' if stay == 1 else 's'}" if row["quadrant"] else ""
    rating = "–" if pd.isna(row["rating"]) else f"{row['rating']}"
    mansfield = (
        "" if pd.isna(row["mansfield200d"]) else f"Mansfield {format_signed(float(row['mansfield200d']), 1)}"
    )
    strength = "–" if pd.isna(row["rs55_pct"]) else f"{format_signed(float(row['rs55_pct']), 1)} %"
    year = "" if pd.isna(row["rs252_pct"]) else f"{format_signed(float(row['rs252_pct']), 1)} % in 252"
    return (
        ("Place", place, moved),
        ("RS 55", strength, year),
        ("Rating", rating, mansfield),
        ("Quadrant", quadrant, weeks),
    )


def _moved(places: int) -> str:
    if places == 0:
        return "the same place as four weeks ago"
    return f"{format_signed(places)} {'place' if abs(places) == 1 else 'places'} in four weeks"


def _pictures(view: View, detail: SectorDetail, span: int) -> None:
    kept_by = (*view.kept_by, detail.sector.name, span)
    step = max(1, -(-len(detail.daily) // _MOST_POINTS))
    drawn = detail.daily.iloc[::-1].iloc[::step].iloc[::-1]
    highs = detail.daily[detail.daily["is_new_high"]]
    with st.container(key="card-strength"):
        st.subheader("Relative strength", anchor=False)
        st.html(
            f'<p class="chart-note">{escape(detail.sector.index_name)} ÷ {escape(view.benchmark)}, start = 100, with '
            f"its {AVERAGE}-session average: green while that rises over a month, orange while it falls. A dot is a "
            "52-week high of the line that the price has not made. "
            f"{how_link(view, 'line')}</p>"
        )
        charts.show(
            "sector-strength",
            kept_by,
            lambda: _strength(drawn, highs),
            alt="Relative strength and its average",
        )
    with st.container(key="card-price"):
        st.subheader("Price", anchor=False)
        st.html(f'<p class="chart-note">{escape(detail.sector.index_name)}, {escape(view.market.basis)}</p>')
        price = drawn[["price"]].rename(columns={"price": "Index"}).round(1)
        charts.show(
            "sector-price", kept_by, lambda: charts.lines(price, height=200), alt="Price of the index"
        )
    left, right = st.columns(2, gap="small")
    with left, st.container(key="card-falls", height="stretch"):
        st.subheader("Falls from the high", anchor=False)
        st.html(f'<p class="chart-note">In %. {escape(help_of("drawdown"))} {how_link(view, "drawdown")}</p>')
        charts.show("sector-falls", kept_by, lambda: _falls(drawn), alt="Drawdown")
    with right, st.container(key="card-correlation", height="stretch"):
        st.subheader(f"Moves with {view.benchmark}", anchor=False)
        st.html(
            f'<p class="chart-note">{escape(help_of("correlation"))} 1 is in step. {how_link(view, "correlation")}</p>'
        )
        correlation = drawn[["correlation"]].rename(columns={"correlation": "Correlation"}).round(3)
        charts.show(
            "sector-correlation",
            kept_by,
            lambda: charts.lines(correlation, height=200, decimals=2),
            alt="Correlation",
        )


def _strength(drawn: pd.DataFrame, highs: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    rows = drawn[["line", "average", "is_rising"]].round(2).rename_axis("session").reset_index()
    x = charts.time_axis(drawn.index)
    y = alt.Y("line:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=5))
    # Each stretch of one slope is a line of its own, and reaches to where the next one begins.
    rows["stretch"] = (rows["is_rising"] != rows["is_rising"].shift()).cumsum()
    joints = (
        rows[rows["stretch"] != rows["stretch"].shift()]
        .iloc[1:]
        .assign(stretch=lambda part: part["stretch"] - 1)
    )
    joints["is_rising"] = ~joints["is_rising"]
    average = (
        alt.Chart(pd.concat([rows, joints]))
        .mark_line(strokeWidth=2.25, opacity=0.9)
        .encode(
            x=x,
            y=alt.Y("average:Q"),
            detail="stretch:N",
            color=alt.condition("datum.is_rising", alt.value(charts.AHEAD), alt.value(charts.BEHIND)),
        )
    )
    line = (
        alt.Chart(rows)
        .mark_line(strokeWidth=1.75, color="#5B6EE1")
        .encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("session:T", title="Session", format="%d %b %Y"),
                alt.Tooltip("line:Q", title="Line", format=".1f"),
                alt.Tooltip("average:Q", title="Average", format=".1f"),
            ],
        )
    )
    dots = (
        alt.Chart(highs[["line"]].round(2).rename_axis("session").reset_index())
        .mark_point(filled=True, size=46, color=charts.AHEAD, opacity=0.95)
        .encode(x=x, y=y)
    )
    return charts.finish(alt.layer(average, line, dots), 300)


def _falls(drawn: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    rows = drawn[["drawdown_pct"]].round(2).rename_axis("session").reset_index()
    area = (
        alt.Chart(rows)
        .mark_area(color=charts.BEHIND, opacity=0.45, line={"color": charts.BEHIND, "strokeWidth": 1.5})
        .encode(
            x=charts.time_axis(drawn.index),
            y=alt.Y("drawdown_pct:Q", title=None, axis=alt.Axis(tickCount=5)),
            tooltip=[
                alt.Tooltip("session:T", title="Session", format="%d %b %Y"),
                alt.Tooltip("drawdown_pct:Q", title="Below the high, %", format=".1f"),
            ],
        )
    )
    return charts.finish(alt.layer(area), 200)


def _funds(view: View, detail: SectorDetail) -> None:
    st.subheader("Funds that track it", anchor=False)
    if not detail.funds:
        empty_state("Index only", "No exchange-traded fund on NSE tracks this index in our map.")
        return
    rows = "".join(_fund_row(track) for track in detail.funds)
    st.html(
        '<div class="table-box"><table class="plain figures stacking"><thead><tr><th>Symbol</th><th>ISIN</th>'
        '<th>Listed</th><th class="num">Gap a year</th><th class="num">Tracking error</th>'
        f'<th class="num">Turnover a session</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="small quiet">{escape(help_of("fund"))} {escape(formula("fund").trap)} Turnover: the median of 63 '
        f"sessions. {how_link(view, 'fund')}</p>"
    )


def _fund_row(track: FundTrack) -> str:
    gap = "–" if track.gap_pct is None else f"{format_signed(track.gap_pct, 2)} points"
    error = "–" if track.error_pct is None else f"{track.error_pct:.1f} %"
    turnover = "–" if track.turnover is None else format_rupees(round(track.turnover) * 100)
    listed = "–" if track.fund.listed is None else format_date(track.fund.listed)
    return (
        f'<tr><td data-name="Symbol"><b>{escape(track.fund.symbol)}</b></td><td data-name="ISIN">'
        f'{escape(track.fund.isin or "–")}</td><td data-name="Listed">{escape(listed)}</td><td class="num" '
        f'data-name="Gap a year">{escape(gap)}</td><td class="num" data-name="Tracking error">{escape(error)}</td>'
        f'<td class="num" data-name="Turnover a session">{escape(turnover)}</td></tr>'
    )
