"""What each sector made over the usual spans of time, by itself or against the benchmark."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analyzer.market import Basis, Market

# Spans that count sessions, and spans that count by the calendar.
_SESSIONS = {"1D": 1}
_CALENDAR = {
    "1W": pd.DateOffset(weeks=1),
    "1M": pd.DateOffset(months=1),
    "3M": pd.DateOffset(months=3),
    "6M": pd.DateOffset(months=6),
    "1Y": pd.DateOffset(years=1),
    "3Y": pd.DateOffset(years=3),
}
SPANS = (*_SESSIONS, *_CALENDAR, "YTD")


def span_returns(
    market: Market, benchmark: str, *, basis: Basis = Basis.TOTAL_RETURN, relative: bool = False
) -> pd.DataFrame:
    """Growth in % over each of `SPANS` up to the market's close: benchmark first, then sectors by the 1M column.

    A span begins at the last session up to the same day of the earlier week, month or year; the year to date at
    the last session of the year before. 3Y is the whole growth, not a year's. With `relative` a sector's growth
    is divided by the benchmark's over the same sessions. NaN where either end has no price.
    """
    closes = market.closes(basis)
    index = market.benchmark(benchmark, basis)
    both = closes.assign(**{benchmark: index})
    table = pd.DataFrame({span: _growth(both, _begin(closes.index, span)) for span in SPANS})
    if relative:
        table = table / table.loc[benchmark]
    table = 100 * (table - 1)
    order = table.drop(index=benchmark).sort_values("1M", ascending=False, kind="stable").index
    return table.loc[[benchmark, *order]]


def span_begins(market: Market) -> dict[str, date | None]:
    """The session that each span is counted from; None where the prices do not reach back so far."""
    sessions = market.total_return.index
    begins = {span: _begin(sessions, span) for span in SPANS}
    return {span: None if at < 0 else pd.Timestamp(str(sessions[at])).date() for span, at in begins.items()}


def _begin(sessions: pd.Index, span: str) -> int:
    """Position of the session that a span is counted from; -1 when there is none."""
    if span in _SESSIONS:
        return len(sessions) - 1 - _SESSIONS[span]
    last = pd.Timestamp(str(sessions[-1]))
    day = pd.Timestamp(last.year - 1, 12, 31) if span == "YTD" else last - _CALENDAR[span]
    return int(pd.DatetimeIndex(sessions).searchsorted(day, side="right")) - 1


def _growth(closes: pd.DataFrame, begin: int) -> pd.Series:
    if begin < 0:
        return pd.Series(float("nan"), index=closes.columns)
    return closes.iloc[-1] / closes.iloc[begin]
