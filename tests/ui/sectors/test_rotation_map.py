from __future__ import annotations

import base64
import json
from datetime import date

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analyzer.market import Market
from market_data.demo import load_demo_market
from sectors.rotation import RotationView, rotation_view
from sectors.rotation_formula import WhatFollowed, compare_definitions
from tests.sectors.markets import a_market
from tests.security.pages import words_of
from ui.sectors.rotation_formula import _said, _table, followed_sentence
from ui.sectors.rotation_map import Choice, choice_from_address, choice_from_map, packed


@pytest.fixture(scope="module")
def view() -> RotationView:
    return rotation_view(load_demo_market(), "NIFTY 50")


def test_what_is_packed_is_what_the_table_shows(view: RotationView) -> None:
    sent = packed(view)

    for name, table in (("x", view.where.x), ("y", view.where.y)):
        steps = np.frombuffer(base64.b64decode(str(sent[name])), dtype="<i2").astype(float)
        steps[steps == -32768] = np.nan
        found = 100 + steps.reshape(len(view.sectors), len(view.dates)).T / 100
        np.testing.assert_allclose(found, table.to_numpy(), atol=1e-9)


def test_ten_years_of_all_sectors_are_sent_in_less_than_100_kb(view: RotationView) -> None:
    sent = packed(view)

    assert len(str(sent)) < 100_000


def test_an_address_opens_the_map_as_it_was(view: RotationView) -> None:
    found = choice_from_address(view, {"week": "2026-05-15", "tail": "16"}, ["IT", "Realty"])

    assert found.picks == ("IT", "Realty")
    assert found.tail == 16
    assert view.dates[found.week].date() == date(2026, 5, 15)


@pytest.mark.parametrize(
    ("query", "picks"),
    [
        ({"week": "2026-99-99", "tail": "-4"}, ["<script>"]),
        ({"week": "", "tail": "9" * 5000}, [""]),
        ({"week": "'; DROP TABLE px", "tail": "²"}, ["IT\x00"]),
    ],
)
def test_an_impossible_address_opens_the_usual_map(
    view: RotationView, query: dict[str, str], picks: list[str]
) -> None:
    assert choice_from_address(view, query, picks) == Choice(len(view.dates) - 1)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"week": 1e300, "tail": "8", "picks": "IT"},
        {"week": float("nan"), "tail": None, "picks": [None, {"a": 1}]},
        {"week": [1], "picks": 7},
    ],
)
def test_a_browser_that_sends_nonsense_gets_the_usual_map(
    view: RotationView, chosen: dict[str, object]
) -> None:
    assert choice_from_map(view, chosen) == Choice(len(view.dates) - 1)


def test_the_map_gives_back_week_tail_and_picks(view: RotationView) -> None:
    day = (date(2026, 5, 15) - date(1970, 1, 1)).days

    found = choice_from_map(view, {"week": day, "tail": 99, "picks": ["IT", "IT", "Nobody"]})

    assert (view.dates[found.week].date(), found.tail, found.picks) == (date(2026, 5, 15), 26, ("IT",))


@pytest.mark.parametrize(
    ("followed", "words"),
    [
        (WhatFollowed(0.21, 0.8, 100), "cannot be told from chance (+0.21 points a period, t = +0.8)"),
        (WhatFollowed(1.3, 3.1, 100), "then ran ahead of the lagging ones"),
        (WhatFollowed(-1.3, -3.1, 100), "then ran behind the lagging ones"),
        (WhatFollowed(float("nan"), float("nan"), 0), "not enough history"),
    ],
)
def test_what_followed_is_told_as_it_was(followed: WhatFollowed, words: str) -> None:
    assert words in followed_sentence(followed, is_demo=False)


def test_invented_prices_are_called_invented() -> None:
    assert "invented" in followed_sentence(WhatFollowed(1.3, 3.1, 100), is_demo=True)


def _draw_page(lag):  # type: ignore[no-untyped-def]  # run as a script of its own
    from market_data.demo import load_demo_market
    from ui.sectors import rotation_map
    from ui.sectors.frame import View

    market = load_demo_market().lagging(lag)
    rotation_map._draw(View(None, None, market, market, market.benchmarks[0]))


def open_page(lag: int = 0, **query: str | list[str]) -> AppTest:
    page = AppTest.from_function(_draw_page, default_timeout=60, args=(lag,))
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def test_the_page_draws_the_map_its_moves_and_its_figures() -> None:
    page = open_page()

    text = words_of(page.main)[0]
    assert len(page.get("bidi_component")) == 1
    assert len(page.dataframe[0].value) == 31
    assert "Changed quadrant" in text
    assert "The quadrant is not a signal" in text


def test_a_deep_link_opens_week_tail_and_picks_and_stays_in_the_address() -> None:
    page = open_page(week="2026-05-15", tail="16", pick=["IT", "Realty"])

    assert json.loads(page.get("bidi_component")[0].proto.json)["start"]["picks"] == ["IT", "Realty"]
    assert "IT, Realty ÷ NIFTY 50" in words_of(page.main)[0]
    assert page.query_params["pick"] == ["IT", "Realty"]
    assert page.query_params["week"] == "2026-05-15"


def test_what_an_address_cannot_mean_leaves_it() -> None:
    page = open_page(week="<script>", tail="0x10", pick=["<script>"])

    assert not {"week", "tail", "pick"} & set(page.query_params)


def test_a_market_too_young_for_a_map_is_told_so() -> None:
    assert "a year of prices" in words_of(open_page(lag=2_400).main)[0]


def test_a_young_market_says_that_there_is_nothing_to_compare_yet() -> None:
    market = load_demo_market().until(date(2018, 8, 1))

    said = drawer_text(market)

    assert "nan" not in said
    assert "There is not enough history to count changes" in said


def test_a_market_in_which_our_map_stands_still_is_compared_all_the_same() -> None:
    rng = np.random.default_rng(1)
    waves = np.cumsum(rng.normal(0, 0.01, (545, 3)), axis=0)
    market = a_market({name: 100 * np.exp(waves[:, place]) for place, name in enumerate(("A", "B", "C"))})
    ours, copied, _ = compare_definitions(market, "NIFTY 50")

    assert ours.found.changes_a_year == 0 < copied.found.changes_a_year
    assert "ours changed no quadrant" in drawer_text(market)


def drawer_text(market: Market) -> str:
    compared = compare_definitions(market, "NIFTY 50")
    return _table(compared) + _said(compared)
