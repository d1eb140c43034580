"""What the watch-list shows of each sector: the ranking's own line, and what changed in a week, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.market import Market
from sectors.ranking import WINDOW, ordinal, rank_sectors
from sectors.report import Row, rows_of, zero_line_crosses
from sectors.rotation import quadrant_moves


@dataclass(frozen=True, slots=True)
class Watched:
    """One watched sector: its line, and what happened to it in the last week."""

    row: Row
    changes: str


def watched_rows(market: Market, benchmark: str, names: Sequence[str]) -> tuple[Watched, ...]:
    """The watched sectors in their reader's order; a name that the market does not have is left out."""
    by_name = {row.sector: row for row in rows_of(rank_sectors(market, benchmark))}
    moves = {move.sector: move for move in quadrant_moves(market, benchmark) if not move.has_held}
    crosses = {cross.sector: cross for cross in zero_line_crosses(market, benchmark)}
    found = []
    for name in names:
        if name not in by_name:
            continue
        row = by_name[name]
        parts = [_places(row)]
        if name in moves:
            parts.append(f"moved from {moves[name].before} to {moves[name].after}")
        if name in crosses:
            parts.append(f"RS {WINDOW} went {'above' if crosses[name].is_upward else 'below'} zero")
        sentence = "; ".join(part for part in parts if part)
        found.append(Watched(row, f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""))
    return tuple(found)


def _places(row: Row) -> str:
    if row.rank is None or row.change_1w is None:
        return ""
    if row.change_1w == 0:
        return f"{ordinal(row.rank)} as a week ago"
    verb = "climbed" if row.change_1w > 0 else "slipped"
    return f"{verb} from {ordinal(row.rank + row.change_1w)} to {ordinal(row.rank)}"
