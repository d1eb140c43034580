"""One function per measure of relative strength and momentum, on series-major arrays.

Prices are closes of one kind (all total return or all price), NaN where there is none; results have the shape of
`closes` unless said otherwise, and hold NaN where a window is not full. "%" means that 5 is five per cent.
`docs/analyzer.md` explains each formula in words.
"""

from __future__ import annotations

import bottleneck as bn
import numpy as np

from analyzer.panel import Matrix
from analyzer.windows import (
    change,
    delayed,
    exponential_mean,
    growth,
    line_fit,
    moving_mean,
    moving_sd,
)

YEAR = 252
# Quarters of 63 sessions, and their weights in the sum: the last quarter counts double.
_IBD_WEIGHTS = {63: 0.4, 126: 0.2, 189: 0.2, 252: 0.2}
# One, three, six, nine and twelve months of 21 sessions.
_FABER_SESSIONS = (21, 63, 126, 189, 252)
# Clenow annualises a daily slope with 250 sessions, not with 252.
_CLENOW_YEAR = 250
# A daily deviation or a cross-section narrower than this is no movement but rounding.
_STILL = 1e-12


def n_day_strength(ratio: Matrix, sessions: int) -> Matrix:
    """R_t / R_{t-n} - 1 in %: how far the instrument ran ahead of its benchmark over n sessions.

    The quotient of growth factors, as the scripts used in India compute it. Dividing one percentage change by
    the other, as some descriptions say, explodes when the benchmark stands still.
    """
    return _excess_pct(growth(ratio, sessions))


def mansfield(ratio: Matrix, window: int) -> Matrix:
    """(R_t / SMA(R, n) - 1) in %: distance of the relative-strength line from its own average.

    Stan Weinstein's zero-line form of the Mansfield charts: n is 52 on weekly bars, 200 on daily ones.
    """
    average = moving_mean(ratio, window)
    return _excess_pct(np.divide(ratio, average, out=average))


def weighted_growth(closes: Matrix) -> Matrix:
    """0.4 g63 + 0.2 g126 + 0.2 g189 + 0.2 g252, with g_n the growth factor: one plus the IBD-style score."""
    total = np.zeros_like(closes)
    for sessions, weight in _IBD_WEIGHTS.items():
        part = growth(closes, sessions)
        part *= weight
        total += part
    return total


def ibd_strength(closes: Matrix, benchmark: Matrix) -> Matrix:
    """((1 + S) / (1 + S of the benchmark) - 1) in %, with S the weighted return over four quarters.

    Weights after the open rankings in the style of Investor's Business Daily. The ones are ours: a bare
    quotient of returns changes its sign when the benchmark falls.
    """
    result = weighted_growth(closes)
    result /= weighted_growth(benchmark)
    return _excess_pct(result)


def rating(scores: Matrix) -> Matrix:
    """Place in the cross-section of each session as 1 (weakest) to 99, rounded; equal scores share the average.

    1 + 98 (rank - 1) / (n - 1) over the n rows that have a score. One alone has no rating.
    """
    ranks: Matrix = bn.nanrankdata(scores, axis=0)
    others = np.count_nonzero(~np.isnan(scores), axis=0) - 1.0
    others[others < 1] = np.nan
    ranks -= 1
    ranks *= 98
    ranks /= others
    ranks += 1
    return np.round(ranks, out=ranks)


def momentum_score(closes: Matrix) -> Matrix:
    """The NSE momentum-index score of each session: 1 is average, above 1 stronger, always positive.

    Returns over 252 and 126 sessions, each divided by the annualised deviation of a year's daily log returns;
    both standardised over the instruments that have them (sample deviation), averaged to Z; then 1 + Z, or
    1 / (1 - Z) when Z is negative. After the methodology of the Nifty200 Momentum 30 index, whose last step is
    known to us from secondary sources only.
    """
    logs = np.log(closes)
    risk = moving_sd(change(logs, 1), YEAR)
    risk *= np.sqrt(YEAR)
    risk[risk < _STILL] = np.nan
    half, whole = growth(closes, YEAR // 2), growth(closes, YEAR)
    for returns in (half, whole):
        returns -= 1
        returns /= risk
    mean = _standardised(whole)
    mean += _standardised(half)
    mean /= 2
    # For Z below zero 1 - Z is 1 + |Z|, so one sum serves both branches and is never zero.
    score = np.abs(mean)
    score += 1
    return np.divide(1, score, out=score, where=mean < 0)


def clenow(closes: Matrix, window: int = 90) -> Matrix:
    """Annualised slope of the log price times R², in %: steady trends count for more than jumps.

    (exp(b)^250 - 1) R² with b the least-squares slope of ln P over 90 sessions (A. Clenow, Stocks on the Move).
    """
    slope, explained = line_fit(np.log(closes), window)
    slope *= _CLENOW_YEAR
    with np.errstate(over="ignore"):
        np.expm1(slope, out=slope)
    slope *= 100
    slope *= explained
    return slope


def faber(closes: Matrix) -> Matrix:
    """Mean of the returns over 1, 3, 6, 9 and 12 months of 21 sessions, in % (M. Faber's sector rotation)."""
    total = np.zeros_like(closes)
    for sessions in _FABER_SESSIONS:
        total += growth(closes, sessions)
    total /= len(_FABER_SESSIONS)
    return _excess_pct(total)


def twelve_minus_one(closes: Matrix) -> Matrix:
    """P_{t-21} / P_{t-252} - 1 in %: twelve months without the last, the academic momentum."""
    factors = growth(closes, YEAR - 21)
    # From the session a year ago to the one a month ago: the same stretch of sessions, seen a month later.
    return _excess_pct(delayed(factors, 21))


def dual_momentum(closes: Matrix, risk_free_pct: float = 0.0) -> Matrix:
    """Twelve-month return in % of the instruments that beat the riskless return of that year, NaN for the others.

    G. Antonacci's absolute momentum; its relative half is the order of what is left. `risk_free_pct` is the
    return over the same 252 sessions, in %.
    """
    returns = _excess_pct(growth(closes, YEAR))
    returns[~(returns > risk_free_pct)] = np.nan
    return returns


def rsmk(ratio: Matrix, sessions: int = 90, span: int = 3) -> Matrix:
    """EMA(ln R_t - ln R_{t-90}, 3) times 100 (M. Katsanos, Technical Analysis of Stocks & Commodities, 3/2020)."""
    result = exponential_mean(change(np.log(ratio), sessions), span)
    result *= 100
    return result


def _excess_pct(factors: Matrix) -> Matrix:
    """(factor - 1) in %. It writes into `factors`: at these sizes a new array costs more than the sum in it."""
    factors -= 1
    factors *= 100
    return factors


def _standardised(values: Matrix) -> Matrix:
    """Distance from the mean of the session in sample deviations. It writes into `values`."""
    spread = bn.nanstd(values, axis=0, ddof=1)
    spread[spread < _STILL] = np.nan
    values -= bn.nanmean(values, axis=0)
    values /= spread
    return values
