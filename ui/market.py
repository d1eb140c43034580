"""What the pages show of the market: one snapshot of rankings, computed once and shared by all visitors.

It holds market figures only, never anything of a user, so `st.cache_data` may keep it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

import analyzer
from market_data.demo import load_demo_market

WINDOW = 55
SHORT_WINDOW = 21
MONTH = 21
CHART_SESSIONS = 120


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The ranking at the last session. `table` is sorted by rank; strengths are percentages.

    Columns: rank, sector, etf (empty where no fund tracks the index), rs_55, rs_21, rank_change, line
    (the relative-strength line of the last sessions, 100 at its start). `lines` holds the same lines by
    session (rows) and sector (columns).
    """

    source: str
    benchmark: str
    as_of: date
    breadth: float
    breadth_month_ago: float
    table: pd.DataFrame
    lines: pd.DataFrame


@st.cache_data(show_spinner=False)
def load_snapshot() -> Snapshot:
    """The demo market's ranking. The figures are the same for everyone."""
    market = load_demo_market()
    closes, benchmark = market.closes(), market.benchmark(market.benchmarks[0])
    strength = analyzer.relative_strength(closes, benchmark, WINDOW)
    short = analyzer.relative_strength(closes, benchmark, SHORT_WINDOW)
    ratio = analyzer.price_relative(closes, benchmark).tail(CHART_SESSIONS)
    lines = 100 * ratio / ratio.iloc[0]
    breadth = analyzer.breadth(strength)
    table = pd.DataFrame(
        {
            "rank": analyzer.ranks(strength).iloc[-1],
            "sector": [sector.name for sector in market.sectors],
            "etf": ["" if sector.fund is None else sector.fund.symbol for sector in market.sectors],
            "rs_55": 100 * strength.iloc[-1],
            "rs_21": 100 * short.iloc[-1],
            "rank_change": analyzer.rank_change(strength, MONTH).iloc[-1],
            "line": [lines[sector.name].round(2).tolist() for sector in market.sectors],
        }
    )
    return Snapshot(
        source=market.source,
        benchmark=market.benchmarks[0],
        as_of=market.as_of,
        breadth=float(breadth.iloc[-1]),
        breadth_month_ago=float(breadth.iloc[-1 - MONTH]),
        table=table.dropna(subset=["rank"]).sort_values(["rank", "sector"]).reset_index(drop=True),
        lines=lines,
    )
