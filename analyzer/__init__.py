"""Relative strength of sectors against a benchmark: pure functions of price tables.

Nothing here reads a file, a clock or a setting. Every function is causal: the value of a session depends
on that session and earlier ones only, so a new day never rewrites an old one.
"""

from __future__ import annotations

from analyzer.ranking import breadth, rank_change, ranks
from analyzer.strength import price_relative, relative_strength

__all__ = ["breadth", "price_relative", "rank_change", "ranks", "relative_strength"]
