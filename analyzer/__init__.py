"""Relative strength of sectors against a benchmark: pure functions of price tables.

Nothing here reads a file, a clock or a setting. Every function is causal: the value of a session depends
on that session and earlier ones only, so a new day never rewrites an old one.
"""

from __future__ import annotations

from analyzer.metrics import history, snapshot
from analyzer.ranking import (
    breadth,
    breadth_above_average,
    breadth_of_relative_strength,
    rank_change,
    ranks,
)
from analyzer.rotation_map import (
    QUADRANTS,
    Restlessness,
    Rotation,
    quadrants,
    restlessness,
    rotation,
    tails,
    weeks_in_quadrant,
)
from analyzer.strength import price_relative, relative_strength, rs_line

__all__ = [
    "QUADRANTS",
    "Restlessness",
    "Rotation",
    "breadth",
    "breadth_above_average",
    "breadth_of_relative_strength",
    "history",
    "price_relative",
    "quadrants",
    "rank_change",
    "ranks",
    "relative_strength",
    "restlessness",
    "rotation",
    "rs_line",
    "snapshot",
    "tails",
    "weeks_in_quadrant",
]
