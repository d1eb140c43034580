"""How the order moved: a heat-map of ratings by week, or the places as lines that cross."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from domain.accounts import User
from sectors.rank_history import RankHistory
from ui.components import empty_state
from ui.sectors import charts, heat
from ui.sectors.download import note_and_download
from ui.sectors.explained import help_of, how_link
from ui.sectors.figures import load_rank_history
from ui.sectors.frame import View, render_view
from wiring import Services

if TYPE_CHECKING:
    import altair as alt

_WEEKS = (13, 26, 52)
_PICTURES = ("Ratings", "Places")


def render(services: Services, user: User | None) -> None:
    """The page /ranks."""
    render_view(services, user, "ranks", "Ranks by week", _draw)


def _draw(view: View) -> None:
    with st.container(key="ranks-choices", horizontal=True, vertical_alignment="bottom", gap="small"):
        picture = st.segmented_control(
            "Picture", _PICTURES, default="Ratings", required=True, key="picture", bind="query-params",
        )  # fmt: skip
        weeks = st.segmented_control(
            "Weeks", _WEEKS, default=26, required=True, key="weeks", bind="query-params"
        )
        marked = st.multiselect(
            "Mark", view.market.sector_names, max_selections=6, key="mark", bind="query-params",
            placeholder="Up to six sectors",
        )  # fmt: skip
    history = load_rank_history(view.market, view.benchmark, int(weeks or 26))
    if history.places.iloc[-1].isna().all():
        empty_state(
            "No ranks at this close", "A rank needs 55 sessions, a rating a year. Choose a later day above."
        )
    elif picture == "Places":
        _bump(view, history, marked)
        note = f'<p class="small quiet">The last {len(history.places)} weeks. Figures describe the past.</p>'
        note_and_download(view, note, csv_table(history.places), "rank-places")
    else:
        _heat(view, history, marked)


def _heat(view: View, history: RankHistory, marked: list[str]) -> None:
    ratings = history.ratings
    if ratings.isna().all(axis=None):
        empty_state(
            "No ratings yet", "A rating needs a year of prices. The places need less: choose them above."
        )
        return
    rows = [
        heat.Row(
            str(name),
            [heat.Cell((value - 50) / 49, f"{value:.0f}") for value in ratings[name]],
            css="" if not marked else "picked" if name in marked else "faded",
            query=view.query,
        )
        for name in ratings.columns
    ]
    weeks = [f"{week:%d %b}" for week in pd.DatetimeIndex(ratings.index)]
    st.html(heat.table(weeks, rows, dense=True))
    note_and_download(
        view,
        f"<div class='heat-key'>1 <i></i> 99 <span>{escape(help_of('rating'))} Week by week, the last {len(ratings)} "
        f"weeks; sectors in the order of their places by RS 55. The current week counts as far as it has got. "
        f"{how_link(view, 'rating')}</span></div>",
        csv_table(ratings),
        "rank-ratings",
    )


def csv_table(history: pd.DataFrame) -> pd.DataFrame:
    """Sectors down and weeks across, as the heat-map shows them."""
    return history.T.set_axis(
        [f"{week:%Y-%m-%d}" for week in pd.DatetimeIndex(history.index)], axis=1
    ).rename_axis("Sector")


def _bump(view: View, history: RankHistory, marked: list[str]) -> None:
    with st.container(key="card-bump"):
        st.html(
            '<p class="chart-note">Places by RS 55, first at the top. Mark sectors above to tell their lines apart; '
            f"without a mark the first three and the last stand out. {how_link(view, 'rank')}</p>"
        )
        names = [str(name) for name in history.places.columns]
        shown = marked or list(dict.fromkeys([*names[:3], names[-1]]))
        st.html(charts.legend(shown))
        charts.show(
            "ranks-bump",
            (*view.kept_by, len(history.places), *shown),
            lambda: _bump_chart(history.places, shown),
            alt="Places of the sectors by week",
        )


def _bump_chart(places: pd.DataFrame, marked: list[str]) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    long = (
        places.rename_axis("session")
        .reset_index()
        .melt("session", var_name="sector", value_name="place")
        .dropna()
    )
    x = charts.time_axis(places.index)
    y = alt.Y(
        "place:Q", title=None, scale=alt.Scale(reverse=True, domain=[0.5, len(places.columns) + 0.5], nice=False),
        axis=alt.Axis(tickCount=8, format="d"),
    )  # fmt: skip
    tooltip = [
        alt.Tooltip("session:T", title="Week to", format="%d %b %Y"),
        alt.Tooltip("sector:N", title="Sector"),
        alt.Tooltip("place:Q", title="Place"),
    ]
    quiet = (
        alt.Chart(long[~long["sector"].isin(marked)])
        .mark_line(strokeWidth=1.25, opacity=0.28, color=charts.QUIET, interpolate="monotone")
        .encode(x=x, y=y, detail="sector:N", tooltip=tooltip)
    )
    loud = (
        alt.Chart(long[long["sector"].isin(marked)])
        .mark_line(strokeWidth=2.75, interpolate="monotone", point=alt.OverlayMarkDef(size=36, filled=True))
        .encode(
            x=x,
            y=y,
            color=charts.colour("sector", marked),
            tooltip=tooltip,
        )
    )
    ends = (
        alt.Chart(long[long["session"] == places.index[-1]])
        .mark_text(align="left", dx=8, fontSize=11, color=charts.QUIET)
        .encode(x=x, y=y, text="sector:N")
    )
    return charts.finish(alt.layer(quiet, loud, ends), 21 * len(places.columns) + 60)
