"""The curated map of sectors, their indices and their funds: `sector_universe.csv` beside this file.

It is kept by hand because the exchange's own list names wrong underlyings for some funds.
"""

from __future__ import annotations

import csv
from datetime import date
from functools import lru_cache
from pathlib import Path

from analyzer.market import Fund, Sector

_FILE = Path(__file__).with_name("sector_universe.csv")
_BENCHMARK_PREFIX = "BENCH "


@lru_cache(maxsize=1)
def load_sectors() -> tuple[Sector, ...]:
    """The sectors of the universe file in its order, without the benchmarks."""
    return tuple(
        Sector(row["sector"], row["nse_index_symbol"], _funds(row))
        for row in _rows()
        if not row["sector"].startswith(_BENCHMARK_PREFIX)
    )


@lru_cache(maxsize=1)
def load_benchmarks() -> tuple[Sector, ...]:
    """The indices that sectors are compared with, by their index names."""
    return tuple(
        Sector(row["nse_index_symbol"], row["nse_index_symbol"], _funds(row))
        for row in _rows()
        if row["sector"].startswith(_BENCHMARK_PREFIX)
    )


@lru_cache(maxsize=1)
def load_yahoo_indices() -> dict[str, str]:
    """Index name → Yahoo's symbol, of the indices that Yahoo has."""
    return {row["nse_index_symbol"]: row["yahoo_index"] for row in _rows() if row["yahoo_index"]}


def _rows() -> list[dict[str, str]]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _funds(row: dict[str, str]) -> tuple[Fund, ...]:
    if not row["etf_primary"]:
        return ()
    main = Fund(row["etf_primary"], row["etf_isin"], date.fromisoformat(row["etf_listed"]))
    return (main, *(Fund(symbol, None, None) for symbol in row["etf_alternates"].split()))
