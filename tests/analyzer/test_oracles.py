"""The whole history of each measure against the same formula in other hands: scipy, or pandas written plainly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import analyzer
from analyzer import windows
from analyzer.backtest import Rules, backtest, performance
from analyzer.evidence import rank_ic
from tests.analyzer.markets import us_sample, walk


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal to 1e-9 relative to max(1, |x|), and missing in the same places."""
    pd.testing.assert_index_equal(found.index, expected.index, check_names=False)
    np.testing.assert_array_equal(found.isna(), expected.isna())
    scale = expected.abs().clip(lower=1)
    assert ((found - expected) / scale).abs().max(axis=None) < 1e-9


def returns(table: pd.DataFrame | pd.Series, sessions: int) -> pd.DataFrame:
    return table / table.shift(sessions) - 1


def weekly(table: pd.DataFrame | pd.Series) -> pd.DataFrame:
    bars = table.resample("W-FRI").last()
    return bars.set_axis(table.index.to_series().resample("W-FRI").last())


def ratio_of(closes: pd.DataFrame, benchmark: pd.Series) -> pd.DataFrame:
    return closes.div(benchmark, axis="index")


@pytest.mark.parametrize("sessions", [21, 55, 123, 252])
def test_n_day_strength_is_the_quotient_of_growth(sessions: int) -> None:
    market = us_sample()
    growth = (1 + returns(market.closes, sessions)).div(1 + returns(market.benchmark, sessions), axis="index")

    found = analyzer.history(market.closes, market.benchmark)[f"rs{sessions}_pct"]

    same(found, 100 * (growth - 1))


def test_mansfield_agrees_with_pandas() -> None:
    market = us_sample()
    found = analyzer.history(market.closes, market.benchmark)
    days, weeks = (
        ratio_of(market.closes, market.benchmark),
        ratio_of(weekly(market.closes), weekly(market.benchmark)),
    )

    same(found["mansfield200d"], 100 * (days / days.rolling(200).mean() - 1))
    same(found["mansfield52w"], 100 * (weeks / weeks.rolling(52).mean() - 1))


def test_the_four_quarter_score_and_its_rating_agree_with_pandas() -> None:
    market = us_sample()

    def score(table: pd.DataFrame | pd.Series) -> pd.DataFrame:
        return 0.4 * returns(table, 63) + 0.2 * (
            returns(table, 126) + returns(table, 189) + returns(table, 252)
        )

    expected = 100 * ((1 + score(market.closes)).div(1 + score(market.benchmark), axis="index") - 1)
    ranks = expected.rank(axis="columns")
    found = analyzer.history(market.closes, market.benchmark)

    same(found["ibd_raw"], expected)
    same(found["rs_rating_1_99"], (1 + 98 * (ranks - 1) / 19).round())


def test_the_momentum_score_agrees_with_scipys_z_scores() -> None:
    market = us_sample()
    closes = market.closes.tail(900)
    risk = np.log(closes).diff().rolling(252).std() * np.sqrt(252)
    half, whole = (returns(closes, n) / risk for n in (126, 252))
    # The first year has no score; scipy would warn about its empty rows.
    z_half, z_whole = (stats.zscore(part.iloc[252:].to_numpy(), axis=1, ddof=1) for part in (half, whole))
    mean = (z_half + z_whole) / 2
    scores = np.where(mean >= 0, 1 + mean, 1 / (1 - np.minimum(mean, 0)))
    expected = pd.DataFrame(scores, closes.index[252:], closes.columns).reindex(closes.index)

    same(analyzer.history(closes, market.benchmark.tail(900))["nse_nms"], expected)


def test_clenow_agrees_with_scipys_regression_on_every_session() -> None:
    market = us_sample()
    closes = market.closes.tail(400)

    def slope_times_fit(window: np.ndarray) -> float:
        line = stats.linregress(np.arange(90), window)
        return float(100 * (np.exp(line.slope) ** 250 - 1) * line.rvalue**2)

    expected = np.log(closes).rolling(90).apply(slope_times_fit, raw=True)

    same(analyzer.history(closes, market.benchmark.tail(400))["clenow90_pct"], expected)


def test_the_other_momenta_agree_with_pandas() -> None:
    market = us_sample()
    closes, ratio = market.closes, ratio_of(market.closes, market.benchmark)
    found = analyzer.history(closes, market.benchmark)
    year = 100 * returns(closes, 252)

    same(found["faber_pct"], sum(100 * returns(closes, n) for n in (21, 63, 126, 189, 252)) / 5)
    same(found["momentum_12_1_pct"], 100 * (closes.shift(21) / closes.shift(252) - 1))
    same(found["dual_momentum_pct"], year.where(year > 0))
    same(found["rsmk"], 100 * np.log(ratio).diff(90).ewm(span=3, adjust=False).mean())


