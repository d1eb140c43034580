"""docs/conformance.md says what the tests say: each named test exists, and the page is what the lines make of it."""

from __future__ import annotations

from tests.contract.conformance import CHECKLISTS, PAGE, Line, Outcomes, named_tests, render, status_of
from tests.named_tests import defined_in

# Their lines, counted in the references and in Razorpay's own pages.
LINES = {"RS": 17, "RN": 18, "CS": 27, "CN": 22, "ORD-": 25, "BP-": 37, "AD": 15}


def test_every_test_that_a_line_names_exists() -> None:
    missing = [
        test for test in named_tests() if test.partition("::")[2] not in defined_in(test.partition("::")[0])
    ]

    assert missing == []


def test_every_line_of_every_checklist_is_there_in_its_order() -> None:
    wanted = [f"{prefix}{number:02}" for prefix, count in LINES.items() for number in range(1, count + 1)]

    assert [line.id for checklist in CHECKLISTS for line in checklist.lines] == wanted


def test_a_line_is_shown_or_has_its_reason_in_few_words() -> None:
    lines = [line for checklist in CHECKLISTS for line in checklist.lines]

    assert [line.id for line in lines if not line.tests and not line.missing] == []
    assert [
        line.id for line in lines if len(line.words.split()) > 40 or "|" in line.words + line.missing
    ] == []


def test_the_page_is_what_a_run_in_which_all_passes_writes() -> None:
    """`make conformance` writes another page when a named test fails, is skipped or does not run."""
    assert PAGE.read_text(encoding="utf-8") == render(dict.fromkeys(named_tests(), "passed"))


def test_a_test_that_failed_was_skipped_or_did_not_run_takes_the_pass_from_its_line() -> None:
    line = Line("X01", "something", ("tests/a.py::test_b",), "")

    assert status_of(line, {"tests/a.py::test_b": "passed"}) == "pass"
    for outcome in ({}, {"tests/a.py::test_b": "failed"}, {"tests/a.py::test_b": "skipped"}):
        assert status_of(line, outcome) == "**not**"


def test_one_failed_case_fails_the_test() -> None:
    class Report:
        def __init__(self, outcome: str, when: str, case: str) -> None:
            self.nodeid, self.when = f"tests/a.py::test_b[{case}]", when
            self.passed, self.failed, self.skipped = (outcome == word for word in ("p", "f", "s"))

    def ended(*reports: tuple[str, str, str]) -> str | None:
        outcomes = Outcomes()
        for report in reports:
            outcomes.pytest_runtest_logreport(Report(*report))  # type: ignore[arg-type]
        return outcomes.found.get("tests/a.py::test_b")

    assert ended(("p", "setup", "1"), ("p", "call", "1"), ("p", "teardown", "1")) == "passed"
    assert ended(("p", "call", "1"), ("f", "call", "2"), ("p", "call", "3")) == "failed"
    assert ended(("f", "setup", "1"), ("p", "call", "2")) == "failed"
    assert ended(("p", "call", "1"), ("s", "setup", "2")) == "skipped"
    assert ended(("f", "call", "1"), ("s", "setup", "2")) == "failed"
    assert ended(("p", "setup", "1")) is None
