from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
import streamlit as st

from analyzer.market import Basis, Market
from market_data.demo import load_demo_market
from sectors.rank_history import rank_history
from sectors.returns import span_returns
from sectors.sector_detail import sector_detail
from tests.ui.sectors.drawing import open_view
from ui.sectors import frame
from ui.sectors.download import make_csv
from ui.sectors.frame import View


@pytest.fixture
def market(monkeypatch) -> Market:
    demo = load_demo_market()
    monkeypatch.setattr(frame, "open_market", lambda services, user: demo)
    return demo


@pytest.fixture
def offered(monkeypatch) -> dict[str, list[list[str]]]:
    """The rows of each file that the page offers, by its name."""
    files = {}

    def offer(label, data, *, file_name, **how):
        files[file_name] = list(csv.reader(io.StringIO(data)))

    monkeypatch.setattr(st, "download_button", offer)
    return files


def numbers(row: list[str]) -> list[float]:
    return [float(cell or "nan") for cell in row[1:]]


def same(row: list[str], values) -> None:
    assert numbers(row) == pytest.approx(list(values), abs=5e-5, nan_ok=True)


@pytest.mark.parametrize(
    ("path", "query", "file"),
    [
        ("dashboard", {}, "sector-ranking"),
        ("ranks", {}, "rank-ratings"),
        ("ranks", {"picture": "Places"}, "rank-places"),
        ("returns", {}, "returns-absolute-total"),
        ("returns", {"growth": "Relative", "series": "Price"}, "returns-relative-price"),
        ("breadth", {}, "breadth"),
        ("evidence", {}, "evidence-signals"),
        ("sector", {"name": "EV & new-age auto"}, "sector-ev-new-age-auto"),
        ("sector", {"name": "Bank"}, "sector-bank-funds"),
    ],
    ids=["today", "ratings", "places", "returns", "relative", "breadth", "evidence", "sector", "funds"],
)
def test_a_page_offers_its_table_with_where_it_comes_from(
    services, member, market, offered, path, query, file
) -> None:
    open_view(services, member, path, asof="2026-08-28", benchmark="NIFTY 500", **query)

    head = offered[f"{file}-2026-08-28-nifty-500.csv"][0]
    assert head == ["Close", "2026-08-28", "Against", "NIFTY 500", "Source", "Demo data"]


@pytest.mark.parametrize("path", ["dashboard", "ranks", "returns", "breadth", "evidence", "sector", "method"])
def test_without_a_subscription_nothing_is_offered(services, user, offered, path) -> None:
    open_view(services, user, path)

    assert offered == {}


def test_ratings_are_those_of_the_weeks(services, member, market, offered) -> None:
    open_view(services, member, "ranks", weeks="13")

    ratings = rank_history(market, "NIFTY 50", 13).ratings
    (rows,) = offered.values()
    assert rows[1] == ["Sector", *(f"{week:%Y-%m-%d}" for week in ratings.index)]
    assert [row[0] for row in rows[2:]] == list(ratings.columns)
    for row in rows[2:]:
        same(row, ratings[row[0]])


def test_returns_are_those_of_the_choices(services, member, market, offered) -> None:
    open_view(services, member, "returns", growth="Relative", series="Price", by="1Y")

    table = span_returns(market, "NIFTY 50", basis=Basis.PRICE, relative=True)
    (rows,) = offered.values()
    assert rows[1] == ["Name", *(f"{span}, %" for span in table.columns)]
    assert rows[2][0] == "NIFTY 50"
    assert len(rows) == 2 + 1 + 31
    for row in rows[2:]:
        same(row, table.loc[row[0]])
    year = [numbers(row)[list(table.columns).index("1Y")] for row in rows[3:]]
    assert year == sorted(year, reverse=True)


def test_breadth_has_a_row_a_session_and_quadrants_at_the_ends_of_weeks(
    services, member, market, offered
) -> None:
    open_view(services, member, "breadth")

    (rows,) = offered.values()
    last = dict(zip(rows[1], rows[-1], strict=True))
    assert last["Session"] == "2026-10-30"
    assert sum(int(last[name]) for name in ("Leading", "Weakening", "Lagging", "Improving")) == 31
    assert dict(zip(rows[1], rows[-2], strict=True))["Leading"] == ""
    assert len(rows) == 2 + 504


def test_evidence_names_the_question_in_each_row(services, member, market, offered) -> None:
    open_view(services, member, "evidence", top="5", cost="0.5")

    (rows,) = offered.values()
    assert {(row[1], row[2]) for row in rows[2:]} == {("5", "0.5")}
    assert len(rows) == 2 + 11
    growth = [float(row[3]) for row in rows[2:]]
    assert growth == sorted(growth, reverse=True)


def test_a_sector_gives_its_lines_and_no_level_of_an_index(services, member, market, offered) -> None:
    open_view(services, member, "sector", name="IT", span="1y")

    rows = offered["sector-it-2026-10-30-nifty-50.csv"]
    daily = sector_detail(market, "IT", "NIFTY 50", 252).daily
    assert rows[1] == ["Session", "Relative strength", "Average of 200", "Below the high, %", "Correlation"]
    assert len(rows) == 2 + 252
    same(rows[-1], daily.iloc[-1][["line", "average", "drawdown_pct", "correlation"]])


def test_no_cell_begins_a_formula_and_what_is_not_known_is_empty() -> None:
    market = replace(load_demo_market(), source="=SUM(1)")
    table = pd.DataFrame(
        {"@head": ["+1", None], "since": [date(2026, 1, 2), None], "n": [5.0, float("nan")]},
        index=pd.Index(["=HYPERLINK(1)", " -1"], name="Name"),
    )

    rows = list(csv.reader(io.StringIO(make_csv(View(None, None, market, market, "NIFTY 50"), table))))

    assert rows[0][-1] == "'=SUM(1)"
    assert rows[1] == ["Name", "'@head", "since", "n"]
    assert rows[2] == ["'=HYPERLINK(1)", "'+1", "2026-01-02", "5"]
    assert rows[3] == ["' -1", "", "", ""]
