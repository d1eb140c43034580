"""The report by mail as figures: taken from what the pages show, by the same functions, and never computed anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

import analyzer
from analyzer.market import Market
from domain.wording import format_day, format_signed
from sectors.breadth import breadth
from sectors.ranking import WINDOW, Ranking, ordinal
from sectors.rotation import QuadrantMove, RotationView, quadrant_moves, rotation_view

TOP, BOTTOM = 5, 3
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One sector's line, as the ranking has it. `rank` is None for a sector without a price at this close."""

    sector: str
    etf: str
    rank: int | None
    change_1w: int | None
    change_4w: int | None
    rs55_pct: float
    rating: int | None
    rating_place: str
    quadrant: str
    weeks_in_quadrant: int | None
    line: tuple[float, ...]
    no_data_since: date | None


@dataclass(frozen=True, slots=True)
class Cross:
    """A sector whose strength has another sign than a week ago."""

    sector: str
    before_pct: float
    after_pct: float

    @property
    def is_upward(self) -> bool:
        return self.after_pct > 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a report of one close says. `watched` are the reader's own; all else is the same for everybody."""

    as_of: date
    benchmark: str
    source: str
    is_demo: bool
    data_version: str
    count: int
    sentences: tuple[str, ...]
    top: tuple[Row, ...]
    bottom: tuple[Row, ...]
    moves: tuple[QuadrantMove, ...]
    crosses: tuple[Cross, ...]
    breadth_line: str
    watched: tuple[Row, ...]
    map: RotationView
    findings: tuple[str, ...]

    @property
    def subject(self) -> str:
        """`Sector RS to 3 Jul: Realty 1st (7th a month ago), IT last (−12.1 % against NIFTY 50 in 55 d)`."""
        label = "Demo data: " if self.is_demo else ""
        day = format_day(self.as_of)
        if not self.top:
            return f"{label}Sector RS to {day}: no sector has a rank"
        first = self.top[0]
        lead = f"{first.sector} 1st"
        if first.rank is not None and first.change_4w is not None:
            was = first.rank + first.change_4w
            lead += " (as a month ago)" if was == first.rank else f" ({ordinal(was)} a month ago)"
        if not self.bottom:
            return f"{label}Sector RS to {day}: {lead}"
        last = self.bottom[-1]
        return (
            f"{label}Sector RS to {day}: {lead}, {last.sector} last "
            f"({format_signed(last.rs55_pct, 1)} % against {self.benchmark} in {WINDOW} d)"
        )


def report_of(market: Market, ranking: Ranking, watched: Sequence[str] = ()) -> Report:
    """The report at the market's last close, against the benchmark of the ranking."""
    rows = rows_of(ranking)
    ranked = [row for row in rows if row.rank is not None]
    by_name = {row.sector: row for row in rows}
    return Report(
        as_of=ranking.as_of,
        benchmark=ranking.benchmark,
        source=ranking.source,
        is_demo=ranking.is_demo,
        data_version=market.version,
        count=len(ranked),
        sentences=ranking.sentences,
        top=tuple(ranked[:TOP]),
        bottom=tuple(ranked[TOP:][-BOTTOM:]),
        moves=quadrant_moves(market, ranking.benchmark),
        crosses=zero_line_crosses(market, ranking.benchmark),
        breadth_line=_breadth_line(market, ranking.benchmark),
        watched=tuple(by_name[name] for name in watched if name in by_name),
        map=rotation_view(market, ranking.benchmark),
        findings=tuple(finding.sentence for finding in market.findings),
    )


def rows_of(ranking: Ranking) -> tuple[Row, ...]:
    """The ranking's lines, in its order."""
    return tuple(_row(values) for values in ranking.table.to_dict("records"))


def zero_line_crosses(market: Market, benchmark: str) -> tuple[Cross, ...]:
    """Whose RS 55 has another sign than a week before the close. A strength of exactly zero has none."""
    strength = 100 * analyzer.relative_strength(market.closes(), market.benchmark(benchmark), WINDOW)
    earlier = strength[strength.index <= strength.index[-1] - _WEEK]
    if earlier.empty:
        return ()
    before, after = earlier.iloc[-1], strength.iloc[-1]
    return tuple(
        Cross(name, float(before[name]), float(after[name]))
        for name in market.sector_names
        if before[name] * after[name] < 0
    )


def _breadth_line(market: Market, benchmark: str) -> str:
    figures = breadth(market, benchmark)
    above, ahead = figures.daily["above_average"].iloc[-1], figures.daily["ahead"].iloc[-1]
    parts = []
    if pd.notna(ahead):
        parts.append(f"{ahead:.0f} % of the sectors are ahead of {benchmark} over {WINDOW} sessions")
    if pd.notna(above):
        change = figures.change_in_a_month("above_average")
        moved = "" if pd.isna(change) else f" ({format_signed(change)} points in a month)"
        parts.append(f"{above:.0f} % stand above their 200-day average{moved}")
    return f"{'; '.join(parts)}." if parts else "Too few sessions for a figure."


def _row(values: dict[Any, Any]) -> Row:
    since = values["no_data_since"]
    return Row(
        sector=values["sector"],
        etf=values["etf"],
        rank=_whole(values["rank"]),
        change_1w=_whole(values["change_1w"]),
        change_4w=_whole(values["change_4w"]),
        rs55_pct=float(values["rs55_pct"]),
        rating=_whole(values["rating"]),
        rating_place=values["rating_place"],
        quadrant=values["quadrant"],
        weeks_in_quadrant=_whole(values["weeks_in_quadrant"]),
        line=tuple(values["line"]),
        no_data_since=None if since is None or pd.isna(since) else since,
    )


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)
