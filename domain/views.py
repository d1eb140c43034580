"""The analyzer's pages, by address: the order of its navigation, and where a log-in may lead."""

from __future__ import annotations

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
