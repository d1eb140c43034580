"""The rank table and its sentences: the analyzer's figures in order, and true sentences whatever the figures are."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import analyzer
from market_data.demo import load_demo_market
from sectors.ranking import liquidity, ordinal, rank_sectors
from tests.sectors.markets import a_market, growing


def turning(before: float, after: float, at: int, sessions: int = 400) -> np.ndarray:
    """Growth of `before` a session, and of `after` in the last `at` sessions."""
    rates = np.where(np.arange(sessions) < sessions - at, before, after)
    return 100 * np.cumprod(1 + rates)


def test_every_figure_is_the_analyzers_own_to_the_last_bit() -> None:
    market = load_demo_market()

    table = rank_sectors(market, "NIFTY 500").table.set_index("sector")

    expected = analyzer.snapshot(market.closes(), market.benchmark("NIFTY 500"))
    for name in ("rs21_pct", "rs55_pct", "rs123_pct", "rs252_pct", "mansfield200d", "nse_nms"):
        pd.testing.assert_series_equal(
            table[name], expected.loc[table.index, name], check_names=False, check_exact=True
        )
    assert table["rating"].astype(float).equals(expected.loc[table.index, "rs_rating_1_99"])


def test_the_order_is_that_of_the_strength_over_55_sessions() -> None:
    table = rank_sectors(load_demo_market(), "NIFTY 50").table

    assert table["rs55_pct"].is_monotonic_decreasing
    assert table["rank"].tolist() == list(range(1, 32))


def test_a_past_day_is_told_as_it_was_told_then() -> None:
    market = load_demo_market()
    day = date(2024, 3, 13)

    assert rank_sectors(market.until(day), "NIFTY 50").as_of == day
    assert (
        rank_sectors(market.until(day), "NIFTY 50").sentences
        == rank_sectors(market.lagging(100).until(day), "NIFTY 50").sentences
    )


def test_the_sentences_name_the_leader_its_way_the_last_and_the_greatest_moves() -> None:
    market = a_market({
        "Realty": turning(-0.002, 0.01, 30),
        "Metal": turning(0.004, -0.01, 30),
        "Bank": growing(0.001),
        "Auto": growing(0.0005),
        "IT": growing(-0.004),
    })  # fmt: skip

    assert rank_sectors(market, "NIFTY 50").sentences == (
        "Realty rose from 4th to 1st of 5 on RS 55 in 13 weeks; it was 4th four weeks ago.",
        "IT is last: 19.8 % behind NIFTY 50 over 55 sessions.",
        "In four weeks, Metal fell furthest, from 1st to 4th, and Realty rose furthest, from 4th to 1st.",
    )


def test_a_leader_that_led_before_did_not_rise() -> None:
    first, _, third = rank_sectors(
        a_market({"Bank": growing(0.002), "Auto": growing(0.001)}), "NIFTY 50"
    ).sentences

    assert first == "Bank is 1st of 2 on RS 55, as four and 13 weeks ago."
    assert third == "No sector changed its place in four weeks."


def test_a_last_sector_that_is_ahead_of_the_benchmark_is_not_called_behind() -> None:
    sentences = rank_sectors(a_market({"Bank": growing(0.002), "Auto": growing(0.001)}), "NIFTY 50").sentences

    assert sentences[1] == "Auto is last: 5.7 % ahead of NIFTY 50 over 55 sessions."


def test_equal_sectors_share_their_place() -> None:
    market = a_market({"A": growing(0.002), "B": growing(0.002), "C": growing(0), "D": growing(0)})

    assert rank_sectors(market, "NIFTY 50").sentences[:2] == (
        "A and B share the 1st place of 4 on RS 55.",
        "C and D share the last place: level with NIFTY 50 over 55 sessions.",
    )


def test_all_equal_sectors_are_called_equal() -> None:
    market = a_market({name: growing(0) for name in "ABCDE"})

    assert rank_sectors(market, "NIFTY 50").sentences[:2] == (
        "A, B and 3 more share the 1st place of 5 on RS 55.",
        "All 5 are equal: level with NIFTY 50 over 55 sessions.",
    )


def test_prices_that_begin_lately_claim_nothing_about_the_past() -> None:
    market = a_market({"A": growing(0.002, 60), "B": growing(0.001, 60)})

    first, _, third = rank_sectors(market, "NIFTY 50").sentences

    assert first == "A is 1st of 2 on RS 55."
    assert third.startswith("Where the sectors stood four weeks ago is not known")


@pytest.mark.parametrize(
    ("paths", "start"),
    [
        ({"A": growing(0.002, 55), "B": growing(0.001, 55)}, "No sector has a rank at this close"),
        ({"A": growing(0.002, 80)}, "A alone has a rank: 11.6 % ahead of NIFTY 50 over 55 sessions."),
    ],
)
def test_too_little_to_compare_is_said(paths, start) -> None:
    (sentence,) = rank_sectors(a_market(paths), "NIFTY 50").sentences

    assert sentence.startswith(start)


def test_a_sector_whose_prices_ended_has_their_last_date_and_no_rank() -> None:
    ended = growing(0.005)
    ended[-20:] = np.nan
    market = a_market({"CPSE": ended, "Bank": growing(0.002), "IT": growing(-0.002)})

    ranking = rank_sectors(market, "NIFTY 50")
    last = ranking.table.iloc[-1]

    assert last["sector"] == "CPSE"
    assert pd.isna(last["rank"]) and pd.isna(last["rating"]) and last["quadrant"] == ""
    assert last["no_data_since"] == date(2026, 6, 5)
    assert ranking.ranked["rating_place"].tolist() == ["1/2", "2/2"]
    assert "CPSE" not in " ".join(ranking.sentences)


def test_a_sector_without_any_price_leaves_the_others_as_they_were() -> None:
    paths = {"Bank": growing(0.002), "IT": growing(-0.002), "Auto": growing(0.001)}
    without = rank_sectors(a_market(paths), "NIFTY 50")

    with_it = rank_sectors(a_market({**paths, "Dead": np.full(400, np.nan)}), "NIFTY 50")

    pd.testing.assert_frame_equal(
        with_it.ranked.drop(columns="no_data_since"), without.table.drop(columns="no_data_since")
    )
    assert with_it.sentences == without.sentences
    assert with_it.table.iloc[-1]["line"] == []


def test_the_line_has_26_weeks_and_starts_at_100() -> None:
    row = rank_sectors(a_market({"A": growing(0.001), "B": growing(0)}), "NIFTY 50").table.iloc[0]

    assert len(row["line"]) == 26
    assert row["line"][0] == 100
    # 25 weeks of five sessions later, less the Friday that the last week has had already.
    assert row["line"][-1] == pytest.approx(100 * 1.001**125, abs=0.01)


def test_a_fund_that_hardly_trades_is_flagged() -> None:
    market = a_market(
        {"A": growing(0.001), "B": growing(0.002), "C": growing(0)},
        funds={"A": ("AFUND", 10_00_000), "B": ("BFUND", 9_00_00_000)},
    )

    table = rank_sectors(market, "NIFTY 50").table.set_index("sector")

    assert table["etf"].to_dict() == {"A": "AFUND", "B": "BFUND", "C": ""}
    assert table["liquidity"].to_dict() == {"A": "thin", "B": "deep", "C": ""}


@pytest.mark.parametrize(
    ("rupees", "flag"),
    [(float("nan"), ""), (0, "thin"), (49_99_999, "thin"), (50_00_000, "ok"), (5_00_00_000, "deep")],
)
def test_liquidity_changes_at_fifty_lakh_and_at_five_crore(rupees, flag) -> None:
    assert liquidity(rupees) == flag


def test_places_are_spelt_as_in_english() -> None:
    spelt = [ordinal(place) for place in (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111)]

    assert spelt == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th"]


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(KeyError):
        rank_sectors(load_demo_market(), "SENSEX")
