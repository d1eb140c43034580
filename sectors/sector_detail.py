"""One sector from near: its lines, its falls, how it moves with the benchmark, and the funds that track it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import analyzer
from analyzer.backtest import DAYS_A_YEAR
from analyzer.market import Fund, Market, Sector
from sectors.ranking import median_turnover

AVERAGE = 200
# A slope is read over a month, so that one day does not turn it.
_SLOPE_SESSIONS = 20
_NEW_HIGH_SESSIONS = 252
_CORRELATION_SESSIONS = 63
_YEAR = 252
# A gap of a few weeks tells more about closing times than about a fund.
_SHORTEST_TRACK = 126


@dataclass(frozen=True, slots=True)
class FundTrack:
    """How a fund followed its index since its prices begin, at most three years back.

    `gap_pct` is the fund's growth a year less the index's, `error_pct` the yearly deviation of the daily
    differences; both None for a track under half a year. `turnover` is rupees in an ordinary session, or None.
    """

    fund: Fund
    gap_pct: float | None
    error_pct: float | None
    turnover: float | None


@dataclass(frozen=True, slots=True)
class SectorDetail:
    """`daily` has a row for each session drawn and the columns price (the index), line (relative strength, 100 at
    the first row), average (of the line, 200 sessions), is_rising (the average, over a month), is_new_high (the
    line at a 52-week high while the price is not), drawdown_pct (from the highest price of ten years) and
    correlation (of daily returns with the benchmark's, 63 sessions)."""

    sector: Sector
    daily: pd.DataFrame
    funds: tuple[FundTrack, ...]


def sector_detail(market: Market, name: str, benchmark: str, sessions: int) -> SectorDetail:
    """The last `sessions` sessions of one sector. Raises KeyError for an unknown sector or benchmark."""
    sector = market.sector(name)
    price, index = market.closes()[name], market.benchmark(benchmark)
    ratio = analyzer.price_relative(price.to_frame(name), index)[name]
    average = ratio.rolling(AVERAGE).mean()
    drawn = slice(-sessions, None)
    base = ratio.iloc[drawn].dropna()
    scale = 100 / float(base.iloc[0]) if len(base) else float("nan")
    daily = pd.DataFrame(
        {
            "price": price,
            "line": scale * ratio,
            "average": scale * average,
            "is_rising": average > average.shift(_SLOPE_SESSIONS),
            "is_new_high": _is_high(ratio) & ~_is_high(price),
            "drawdown_pct": 100 * (price / price.cummax() - 1),
            "correlation": np.log(price).diff().rolling(_CORRELATION_SESSIONS).corr(np.log(index).diff()),
        }
    ).iloc[drawn]
    return SectorDetail(sector, daily, tuple(_track(market, name, fund) for fund in sector.funds))


def _is_high(values: pd.Series) -> pd.Series:
    return values >= values.rolling(_NEW_HIGH_SESSIONS).max()


def _track(market: Market, name: str, fund: Fund) -> FundTrack:
    if fund.symbol not in market.fund_closes.columns:
        return FundTrack(fund, None, None, None)
    turnover = median_turnover(market, fund.symbol)
    both = pd.DataFrame({"fund": market.fund_closes[fund.symbol], "index": market.closes()[name]})
    both = both.dropna().tail(3 * _YEAR + 1)
    usual = None if pd.isna(turnover) else float(turnover)
    if len(both) <= _SHORTEST_TRACK:
        return FundTrack(fund, None, None, usual)
    first, last = pd.Timestamp(str(both.index[0])), pd.Timestamp(str(both.index[-1]))
    years = (last - first).days / DAYS_A_YEAR
    growth = (both.iloc[-1] / both.iloc[0]) ** (1 / years)
    daily = both.pct_change(fill_method=None).dropna()
    error = (daily["fund"] - daily["index"]).std(ddof=1) * _YEAR**0.5
    return FundTrack(fund, 100 * float(growth["fund"] - growth["index"]), 100 * float(error), usual)
