"""What a careful reader asks of the figures: an example to do again by hand, a figure with its prices, the data behind.

Nothing is computed here that another page computes: the engine makes the example, the ranking makes the figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

import analyzer
from analyzer.market import STALE_AFTER_SESSIONS, Basis, Market, Sector
from database import panels
from domain.accounts import User
from market_data import gates
from sectors.market import LATE_AFTER, open_market
from sectors.ranking import WINDOW
from wiring import Services


@dataclass(frozen=True, slots=True)
class Example:
    """Two closes of a sector and of its benchmark, and what comes of them; growth as factors, strength in %."""

    sector: tuple[float, float]
    benchmark: tuple[float, float]
    sector_growth: float
    benchmark_growth: float
    strength_pct: float
    # What other ways of reckoning make of the same four closes.
    changes_divided: float
    changes_subtracted_pct: float
    rounded_first_pct: float


@dataclass(frozen=True, slots=True)
class Check:
    """The closes of one window of RS 55, first and last included, and the figure that the engine makes of them.

    `strength_pct` is None when a close at either end is missing, or there are too few sessions.
    """

    sector: Sector
    benchmark: str
    basis: Basis
    closes: pd.DataFrame
    strength_pct: float | None


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One sector's series: where it begins, how many closes it has, and where it and funds of it ended, if they did.

    `missing` counts the sessions without a close between its first and its last one.
    """

    sector: Sector
    first: date | None
    closes: int
    missing: int
    no_data_since: date | None
    ended_funds: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class Gate:
    """A rule of the data, in words."""

    name: str
    rule: str
    then: str


def worked_example() -> Example:
    """500 → 540 against 22,000 → 22,440, computed by the engine as one session's strength."""
    days = pd.DatetimeIndex(["2026-01-01", "2026-01-02"])
    closes, index = pd.DataFrame({"sector": [500.0, 540.0]}, days), pd.Series([22_000.0, 22_440.0], days)
    strength = analyzer.relative_strength(closes, index, 1)
    own, of_index = closes["sector"].iloc[1] / closes["sector"].iloc[0], index.iloc[1] / index.iloc[0]
    # In hundredths, as a table of ratios prints them.
    rounded = (100 * closes["sector"] / index).round(2)
    return Example(
        sector=(float(closes["sector"].iloc[0]), float(closes["sector"].iloc[1])),
        benchmark=(float(index.iloc[0]), float(index.iloc[1])),
        sector_growth=float(own),
        benchmark_growth=float(of_index),
        strength_pct=100 * float(strength["sector"].iloc[1]),
        changes_divided=float((own - 1) / (of_index - 1)),
        changes_subtracted_pct=100 * float(own - of_index),
        rounded_first_pct=100 * float(rounded.iloc[1] / rounded.iloc[0] - 1),
    )


def check_of(market: Market, name: str, benchmark: str) -> Check:
    """The window behind a sector's RS 55 at the market's close. Raises KeyError for an unknown name."""
    sector = market.sector(name)
    both = pd.DataFrame({name: market.closes()[name], benchmark: market.benchmark(benchmark)})
    strength = analyzer.snapshot(both[[name]], both[benchmark])["rs55_pct"].iloc[0]
    return Check(
        sector, benchmark, market.basis, both.tail(WINDOW + 1), None if pd.isna(strength) else float(strength)
    )


def series_rows(market: Market) -> tuple[SeriesRow, ...]:
    """Every sector of the market, in its order. A series that rests for a few sessions has not ended."""
    closes = market.closes()
    ended = {series.name: series.last_day for series in gates.find_stopped(closes)}
    ended_funds = {series.name: series.last_day for series in gates.find_stopped(market.fund_closes)}
    return tuple(
        SeriesRow(
            sector,
            _first_day(closes[sector.name]),
            int(closes[sector.name].count()),
            _missing(closes[sector.name]),
            ended.get(sector.name),
            {fund.symbol: ended_funds[fund.symbol] for fund in sector.funds if fund.symbol in ended_funds},
        )
        for sector in market.sectors
    )


def extremes(market: Market, benchmark: str) -> Mapping[str, tuple[tuple[str, float], tuple[str, float]]]:
    """The highest and the lowest sector at the close, with their values, for each column of the engine's snapshot.

    A column without two values is left out.
    """
    now = analyzer.snapshot(market.closes(), market.benchmark(benchmark))
    found = {}
    for column in now:
        values = now[column].dropna().sort_values(ascending=False, kind="stable")
        if len(values) > 1:
            found[str(column)] = tuple((str(values.index[at]), float(values.iloc[at])) for at in (0, -1))
    return found  # type: ignore[return-value]  # each has exactly two


def gates_in_words() -> tuple[Gate, ...]:
    """The rules that prices pass before a page shows them, with the limits that the rules themselves hold."""
    return (
        Gate(
            "Spike and return",
            f"A day's log return beyond {gates.SPIKE_LOG_RETURN:g} that is back within {_pct(gates.BACK_WITHIN)} of "
            f"the level before it after at most {gates.BACK_IN_SESSIONS} sessions.",
            "Held back: the usual trace of a division of units that was put right late.",
        ),
        Gate(
            "Division of units",
            f"A fund leaves its level by more than {_pct(gates.FUND_JUMP)} for good, and its index does not.",
            "Held back, with what follows at that level, until a person decides.",
        ),
        Gate(
            "Jump of an index",
            f"An index moves by more than {_pct(gates.INDEX_JUMP)} in a session. Indices are not divided.",
            "Held back until a person decides.",
        ),
        Gate(
            "Stopped series",
            f"No price for more than {STALE_AFTER_SESSIONS} sessions.",
            "Shown with “no data since”, without a rank.",
        ),
        Gate(
            "No price at all",
            "A close that is not above zero, or of a day that has not come.",
            "Held back.",
        ),
        Gate(
            "Calendar",
            "A day is a session when at least half of the series that live have a price. No weekday is assumed.",
            "Stray days are left out, and counted in the notes.",
        ),
        Gate(
            "Late prices",
            f"The newest close is more than {LATE_AFTER.days} days old, or recent rows wait for a decision.",
            "No report is mailed until it is settled.",
        ),
    )


def packed_at(services: Services, actor: User) -> datetime | None:
    """When the prices that the actor sees were packed. Raises NoActiveSubscription."""
    version = open_market(services, actor).version
    with services.engine.connect() as conn:
        return panels.find_packed_at(conn, version)


def _pct(share: float) -> str:
    return f"{100 * share:.0f} %"


def _missing(closes: pd.Series) -> int:
    first, last = closes.first_valid_index(), closes.last_valid_index()
    return 0 if first is None else int(closes.loc[first:last].isna().sum())


def _first_day(closes: pd.Series) -> date | None:
    first = closes.first_valid_index()
    return None if first is None else pd.Timestamp(str(first)).date()
