from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.security.pages import words_of


def open_page(lag: int = 0, **query: str) -> AppTest:
    page = AppTest.from_function(_draw, default_timeout=60, args=(lag,))
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


def _draw(lag):  # type: ignore[no-untyped-def]  # run as a script of its own
    from market_data.demo import load_demo_market
    from ui.sectors import evidence
    from ui.sectors.frame import View

    market = load_demo_market().lagging(lag)
    evidence._draw(View(None, None, market, market, market.benchmarks[0]))


def words(page: AppTest) -> str:
    assert not page.exception
    return words_of(page.main)[0]


def test_the_page_opens_with_the_popular_signal_and_what_it_did_not_do() -> None:
    text = words(open_page())

    assert "3 strongest sectors by RS 55" in text
    assert "drawn by lot" in text
    assert "These prices are invented" in text


def test_the_address_asks_the_question() -> None:
    text = words(open_page(signal="Clenow 90", top="5", cost="0.5"))

    assert "5 strongest sectors by Clenow 90" in text
    assert "0.5 % a side" in text


@pytest.mark.parametrize("value", ["<script>", "999", "-1", "9" * 3000, "RS 55'; --", "nan"])
def test_an_address_that_asks_nonsense_gets_the_usual_question(value: str) -> None:
    text = words(open_page(signal=value, top=value, cost=value))

    assert "3 strongest sectors by RS 55" in text
    assert "0.15 % a side" in text


def test_a_young_market_is_told_so() -> None:
    assert "at least three years of prices" in words(open_page(lag=2_000))


def test_what_is_compared_stands_beside_its_colour() -> None:
    legend = words(open_page(signal="RS 63")).split('<ul class="legend">')[1].split("</ul>")[0]

    for name in ("Top 3 by RS 63", "All in equal parts", "NIFTY 50", "Drawn by lot"):
        assert f"</i>{name}</li>" in legend
