"""A market from stored closes: the sessions that there were, the sectors with prices, and what a reader must know."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from analyzer.market import Finding, Market
from domain.wording import format_date
from market_data.demo import BENCHMARKS
from market_data.gates import find_stopped, sessions_of
from market_data.universe import load_benchmarks, load_sectors

INDEX_TRI, INDEX_PRICE, FUND = "index_tri", "index_price", "fund"
# The longest window of the measures, and a little to look at.
FEWEST_SESSIONS = 260
FEWEST_SECTORS = 3
# One session without a close keeps the close before; two are a gap.
_CARRIED = 1

# Kind and symbol of an instrument to its closes or turnover, sessions rising.
SeriesOf = Mapping[tuple[str, str], pd.Series]


class NotEnough(ValueError):
    """The stored closes are no market yet. The text says what is missing."""


def instruments_of_universe() -> Iterator[tuple[str, str, str | None, str | None]]:
    """What can have prices: kind, symbol, ISIN and sector (none for benchmarks)."""
    for sector, name in [
        *((sector, sector.name) for sector in load_sectors()),
        *((benchmark, None) for benchmark in load_benchmarks()),
    ]:
        for kind in (INDEX_TRI, INDEX_PRICE):
            yield kind, sector.index_name, None, name
        for fund in sector.funds:
            yield FUND, fund.symbol, fund.isin, name


def build_market(closes: SeriesOf, turnover: SeriesOf, *, source: str) -> Market:
    """The market that the closes make. Raises NotEnough."""
    has_total_return = any(kind == INDEX_TRI for kind, _ in closes)
    kind = INDEX_TRI if has_total_return else INDEX_PRICE
    sectors = tuple(sector for sector in load_sectors() if (kind, sector.index_name) in closes)
    benchmarks = tuple(name for name in BENCHMARKS if (kind, name) in closes)
    names = {sector.name: sector.index_name for sector in sectors} | {name: name for name in benchmarks}
    if BENCHMARKS[0] not in benchmarks or len(sectors) < FEWEST_SECTORS:
        raise NotEnough(
            f"Prices of {BENCHMARKS[0]} and of at least {FEWEST_SECTORS} sectors are needed. Stored are "
            f"{'those' if BENCHMARKS[0] in benchmarks else 'none'} of {BENCHMARKS[0]}, and those of {len(sectors)} "
            f"sector{'' if len(sectors) == 1 else 's'}."
        )
    every = pd.DataFrame({name: closes[kind, index] for name, index in names.items()}).sort_index()
    sessions = sessions_of(every)
    if len(sessions) < FEWEST_SESSIONS:
        raise NotEnough(f"At least {FEWEST_SESSIONS} sessions are needed; there are {len(sessions)}.")
    sessions.name = "session"
    total_return = every.loc[sessions]
    prices = {
        name: closes[INDEX_PRICE, index] for name, index in names.items() if (INDEX_PRICE, index) in closes
    }
    price = pd.DataFrame(prices, index=sessions, columns=list(names), dtype="float64")
    funds = [fund.symbol for sector in sectors for fund in sector.funds]
    fund_closes, fund_turnover = (
        pd.DataFrame(
            {symbol: table[FUND, symbol] for symbol in funds if (FUND, symbol) in table},
            index=sessions,
            columns=funds,
            dtype="float64",
        )
        for table in (closes, turnover)
    )
    market = Market(
        version="",
        source=source,
        is_demo=False,
        sectors=sectors,
        benchmarks=benchmarks,
        total_return=total_return.ffill(limit=_CARRIED),
        price=price.ffill(limit=_CARRIED),
        fund_closes=fund_closes.ffill(limit=_CARRIED),
        fund_turnover=fund_turnover,
    )
    left_out = [sector.name for sector in load_sectors() if sector not in sectors]
    findings = tuple(
        _findings(total_return, left_out, len(every) - len(sessions), has_total_return=has_total_return)
    )
    return replace(market, findings=findings)


def row_key(*parts: object) -> str:
    """The same for the same row, however often it is sent."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def _findings(
    total_return: pd.DataFrame, left_out: list[str], stray_days: int, *, has_total_return: bool
) -> Iterator[Finding]:
    if not has_total_return:
        yield Finding("All sectors", "Only price indices are stored: dividends are left out everywhere.")
    for stopped in find_stopped(total_return):
        yield Finding(
            stopped.name,
            f"No price since {format_date(stopped.last_day)}: shown without a rank.",
        )
    for name in left_out:
        yield Finding(name, "No prices are stored: the sector is left out.")
    if stray_days:
        yield Finding("Calendar", f"{stray_days} days on which few series have a price are no sessions.")
