"""How the order of the sectors moved week by week: ratings for the heat-map, places for the bump chart."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

import analyzer
from analyzer.market import Market
from sectors.ranking import WINDOW

# A rating needs a year of prices; the longest table shows another one.
_LOOK_BACK = 252 + 52 * 5 + 10


@dataclass(frozen=True, slots=True)
class RankHistory:
    """By week, named by its last session (rows), and sector, strongest of the last week first (columns).

    `ratings` run from 1 to 99, `places` from 1 (by RS 55). NaN where a sector had no rank.
    """

    ratings: pd.DataFrame
    places: pd.DataFrame


def rank_history(market: Market, benchmark: str, weeks: int) -> RankHistory:
    """The last `weeks` weeks up to the market's close; the last one counts as far as it has got.

    Raises KeyError for an unknown benchmark and ValueError for less than one week.
    """
    if weeks < 1:
        raise ValueError("weeks must be at least 1")
    closes = market.closes().iloc[-_LOOK_BACK:]
    index = market.benchmark(benchmark).iloc[-_LOOK_BACK:]
    ratings = analyzer.history(closes, index, ["rs_rating_1_99"])["rs_rating_1_99"]
    places = analyzer.ranks(analyzer.relative_strength(closes, index, WINDOW))
    ends = _week_ends(closes.index)[-weeks:]
    ratings, places = ratings.loc[ends], places.loc[ends]
    order = places.iloc[-1].sort_values(kind="stable").index
    return RankHistory(ratings[order], places[order])


def _week_ends(sessions: pd.Index) -> pd.Index:
    """The last session of each week; weeks run from Saturday to Friday."""
    days = pd.DatetimeIndex(sessions)
    week = days.to_period("W-FRI")
    return days[[*(week[1:] != week[:-1]), True]]
