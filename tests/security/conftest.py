"""What the security probes share: their scale, the running application, and the count of what was tried.

`--security=large` (`make security`) writes the numbers of all workers to docs/security_report.md.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

pytest.importorskip("playwright", reason="browser tests need requirements-dev.txt")

from tests.e2e.conftest import site as site
from tests.security.bench import Bench, start_bench
from tests.security.report import write_report

REPORT = Path(__file__).parents[2] / "docs" / "security_report.md"

T = TypeVar("T")


@dataclass(frozen=True)
class Scale:
    """How much to do: the small number of every test run, or the large one of `make security`."""

    large: bool

    def pick(self, small: T, large: T) -> T:
        return large if self.large else small


@pytest.fixture(scope="session")
def scale(pytestconfig: pytest.Config) -> Scale:
    return Scale(pytestconfig.getoption("--security") == "large")


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A small Streamlit application of the tests' own, behind the product's middleware."""
    running = start_bench(tmp_path_factory.mktemp("bench"))
    yield running
    running.stop()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Add to a number of the report: `measured("texts", 40)`. A text is listed under its name."""

    def add(what: str, amount: int | str = 1) -> None:
        request.node.user_properties.append((f"probed {what}", amount))

    return add


class Tally:
    """What all workers tried, added up where the terminal is."""

    def __init__(self, is_large: bool) -> None:
        self.is_large = is_large
        self.started = time.monotonic()
        self.passed: list[str] = []
        self.failed: list[str] = []
        self.numbers: Counter[str] = Counter()
        self.names: dict[str, list[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if "tests/security/" not in report.nodeid:
            return
        if report.failed:
            self.failed.append(report.nodeid)
        if report.when != "call" or not report.passed:
            return
        self.passed.append(report.nodeid)
        for what, amount in report.user_properties:
            kind, _, name = what.partition(" ")
            if kind == "probed" and isinstance(amount, str):
                self.names.setdefault(name, []).append(amount)
            elif kind == "probed":
                self.numbers[name] += amount  # type: ignore[assignment, operator]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.numbers and not self.failed:
            return
        terminalreporter.section("security")
        for name, number in sorted(self.numbers.items()):
            terminalreporter.line(f"{name}: {number:,.0f}")
        for name, lines in sorted(self.names.items()):
            terminalreporter.line(f"{name}: {'; '.join(sorted(set(lines)))}")
        if not self.is_large:
            return
        write_report(
            REPORT,
            passed=self.passed,
            failed=self.failed,
            numbers=self.numbers,
            names=self.names,
            cores=os.cpu_count() or 1,
            minutes=(time.monotonic() - self.started) / 60,
        )
        terminalreporter.line(f"Written to {REPORT.name}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(config.getoption("--security") == "large"), "security-tally")
