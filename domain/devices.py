"""Which browser on which system a session says it is, in plain words.

Read from the User-Agent header, which a browser may fill with anything: it helps people to recognise their own
devices and decides nothing. What is not recognised is called unknown, not guessed.
"""

from __future__ import annotations

import re

UNKNOWN = "Unknown browser"

# In this order: most browsers also name the ones that they descend from.
_BROWSERS = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/\d")),
    ("Opera", re.compile(r"\b(?:OPR|OPT|OPiOS)/\d")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/\d")),
    ("UC Browser", re.compile(r"\bUCBrowser/\d")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/\d")),
    ("Chrome", re.compile(r"\b(?:HeadlessChrome|Chrome|Chromium|CriOS)/\d")),
    ("Safari", re.compile(r"\bVersion/[\d.]+ (?:Mobile/\w+ )?Safari/\d")),
)
_SYSTEMS = (
    ("iPhone", re.compile(r"\(iPhone;")),
    ("iPad", re.compile(r"\(iPad;")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows NT \d")),
    ("macOS", re.compile(r"\bMacintosh;")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


def describe_device(user_agent: str) -> str:
    """`Firefox on Windows`, `Chrome`, or that nobody knows."""
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if browser is None:
        return UNKNOWN if system is None else f"{UNKNOWN} on {system}"
    return browser if system is None else f"{browser} on {system}"


def _first(known: tuple[tuple[str, re.Pattern[str]], ...], user_agent: str) -> str | None:
    return next((name for name, pattern in known if pattern.search(user_agent)), None)
