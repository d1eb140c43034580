from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer.backtest import Fill, Rules, backtest, month_ends, performance, random_band, random_equity
from tests.analyzer.markets import walk

FREE = Rules(top=1, cost_a_side=0)


def sessions(*days: str) -> pd.DatetimeIndex:
    return pd.to_datetime(list(days))


def prices(**columns: list[float]) -> pd.DataFrame:
    """Six sessions; 30 January and 27 February are the last of their months."""
    return pd.DataFrame(
        columns,
        index=sessions("2026-01-29", "2026-01-30", "2026-02-02", "2026-02-27", "2026-03-02", "2026-03-03"),
        dtype="float64",
    )


def favour(closes: pd.DataFrame, *names: str) -> pd.DataFrame:
    """A signal that is highest for the names, in their order, on every session."""
    order = {name: float(len(names) - place) for place, name in enumerate(names)}
    return pd.DataFrame({name: order.get(name, 0.0) for name in closes}, index=closes.index)


def test_the_last_session_of_all_ends_no_month() -> None:
    assert month_ends(prices(a=[1] * 6).index).tolist() == [1, 3]


def test_a_signal_is_filled_at_the_next_close_and_earns_from_the_one_after() -> None:
    closes = prices(a=[1, 1, 2, 2, 2, 3], b=[1] * 6)

    equity = backtest(closes, favour(closes, "a"), FREE).equity

    # The doubling up to the fill on 2 February is missed.
    assert equity.index[0] == pd.Timestamp("2026-02-02")
    assert equity.tolist() == [1, 1, 1, 1.5]


def test_a_fill_at_the_signals_close_has_to_be_asked_for() -> None:
    closes = prices(a=[1, 1, 2, 2, 2, 3], b=[1] * 6)
    rules = Rules(top=1, cost_a_side=0, fill=Fill.SIGNAL_CLOSE)

    assert backtest(closes, favour(closes, "a"), rules).equity.tolist() == [1, 2, 2, 2, 3]


def test_no_fill_is_earlier_than_its_signal() -> None:
    assert min(fill.value for fill in Fill) == 0


def test_prices_up_to_the_fill_cannot_be_earned() -> None:
    closes, benchmark = walk(sessions=300)
    signal = analyzer.relative_strength(closes, benchmark, 21)
    fills = month_ends(closes.index) + 1
    straight = backtest(closes, signal, Rules())

    # Whatever had happened between a signal and its fill, had the signal been the same.
    moved = closes.copy()
    moved.iloc[fills[0] :] *= np.linspace(0.5, 2, closes.shape[1])
    shifted = backtest(moved, signal, Rules(), start=str(closes.index[fills[0] - 1].date()))

    np.testing.assert_allclose(shifted.equity, straight.equity.loc[shifted.equity.index], rtol=1e-12)


def test_costs_are_paid_on_both_sides_of_an_exchange() -> None:
    closes = prices(a=[1] * 6, b=[1] * 6)
    signal = favour(closes, "a")
    signal.loc["2026-02-27"] = [0.0, 1.0]

    found = backtest(closes, signal, Rules(top=1, cost_a_side=0.01))

    # In once, then out of one and into the other.
    assert found.equity.iloc[-1] == pytest.approx(0.99 * 0.98)
    assert found.turnover_a_year == pytest.approx((0.5 + 1) * 365.25 / 29)


def test_a_choice_that_stays_costs_nothing_more() -> None:
    closes = prices(a=[1, 1, 1, 2, 2, 2], b=[1] * 6)

    found = backtest(closes, favour(closes, "a"), Rules(top=1, cost_a_side=0.01))

    assert found.equity.iloc[-1] == pytest.approx(0.99 * 2)


def test_weights_move_with_prices_between_signals() -> None:
    closes = prices(a=[1, 1, 1, 2, 2, 4], b=[1] * 6)
    signal = favour(closes, "a", "b")

    drifting = backtest(closes, signal, Rules(top=2, cost_a_side=0)).equity
    reset = backtest(closes, signal, Rules(top=2, cost_a_side=0, daily_reset=True)).equity

    # Half and half: 1.5 on 27 February; put back to halves on 2 March at the latest; doubled again: 2.25.
    assert drifting.tolist() == reset.tolist() == [1, 1.5, 1.5, 2.25]
    once_more = prices(a=[1, 1, 1, 2, 4, 4], b=[1] * 6)
    assert backtest(once_more, signal, Rules(top=2, cost_a_side=0)).equity.iloc[-1] == 2.5
    assert backtest(once_more, signal, Rules(top=2, cost_a_side=0, daily_reset=True)).equity.iloc[
        -1
    ] == pytest.approx(2.25)


