"""How broad the market is: shares above averages and ahead of the benchmark, spread, quadrants over time."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analyzer.rotation_map import QUADRANTS
from domain.accounts import User
from domain.wording import format_signed
from sectors.breadth import AVERAGE, Breadth
from ui.components import empty_state, tiles
from ui.sectors import charts
from ui.sectors.download import note_and_download
from ui.sectors.explained import help_of, how_link
from ui.sectors.figures import load_breadth
from ui.sectors.frame import View, render_view
from wiring import Services

if TYPE_CHECKING:
    import altair as alt


def render(services: Services, user: User | None) -> None:
    """The page /breadth."""
    render_view(services, user, "breadth", "Breadth", _draw)


def _draw(view: View) -> None:
    figures = load_breadth(view.market, view.benchmark)
    if figures.daily.iloc[-1].isna().all():
        empty_state("No breadth at this close", "It needs 55 sessions before it. Choose a later day above.")
        return
    st.html(tiles(_figures(figures, view.benchmark)))
    shares = pd.DataFrame(
        {
            f"Above own {AVERAGE}-session average": figures.daily["above_average"],
            "Strength above its average": figures.daily["strength_above_average"],
            f"Ahead of {view.benchmark}": figures.daily["ahead"],
        }
    ).round(1)
    with st.container(key="card-shares"):
        st.subheader("Sectors that take part", anchor=False)
        st.html(f'<p class="chart-note">{escape(help_of("breadth"))} {how_link(view, "breadth")}</p>')
        colours = (charts.AHEAD, "#5B6EE1", charts.BEHIND)
        st.html(charts.legend([str(name) for name in shares.columns], colours))
        charts.show(
            "breadth-shares",
            view.kept_by,
            lambda: charts.lines(shares, unit="%", at=50, colours=colours),
            alt="Breadth over two years",
        )
    left, right = st.columns(2, gap="small")
    with left, st.container(key="card-dispersion", height="stretch"):
        st.subheader("How far apart", anchor=False)
        st.html(
            f'<p class="chart-note">{escape(help_of("dispersion"))} In points. {how_link(view, "dispersion")}</p>'
        )
        spread = figures.daily[["dispersion"]].rename(columns={"dispersion": "Spread"}).round(2)
        charts.show(
            "breadth-spread",
            view.kept_by,
            lambda: charts.lines(spread, unit="Points"),
            alt="Dispersion over two years",
        )
    with right, st.container(key="card-quadrants", height="stretch"):
        st.subheader("Quadrants of the Rotation Map", anchor=False)
        st.html(f'<p class="chart-note">Number of sectors in each, by week. {how_link(view, "quadrant")}</p>')
        if figures.quadrants.to_numpy().sum() == 0:
            empty_state("No positions yet", "The map needs a year of weeks.")
        else:
            st.html(
                charts.legend(
                    [name.capitalize() for name in QUADRANTS], tuple(charts.QUADRANT_COLOURS.values())
                )
            )
            charts.show(
                "breadth-quadrants",
                view.kept_by,
                lambda: _areas(figures.quadrants),
                alt="Sectors by quadrant",
            )

    note = '<p class="small quiet">Two years, session by session. Figures describe the past.</p>'
    note_and_download(view, note, csv_table(figures, view.benchmark), "breadth")


def csv_table(figures: Breadth, benchmark: str) -> pd.DataFrame:
    """Session by session what the charts draw; the quadrants at the ends of their weeks."""
    daily = figures.daily.rename(
        columns={
            "above_average": f"Above own {AVERAGE}-session average, %",
            "strength_above_average": "Strength above its average, %",
            "ahead": f"Ahead of {benchmark}, %",
            "dispersion": "Spread of the middle half, points",
        }
    )
    return daily.join(figures.quadrants.rename(columns=str.capitalize)).rename_axis("Session")


def _figures(figures: Breadth, benchmark: str) -> Iterator[tuple[str, str, str]]:
    names = {
        "above_average": (f"Above own {AVERAGE}-session average", " %", 0),
        "strength_above_average": ("Strength above its average", " %", 0),
        "ahead": (f"Ahead of {benchmark}", " %", 0),
        "dispersion": ("Spread of the middle half", " points", 1),
    }
    for column, (name, unit, decimals) in names.items():
        value = float(figures.daily[column].iloc[-1])
        change = figures.change_in_a_month(column)
        shown = "–" if pd.isna(value) else f"{value:.{decimals}f}{unit}"
        moved = "" if pd.isna(change) else _moved(round(change, decimals), decimals)
        yield name, shown, moved


def _moved(points: float, decimals: int) -> str:
    return f"{format_signed(points, decimals)} points in a month" if points else "as a month ago"


def _areas(counts: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    long = (
        counts.rename_axis("session").reset_index().melt("session", var_name="quadrant", value_name="sectors")
    )
    long["place"] = [QUADRANTS.index(name) for name in long["quadrant"]]
    chart = (
        alt.Chart(long)
        .mark_area(opacity=0.85, interpolate="step-after")
        .encode(
            x=charts.time_axis(counts.index),
            y=alt.Y(
                "sectors:Q", stack=True, title=None, scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=5)
            ),
            color=charts.colour("quadrant", QUADRANTS, tuple(charts.QUADRANT_COLOURS.values())),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("session:T", title="Week to", format="%d %b %Y"),
                alt.Tooltip("quadrant:N", title="Quadrant"),
                alt.Tooltip("sectors:Q", title="Sectors"),
            ],
        )
    )
    return charts.finish(alt.layer(chart), 280)
