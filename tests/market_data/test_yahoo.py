from __future__ import annotations

import importlib
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from market_data import yahoo
from market_data.providers import Fetched, ProviderFailed
from market_data.yahoo import Yahoo
from tests.market_data.exchange_files import number_of, the_universe

FIRST, LAST = date(2026, 3, 5), date(2026, 3, 9)
SESSIONS = pd.DatetimeIndex(["2026-03-05", "2026-03-06", "2026-03-09"], name="Date")


class TurnedAway(Exception):
    """Stands for yfinance.exceptions.YFException."""


def a_table(closes: dict[str, list[float]]) -> pd.DataFrame:
    """The layout of yfinance 1.7 for several tickers: columns (Price, Ticker)."""
    prices = ("Adj Close", "Close", "High", "Low", "Open", "Volume")
    columns = pd.MultiIndex.from_product([prices, list(closes)], names=["Price", "Ticker"])
    values = np.column_stack([np.array(path) for _ in prices for path in closes.values()])
    return pd.DataFrame(values, index=SESSIONS, columns=columns)


@pytest.fixture
def answer(monkeypatch):
    """Let the package answer with this table, or fail with this error; what it was asked."""
    asked: list[dict[str, object]] = []

    def give(table):
        def download(tickers, **options):
            asked.append({"tickers": tickers, **options})
            if isinstance(table, Exception):
                raise table
            return table

        package = SimpleNamespace(download=download, exceptions=SimpleNamespace(YFException=TurnedAway))
        monkeypatch.setattr(yahoo, "_package", lambda: package)
        return asked

    return give


def fetch(first: date = FIRST, last: date = LAST) -> Fetched:
    return Yahoo().fetch(first, last, the_universe(), today=LAST)


def test_closes_of_indices_and_funds_are_read_by_their_tickers(answer) -> None:
    asked = answer(a_table({"^NSEI": [1, 2, 3.004999], "BANKBEES.NS": [500, np.nan, 502]}))

    found = fetch()

    nifty, bank = number_of("index_price", "NIFTY 50"), number_of("fund", "BANKBEES")
    assert [(row.instrument_id, row.day.day, row.close) for row in found.rows if row.instrument_id == nifty] == [
        (nifty, 5, 1.0), (nifty, 6, 2.0), (nifty, 9, 3.0)
    ]  # fmt: skip
    assert [(row.day.day, row.close) for row in found.rows if row.instrument_id == bank] == [
        (5, 500),
        (9, 502),
    ]
    assert found.days == (date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 9))
    assert "NIFTY BANK (^NSEBANK)" in found.gaps[0]
    assert asked[0]["end"] == "2026-03-10"
    assert asked[0]["auto_adjust"] is False
    assert "^CRSLDX" in asked[0]["tickers"]


def test_closes_that_cannot_be_are_held_back(answer) -> None:
    answer(a_table({"^NSEI": [1, -2, np.inf]}))

    found = fetch()

    assert [row.close for row in found.rows] == [1]
    assert [problem.rule for problem in found.problems] == ["not positive", "not positive"]


@pytest.mark.parametrize(
    "error", [TurnedAway(), ConnectionError(), ValueError(), KeyError("x"), AttributeError()]
)
def test_whatever_goes_wrong_over_there_is_one_error_here(answer, error) -> None:
    answer(error)

    with pytest.raises(ProviderFailed, match="Yahoo could not be asked"):
        fetch()


@pytest.mark.parametrize(
    "table", ["html", pd.DataFrame({"Price": [1.0]}), a_table({"^NSEI": [1, 2, 3]})["Close"]]
)
def test_another_table_is_refused(answer, table) -> None:
    answer(table)

    with pytest.raises(ProviderFailed, match="another table"):
        fetch()


def test_a_week_without_a_close_is_a_failure_and_a_day_is_not(answer) -> None:
    answer(pd.DataFrame())

    with pytest.raises(ProviderFailed, match="gave no close of"):
        fetch(date(2026, 3, 1))
    assert fetch().rows == ()


def test_without_the_package_the_error_says_what_to_install(monkeypatch) -> None:
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(ProviderFailed, match="pip install yfinance"):
        fetch()


def test_the_package_is_no_dependency() -> None:
    assert not yahoo.is_installed()
    assert "personal use only" in (Yahoo().terms or "")