def test_coming_back_to_equal_parts_costs_what_prices_moved() -> None:
    closes = prices(a=[1, 1, 1, 2, 2, 2], b=[1] * 6)

    found = backtest(closes, favour(closes, "a", "b"), Rules(top=2, cost_a_side=0.03))

    # From 2/3 and 1/3 to halves: a sixth leaves one and goes into the other.
    assert found.equity.iloc[-1] == pytest.approx(0.97 * 1.5 * (1 - 0.03 / 3))


def test_equal_signals_go_by_the_order_of_the_columns() -> None:
    closes = prices(a=[1, 1, 1, 2, 2, 2], b=[1] * 6)

    assert backtest(closes, favour(closes), FREE).equity.iloc[-1] == 2


def test_an_instrument_without_a_signal_is_not_chosen_and_its_place_is_cash() -> None:
    closes = prices(a=[1, 1, 1, 2, 2, 2], b=[1, 1, 1, 5, 5, 5])
    signal = favour(closes, "b", "a")
    signal["b"] = np.nan

    assert backtest(closes, signal, Rules(top=2, cost_a_side=0)).equity.iloc[-1] == 1.5


def test_a_filter_leaves_the_place_in_cash() -> None:
    closes = prices(a=[1, 1, 1, 2, 2, 2], b=[1] * 6)
    never = pd.DataFrame(False, index=closes.index, columns=closes.columns)

    assert (backtest(closes, favour(closes, "a"), FREE, hold_if=never).equity == 1).all()


def test_an_instrument_that_loses_its_prices_stays_at_the_last_one() -> None:
    closes = prices(a=[1, 1, 1, 2, np.nan, np.nan], b=[1] * 6)

    assert backtest(closes, favour(closes, "a"), FREE).equity.tolist() == [1, 2, 2, 2]


def test_an_instrument_that_is_not_held_may_have_no_price() -> None:
    closes = prices(a=[1, 1, 1, 2, 2, 2], b=[np.nan] * 5 + [1])

    assert backtest(closes, favour(closes, "a"), FREE).equity.iloc[-1] == 2


def test_the_start_is_the_first_day_on_which_a_signal_counts() -> None:
    closes = prices(a=[1] * 6)

    found = backtest(closes, favour(closes, "a"), FREE, start="2026-02-01")

    assert found.equity.index[0] == pd.Timestamp("2026-03-02")


def test_a_signal_that_nothing_can_follow_is_refused() -> None:
    closes = prices(a=[1] * 6)

    with pytest.raises(ValueError, match="followed by its fill"):
        backtest(closes, favour(closes, "a"), FREE, start="2026-03-01")


def test_a_fill_at_the_last_close_shows_nothing_and_is_not_made() -> None:
    closes = prices(a=[1] * 6).iloc[:5]

    with pytest.raises(ValueError, match="followed by its fill"):
        backtest(closes, favour(closes, "a"), FREE, start="2026-02-10")


def test_a_signal_of_other_sessions_is_refused() -> None:
    closes = prices(a=[1] * 6)

    with pytest.raises(ValueError, match="sessions and instruments"):
        backtest(closes, favour(closes, "a").iloc[1:], FREE)


@pytest.mark.parametrize("wrong", [{"top": 0}, {"cost_a_side": -0.1}, {"cost_a_side": 1.0}])
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Rules(**wrong)


def test_growth_a_year_counts_calendar_days() -> None:
    year = pd.Series([1.0, 0.9, 1.2], index=sessions("2025-01-01", "2025-06-01", "2026-01-01"))

    found = performance(year)

    assert found.cagr_pct == pytest.approx(100 * (1.2 ** (365.25 / 365) - 1))
    assert found.max_drawdown_pct == pytest.approx(-10)


def test_one_session_has_no_performance() -> None:
    with pytest.raises(ValueError, match="two sessions"):
        performance(pd.Series([1.0], index=sessions("2025-01-01")))


def test_a_band_of_chance_is_the_same_for_the_same_seed() -> None:
    closes, _ = walk()

    once, again, other = (
        random_band(random_equity(closes, Rules(), runs=20, seed=seed)).cagr_pct for seed in (1, 1, 2)
    )

    assert once.tolist() == again.tolist() != other.tolist()


def test_a_band_that_may_draw_everything_is_the_equal_weight() -> None:
    closes, _ = walk(instruments=3)

    band = random_band(random_equity(closes, Rules(), runs=5, seed=1))

    everything = backtest(closes, favour(closes), Rules(top=3)).performance.cagr_pct
    assert band.percentile(0) == pytest.approx(everything)
    assert band.percentile(100) == pytest.approx(everything)
    assert band.mean == pytest.approx(everything)


def test_a_band_draws_no_series_that_has_ended() -> None:
    closes = prices(a=[1, 1, 1, 2, 2, 2], dead=[1, np.nan, np.nan, np.nan, np.nan, np.nan])

    band = random_band(random_equity(closes, FREE, runs=30, seed=1))

    assert len(set(band.cagr_pct)) == 1
    assert band.percentile(0) > 0
