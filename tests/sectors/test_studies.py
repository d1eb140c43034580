"""A study on other prices is fixed text, equal to the documentation, and shown as what it is."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest

from sectors.studies import MAP_STUDY, SIGNALS_STUDY, Study
from tests.sectors.test_evidence import found, said
from ui.sectors.explained import study_note

_TEXT = " ".join((Path(__file__).parents[2] / "docs/analyzer.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("study", [MAP_STUDY, SIGNALS_STUDY])
def test_a_study_says_what_the_documentation_says(study: Study) -> None:
    assert study.when in _TEXT
    # The numbers of a finding, less those that are its rules.
    for number in re.findall(r"[0-9]+[.][0-9]+|[0-9]{2}", study.finding):
        assert number.removeprefix("0") in _TEXT


@pytest.mark.parametrize("study", [MAP_STUDY, SIGNALS_STUDY])
def test_a_study_is_shown_with_its_series_and_dates_as_not_of_the_page(study: Study) -> None:
    note = study_note(study)

    for words in (
        "A study, not these prices",
        study.on,
        study.when,
        study.finding,
        "Nothing of it is computed",
    ):
        assert escape(words) in note


@pytest.mark.parametrize("is_demo", [True, False])
def test_the_sentences_of_the_evidence_are_of_the_page_only(is_demo: bool) -> None:
    assert "Nifty" not in said(found(made=9), is_demo=is_demo)
