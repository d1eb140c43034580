"""What happened that somebody asked to be told: three kinds of events, between one close and another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pandas as pd

import analyzer
from analyzer.market import Market
from domain.report_rules import OLDEST_NEWS_SESSIONS, AlertKind
from domain.wording import format_signed
from sectors.ranking import WINDOW, ordinal, rank_sectors
from sectors.rotation import quadrant_moves

# As the settings say it.
JUMP_PLACES = 5


@dataclass(frozen=True, slots=True)
class Alert:
    """One event and its sentence."""

    kind: AlertKind
    sector: str
    sentence: str


def find_alerts(
    market: Market, benchmark: str, *, since: date | None, kinds: Collection[AlertKind]
) -> tuple[Alert, ...]:
    """What is so at the market's close and was not at the close of `since`; without it, one session before.

    What lies further back than `OLDEST_NEWS_SESSIONS` is not told. The order is that of the kinds, then of names.
    """
    before = _market_before(market, since)
    if before is None:
        return ()
    finders = {
        AlertKind.ZERO_LINE: _crosses,
        AlertKind.QUADRANT: _held_moves,
        AlertKind.RANK_JUMP: _jumps,
    }
    return tuple(
        alert for kind in AlertKind if kind in kinds for alert in finders[kind](before, market, benchmark)
    )


def _market_before(market: Market, since: date | None) -> Market | None:
    sessions = market.total_return.index
    if len(sessions) < 2:
        return None
    place = len(sessions) - 2
    if since is not None:
        place = int(sessions.searchsorted(pd.Timestamp(since), side="right")) - 1
    place = max(place, len(sessions) - 1 - OLDEST_NEWS_SESSIONS, 0)
    return None if place >= len(sessions) - 1 else market.until(sessions[place].date())


def _crosses(before: Market, now: Market, benchmark: str) -> list[Alert]:
    strength = 100 * analyzer.relative_strength(now.closes(), now.benchmark(benchmark), WINDOW)
    latest = strength.iloc[-1]
    then = strength.iloc[int(strength.index.searchsorted(pd.Timestamp(before.as_of)))]
    return [
        Alert(
            AlertKind.ZERO_LINE,
            name,
            f"RS {WINDOW} of {name} went {'above' if latest[name] > 0 else 'below'} zero: "
            f"{format_signed(latest[name], 2)} % against {benchmark}, from {format_signed(then[name], 2)} %.",
        )
        for name in sorted(now.sector_names)
        if then[name] * latest[name] < 0
    ]


def _held_moves(before: Market, now: Market, benchmark: str) -> list[Alert]:
    known = {(m.sector, m.after) for m in quadrant_moves(before, benchmark) if m.has_held}
    return [
        Alert(
            AlertKind.QUADRANT,
            move.sector,
            f"{move.sector} moved from {move.before} to {move.after} on the Rotation Map and has held it for "
            f"{move.weeks} weeks.",
        )
        for move in sorted(quadrant_moves(now, benchmark), key=lambda move: move.sector)
        if move.has_held and (move.sector, move.after) not in known
    ]


def _jumps(before: Market, now: Market, benchmark: str) -> list[Alert]:
    known = {name for name, _, _ in _far_moves(before, benchmark)}
    return [
        Alert(
            AlertKind.RANK_JUMP,
            name,
            f"{name} {'climbed' if places > 0 else 'slipped'} {abs(places)} places in a week, to {ordinal(rank)}.",
        )
        for name, places, rank in _far_moves(now, benchmark)
        if name not in known
    ]


def _far_moves(market: Market, benchmark: str) -> list[tuple[str, int, int]]:
    table = rank_sectors(market, benchmark).ranked.dropna(subset=["change_1w"])
    far = table[table["change_1w"].abs() >= JUMP_PLACES].sort_values("sector")
    return [(str(row["sector"]), int(row["change_1w"]), int(row["rank"])) for row in far.to_dict("records")]
