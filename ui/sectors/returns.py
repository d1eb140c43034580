"""What each sector made over the usual spans, as a heat-map of numbers."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from analyzer.market import Basis
from domain.accounts import User
from domain.wording import format_date, format_signed
from sectors.returns import SPANS, span_begins
from ui.sectors import heat
from ui.sectors.download import note_and_download
from ui.sectors.explained import how_link
from ui.sectors.figures import load_returns
from ui.sectors.frame import View, render_view
from wiring import Services

# The growth in % at which a cell has its whole colour: about what a strong sector makes in the span.
_FULL = {"1D": 2.5, "1W": 5, "1M": 10, "3M": 18, "6M": 28, "1Y": 40, "3Y": 110, "YTD": 35}
# Against a benchmark growth is smaller.
_RELATIVE = 0.6


def render(services: Services, user: User | None) -> None:
    """The page /returns."""
    render_view(services, user, "returns", "Returns", _draw)


def _draw(view: View) -> None:
    with st.container(key="returns-choices", horizontal=True, vertical_alignment="bottom", gap="small"):
        measure = st.segmented_control(
            "Growth", ("Absolute", "Relative"), default="Absolute", required=True, key="growth", bind="query-params",
        )  # fmt: skip
        # Where only prices are stored there is nothing to choose.
        chosen = "Price" if view.market.basis is Basis.PRICE else st.segmented_control(
            "Series", ("Total return", "Price"), default="Total return", required=True, key="series",
            bind="query-params",
        )  # fmt: skip
        order = st.selectbox(
            "Order by", SPANS, index=SPANS.index("1M"), key="by", bind="query-params", width=110
        )
    relative, basis = measure == "Relative", Basis.PRICE if chosen == "Price" else Basis.TOTAL_RETURN
    table = load_returns(view.market, view.benchmark, basis, relative=relative)
    sectors = table.drop(index=view.benchmark).sort_values(order, ascending=False, kind="stable")
    own = table.T[view.benchmark]
    rows = [heat.Row(view.benchmark, _cells(own, relative), css="first")]
    rows += [
        heat.Row(str(name), _cells(values, relative), query=view.query) for name, values in sectors.iterrows()
    ]
    st.html(heat.table(SPANS, rows))
    begins = span_begins(view.market)
    since = ", ".join(f"{span} {format_date(day)}" for span, day in begins.items() if day is not None)
    note_and_download(
        view,
        f'<p class="small quiet">Growth in %, {escape(str(basis))}'
        f"{f', divided by that of {escape(view.benchmark)}' if relative else ''}. Counted from the close of: "
        f"{escape(since)}. 3Y is the whole growth. Figures describe the past. {how_link(view, 'returns')}</p>",
        pd.concat([table.loc[[view.benchmark]], sectors]).add_suffix(", %").rename_axis("Name"),
        f"returns-{'relative' if relative else 'absolute'}-{'price' if basis is Basis.PRICE else 'total'}",
    )


def _cells(values: pd.Series, relative: bool) -> list[heat.Cell]:
    return [
        heat.Cell(
            float(value) / (_FULL[str(span)] * (_RELATIVE if relative else 1)),
            format_signed(float(value), 1),
        )
        for span, value in values.items()
    ]
