"""The analyzer's pages at their addresses: what they say is what `sectors` computed, and nothing makes them fall."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.elements.lib import policies

from analyzer.market import Finding
from domain.wording import format_signed
from market_data.demo import load_demo_market
from sectors.ranking import rank_sectors
from tests.ui.sectors.drawing import chart, open_view, seen, shown_cells
from ui.sectors import frame
from ui.sectors.download import make_csv
from ui.sectors.frame import View
from ui.sectors.today import csv_table

PATHS = ("dashboard", "rotation-map", "ranks", "returns", "sector", "breadth", "evidence", "method")


@pytest.fixture
def shown(monkeypatch):
    """Lets a test say which market the pages draw from."""

    def show(market) -> None:
        monkeypatch.setattr(frame, "open_market", lambda services, user: market)

    show(load_demo_market())
    return show


def test_without_a_subscription_a_page_shows_plans_and_no_figure(services, user) -> None:
    for path in PATHS:
        page = open_view(services, user, path)

        assert "Realty" not in seen(page), path
        assert not page.get("vega_lite_chart"), path


@pytest.mark.parametrize("path", PATHS)
def test_every_page_names_close_source_and_benchmark(services, member, shown, path) -> None:
    words = seen(open_view(services, member, path, benchmark="NIFTY 500", asof="2026-10-01"))

    assert "Close of 1 Oct 2026, against NIFTY 500" in words
    assert "Demo data" in words
    assert "As it was known then" in words


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"benchmark": "SENSEX"}, "There is no benchmark of that name. NIFTY 50 is used."),
        ({"asof": "2035-01-01"}, "There is no close for the day in the address"),
        ({"asof": "1999-01-01"}, "There is no close for the day in the address"),
        ({"asof": "<b>2026-13-45"}, "There is no close for the day in the address"),
    ],
)
def test_what_the_address_asks_for_in_vain_is_said(services, member, shown, query, sentence) -> None:
    words = seen(open_view(services, member, "returns", **query))

    assert sentence in words
    assert "Close of 30 Oct 2026, against NIFTY 50" in words


@pytest.mark.parametrize("path", PATHS)
def test_the_first_day_of_all_has_nothing_to_compare_and_says_so(services, member, shown, path) -> None:
    page = open_view(services, member, path, asof="2017-05-09")

    assert "Close of 9 May 2017" in seen(page)


@pytest.mark.parametrize("path", PATHS)
def test_a_sector_whose_prices_ended_stands_beside_the_others(services, member, shown, path) -> None:
    market = load_demo_market()
    prices = market.total_return.copy()
    prices.loc[prices.index[-40:], "CPSE"] = np.nan
    prices["Tourism"] = np.nan
    stale = Finding("CPSE", "has no prices since 4 Sep 2026.")
    shown(replace(market, version="ended", total_return=prices, price=prices, findings=(stale,)))

    words = seen(open_view(services, member, path, name="CPSE"))

    assert "1 note on the data" in words
    assert "has no prices since 4 Sep 2026." in words


def test_today_says_the_sentences_of_the_ranking(services, member, shown) -> None:
    words = seen(open_view(services, member, "dashboard", benchmark="NIFTY 500", asof="2025-06-12"))

    for sentence in rank_sectors(load_demo_market().until(date(2025, 6, 12)), "NIFTY 500").sentences:
        assert sentence.replace("&", "&amp;") in words


def test_the_filters_of_the_address_choose_the_rows(services, member, shown) -> None:
    page = open_view(services, member, "dashboard", find="bank", etf="true")

    (table,) = page.dataframe
    assert all("bank" in f"{row['sector']} {row['etf']}".lower() for _, row in table.value.iterrows())
    assert 3 <= len(table.value) < 31


def test_filters_that_leave_nothing_say_so(services, member, shown) -> None:
    page = open_view(services, member, "dashboard", find="no such sector")

    assert "No sector matches" in seen(page)
    assert not page.dataframe


def test_a_range_of_ratings_stands_in_the_address(services, member, shown) -> None:
    page = open_view(services, member, "dashboard", rating=["60", "20"])

    ratings = page.dataframe[0].value["rating"]
    assert 0 < len(ratings) < 31
    assert ratings.between(20, 60).all()
    assert "one end of the ratings" not in seen(page)


def test_a_link_with_one_end_of_the_ratings_is_told_that_all_are_shown(services, member, shown) -> None:
    page = open_view(services, member, "dashboard", rating="60")

    assert "one end of the ratings" in seen(page)
    assert len(page.dataframe[0].value) == 31


@pytest.mark.parametrize(
    ("order", "column", "smallest_first"),
    [("Rating", "rating", False), ("Climb in 4 weeks", "change_4w", False), ("Sector", "sector", True)],
)
def test_the_order_of_the_table_stands_in_the_address(
    services, member, shown, order, column, smallest_first
) -> None:
    page = open_view(services, member, "dashboard", sort=order)

    values = page.dataframe[0].value[column].tolist()
    assert values == sorted(values, reverse=not smallest_first)


def test_figures_have_a_sign_and_what_rounds_to_nothing_has_none(services, member, shown) -> None:
    page = open_view(services, member, "dashboard", asof="2026-08-28")

    (table,) = page.dataframe
    texts = shown_cells(table)
    for column in ("rs21_pct", "rs55_pct", "rs123_pct", "rs252_pct", "mansfield200d"):
        expected = [format_signed(value, 1) for value in table.value[column]]
        assert texts[column].tolist() == expected, column
    for column in ("change_1w", "change_4w"):
        assert texts[column].tolist() == [format_signed(value) for value in table.value[column]], column
        assert "0" in texts[column].tolist()
    assert "0.0" in texts[["rs21_pct", "rs55_pct"]].to_numpy()
    assert not {"+0.0", "-0.0", "−0.0"} & set(texts.to_numpy().ravel())


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ({"find": "realty"}, "/sector?name=Realty"),
        (
            {"find": "ev &", "benchmark": "NIFTY 500", "asof": "2026-10-28"},
            "/sector?benchmark=NIFTY+500&asof=2026-10-28&name=EV+%26+new-age+auto",
        ),
    ],
    ids=["usual", "chosen"],
)
def test_a_ticked_row_opens_its_sector_with_the_choices(
    services, member, shown, monkeypatch, query, address
) -> None:
    ticked = SimpleNamespace(selection=SimpleNamespace(rows=[0]))
    monkeypatch.setattr(st, "dataframe", lambda table, **how: ticked)

    page = open_view(services, member, "dashboard", **query)

    (component,) = page.get("bidi_component")
    assert json.loads(component.proto.json) == {"to": address}


def test_an_unchanged_place_has_no_sign(services, member, shown) -> None:
    ranking = rank_sectors(load_demo_market(), "NIFTY 50").table
    unchanged = ranking[ranking["change_4w"] == 0]["sector"].iloc[0]

    words = seen(open_view(services, member, "sector", name=unchanged))

    assert "the same place as four weeks ago" in words
    assert "+0" not in words


def test_the_download_is_the_table_with_where_it_comes_from() -> None:
    market = load_demo_market()
    table = rank_sectors(market, "NIFTY 50").table
    view = View(None, None, market, market, "NIFTY 50")

    rows = list(csv.reader(io.StringIO(make_csv(view, csv_table(table.set_index("sector"))))))

    assert rows[0] == ["Close", "2026-10-30", "Against", "NIFTY 50", "Source", "Demo data"]
    assert [row[0] for row in rows[2:]] == table["sector"].tolist()
    column = rows[1].index("RS 55, %")
    assert [float(row[column]) for row in rows[2:]] == table["rs55_pct"].round(4).tolist()
    assert [row[rows[1].index("Rank")] for row in rows[2:5]] == ["1", "2", "3"]


def test_marked_sectors_stand_out_in_the_heat_map(services, member, shown) -> None:
    words = seen(open_view(services, member, "ranks", mark="IT", weeks="13"))

    assert words.count('class="picked"') == 1
    assert words.count('class="faded"') == 30
    assert "the last 13 weeks" in words


def test_places_are_drawn_as_lines_when_the_address_asks(services, member, shown) -> None:
    page = open_view(services, member, "ranks", picture="Places", mark="IT")

    assert len(page.get("vega_lite_chart")) == 1
    assert "IT" in str(chart(page))


def test_relative_returns_of_the_benchmark_are_nothing(services, member, shown) -> None:
    words = seen(open_view(services, member, "returns", growth="Relative"))

    first = words.split('<tr class="first">')[1].split("</tr>")[0]
    assert first.count(">0.0</td>") == 8


def test_an_unknown_sector_is_named_as_such_and_the_strongest_shown(services, member, shown) -> None:
    words = seen(open_view(services, member, "sector", name="<script>Tulips"))

    assert "There is no sector of that name. The strongest one is shown." in words
    assert "1st of 31" in words
    assert "Tulips" not in words


def test_the_neighbours_of_a_sector_are_one_press_away(services, member, shown) -> None:
    ranking = rank_sectors(load_demo_market(), "NIFTY 50").table
    page = open_view(services, member, "sector", name=ranking["sector"][4])

    page.button(key="sector-weaker").click().run()

    assert not page.exception
    assert "6th of 31" in seen(page)


def test_the_session_before_is_one_press_away(services, member, shown) -> None:
    page = open_view(services, member, "breadth", asof="2026-10-26")

    page.button(key="view-earlier").click().run()

    assert "Close of 23 Oct 2026" in seen(page)


def test_a_press_that_sets_the_day_leaves_no_warning_in_the_log(services, member, shown, monkeypatch) -> None:
    page = open_view(services, member, "breadth", asof="2026-10-26")
    warned: list[str] = []
    # Streamlit looks for it only under a server, and tells it once in a process.
    monkeypatch.setattr(policies, "runtime", SimpleNamespace(exists=lambda: True))
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)
    monkeypatch.setattr(policies._LOGGER, "warning", lambda sentence, *_, **__: warned.append(sentence))

    page.button(key="view-earlier").click().run()

    assert "Close of 23 Oct 2026" in seen(page)
    assert warned == []


def test_back_to_the_latest_close(services, member, shown) -> None:
    page = open_view(services, member, "returns", asof="2024-01-15")

    page.button(key="view-latest").click().run()

    assert "Close of 30 Oct 2026" in seen(page)
    assert "As it was known then" not in seen(page)


def test_where_only_prices_are_stored_no_page_says_total_return(services, member, shown) -> None:
    market = load_demo_market()
    shown(replace(market, version="prices-only", total_return=market.price))

    for path, words in (
        ("dashboard", "Price. ▲"),
        ("sector", ", price</p>"),
        ("returns", "Growth in %, price"),
    ):
        page = open_view(services, member, path)
        assert "total return" not in seen(page).lower(), path
        assert words in seen(page), path
    assert "Series" not in [choice.label for choice in page.get("button_group")]


def test_where_total_returns_are_known_pages_say_so(services, member, shown) -> None:
    for path, words in (("dashboard", "Total return. ▲"), ("returns", "Growth in %, total return")):
        page = open_view(services, member, path)
        assert words in seen(page), path
    assert "Series" in [choice.label for choice in page.get("button_group")]
