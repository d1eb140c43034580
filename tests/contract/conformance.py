"""docs/conformance.md: each line of the checklists with the tests that show it, or the reason why none does.

`python -m tests.contract.conformance` runs every test that is named and writes the page from their outcomes: a line
passes only if all of its tests passed in that run. tests/contract/test_conformance_page.py keeps page and lines equal.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from config import ROOT
from tests.contract.conformance_cashfree import CASHFREE_NAIVE, CASHFREE_SIMULATOR
from tests.contract.conformance_files import FILES
from tests.contract.conformance_published import ADVICE, BEST_PRACTICES, ORDERS
from tests.contract.conformance_razorpay import RAZORPAY_NAIVE, RAZORPAY_SIMULATOR

PAGE = ROOT / "docs" / "conformance.md"
_BEGINNING = """\
# Conformance

What a faithful simulator of each gateway must do, where a naive integration goes wrong, and the scenarios that
Razorpay publishes for integrations, line by line in our own words. Written by `make conformance`, which runs every test
named here: **pass** means that all of them passed in that run, **partly** that something is missing beside what they
show, **not** that nothing shows it, and why. No real gateway account was used.
"""


@dataclass(frozen=True)
class Line:
    """One line of a checklist. With `tests` and without `missing` it is shown whole."""

    id: str
    words: str
    tests: tuple[str, ...]
    missing: str

    @property
    def claim(self) -> str:
        if not self.tests:
            return "not"
        return "partly" if self.missing else "pass"


@dataclass(frozen=True)
class Checklist:
    title: str
    about: str
    lines: tuple[Line, ...]


def _lines(rows: Sequence[tuple[str, str, str, str]]) -> tuple[Line, ...]:
    return tuple(
        Line(row_id, words, tuple(_node_id(test) for test in tests.split()), missing)
        for row_id, words, tests, missing in rows
    )


def _node_id(short: str) -> str:
    """`rz-orders:a_test` is the test `test_a_test` of the file that FILES calls rz-orders."""
    alias, _, name = short.partition(":")
    return f"{FILES[alias]}::test_{name}"


CHECKLISTS = (
    Checklist("Razorpay: the simulator", "What a faithful simulator does.", _lines(RAZORPAY_SIMULATOR)),
    Checklist(
        "Razorpay: where a naive integration goes wrong",
        "What ours does instead.",
        _lines(RAZORPAY_NAIVE),
    ),
    Checklist("Cashfree: the simulator", "What a faithful simulator does.", _lines(CASHFREE_SIMULATOR)),
    Checklist(
        "Cashfree: where a naive integration goes wrong",
        "What ours does instead.",
        _lines(CASHFREE_NAIVE),
    ),
    Checklist(
        "Razorpay's published scenarios: orders",
        "From the page *Test Order Creation* of its documentation, as far as its text could be read, and by the "
        "subjects that the pages of the methods name.",
        _lines(ORDERS),
    ),
    Checklist(
        "Razorpay's published scenarios: best practices",
        "From the pages under *Best Practices* beside it, as far as their text could be read.",
        _lines(BEST_PRACTICES),
    ),
    Checklist(
        "Razorpay's published advice beside the scenarios",
        "What the readable beginnings of the same pages ask for, without numbers of theirs.",
        _lines(ADVICE),
    ),
)


def named_tests() -> list[str]:
    """Every node id that a line names, once, in a fixed order."""
    return sorted({test for checklist in CHECKLISTS for line in checklist.lines for test in line.tests})


def render(outcomes: Mapping[str, str]) -> str:
    """The page. `outcomes` says of each named test how it ended; one that is not in it did not run."""
    text = [_BEGINNING, _sums(outcomes)]
    for checklist in CHECKLISTS:
        text += [
            f"## {checklist.title}\n",
            f"{checklist.about}\n",
            "| line | what | | shown by, or why not |",
        ]
        text.append("|---|---|---|---|")
        for line in checklist.lines:
            text.append(
                f"| {line.id} | {line.words} | {status_of(line, outcomes)} | {_shown(line, outcomes)} |"
            )
        text.append("")
    return "\n".join(text).rstrip() + "\n"


def status_of(line: Line, outcomes: Mapping[str, str]) -> str:
    if any(outcomes.get(test) != "passed" for test in line.tests):
        return "**not**"
    return line.claim if line.claim != "not" else "**not**"


def _shown(line: Line, outcomes: Mapping[str, str]) -> str:
    cells = [
        f"`{test}`" + ("" if outcomes.get(test) == "passed" else f" ({outcomes.get(test, 'did not run')})")
        for test in line.tests
    ]
    cells += [f"missing: {line.missing}" if line.tests else line.missing] if line.missing else []
    return "<br>".join(cells)


def _sums(outcomes: Mapping[str, str]) -> str:
    rows = ["| checklist | lines | pass | partly | not |", "|---|---|---|---|---|"]
    total: Counter[str] = Counter()
    for checklist in CHECKLISTS:
        found = Counter(status_of(line, outcomes).strip("*") for line in checklist.lines)
        total += found
        rows.append(_sum_row(checklist.title, found))
    return "\n".join([*rows, _sum_row("**all**", total), ""])


def _sum_row(title: str, found: Counter[str]) -> str:
    return f"| {title} | {found.total()} | {found['pass']} | {found['partly']} | {found['not']} |"


class Outcomes:
    """A pytest plugin that notes how each test ended: passed only if every case of it passed and none was skipped."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0]
        if report.failed:
            self.found[test] = "failed"
        elif report.skipped:
            self.found[test] = self.found[test] if self.found.get(test) == "failed" else "skipped"
        elif report.when == "call":
            self.found.setdefault(test, "passed")


def main(arguments: Sequence[str]) -> int:
    """Run what is named and write the page. 0 if every named test passed."""
    outcomes = Outcomes()
    pytest.main(["-q", *arguments, *named_tests()], plugins=[outcomes])
    PAGE.write_text(render(outcomes.found), encoding="utf-8")
    wrong = {test: outcomes.found.get(test, "did not run") for test in named_tests()}
    wrong = {test: outcome for test, outcome in wrong.items() if outcome != "passed"}
    for test, outcome in wrong.items():
        print(f"{outcome}: {test}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
