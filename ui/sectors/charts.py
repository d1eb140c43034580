"""What the analyzer's charts have in common: colours that read on both backgrounds, axes, and the usual lines.

Altair is imported when a chart is built: pages without one open faster.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

if TYPE_CHECKING:
    import altair as alt

    Chart = alt.LayerChart | alt.FacetChart

# As in .streamlit/config.toml.
PALETTE = ("#0E9F80", "#E08A1E", "#5B6EE1", "#D1497B", "#6B7C85", "#8A63D2")
AHEAD, BEHIND, QUIET = "#0E9F80", "#E08A1E", "#7A8A84"
# The quadrants, clockwise from the upper right.
QUADRANT_COLOURS = {
    "leading": "#0E9F80",
    "weakening": "#C9A227",
    "lagging": "#D1497B",
    "improving": "#5B6EE1",
}
# Charts kept: some views of each page. A description with its points has a few dozen kilobytes.
_KEPT = 512
SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+.0f')"


def show(key: str, kept_by: tuple[Hashable, ...], build: Callable[[], Chart], *, alt: str) -> None:
    """Draw a chart of market figures. Altair needs tens of milliseconds to build one: it does so once for all readers.

    `kept_by` must name everything that `build` draws from: the view's `kept_by`, and the choices on the page.
    """
    st.vega_lite_chart(None, _described(key, kept_by, build), key=key, alt=alt)


@st.cache_data(show_spinner=False, max_entries=_KEPT)
def _described(key: str, kept_by: tuple[Hashable, ...], _build: Callable[[], Chart]) -> dict[str, Any]:
    described: dict[str, Any] = _build().to_dict()
    # As tables the points go to the browser in half the bytes, and without a conversion on each run.
    described["datasets"] = {name: _table(rows) for name, rows in described["datasets"].items()}
    return described


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    return table.assign(session=pd.to_datetime(table["session"])) if "session" in table else table


def time_axis(sessions: pd.Index) -> alt.X:
    """Months on a chart of a year or two, years on a longer one, days on a short one."""
    import altair as alt

    days = (sessions[-1] - sessions[0]).days
    form = "%Y" if days > 1100 else "%b %y" if days > 120 else "%d %b"
    axis = alt.Axis(format=form, tickCount=6, grid=False, labelOverlap=True)
    x: alt.X = alt.X("session:T", title=None, axis=axis)
    return x


def legend(names: Sequence[str], colours: Sequence[str] = PALETTE) -> str:
    """The names beside their colours, as HTML: it wraps where a chart's own legend would be cut off."""
    entries = "".join(
        f'<li><i style="background:{escape(tint)}"></i>{escape(name)}</li>'
        for name, tint in zip(names, colours, strict=False)
    )
    return f'<ul class="legend">{entries}</ul>'


def colour(field: str, names: Sequence[str], colours: Sequence[str] = PALETTE) -> alt.Color:
    """Each name in its colour of `legend`."""
    import altair as alt

    scale = alt.Scale(domain=list(names), range=list(colours[: len(names)]))
    encoded: alt.Color = alt.Color(f"{field}:N", scale=scale, legend=None)
    return encoded


def level(value: float) -> alt.Chart:
    """A quiet horizontal line."""
    import altair as alt

    mark = alt.Chart(pd.DataFrame({"level": [value]})).mark_rule(strokeDash=[3, 4], opacity=0.6, color=QUIET)
    drawn: alt.Chart = mark.encode(y="level:Q")
    return drawn


def lines(
    table: pd.DataFrame,
    *,
    unit: str = "",
    at: float | None = None,
    height: int = 280,
    decimals: int = 1,
    colours: Sequence[str] = PALETTE,
) -> Chart:
    """One line a column of a table whose rows are sessions; `at` draws a level behind them."""
    import altair as alt

    names = [str(name) for name in table.columns]
    long = table.rename_axis("session").reset_index().melt("session", var_name="name", value_name="value")
    drawn = (
        alt.Chart(long)
        .mark_line(strokeWidth=2, interpolate="monotone")
        .encode(
            x=time_axis(table.index),
            y=alt.Y(
                "value:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=5)
            ),
            color=colour("name", names, colours),
            tooltip=[
                alt.Tooltip("session:T", title="Session", format="%d %b %Y"),
                alt.Tooltip("name:N", title="Line"),
                alt.Tooltip("value:Q", title=unit or "Value", format=f",.{decimals}f"),
            ],
        )
    )
    layers = [drawn] if at is None else [level(at), drawn]
    return finish(alt.layer(*layers), height)


def finish(chart: Chart, height: int) -> Chart:
    """A chart that lies on the page instead of on a plate of its own."""
    finished: Chart = chart.properties(height=height, background="transparent", padding={"bottom": 4})
    return finished
