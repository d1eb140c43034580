"""What a page shows, as a CSV file: drawn only where the page is, so for whom the page is."""

from __future__ import annotations

import csv
import io
from datetime import date

import pandas as pd
import streamlit as st

from reports.export import safe_text
from ui.sectors.frame import View

# As many decimals as anybody checks.
_DECIMALS = 4


def note_and_download(view: View, note: str, table: pd.DataFrame, name: str) -> None:
    """What has to be said of a table, as HTML, and beside it the table's download."""
    left, right = st.columns([0.7, 0.3], vertical_alignment="center")
    left.html(note)
    with right:
        download(view, table, name)


def download(view: View, table: pd.DataFrame, name: str, label: str = "Download as CSV") -> None:
    """A button that gives the table under `name`, its close and its benchmark."""
    st.download_button(
        label,
        make_csv(view, table),
        file_name=f"{name}-{view.file_name}.csv",
        mime="text/csv",
        key=f"{name}-csv",
        on_click="ignore",
        width="stretch",
    )


def make_csv(view: View, table: pd.DataFrame) -> str:
    """The rows of a table with its index first, under a line that says what they are of. No cell begins a formula."""
    market = view.market
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        ["Close", market.as_of.isoformat(), "Against", view.benchmark, "Source", safe_text(market.source)]
    )
    writer.writerow([safe_text(str(head)) for head in (table.index.name, *table.columns)])
    for row in table.itertuples(name=None):
        writer.writerow([_cell(value) for value in row])
    return file.getvalue()


def file_part(name: str) -> str:
    """A name as a part of a file's name: `EV & new-age auto` is `ev-new-age-auto`."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())


def _cell(value: str | float | date | None) -> str | float:
    if isinstance(value, str):
        return safe_text(value)
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    number = float(value)
    # A rank of 5.0 is none.
    return int(number) if number.is_integer() else round(number, _DECIMALS)
