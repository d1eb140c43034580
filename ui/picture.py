"""The picture of the product on the first page: the ends of the demo ranking, drawn as a small table.

Plain HTML and masks, so that the first page needs no chart library.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

import pandas as pd
import streamlit as st

from domain.wording import format_date, format_signed
from market_data.demo import load_demo_market
from sectors.ranking import WINDOW, Ranking, rank_sectors
from ui.components import badge

_TOP, _BOTTOM = 5, 3
_SPARK_POINTS = 40


@st.cache_data(show_spinner=False)
def demo_ranking() -> Ranking:
    """The ranking of the demo market, which anybody may see. It is the same for everybody."""
    market = load_demo_market()
    return rank_sectors(market, market.benchmarks[0])


def render_picture(ranking: Ranking) -> None:
    """Draw the strongest and the weakest sectors with their lines."""
    table = ranking.ranked
    scale = float(table["rs55_pct"].abs().max())
    rows = [_row(row, scale) for _, row in table.head(_TOP).iterrows()]
    hidden = len(table) - _TOP - _BOTTOM
    rows.append(f'<tr class="gap"><td colspan="6">{hidden} more sectors in between</td></tr>')
    rows += [_row(row, scale) for _, row in table.tail(_BOTTOM).iterrows()]
    st.html(
        '<div class="picture"><div class="picture-head"><strong>Sector ranking</strong>'
        f"{badge(ranking.source, 'warn')}</div><table><tbody>{''.join(rows)}</tbody></table>"
        f'<div class="picture-foot">{WINDOW}-session relative strength against {escape(ranking.benchmark)}, '
        f"{format_date(ranking.as_of)}. Invented prices, real method.</div></div>"
    )


def spark(values: Sequence[float], *, up: bool) -> str:
    """A line without axes in the colour of the sector's side."""
    step = max(1, len(values) // _SPARK_POINTS)
    points = list(values[::step])
    low, high = min(points), max(points)
    spread = (high - low) or 1.0
    path = " ".join(
        f"{100 * i / (len(points) - 1):.1f},{22 - 20 * (value - low) / spread:.1f}"
        for i, value in enumerate(points)
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 24" preserveAspectRatio="none">'
        f'<polyline points="{path}" fill="none" stroke="#000" stroke-width="1.8" '
        'vector-effect="non-scaling-stroke" stroke-linejoin="round"/></svg>'
    )
    return (
        f'<span class="spark{"" if up else " down"}" '
        f"style=\"mask-image:url('data:image/svg+xml,{quote(svg)}')\"></span>"
    )


def _row(row: pd.Series, scale: float) -> str:
    strength = float(row["rs55_pct"])
    is_ahead = strength > 0
    width = 50 * abs(strength) / scale
    return (
        f'<tr><td>{int(row["rank"])}</td><td class="who">{escape(row["sector"])}</td>'
        f'<td class="etf">{escape(row["etf"] or "Index only")}</td>'
        f'<td class="line-cell">{spark(row["line"], up=is_ahead)}</td>'
        f'<td><div class="axis"><span class="bar {"up" if is_ahead else "down"}" '
        f'style="width:{width:.1f}%"></span></div></td>'
        f'<td class="num {"ahead" if is_ahead else "behind"}">{format_signed(strength, 1)} %</td></tr>'
    )
