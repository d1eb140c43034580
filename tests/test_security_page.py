"""docs/security.md says what the tests show: every test that it names exists, and no row is forgotten."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from config import ROOT
from tests.named_tests import defined_in

PAGE = ROOT / "docs" / "security.md"
DATA = Path(os.environ.get("TEST_DATA_DIR") or ROOT.parent / "shared" / "data")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_ROW_OF_NAME = re.compile(r"^(?:async )?def test_s(\d\d)_", re.MULTILINE)
# How a row begins that shows nothing, or a part only.
_REASONS = ("not applicable: ", "not met: ", "shown by *")
# Longer than any sentence that could be the same by accident.
_WORDS_IN_A_ROW = 6


def rows(id_pattern: str) -> dict[str, list[str]]:
    """The cells of each row of a table whose first cell has this form. Fails for a row that is there twice."""
    found = re.findall(rf"^\| ({id_pattern}) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [row for row, count in Counter(row for row, *_ in found).items() if count > 1] == []
    return {row: rest.split(" | ") for row, rest in found}


def checklist() -> dict[str, list[str]]:
    return rows(r"S\d\d")


def requirements() -> dict[str, list[str]]:
    return rows(r"V\d+\.\d+\.\d+")


def test_every_test_that_the_page_names_exists() -> None:
    named = _TEST.findall(PAGE.read_text(encoding="utf-8"))

    missing = sorted({f"{path}::{name}" for path, name in named if name not in defined_in(path)})

    assert len(named) > 100
    assert missing == []


def test_the_checklist_is_whole() -> None:
    assert list(checklist()) == [f"S{number:02}" for number in range(1, 34)]


def test_every_row_of_the_checklist_ends_in_a_test_that_is_named_after_it() -> None:
    without = [
        row
        for row, cells in checklist().items()
        if not any(name.startswith(f"test_{row.lower()}_") for _, name in _TEST.findall(cells[-1]))
        and not cells[-1].startswith(_REASONS)
    ]

    assert without == []


def test_every_test_that_is_named_after_a_row_has_one() -> None:
    named = {
        f"S{number}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for number in _ROW_OF_NAME.findall(path.read_text(encoding="utf-8"))
    }

    assert named <= set(checklist())


def test_every_requirement_is_shown_or_has_its_reason() -> None:
    bare = [
        row
        for row, cells in requirements().items()
        if len(cells) != 2 or not (_TEST.search(cells[1]) or cells[1].startswith(_REASONS))
    ]

    assert bare == []
    assert len(requirements()) == 70


@pytest.fixture(scope="module")
def level_one() -> dict[str, str]:
    """The ids and texts of OWASP's own file."""
    file = DATA / "asvs-5.0.0.csv"
    if not file.is_file():
        pytest.skip(f"needs {file.name} in TEST_DATA_DIR: OWASP's list is not part of the repository")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return {row["req_id"]: row["req_description"] for row in csv.DictReader(lines) if row["L"] == "1"}


def test_the_requirements_are_those_of_level_one(level_one: dict[str, str]) -> None:
    assert list(requirements()) == list(level_one)


def test_no_requirement_is_written_off(level_one: dict[str, str]) -> None:
    """The list is under a licence of its own: each requirement stands here in our words."""
    theirs = {run for text in level_one.values() for run in _runs(text)}

    assert [row for row, cells in requirements().items() if theirs & set(_runs(cells[0]))] == []
    assert [row for row, cells in requirements().items() if len(cells[0].split()) > 12] == []


def _runs(text: str) -> list[str]:
    words = re.findall(r"\w+", text.lower())
    return [" ".join(words[at : at + _WORDS_IN_A_ROW]) for at in range(len(words) - _WORDS_IN_A_ROW + 1)]
