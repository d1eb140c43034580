"""What the fault tests share: their scale, the world, and the count of what was exercised.

`--faults=large` (`make faults`) writes the counts of all workers to docs/faults.md and fails when a row of the
fault catalogue was never exercised.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy.engine import URL

from database.embedded import EmbeddedServer
from tests.faults.movable_database import make_movable_database
from tests.faults.report import write_report
from tests.faults.world import World

REPORT = Path(__file__).parents[2] / "docs" / "faults.md"
# Order create, checkout, webhooks, activation, and the infrastructure below them.
ROWS = tuple(f"F{n}" for n in (*range(10, 20), *range(20, 30), *range(30, 44), 60, 61, 62, 63))
_ROW_OF_NAME = re.compile(r"::test_f(\d\d)_")

T = TypeVar("T")


@dataclass(frozen=True)
class Scale:
    """How much to do: the small number of every test run, or the large one of `make faults`."""

    large: bool

    def pick(self, small: T, large: T) -> T:
        return large if self.large else small


@pytest.fixture(scope="session")
def scale(pytestconfig: pytest.Config) -> Scale:
    return Scale(pytestconfig.getoption("--faults") == "large")


@pytest.fixture
def exercised(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Count a row of the fault catalogue: `exercised("F31", times=3)`. A test's own name counts it once."""

    def count(row: str, times: int = 1) -> None:
        assert row in ROWS, f"{row} is not a row of the catalogue that is tested here"
        request.node.user_properties.append((f"row {row}", times))

    return count


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Add to a number of the report: `measured("processes killed", 40)`. A text is listed: `measured("bugs", name)`."""

    def add(what: str, amount: int | float | str = 1) -> None:
        request.node.user_properties.append((f"measured {what}", amount))

    return add


@pytest.fixture(scope="session")
def movable_url(server: EmbeddedServer) -> URL:
    """The address of a migrated database whose clock is moved by hand."""
    return make_movable_database(server.url, "movable")


@pytest.fixture(scope="module")
def world(movable_url: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world; each schedule makes it new."""
    world = World(movable_url, tmp_path_factory.mktemp("world"))
    yield world
    world.close()


class Tally:
    """What all workers exercised, added up where the terminal is."""

    def __init__(self, is_large: bool) -> None:
        self.is_large = is_large
        self.started = time.monotonic()
        self.rows: Counter[str] = Counter()
        self.numbers: Counter[str] = Counter()
        self.names: dict[str, list[str]] = {}
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
        if report.when != "call" or not report.passed:
            return
        named = _ROW_OF_NAME.search(report.nodeid)
        if named is not None:
            self.rows[f"F{named[1]}"] += 1
        for what, amount in report.user_properties:
            kind, _, name = what.partition(" ")
            if kind == "row":
                self.rows[name] += int(str(amount))
            elif kind == "measured" and isinstance(amount, str):
                self.names.setdefault(name, []).append(amount)
            elif kind == "measured":
                self.numbers[name] += amount  # type: ignore[assignment, operator]

    @property
    def missing(self) -> list[str]:
        return [row for row in ROWS if not self.rows[row]]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.is_large and self.missing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.rows and not self.numbers:
            return
        terminalreporter.section("faults")
        for name, number in sorted(self.numbers.items()):
            terminalreporter.line(f"{name}: {number:,.0f}")
        terminalreporter.line(" ".join(f"{row}:{self.rows[row]}" for row in ROWS))
        if not self.is_large:
            return
        if self.missing:
            terminalreporter.line(f"Never exercised: {', '.join(self.missing)}", red=True)
        write_report(
            REPORT,
            rows={row: self.rows[row] for row in ROWS},
            numbers=self.numbers,
            names=self.names,
            failed=self.failed,
            cores=os.cpu_count() or 1,
            minutes=(time.monotonic() - self.started) / 60,
        )
        terminalreporter.line(f"Written to {REPORT.name}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(config.getoption("--faults") == "large"), "faults-tally")
