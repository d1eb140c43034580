"""Closes from Yahoo Finance through the package yfinance, which is not installed with the application.

Off unless an operator chooses it, and installs it. It gives price indices and funds, put right for splits, without
dividends and without turnover; in tests of real files four of ten funds had wrong closes around a split.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pandas as pd

from market_data.assembly import FUND, INDEX_PRICE
from market_data.csv_upload import RowProblem, UploadedRow
from market_data.demo import BENCHMARKS
from market_data.gates import row_problem
from market_data.providers import Fetched, Instrument, ProviderFailed, listed
from market_data.universe import load_yahoo_indices

NAME = "yfinance"
TERMS = (
    "yfinance is no product of Yahoo. Its authors say that Yahoo's API is intended for personal use only: read "
    "Yahoo's terms of use, and show subscribers nothing that comes from it without a licence."
)
INSTALL = (
    "run “pip install yfinance” in the application's environment, or choose another MARKET_DATA_PROVIDER"
)
_PACKAGE = "yfinance"
# A week always has a session.
_NEVER_EMPTY = timedelta(days=7)
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Yahoo:
    """The provider. The package is imported by the first fetch."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def terms(self) -> str | None:
        return TERMS

    def fetch(self, first: date, last: date, instruments: Sequence[Instrument], *, today: date) -> Fetched:
        """The closes of these days. Raises ProviderFailed: not installed, turned away, another table."""
        wanted = dict(_tickers(instruments))
        closes = _closes(_download(list(wanted), first, last))
        if closes.empty and last - first >= _NEVER_EMPTY:
            raise ProviderFailed(
                f"Yahoo gave no close of {first:%d.%m.%Y} to {last:%d.%m.%Y}. It turns away who asks often: try again "
                "in some hours."
            )
        rows: list[UploadedRow] = []
        problems: list[RowProblem] = []
        missing = []
        days = []
        for ticker, instrument in wanted.items():
            series = closes[ticker].dropna() if ticker in closes else pd.Series(dtype="float64")
            if series.empty:
                missing.append(f"{instrument.symbol} ({ticker})")
            for moment, close in series.items():
                day = pd.Timestamp(str(moment)).date()
                if first <= day <= last:
                    read = _row(instrument, ticker, day, float(close), today=today)
                    (rows if isinstance(read, UploadedRow) else problems).append(read)  # type: ignore[arg-type]
                    if instrument.symbol == BENCHMARKS[0]:
                        days.append(day)
        told = (f"Yahoo has no close of {listed(missing)}.",) if missing else ()
        return Fetched(tuple(rows), tuple(problems), gaps=told, days=tuple(sorted(days)))


def is_installed() -> bool:
    """Whether the package can be imported."""
    return importlib.util.find_spec(_PACKAGE) is not None


def _tickers(instruments: Sequence[Instrument]) -> Iterator[tuple[str, Instrument]]:
    indices = load_yahoo_indices()
    for one in instruments:
        if one.kind == INDEX_PRICE and one.symbol in indices:
            yield indices[one.symbol], one
        elif one.kind == FUND:
            yield f"{one.symbol}.NS", one


def _package() -> ModuleType:
    try:
        return importlib.import_module(_PACKAGE)
    except ImportError as exc:
        raise ProviderFailed(f"The package yfinance is not installed: {INSTALL}.") from exc


def _download(tickers: list[str], first: date, last: date) -> Any:
    package = _package()
    # Its own errors, and those of whatever it is built on this month, up to the decoding of an answer.
    own = getattr(getattr(package, "exceptions", None), "YFException", OSError)
    failures = (own, OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError)
    try:
        return package.download(
            tickers,
            start=first.isoformat(),
            # Its end is the first day that is left out.
            end=(last + timedelta(days=1)).isoformat(),
            interval="1d",
            auto_adjust=False,
            actions=False,
            group_by="column",
            progress=False,
            # It has been seen to block whoever asks for many series at once.
            threads=False,
            timeout=_SECONDS,
        )
    except failures as exc:
        raise ProviderFailed(
            f"Yahoo could not be asked ({type(exc).__name__}): try again in some hours, or send a file."
        ) from exc


def _closes(table: Any) -> pd.DataFrame:
    """Closes by day and ticker, of the table with the columns (Price, Ticker)."""
    if table is None:
        return pd.DataFrame()
    if not isinstance(table, pd.DataFrame) or (not table.empty and "Close" not in table):
        raise ProviderFailed(
            "yfinance gave another table than version 1.7 does: send a file until this is mended."
        )
    if table.empty:
        return pd.DataFrame()
    closes = table["Close"]
    if not isinstance(closes, pd.DataFrame) or not isinstance(table.index, pd.DatetimeIndex):
        raise ProviderFailed(
            "yfinance gave another table than version 1.7 does: send a file until this is mended."
        )
    return closes[~closes.index.duplicated(keep="last")]


def _row(
    instrument: Instrument, ticker: str, day: date, close: float, *, today: date
) -> UploadedRow | RowProblem:
    # Two digits are what the exchange gives: the rest is noise that would be a correction every night.
    close = round(close, 2)
    raw = f"{ticker} {day} {close}"
    problem = row_problem(day, close, today=today)
    if problem is None:
        return UploadedRow(0, raw, instrument.id, day, close, None)
    rule, wrong = problem
    remedy = "Send the right close as a CSV file."
    kept = close if math.isfinite(close) else None
    return RowProblem(0, raw, str(rule), wrong, remedy, instrument.id, day, kept)
