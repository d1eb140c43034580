"""Prices that the tests of the analyzer share: a seeded walk, the US sample, and the Indian series where they are."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests/data"
# May not be passed on, so never a part of the repository: see tests/data/NOTICE.md.
INDIAN = Path(os.environ.get("TEST_DATA_DIR") or ROOT / "../shared/data")
needs_indian_series = pytest.mark.skipif(
    not (INDIAN / "nse_tri_daily.parquet").exists(),
    reason=f"the Nifty total-return series are not in {os.path.relpath(INDIAN, ROOT)} (TEST_DATA_DIR)",
)


@dataclass(frozen=True, slots=True)
class Market:
    """Closes and benchmark, and the golden values of the last session (a row per instrument) where there are any."""

    closes: pd.DataFrame
    benchmark: pd.Series
    golden: pd.DataFrame


def walk(sessions: int = 700, instruments: int = 6, seed: int = 7) -> tuple[pd.DataFrame, pd.Series]:
    """A seeded random walk on weekdays: the instruments, and one more series as their benchmark."""
    generator = np.random.default_rng(seed)
    steps = generator.normal(0.0003, 0.012, (sessions, instruments + 1))
    index = pd.bdate_range("2022-01-03", periods=sessions)
    table = pd.DataFrame(100 * np.exp(steps.cumsum(axis=0)), index=index)
    closes = table.iloc[:, :instruments].set_axis(list("abcdefghijklmnop"[:instruments]), axis="columns")
    return closes, table.iloc[:, instruments].rename("benchmark")


def us_sample() -> Market:
    """Twenty US stocks against the S&P 500, 1990 to 2022."""
    closes = pd.read_csv(SAMPLE / "sp500_dataset.csv.gz", index_col=0, parse_dates=True)
    index = pd.read_csv(SAMPLE / "sp500_index.csv.gz", index_col=0, parse_dates=True)
    return Market(closes, index["SP500"], _golden(SAMPLE / "golden_skfolio.json"))


def indian_series() -> pd.DataFrame:
    """All Nifty total-return indices, 2016 to 2026."""
    return pd.read_parquet(INDIAN / "nse_tri_daily.parquet")


def indian_sectors() -> Market:
    """The 22 sectors against the NIFTY 50."""
    golden = _golden(INDIAN / "golden_nse_tri.json")
    series = indian_series()
    return Market(series[list(golden.index)], series["NIFTY 50"], golden)


def _golden(path: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads(path.read_text())["values"]).T.astype("float64")
