"""Figures to check by hand: an example of four closes, and one sector's RS 55 with the closes that it is made of."""

from __future__ import annotations

import csv
import io
from html import escape

import pandas as pd
import streamlit as st

from domain.wording import format_date, format_signed
from reports.export import safe_text
from sectors.method import Check, Example, check_of, worked_example
from sectors.ranking import WINDOW
from ui.components import empty_state
from ui.sectors.download import file_part
from ui.sectors.explained import how_link
from ui.sectors.frame import View

# Lines of the file above its first close: where it comes from, and the names of the columns.
_HEAD = 2
# As many decimals as the download of the page Today.
_DECIMALS = 4


def draw_check(view: View) -> None:
    """The part "Check it"."""
    left, right = st.columns(2, gap="small")
    with left, st.container(key="card-example", height="stretch"):
        st.subheader("By hand", anchor=False)
        st.html(_example(worked_example()))
    with right, st.container(key="card-own-check", height="stretch"):
        st.subheader("In your own spreadsheet", anchor=False)
        _own(view)


def _example(example: Example) -> str:
    (was, now), (index_was, index_now) = example.sector, example.benchmark
    steps = (
        ("The sector", f"{was:,.0f} → {now:,.0f}", f"{now:,.0f} / {was:,.0f} = {example.sector_growth:.4f}"),
        (
            "The benchmark",
            f"{index_was:,.0f} → {index_now:,.0f}",
            f"{index_now:,.0f} / {index_was:,.0f} = {example.benchmark_growth:.4f}",
        ),
        (
            "One over the other",
            "how much further the sector came",
            f"{example.sector_growth:.4f} / {example.benchmark_growth:.4f} = {1 + example.strength_pct / 100:.7f}",
        ),
        ("Less 1", "in per cent", f"{format_signed(example.strength_pct, 2)} %"),
    )
    rows = "".join(
        f"<li><div><b>{escape(name)}</b><span>{escape(what)}</span></div><code>{escape(sum_)}</code></li>"
        for name, what, sum_ in steps
    )
    return (
        f'<ol class="steps">{rows}</ol><p class="small quiet">The engine computed this when you opened the page: '
        f"{example.strength_pct:.5f} %. Subtracting the two changes gives {example.changes_subtracted_pct:.2f}, "
        f"dividing them {example.changes_divided:.2f}, and rounding the two ratios to two decimals first "
        f"{example.rounded_first_pct:.2f}. All three are in print; none is relative strength.</p>"
    )


def _own(view: View) -> None:
    name = st.selectbox("Sector", view.market.sector_names, key="name", bind="query-params", width="stretch")
    check = check_of(view.market, str(name), view.benchmark)
    if check.strength_pct is None:
        empty_state(
            "No figure at this close",
            f"{name} has no RS {WINDOW} here: a close at one end of the window is missing. Choose another sector or "
            "day.",
        )
        return
    st.html(_figure(view, check))
    st.download_button(
        f"Download the {len(check.closes)} closes as CSV",
        make_check_csv(check, view.market.source),
        file_name=f"check-rs{WINDOW}-{file_part(check.sector.name)}-{view.file_name}.csv",
        mime="text/csv",
        key="method-check-csv",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


def _figure(view: View, check: Check) -> str:
    first, last = check.closes.iloc[0], check.closes.iloc[-1]
    begins, ends = (pd.Timestamp(str(check.closes.index[at])) for at in (0, -1))
    name, benchmark = check.sector.name, check.benchmark
    return (
        f'<p class="big figures">{escape(format_signed(check.strength_pct or 0.0, 1))} %<span>RS {WINDOW} of '
        f"{escape(name)}, as on Today; {check.strength_pct:.4f} in its download</span></p>"
        '<table class="now figures"><thead><tr><th>Close</th>'
        f"<th>{escape(name)}</th><th>{escape(benchmark)}</th></tr></thead><tbody>"
        f"<tr><th>{escape(format_date(begins.date()))}</th><td>{first[name]:,.2f}</td>"
        f"<td>{first[benchmark]:,.2f}</td></tr>"
        f"<tr><th>{escape(format_date(ends.date()))}</th><td>{last[name]:,.2f}</td>"
        f"<td>{last[benchmark]:,.2f}</td></tr></tbody></table>"
        f'<p class="small quiet spaced">Open the file and type this into a free cell; it gives the figure of the last '
        f"row. {how_link(view, 'rs')}</p>"
        f'<p class="cell"><code>{escape(spreadsheet_formula(check))}</code></p>'
    )


def spreadsheet_formula(check: Check) -> str:
    """What a reader types to have a spreadsheet compute the figure from the rows of the file."""
    first, last = _HEAD + 1, _HEAD + len(check.closes)
    return f"=ROUND(((B{last}/B{first})/(C{last}/C{first})-1)*100,{_DECIMALS})"


def make_check_csv(check: Check, source: str) -> str:
    """The window's closes, oldest first, with the RS 55 of the download of Today in the last row."""
    file = io.StringIO()
    writer = csv.writer(file)
    name, benchmark = check.sector.name, check.benchmark
    writer.writerow(
        [
            "Source", safe_text(source), "Series", str(check.basis), "In a spreadsheet",
            f"type {spreadsheet_formula(check)}",
        ]
    )  # fmt: skip
    writer.writerow(["Session", safe_text(name), safe_text(benchmark), f"RS {WINDOW}, %"])
    end = len(check.closes) - 1
    for row, (session, closes) in enumerate(check.closes.iterrows()):
        figure = check.strength_pct if row == end else None
        writer.writerow(
            [
                f"{pd.Timestamp(str(session)):%Y-%m-%d}",
                *(
                    "" if pd.isna(close) else repr(float(close))
                    for close in (closes[name], closes[benchmark])
                ),
                "" if figure is None else round(figure, _DECIMALS),
            ]
        )
    return file.getvalue()
