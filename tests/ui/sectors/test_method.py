"""Method & data: every formula of the registry is on the page, the checks agree with Today, the data is named."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html import escape, unescape

import numpy as np
import pytest

from analyzer.market import Finding
from analyzer.registry import CONVENTIONS, FORMULAS, METHOD_VERSION
from market_data.demo import load_demo_market
from sectors.method import check_of, gates_in_words
from sectors.ranking import rank_sectors
from tests.ui.sectors.drawing import open_view, seen
from ui.sectors import frame
from ui.sectors.download import make_csv
from ui.sectors.explained import help_of, set_formula
from ui.sectors.frame import View
from ui.sectors.method import _COLUMNS, PARTS, _end
from ui.sectors.method_check import make_check_csv, spreadsheet_formula
from ui.sectors.today import csv_table


@pytest.fixture
def shown(monkeypatch):
    """Lets a test say which market the pages draw from."""

    def show(market) -> None:
        monkeypatch.setattr(frame, "open_market", lambda services, user: market)

    show(load_demo_market())
    return show


def test_every_formula_is_on_the_page_with_its_trap_and_an_anchor(services, member, shown) -> None:
    words = seen(open_view(services, member, "method"))

    for entry in FORMULAS:
        assert f'<article id="{entry.key}"' in words
        assert f'href="#{entry.key}"' in words
        for text in (entry.name, entry.short, entry.look_back, entry.source, entry.trap):
            assert escape(text) in words, entry.key


def test_the_formula_of_the_address_stands_first(services, member, shown) -> None:
    words = seen(open_view(services, member, "method", formula="rating", benchmark="NIFTY 500"))

    assert re.findall(r'<article id="([a-z0-9-]+)" class="chosen"', words) == ["rating"]
    assert re.findall(r'<article id="([a-z0-9-]+)"', words)[0] == "rating"
    assert words.count('<article id="rating"') == 1
    assert "/method?formula=rating&amp;benchmark=NIFTY+500" in words


def test_a_formula_that_there_is_not_is_said(services, member, shown) -> None:
    words = seen(open_view(services, member, "method", formula="<script>tulips"))

    assert "There is no figure of that name in the address" in words
    assert "tulips" not in words


def test_the_ends_of_rs_55_are_those_of_today(services, member, shown) -> None:
    table = rank_sectors(load_demo_market(), "NIFTY 50").table

    words = seen(open_view(services, member, "method", formula="rs"))

    assert f"<b>{table['rs55_pct'].iloc[0]:+.1f} %</b> {escape(table['sector'].iloc[0])}" in words


def test_every_column_with_ends_has_a_name_on_the_page() -> None:
    assert set(_COLUMNS) <= {column for entry in FORMULAS for column in entry.needs}


def test_an_end_that_rounds_to_nothing_has_no_sign() -> None:
    assert _end("rs55_pct", ("IT", -0.04)) == "<b>0.0 %</b> IT"
    assert _end("rs55_pct", ("IT", 0.04)) == "<b>0.0 %</b> IT"
    assert _end("rs55_pct", ("IT", -1.26)) == "<b>−1.3 %</b> IT"
    assert _end("rot_x", ("IT", 99.5)) == "<b>99.50</b> IT"


def test_conventions_have_a_part_of_their_own(services, member, shown) -> None:
    words = seen(open_view(services, member, "method", part="Conventions"))

    for title, sentence in CONVENTIONS:
        assert escape(title) in words and escape(sentence) in words


def test_the_example_and_a_sector_can_be_checked(services, member, shown) -> None:
    words = seen(open_view(services, member, "method", part="Check it", name="IT"))

    strength = check_of(load_demo_market(), "IT", "NIFTY 50").strength_pct
    assert "+5.88 %" in words and "1.0800 / 1.0200 = 1.0588235" in words
    assert f"{strength:.4f} in its download" in words
    assert "=ROUND(((B58/B3)/(C58/C3)-1)*100,4)" in words


def test_a_sector_without_a_figure_says_why(services, member, shown) -> None:
    market = load_demo_market()
    prices = market.total_return.copy()
    prices.loc[prices.index[-40:], "IT"] = np.nan
    shown(replace(market, version="ended", total_return=prices))

    page = open_view(services, member, "method", part="Check it", name="IT")

    assert "IT has no RS 55 here" in seen(page)
    assert not page.get("download_button")


@pytest.mark.parametrize("benchmark", ["NIFTY 50", "NIFTY 500"])
def test_the_file_to_check_ends_with_the_digits_of_the_download_of_today(benchmark) -> None:
    market = load_demo_market()
    ranking = rank_sectors(market, benchmark)
    view = View(None, None, market, market, benchmark)
    file = make_csv(view, csv_table(ranking.table.set_index("sector")))
    today = {row[0]: row for row in csv.reader(io.StringIO(file))}
    column = today["Sector"].index("RS 55, %")

    for name in market.sector_names:
        rows = list(csv.reader(io.StringIO(make_check_csv(check_of(market, name, benchmark), market.source))))

        assert rows[-1][3] == today[name][column]
        assert [row[3] for row in rows[2:-1]] == [""] * 55


def test_the_formula_for_a_spreadsheet_gives_the_figure_of_the_file() -> None:
    check = check_of(load_demo_market(), "Oil & gas", "NIFTY 50")
    rows = list(csv.reader(io.StringIO(make_check_csv(check, "Demo data"))))
    cells = {
        f"{'ABCD'[at]}{line}": value for line, row in enumerate(rows, 1) for at, value in enumerate(row[:4])
    }

    summed = re.sub(
        r"[BC]\d+", lambda cell: cells[cell[0]], spreadsheet_formula(check).removeprefix("=ROUND(")
    )
    numbers = [float(number) for number in re.findall(r"\d+\.\d+", summed)]

    assert summed.count("/") == 3 and len(numbers) == 4
    assert round((numbers[0] / numbers[1] / (numbers[2] / numbers[3]) - 1) * 100, 4) == float(rows[-1][3])


def test_no_cell_of_the_file_begins_a_formula() -> None:
    check = check_of(load_demo_market(), "IT", "NIFTY 50")
    hostile = replace(
        check, sector=replace(check.sector, name="=IT"), closes=check.closes.rename(columns={"IT": "=IT"})
    )

    rows = list(csv.reader(io.StringIO(make_check_csv(hostile, "@Vendor"))))

    assert rows[0][1] == "'@Vendor" and rows[1][1] == "'=IT"
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "@", "+"}]


def test_the_data_part_names_source_findings_gates_and_lag(services, member, shown) -> None:
    market = load_demo_market()
    found = Finding("CPSE", "has no prices since 4 <b>Sep</b> 2026.")
    shown(replace(market, findings=(found,)))
    lagging = replace(services, settings=services.settings.model_copy(update={"data_lag_sessions": 30}))

    words = unescape(seen(open_view(lagging, member, "method", part="Data")))

    assert "has no prices since 4 <b>Sep</b> 2026." in words
    assert escape(found.sentence) in seen(open_view(lagging, member, "method", part="Data"))
    assert "leave out the newest 30 sessions" in words
    assert "No SEBI registration number is entered" in words
    for gate in gates_in_words():
        assert gate.rule in words and gate.then in words
    for sector in market.sectors:
        assert sector.index_name in words


def test_versions_name_method_and_data(services, member, shown) -> None:
    words = seen(open_view(services, member, "method", part="Versions"))

    assert f">{METHOD_VERSION}<" in words
    assert load_demo_market().version[:8] in words


@pytest.mark.parametrize("part", PARTS)
def test_the_first_day_of_all_breaks_no_part(services, member, shown, part) -> None:
    words = seen(open_view(services, member, "method", part=part, asof="2017-05-09"))

    assert "Close of 9 May 2017" in words


@pytest.mark.parametrize(
    ("line", "html"),
    [
        ("P_t", "<i>P</i><sub><i>t</i></sub>"),
        ("R_{t−n} − 1", "<i>R</i><sub><i>t</i>−<i>n</i></sub> − 1"),
        ("e^{250 b}", "<i>e</i><sup>250 <i>b</i></sup>"),
        (
            "[[a < b|SMA_n]]",
            '<span class="over"><span>a &lt; <i>b</i></span><span>SMA<sub><i>n</i></sub></span></span>',
        ),
        ("a year's <b>", "a year's &lt;<i>b</i>&gt;"),
    ],
)
def test_a_line_is_set_in_html(line, html) -> None:
    assert html.replace("year's", "year&#x27;s") in set_formula(line)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("dashboard", {"rs", "line", "rank"}),
        ("ranks", {"rating"}),
        ("returns", {"returns"}),
        ("sector", {"line", "drawdown", "correlation", "fund"}),
        ("breadth", {"breadth", "dispersion", "quadrant"}),
        ("rotation-map", {"map", "quadrant"}),
        ("evidence", {"backtest", "rank-ic"}),
    ],
)
def test_a_page_leads_to_the_formulas_of_its_figures(services, member, shown, path, keys) -> None:
    words = seen(open_view(services, member, path, benchmark="NIFTY 500", name="IT"))

    links = set(
        re.findall(r'class="how" href="/method\?formula=([a-z0-9-]+)&amp;benchmark=NIFTY\+500"', words)
    )
    assert links >= keys
    assert links <= {entry.key for entry in FORMULAS}


@pytest.mark.parametrize("path", ["evidence", "rotation-map"])
def test_a_study_on_other_prices_is_shown_as_one_whatever_is_shown(services, member, shown, path) -> None:
    shown(replace(load_demo_market(), source="A vendor", is_demo=False, version="real"))

    words = seen(open_view(services, member, path))

    assert "A study, not these prices." in words
    assert "Nothing of it is computed from the prices on this page." in words


def test_help_of_the_table_is_made_of_the_registry(services, member, shown) -> None:
    page = open_view(services, member, "dashboard")

    columns = page.dataframe[0].proto.columns
    for key in ("rs", "rank", "rating", "mansfield", "momentum-score", "quadrant", "liquidity"):
        assert json.dumps(help_of(key))[1:-1] in columns
