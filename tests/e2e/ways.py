"""Where a journey is walked: at which gateway, and on a desktop's or a phone's screen.

A test marked `journey` is walked every way with `--journeys=large` (`make journeys`), which writes docs/journeys.md.
`make test` walks it one way, which its name decides, or with `twice=True` once at each gateway, on another screen.
What cannot be walked everywhere says so: `journey(gateway="razorpay", because="Cashfree has no …")`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
        # Streamlit closes its menu behind a tapped link where this says that it is a phone.
        "user_agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/140.0.0.0 Mobile Safari/537.36",
    },
}


@dataclass(frozen=True, slots=True)
class Way:
    """The gateway of the journey's order, and the screen it is walked on."""

    gateway: str
    screen: str

    def __str__(self) -> str:
        return f"{self.gateway}-{self.screen}"


WAYS = tuple(Way(gateway, screen) for gateway in ("cashfree", "razorpay") for screen in SCREENS)
_WAY = re.compile(
    r"(?P<test>[^[]+)\[(?P<before>(?:.*-)?)"
    rf"(?P<gateway>cashfree|razorpay)-(?P<screen>{'|'.join(SCREENS)})(?P<after>(?:-.*)?)\]$",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Journey:
    """What the marks of a test say about its ways."""

    twice: bool = False
    # All such tests of a file go the same way, as what they share is made once for each.
    together: bool = False
    gateway: str | None = None
    screen: str | None = None
    because: str = ""

    @property
    def possible(self) -> tuple[Way, ...]:
        return tuple(
            way for way in WAYS if self.gateway in (None, way.gateway) and self.screen in (None, way.screen)
        )

    def few(self, nodeid: str) -> tuple[Way, ...]:
        """The ways of the small number. The name decides, so that all ways are walked across the suite."""
        ways, (path, _, test) = self.possible, nodeid.partition("::")
        first = ways[zlib.crc32((path if self.together else test).encode()) % len(ways)]
        others = [way for way in ways if way.gateway != first.gateway]
        others.sort(key=lambda way: way.screen == first.screen)
        return (first, *others[:1]) if self.twice else (first,)


def journey_of(marks: Sequence[pytest.Mark]) -> Journey | None:
    """What the marks say, the nearest first. None for a test that is no journey."""
    said: dict[str, Any] = {}
    for mark in reversed(marks):
        said |= mark.kwargs
    return Journey(**said) if marks else None


def split(nodeid: str) -> tuple[str, Way | None]:
    """A test's id without its way, and the way."""
    found = _WAY.search(nodeid)
    if found is None:
        return nodeid, None
    cases = "-".join(filter(None, (found["before"].strip("-"), found["after"].strip("-"))))
    return found["test"] + (f"[{cases}]" if cases else ""), Way(found["gateway"], found["screen"])


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Every way that a journey can be walked; `choose` leaves the few that are wanted."""
    journey = journey_of(list(metafunc.definition.iter_markers("journey")))
    if journey is None:
        if "member" in metafunc.fixturenames:
            raise pytest.UsageError(f"{metafunc.definition.nodeid} has an order: it is a journey")
        return
    # For the module, so that what a file makes for all of its tests can be made once for each way.
    metafunc.parametrize("way", journey.possible, ids=str, scope="module")


def choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep of each journey the ways that this run walks, and note for the report what it cannot walk, and why."""
    is_large = config.getoption("--journeys") == "large"
    kept, left = [], []
    for item in items:
        journey = journey_of(list(item.iter_markers("journey")))
        if journey is not None:
            name, way = split(item.nodeid)
            if not is_large and way not in journey.few(name):
                left.append(item)
                continue
            item.user_properties.append(("journey", journey.because))
        kept.append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)
