from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analyzer.backtest import Fill, Performance, Rules, random_band, random_equity
from market_data.demo import load_demo_market
from sectors.evidence import (
    BAND_PARTS,
    RUNS_A_PART,
    SIGNALS,
    Chance,
    Evidence,
    Question,
    SignalLine,
    chance,
    chance_part,
    evidence,
    has_enough,
    signal_line,
)
from sectors.evidence_words import sentences


def found(*, made: float, equal: float = 10.0, ic: float = 0.01, t: float = 0.2, top: int = 3) -> Evidence:
    days = pd.to_datetime(["2018-01-01", "2026-01-01"])
    return Evidence(
        Question(top=top),
        "NIFTY 50",
        22,
        pd.DataFrame({"followed": [1, 2], "equal": [1, 2], "benchmark": [1, 2]}, index=days),
        SignalLine("RS 55", Performance(made, -40), 7.0, ic, t),
        Performance(equal, -39),
        Performance(11.0, -38),
        (),
    )


def said(evidence: Evidence, *, is_demo: bool = False) -> str:
    by_lot = Chance(pd.DataFrame(), low_pct=5.0, high_pct=14.0, mean_pct=9.0)
    lines = tuple(
        SignalLine(name, Performance(made, -40), 5.0, 0.01, 0.2)
        for name, made in (("RS 55", 10.5), ("RS 63", 13.7), ("Clenow 90", 14.6))
    )
    return " ".join(sentences(evidence, by_lot, lines, is_demo=is_demo))


def test_the_usual_question_is_the_popular_one_with_honest_fills() -> None:
    question = Question()

    assert (question.signal, question.top, question.cost_pct) == ("RS 55", 3, 0.15)
    assert question.rules == Rules(top=3, cost_a_side=0.0015, fill=Fill.NEXT_CLOSE, daily_reset=False)


@pytest.mark.parametrize("asked", [{"signal": "RS 56"}, {"top": 0}, {"top": 31}, {"cost_pct": -1.0}])
def test_a_question_that_is_not_on_the_list_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no such question"):
        Question(**asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "equal", "words"),
    [
        (
            9.0,
            10.0,
            "9.0 % a year over 8.0 years after costs, less than all 22 sectors in equal parts (10.0 %)",
        ),
        (12.0, 10.0, "more than all 22 sectors"),
    ],
)
def test_it_says_which_of_rule_and_equal_parts_made_more(made: float, equal: float, words: str) -> None:
    assert words in said(found(made=made, equal=equal))


@pytest.mark.parametrize(
    ("made", "words"),
    [(9.0, "cannot be told from chance"), (15.0, "above that range"), (4.0, "below that range")],
)
def test_it_says_where_chance_stands(made: float, words: str) -> None:
    assert words in said(found(made=made))


@pytest.mark.parametrize(
    ("ic", "t", "words"),
    [
        (0.01, 0.2, "below 2 it is noise"),
        (0.08, 3.0, "Of 3 signals tried, some pass 2 by luck"),
        (-0.08, -3.0, "the wrong way round"),
    ],
)
def test_it_says_whether_the_order_told_anything(ic: float, t: float, words: str) -> None:
    assert words in said(found(made=9, ic=ic, t=t))


def test_it_says_how_far_two_measures_of_the_same_differ() -> None:
    assert "RS 55 and RS 63, which measure nearly the same, 3.2" in said(found(made=9))


def test_it_calls_invented_prices_invented() -> None:
    assert "invented" in said(found(made=9), is_demo=True)
    assert "invented" not in said(found(made=9))


def test_one_sector_is_spoken_of_as_one() -> None:
    text = said(found(made=9, top=1))

    assert "the strongest sector by RS 55" in text
    assert "portfolios of one sector" in text


def test_the_parts_of_the_band_are_the_bands_of_the_analyzer() -> None:
    market = load_demo_market()

    part = chance_part(market, Question(), 4)
    known = random_band(
        random_equity(
            market.closes(), Rules(), runs=RUNS_A_PART, seed=20261034, start=market.total_return.index[253]
        )
    )

    assert chance([part]).mean_pct == pytest.approx(known.mean, rel=1e-12)
    assert chance([part]).low_pct == pytest.approx(known.percentile(5), rel=1e-12)


def test_a_band_widens_with_time_and_ends_at_the_markets_last_session() -> None:
    market = load_demo_market()

    band = chance([chance_part(market, Question(), part) for part in range(BAND_PARTS)])

    width = band.curves["high"] - band.curves["low"]
    assert width.iloc[0] < width.iloc[-1]
    assert band.curves.index[-1].date() == market.as_of
    assert band.low_pct < band.mean_pct < band.high_pct


def test_the_answer_is_the_line_of_its_signal_and_begins_at_one() -> None:
    market = load_demo_market()

    answer = evidence(market, "NIFTY 500", Question("RS 21", 5, 0.3))

    assert answer.followed == signal_line(market, "NIFTY 500", Question("RS 21", 5, 0.3))
    assert answer.curves[["equal", "benchmark"]].iloc[0].tolist() == pytest.approx([1, 1])
    assert [period.first for period in answer.periods[1:]] == [p.last for p in answer.periods[:-1]]


def test_a_dearer_trade_makes_less() -> None:
    market = load_demo_market()

    cheap, dear = (
        signal_line(market, "NIFTY 50", Question(cost_pct=cost)).found.cagr_pct for cost in (0.0, 0.5)
    )

    assert dear < cheap


def test_prices_after_the_close_change_nothing_before_it() -> None:
    market = load_demo_market()
    other = market.total_return.copy()
    other.iloc[-200:] *= np.linspace(1, 3, 200)[:, np.newaxis]

    one = evidence(market, "NIFTY 50", Question()).curves.iloc[:-210]
    two = evidence(replace(market, total_return=other), "NIFTY 50", Question()).curves.iloc[:-210]

    pd.testing.assert_frame_equal(one, two)


def test_every_signal_has_a_line_on_a_market_with_just_enough_history() -> None:
    market = load_demo_market()
    young = market.lagging(len(market.total_return) - 760)

    assert has_enough(young)
    assert not has_enough(young.lagging(10))
    assert all(np.isfinite(signal_line(young, "NIFTY 50", Question(name)).ic) for name in SIGNALS)
