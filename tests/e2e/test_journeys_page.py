"""docs/journeys.md names every journey of these tests and each of its ways, and how few are walked in which run."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.journeys_page import PAGE, PASS, Tally, render
from tests.e2e.ways import WAYS, Journey, Way, journey_of, split

FOLDER = Path(__file__).parent
PHONE_AT_RAZORPAY = Way("razorpay", "phone")


def journeys() -> Iterator[tuple[str, Journey]]:
    """Every journey's test, by the id it would have without cases."""
    for path in sorted(FOLDER.glob("test_*.py")):
        module = importlib.import_module(f"tests.e2e.{path.stem}")
        of_module = getattr(module, "pytestmark", [])
        for name, test in vars(module).items():
            if not name.startswith("test_") or not callable(test):
                continue
            marks = [
                *getattr(test, "pytestmark", []),
                *(of_module if isinstance(of_module, list) else [of_module]),
            ]
            journey = journey_of([mark for mark in marks if mark.name == "journey"])
            if journey is not None:
                yield f"tests/e2e/{path.name}::{name}", journey


def rows_of_page() -> dict[str, list[str]]:
    """The cells of each row, by the journey's words."""
    rows = [
        line.strip("|").split("|")
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line[:2] == "| "
    ]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in rows}


def test_every_journey_passed_every_way_or_the_page_says_why_not() -> None:
    rows = rows_of_page()

    for nodeid, journey in journeys():
        words = nodeid.partition("::test_")[2].replace("_", " ")
        of_journey = [cells for name, cells in rows.items() if name == words or name.startswith(f"{words}: ")]
        assert of_journey, f"make journeys has not walked {nodeid}"
        for *cells, reason in of_journey:
            assert cells == [PASS if way in journey.possible else "" for way in WAYS], nodeid
            assert reason == journey.because


def test_a_journey_that_is_not_walked_everywhere_has_its_reason() -> None:
    assert [
        nodeid for nodeid, journey in journeys() if bool(journey.because) != (len(journey.possible) < 4)
    ] == []


def test_both_gateways_and_both_screens_are_walked_in_the_small_number() -> None:
    walked = [way for nodeid, journey in journeys() for way in journey.few(nodeid)]

    assert {way: walked.count(way) >= len(walked) / 8 for way in WAYS} == dict.fromkeys(WAYS, True)


def test_a_journey_that_is_walked_twice_shares_neither_gateway_nor_screen() -> None:
    for name in ("test_a", "test_b", "test_c", "test_d"):
        one, other = Journey(twice=True).few(f"tests/e2e/test_x.py::{name}")
        assert one.gateway != other.gateway
        assert one.screen != other.screen


def test_a_test_and_its_way_are_told_apart() -> None:
    assert split("a.py::test_b[razorpay-phone]") == ("a.py::test_b", PHONE_AT_RAZORPAY)
    assert split("a.py::test_b[razorpay-phone-net-banking]") == (
        "a.py::test_b[net-banking]",
        PHONE_AT_RAZORPAY,
    )
    assert split("a.py::test_b[/billing-razorpay-phone]") == ("a.py::test_b[/billing]", PHONE_AT_RAZORPAY)
    assert split("a.py::test_b[card]") == ("a.py::test_b[card]", None)


def test_a_failed_way_stands_on_the_page() -> None:
    class Report:
        user_properties = (("journey", ""),)

        def __init__(self, way: Way, when: str, outcome: str) -> None:
            self.nodeid, self.when = f"tests/e2e/test_a.py::test_b_c[{way}]", when
            self.passed, self.failed, self.skipped = (
                outcome == word for word in ("passed", "failed", "skipped")
            )

    tally = Tally(is_large=False)
    for way in WAYS:
        tally.pytest_runtest_logreport(Report(way, "setup", "passed"))  # type: ignore[arg-type]
        tally.pytest_runtest_logreport(Report(way, "call", "passed"))  # type: ignore[arg-type]
    tally.pytest_runtest_logreport(Report(PHONE_AT_RAZORPAY, "teardown", "failed"))  # type: ignore[arg-type]

    page = render(tally.outcomes, tally.reasons, cores=2, minutes=1)

    assert "| b c | pass | pass | pass | **failed** |  |" in page
    assert "1 journeys, 4 ways walked: 3 pass, 1 **failed**." in page
