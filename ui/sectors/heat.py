"""A table whose cells are coloured by their values, as HTML: light on the wire, readable in both schemes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import urlencode

# From here on a cell is so strong in colour that its text changes.
_STRONG = 0.62


@dataclass(frozen=True, slots=True)
class Cell:
    """`share` from -1 (behind) to 1 (ahead) says how strong the colour is; NaN is a cell without a value."""

    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A sector's cells. With `query`, the choices of the address, its name leads to the sector's page."""

    name: str
    cells: Sequence[Cell]
    css: Literal["", "first", "picked", "faded"] = ""
    query: Mapping[str, str] | None = None


def table(heads: Sequence[str], rows: Sequence[Row], *, dense: bool = False) -> str:
    """The whole table as HTML."""
    line = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(_row(row) for row in rows)
    return (
        f'<div class="heat-box"><table class="heat{" dense" if dense else ""}"><thead><tr><th class="who">Sector</th>'
        f"{line}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: Row) -> str:
    cells = "".join(_cell(cell) for cell in row.cells)
    return f'<tr class="{escape(row.css)}"><td class="who">{_name(row)}</td>{cells}</tr>'


def _name(row: Row) -> str:
    if row.query is None:
        return escape(row.name)
    address = "/sector?" + urlencode({**row.query, "name": row.name})
    return f'<a href="{escape(address)}" target="_self">{escape(row.name)}</a>'


def _cell(cell: Cell) -> str:
    if math.isnan(cell.share):
        return '<td class="none">·</td>'
    heat = min(abs(cell.share), 1.0)
    side, strong = "up" if cell.share >= 0 else "down", " strong" if heat >= _STRONG else ""
    return f'<td class="{side}{strong}" style="--heat:{100 * heat:.0f}%">{escape(cell.text)}</td>'
