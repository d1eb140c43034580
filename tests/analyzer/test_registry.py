"""The registry of formulas says what the engine does: every column, once, with the look-back that it really has."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer import metrics, registry
from analyzer.registry import CHANGES, CONVENTIONS, FORMULAS, METHOD_VERSION, formula, plain
from domain.views import VIEWS
from sectors import breadth, ranking, sector_detail

NEEDS = {column: needs for entry in FORMULAS for column, needs in entry.needs.items()}


def test_every_column_of_the_engine_is_explained_once_and_nothing_else_is() -> None:
    explained = Counter(column for entry in FORMULAS for column in entry.needs)

    assert set(explained) == {*metrics.DAILY, *metrics.WEEKLY}
    assert set(explained.values()) == {1}


def test_a_snapshot_has_no_column_without_a_formula() -> None:
    closes = pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 3.0]}, index=pd.bdate_range("2026-01-05", periods=2))

    columns = analyzer.snapshot(closes, closes["a"]).columns

    assert {column for entry in FORMULAS for column in entry.needs}.issuperset(columns)


@pytest.mark.parametrize("column", sorted(NEEDS))
def test_a_figure_needs_as_many_closes_as_the_registry_says(column: str) -> None:
    weekly = column in metrics.WEEKLY
    index = pd.date_range("2020-01-03", periods=300, freq="W-FRI" if weekly else "B")
    moves = np.random.default_rng(7).normal(0.002, 0.01, (300, 4))
    closes = pd.DataFrame(100 * np.exp(moves.cumsum(axis=0)), index=index, columns=list("abcd"))
    # A strong instrument: dual momentum has no value for the others.
    closes["a"] *= np.linspace(1, 3, 300)

    values = analyzer.history(closes[["a", "b", "c"]], closes["d"], [column])[column]["a"]

    assert int(values.notna().to_numpy().argmax()) + 1 == NEEDS[column]


def test_keys_are_single_and_fit_an_address() -> None:
    keys = [entry.key for entry in FORMULAS]

    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z0-9-]+", key) for key in keys)
    assert all(formula(key).key == key for key in keys)


def test_every_entry_is_complete_and_names_pages_that_there_are() -> None:
    for entry in FORMULAS:
        assert set(entry.shown_on) <= set(VIEWS), entry.key
        for text in (entry.name, entry.symbol, entry.unit, *entry.lines):
            assert text.strip(), entry.key
        for sentence in (entry.short, entry.look_back, entry.source, entry.trap):
            assert sentence.endswith("."), (entry.key, sentence)


def test_notation_is_well_formed() -> None:
    for entry in FORMULAS:
        for line in (entry.symbol, *entry.lines):
            text = plain(line)
            assert "[[" not in text and "|" not in text and "]]" not in text, entry.key
            assert text.count("(") == text.count(")") and text.count("{") == text.count("}"), entry.key


def test_constants_of_the_pages_are_those_in_words() -> None:
    assert formula("rs").symbol == "RS n" and f"RS {ranking.WINDOW} orders" in formula("rs").look_back
    assert f"{breadth.AVERAGE}-session" in formula("breadth").short
    assert f"{sector_detail.AVERAGE} sessions" in formula("mansfield").look_back
    assert f"{ranking.TURNOVER_SESSIONS} sessions" in formula("liquidity").short
    assert f"₹{ranking.THIN_BELOW / 1e5:.0f} lakh" in formula("liquidity").short
    assert f"₹{ranking.DEEP_FROM / 1e7:.0f} crore" in formula("liquidity").short


def test_the_version_is_that_of_the_newest_change() -> None:
    days = [change.day for change in CHANGES]

    assert days == sorted(days, reverse=True)
    assert len({change.version for change in CHANGES}) == len(CHANGES)
    assert CHANGES[0].version == METHOD_VERSION == registry.METHOD_VERSION


def test_conventions_are_said_once() -> None:
    assert len({title for title, _ in CONVENTIONS}) == len(CONVENTIONS)
