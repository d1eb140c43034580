"""Small markets of a few sectors, made of growth a session, for tests of what pages and mails say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from analyzer.market import Fund, Market, Sector


def a_market(
    paths: Mapping[str, Sequence[float] | np.ndarray],
    *,
    funds: Mapping[str, tuple[str, float]] | None = None,
    end: str = "2026-07-03",
) -> Market:
    """A market whose benchmark stands still at 100, with sectors of these closes.

    `funds` gives a sector its fund's symbol and that fund's turnover a session.
    """
    funds = funds or {}
    length = len(next(iter(paths.values())))
    index = pd.bdate_range(end=end, periods=length, name="session")
    table = pd.DataFrame({**{name: np.asarray(path, float) for name, path in paths.items()}}, index=index)
    table["NIFTY 50"] = 100.0
    table["NIFTY 500"] = np.linspace(100, 110, length)
    fund_closes = pd.DataFrame({symbol: table[name] for name, (symbol, _) in funds.items()}, index=index)
    turnover = pd.DataFrame({symbol: float(rupees) for symbol, rupees in funds.values()}, index=index)
    return Market(
        version="test",
        source="Test prices",
        is_demo=False,
        sectors=tuple(Sector(name, f"NIFTY {name.upper()}", _funds(funds.get(name))) for name in paths),
        benchmarks=("NIFTY 50", "NIFTY 500"),
        total_return=table,
        price=table * 0.9,
        fund_closes=fund_closes,
        fund_turnover=turnover,
    )


def growing(rate: float, sessions: int = 400, start: float = 100.0) -> np.ndarray:
    """Closes that grow by `rate` a session."""
    return start * (1 + rate) ** np.arange(sessions)


def _funds(fund: tuple[str, float] | None) -> tuple[Fund, ...]:
    return () if fund is None else (Fund(fund[0], f"INF{fund[0]}", date(2020, 1, 1)),)
