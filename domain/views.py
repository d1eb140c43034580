"""The analyzer's pages, by address: the order of its navigation, and where a log-in may lead."""

from __future__ import annotations

import re
from collections.abc import Mapping

# "dashboard" is where every payment leads; its name on the screen is the guide's.
VIEWS: Mapping[str, str] = {
    "dashboard": "Today",
    "rotation-map": "Rotation Map",
    "ranks": "Ranks",
    "returns": "Returns",
    "sector": "Sector",
    "breadth": "Breadth",
    "evidence": "Evidence",
    "watchlist": "Watch-list",
    "alerts": "Alerts & mail",
    "method": "Method & data",
}

# What readers choose on the pages, as it is named in their addresses.
CHOICES = (
    "benchmark", "asof", "find", "quadrant", "rating", "sort", "etf", "sectors", "picture", "weeks", "mark", "growth",
    "series", "by", "name", "span", "signal", "top", "cost", "part", "formula", "week", "tail", "pick",
)  # fmt: skip
_CHOICE = rf"(?:{'|'.join(CHOICES)})=[A-Za-z0-9_.~%+*-]{{0,160}}"
# A page with choices, without the slash: where a log-in may lead back to.
VIEW_ADDRESS = re.compile(rf"(?:{'|'.join(VIEWS)})(?:\?{_CHOICE}(?:&{_CHOICE}){{0,39}})?")
