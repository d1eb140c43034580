"""The figures of the pages, computed once for everybody who looks at the same close.

They hold market figures only, never anything of a user, so `st.cache_data` may keep them. The market's version, its
close and the choices are what they are kept by; who may look is decided before, where the market is opened.
"""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from analyzer.market import Basis, Market
from sectors.breadth import Breadth, breadth
from sectors.rank_history import RankHistory, rank_history
from sectors.ranking import Ranking, rank_sectors
from sectors.returns import span_returns
from sectors.sector_detail import SectorDetail, sector_detail

# Views kept of each kind: some weeks of closes that readers step through, a few kilobytes each.
_KEPT = 128


def load_ranking(market: Market, benchmark: str) -> Ranking:
    """`sectors.ranking.rank_sectors`, kept."""
    return _ranking(market.version, market.as_of, benchmark, market)


def load_rank_history(market: Market, benchmark: str, weeks: int) -> RankHistory:
    """`sectors.rank_history.rank_history`, kept."""
    return _rank_history(market.version, market.as_of, benchmark, weeks, market)


def load_returns(market: Market, benchmark: str, basis: Basis, *, relative: bool) -> pd.DataFrame:
    """`sectors.returns.span_returns`, kept."""
    return _returns(market.version, market.as_of, benchmark, str(basis), relative, market)


def load_breadth(market: Market, benchmark: str) -> Breadth:
    """`sectors.breadth.breadth`, kept."""
    return _breadth(market.version, market.as_of, benchmark, market)


def load_sector(market: Market, name: str, benchmark: str, sessions: int) -> SectorDetail:
    """`sectors.sector_detail.sector_detail`, kept."""
    return _sector(market.version, market.as_of, name, benchmark, sessions, market)


# An argument that begins with an underscore is no part of what a result is kept by.
@st.cache_data(show_spinner=False, max_entries=_KEPT)
def _ranking(version: str, as_of: date, benchmark: str, _market: Market) -> Ranking:
    return rank_sectors(_market, benchmark)


@st.cache_data(show_spinner=False, max_entries=_KEPT)
def _rank_history(version: str, as_of: date, benchmark: str, weeks: int, _market: Market) -> RankHistory:
    return rank_history(_market, benchmark, weeks)


@st.cache_data(show_spinner=False, max_entries=_KEPT)
def _returns(
    version: str, as_of: date, benchmark: str, basis: str, relative: bool, _market: Market
) -> pd.DataFrame:
    return span_returns(_market, benchmark, basis=Basis(basis), relative=relative)


@st.cache_data(show_spinner=False, max_entries=_KEPT)
def _breadth(version: str, as_of: date, benchmark: str, _market: Market) -> Breadth:
    return breadth(_market, benchmark)


@st.cache_data(show_spinner=False, max_entries=_KEPT)
def _sector(
    version: str, as_of: date, name: str, benchmark: str, sessions: int, _market: Market
) -> SectorDetail:
    return sector_detail(_market, name, benchmark, sessions)
