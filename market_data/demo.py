"""A synthetic market with the real sector names, for showing the product without licensed prices.

Every price is invented by a seeded generator: the same in every process, on every day, and no copy of any
exchange's data. Pages that show it must print `Market.source`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from analyzer.market import Market, Sector
from market_data.universe import load_sectors

SOURCE = "Demo data"
BENCHMARKS = ("NIFTY 50", "NIFTY 500")
# Part of the demo's content, like its seed: a moving date would change every number from day to day.
LAST_SESSION = date(2026, 10, 30)
# Ten years: the evidence and the longest look back need them.
SESSIONS = 2_474

_SEED = 20261030
_YEAR = 252
# One slow and one faster wave of leadership, in sessions: rotation that a 55-session window can see.
_SLOW_WAVE = (150, 330)
_FAST_WAVE = (60, 120)

_Path = np.ndarray[tuple[int], np.dtype[np.float64]]


@lru_cache(maxsize=1)
def load_demo_market() -> Market:
    """The demo market. Two calls in any two processes return equal numbers; callers must not change them."""
    sectors = load_sectors()
    index = pd.bdate_range(end=LAST_SESSION, periods=SESSIONS, name="session")
    generator = np.random.Generator(np.random.PCG64(_SEED))
    market_moves = generator.normal(0.115 / _YEAR, 0.135 / _YEAR**0.5, SESSIONS)
    broad_moves = market_moves + generator.normal(0.006 / _YEAR, 0.028 / _YEAR**0.5, SESSIONS)
    total_return = {
        sector.name: _closes(generator, market_moves, start=generator.uniform(900, 9000))
        for sector in sectors
    }
    total_return |= {
        name: start * np.exp(np.cumsum(moves))
        for name, start, moves in zip(BENCHMARKS, (11_800, 10_100), (market_moves, broad_moves), strict=True)
    }
    funds = _fund_paths(generator, sectors, index, total_return)
    turnover = {
        symbol: np.where(np.isnan(path), np.nan, _turnover(generator)) for symbol, path in funds.items()
    }
    price = {name: _without_dividends(generator, path) for name, path in total_return.items()}
    tables = [
        pd.DataFrame(columns, index=index).round(2) for columns in (total_return, price, funds, turnover)
    ]
    return Market(
        version=_digest(tables),
        source=SOURCE,
        is_demo=True,
        sectors=sectors,
        benchmarks=BENCHMARKS,
        total_return=tables[0],
        price=tables[1],
        fund_closes=tables[2],
        fund_turnover=tables[3],
    )


def _closes(generator: np.random.Generator, market_moves: _Path, *, start: float) -> _Path:
    beta = generator.uniform(0.75, 1.3)
    own_moves = generator.normal(0.0, generator.uniform(0.07, 0.13) / _YEAR**0.5, SESSIONS)
    drift = (
        generator.normal(0.0, 0.03) + _wave(generator, _SLOW_WAVE, 0.28) + _wave(generator, _FAST_WAVE, 0.22)
    ) / _YEAR
    path: _Path = start * np.exp(np.cumsum(beta * market_moves + own_moves + drift))
    return path


def _wave(generator: np.random.Generator, length: tuple[int, int], size: float) -> _Path:
    """Leadership that comes and goes; its period drifts, so that ten years do not repeat two."""
    period, phase = generator.uniform(*length), generator.uniform(0, 2 * np.pi)
    pace = np.clip(1 + 0.35 * np.cumsum(generator.normal(0, 1 / _YEAR**0.5, SESSIONS)) / 2, 0.6, 1.7)
    wave: _Path = generator.uniform(0.4, 1.0) * size * np.sin(2 * np.pi * np.cumsum(pace) / period + phase)
    return wave


def _without_dividends(generator: np.random.Generator, total_return: _Path) -> _Path:
    dividend_yield = generator.uniform(0.006, 0.02)
    path: _Path = total_return * np.exp(-dividend_yield * np.arange(SESSIONS) / _YEAR)
    return path


def _fund_paths(
    generator: np.random.Generator,
    sectors: tuple[Sector, ...],
    index: pd.DatetimeIndex,
    total_return: Mapping[str, _Path],
) -> dict[str, _Path]:
    """Each fund from its listing on: the index less its costs, and the day's distance from its value."""
    paths: dict[str, _Path] = {}
    for sector in sectors:
        for fund in sector.funds:
            cost, distance = generator.uniform(0.001, 0.006), generator.uniform(0.0005, 0.003)
            gap = -cost * np.arange(SESSIONS) / _YEAR + generator.normal(0, distance, SESSIONS)
            path = total_return[sector.name] / total_return[sector.name][0] * 40 * np.exp(gap)
            listed = fund.listed or (sector.funds[0].listed or LAST_SESSION)
            paths[fund.symbol] = np.where(index < pd.Timestamp(listed), np.nan, path)
    return paths


def _turnover(generator: np.random.Generator) -> _Path:
    """Rupees a session: from some lakhs to some tens of crores."""
    level = 10 ** generator.uniform(5.7, 8.4)
    turnover: _Path = level * np.exp(generator.normal(0, 0.5, SESSIONS))
    return turnover


def _digest(tables: list[pd.DataFrame]) -> str:
    content = hashlib.sha256()
    for table in tables:
        content.update(table.to_numpy(dtype=np.float64).tobytes())
    return content.hexdigest()[:16]