def test_the_rotation_map_agrees_with_pandas() -> None:
    market = us_sample()
    logs = np.log(ratio_of(weekly(market.closes), weekly(market.benchmark)))

    def ema(table: pd.DataFrame, span: int) -> pd.DataFrame:
        return table.ewm(span=span, adjust=False).mean()

    def in_own_size(table: pd.DataFrame) -> pd.DataFrame:
        return 100 + table / np.sqrt((table**2).ewm(halflife=52, min_periods=52).mean())

    trend = ema(logs, 10) - ema(logs, 30)
    found = analyzer.rotation(market.closes, market.benchmark)

    same(found.x, in_own_size(trend))
    same(found.y, in_own_size(trend - ema(trend, 9)))


def test_breadth_agrees_with_pandas() -> None:
    market = us_sample()
    average = market.closes.rolling(200).mean()
    expected = (market.closes > average).sum(axis="columns") / 20

    found = analyzer.breadth_above_average(market.closes)

    np.testing.assert_allclose(found.iloc[199:], expected.iloc[199:])
    assert found.iloc[:199].isna().all()


def test_moving_means_and_deviations_agree_with_pandas_around_holes() -> None:
    values = np.random.default_rng(3).normal(0, 1, (2, 100))
    values[0, :20] = values[1, 50] = np.nan
    rolling = pd.DataFrame(values.T).rolling(9)

    same(pd.DataFrame(windows.moving_mean(values, 9).T), rolling.mean())
    same(pd.DataFrame(windows.moving_sd(values, 9).T), rolling.std())


def test_a_window_longer_than_the_row_has_no_value() -> None:
    short = np.ones((2, 3))

    for found in (windows.moving_mean(short, 4), windows.moving_sd(short, 4), *windows.line_fit(short, 4)):
        assert found.shape == (2, 3)
        assert np.isnan(found).all()


@pytest.mark.parametrize("window", [2, 3, 7, 64, 90])
def test_a_line_through_any_window_agrees_with_numpys(window: int) -> None:
    values = np.random.default_rng(1).normal(3, 1, 120).cumsum()

    slope, explained = windows.line_fit(values, window)

    stretches = np.lib.stride_tricks.sliding_window_view(values, window)
    expected = [np.polyfit(np.arange(window), stretch, 1)[0] for stretch in stretches]
    np.testing.assert_allclose(slope[window - 1 :], expected, rtol=1e-9)
    fit = [np.corrcoef(np.arange(window), stretch)[0, 1] ** 2 for stretch in stretches]
    np.testing.assert_allclose(explained[window - 1 :], fit, rtol=1e-9)


def test_a_line_through_one_point_is_refused() -> None:
    with pytest.raises(ValueError, match="two values"):
        windows.line_fit(np.ones(5), 1)


@pytest.mark.parametrize("span", [1, 3, 30])
def test_exponential_means_skip_holes_as_pandas_does_when_told_to(span: int) -> None:
    values = np.random.default_rng(2).normal(0, 1, (3, 200))
    values[0, :40] = np.nan
    values[1, [50, 51, 90]] = np.nan
    table = pd.DataFrame(values.T)
    observed = table.notna()

    ema = windows.exponential_mean(values, span).T
    decaying = windows.decaying_mean(values, half_life=52, minimum=10).T

    same(pd.DataFrame(ema), table.ewm(span=span, adjust=False, ignore_na=True).mean().where(observed))
    same(
        pd.DataFrame(decaying),
        table.ewm(halflife=52, min_periods=10, ignore_na=True).mean().where(observed),
    )


def test_the_rank_correlation_is_scipys() -> None:
    closes, benchmark = walk()
    signal = analyzer.relative_strength(closes, benchmark, 55)

    found = rank_ic(closes, signal, start="2023-01-01").by_signal

    first, second = pd.Timestamp("2023-01-31"), pd.Timestamp("2023-02-28")
    after = [closes.index[closes.index.get_loc(day) + 1] for day in (first, second)]
    growth = closes.loc[after[1]] / closes.loc[after[0]]
    assert found.index[0] == first
    assert found.iloc[0] == pytest.approx(stats.spearmanr(signal.loc[first], growth).statistic)


def test_the_t_statistic_is_that_of_scipys_one_sample_test() -> None:
    closes, benchmark = walk()
    found = rank_ic(closes, analyzer.relative_strength(closes, benchmark, 21))

    assert found.t == pytest.approx(stats.ttest_1samp(found.by_signal, 0).statistic)


def test_growth_a_year_and_drawdown_agree_with_pandas_on_a_backtest() -> None:
    closes, benchmark = walk()
    equity = backtest(closes, analyzer.relative_strength(closes, benchmark, 21), Rules()).equity

    found = performance(equity)

    days = (equity.index[-1] - equity.index[0]) / pd.Timedelta(days=365.25)
    assert found.cagr_pct == pytest.approx(100 * (np.exp(np.log(equity.iloc[-1]) / days) - 1))
    assert found.max_drawdown_pct == pytest.approx(100 * (equity / equity.cummax() - 1).min())
