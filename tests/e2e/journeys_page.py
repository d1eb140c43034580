"""Writes docs/journeys.md: how each journey ended at each gateway, on each screen.

`make journeys` walks all and writes the page; tests/e2e/test_journeys_page.py keeps page and journeys together.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.ways import WAYS, Way, split

PAGE = Path(__file__).resolve().parents[2] / "docs" / "journeys.md"
PASS = "pass"
_SCREENS = {"desktop": "1440", "phone": "390"}
_GATEWAYS = {"cashfree": "Cashfree", "razorpay": "Razorpay"}

Outcomes = Mapping[str, Mapping[Way, str]]


def render(outcomes: Outcomes, reasons: Mapping[str, str], *, cores: int, minutes: float) -> str:
    """The page. `reasons` says of a journey why it is not walked everywhere."""
    sums = Counter(outcome for ended in outcomes.values() for outcome in ended.values())
    text = [
        "# Journeys",
        "",
        "Written by `make journeys`: every journey of a buyer, in Chromium against the running application and the",
        "simulator, at both gateways, on a desktop (1440 pixels wide) and on a phone (390, touched). `make test` walks",
        "each once or twice. An empty cell is a way that a journey cannot be walked; the last column says why.",
        "",
        f"{len(outcomes)} journeys, {sums.total()} ways walked: "
        + ", ".join(f"{count} {outcome}" for outcome, count in sorted(sums.items(), key=lambda sum: -sum[1]))
        + ".",
        "",
        f"Machine: {cores} cores. Time: {minutes:.0f} minutes.",
    ]
    for path in dict.fromkeys(name.partition("::")[0] for name in sorted(outcomes)):
        of_file = {name: ended for name, ended in outcomes.items() if name.startswith(f"{path}::")}
        text += ["", f"## {_title(path)}", "", f"`{path}`", "", *_table(of_file, reasons)]
    return "\n".join(text) + "\n"


def _table(outcomes: Outcomes, reasons: Mapping[str, str]) -> list[str]:
    heads = [f"{_GATEWAYS[way.gateway]} {_SCREENS[way.screen]}" for way in WAYS]
    rows = [f"| journey | {' | '.join(heads)} | |", "|---|" + "---|" * (len(WAYS) + 1)]
    for name, ended in sorted(outcomes.items()):
        cells = [ended.get(way, "") for way in WAYS]
        rows.append(f"| {_sentence(name)} | {' | '.join(cells)} | {reasons.get(name, '')} |")
    return rows


def _title(path: str) -> str:
    return Path(path).stem.removeprefix("test_").replace("_", " ").capitalize()


def _sentence(name: str) -> str:
    test, _, cases = name.partition("::test_")[2].partition("[")
    words = test.replace("_", " ")
    return f"{words}: {cases.removesuffix(']')}".replace("|", "/") if cases else words


class Tally:
    """What all workers walked, put together where the terminal is."""

    def __init__(self, is_large: bool) -> None:
        self.is_large = is_large
        self.started = time.monotonic()
        self.outcomes: defaultdict[str, dict[Way, str]] = defaultdict(dict)
        self.reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        because = [str(value) for key, value in report.user_properties if key == "journey"]
        name, way = split(report.nodeid)
        if not because or way is None:
            return
        if because[0]:
            self.reasons[name] = because[0]
        if report.failed:
            self.outcomes[name][way] = "**failed**"
        elif report.skipped:
            self.outcomes[name].setdefault(way, "**skipped**")
        elif report.when == "call":
            self.outcomes[name].setdefault(way, PASS)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.outcomes:
            return
        walked = Counter(way for ended in self.outcomes.values() for way in ended)
        terminalreporter.section("journeys")
        terminalreporter.line(" ".join(f"{way}:{walked[way]}" for way in WAYS))
        if self.is_large:
            minutes = (time.monotonic() - self.started) / 60
            page = render(self.outcomes, self.reasons, cores=os.cpu_count() or 1, minutes=minutes)
            PAGE.write_text(page, encoding="utf-8")
            terminalreporter.line(f"Written to {PAGE.name}")
