"""A synthetic market with the real sector names, for showing the product without licensed prices.

Every price is invented by a seeded generator: the same in every process, on every day, and no copy of any
exchange's data. Pages that show it must print `Market.source`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

SOURCE = "Demo data"
BENCHMARK = "NIFTY 50"
# Part of the demo's content, like its seed: a moving date would change every number from day to day.
LAST_SESSION = date(2026, 10, 30)
SESSIONS = 504

_SEED = 20261030
_UNIVERSE = Path(__file__).with_name("sector_universe.csv")
_BENCHMARK_PREFIX = "BENCH "
_YEAR = 252
# One slow and one faster wave of leadership, in sessions: rotation that a 55-session window can see.
_SLOW_WAVE = (150, 330)
_FAST_WAVE = (60, 120)


@dataclass(frozen=True, slots=True)
class Sector:
    """A sector of the universe. `etf_symbol` is None where no fund tracks the index."""

    name: str
    index_name: str
    etf_symbol: str | None


@dataclass(frozen=True, slots=True)
class Market:
    """Closes by session (rows, rising) and sector name (columns), with the benchmark of the same sessions."""

    source: str
    benchmark_name: str
    sectors: tuple[Sector, ...]
    closes: pd.DataFrame
    benchmark: pd.Series

    @property
    def as_of(self) -> date:
        last: pd.Timestamp = self.closes.index[-1]
        return last.date()


@lru_cache(maxsize=1)
def load_demo_market() -> Market:
    """The demo market. Two calls in any two processes return equal numbers; callers must not change them."""
    sectors = load_sectors()
    index = pd.bdate_range(end=LAST_SESSION, periods=SESSIONS, name="session")
    generator = np.random.Generator(np.random.PCG64(_SEED))
    benchmark_returns = generator.normal(0.11 / _YEAR, 0.135 / _YEAR**0.5, SESSIONS)
    closes = {
        sector.name: _closes(generator, benchmark_returns, start=generator.uniform(900, 26000))
        for sector in sectors
    }
    benchmark = pd.Series(22_400 * np.exp(np.cumsum(benchmark_returns)), index=index, name=BENCHMARK)
    return Market(SOURCE, BENCHMARK, sectors, pd.DataFrame(closes, index=index).round(2), benchmark.round(2))


def load_sectors() -> tuple[Sector, ...]:
    """The sectors of the universe file in its order, without the benchmarks."""
    with _UNIVERSE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Sector(row["sector"], row["nse_index_symbol"], row["etf_primary"] or None)
            for row in csv.DictReader(file)
            if not row["sector"].startswith(_BENCHMARK_PREFIX)
        )


def _closes(
    generator: np.random.Generator,
    benchmark_returns: np.ndarray[tuple[int], np.dtype[np.float64]],
    *,
    start: float,
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    beta = generator.uniform(0.75, 1.3)
    own_moves = generator.normal(0.0, generator.uniform(0.07, 0.13) / _YEAR**0.5, SESSIONS)
    drift = (
        generator.normal(0.01, 0.07) + _wave(generator, _SLOW_WAVE, 0.28) + _wave(generator, _FAST_WAVE, 0.22)
    ) / _YEAR
    path: np.ndarray[tuple[int], np.dtype[np.float64]] = start * np.exp(
        np.cumsum(beta * benchmark_returns + own_moves + drift)
    )
    return path


def _wave(
    generator: np.random.Generator, length: tuple[int, int], size: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    sessions = np.arange(SESSIONS, dtype=np.float64)
    period, phase = generator.uniform(*length), generator.uniform(0, 2 * np.pi)
    wave: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        generator.uniform(0.4, 1.0) * size * np.sin(2 * np.pi * sessions / period + phase)
    )
    return wave
