"""`make bench`: every measure of the analyzer, whole history, 50 series of ten years, against plain pandas.

The one ratio that can fail: the analyzer takes at most a third of what the same twelve measures take in pandas.
Both run in turns in the same process, so that a busy machine slows both; the faster half of the turns counts.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

import analyzer
from analyzer.metrics import DAILY, SNAPSHOT, WEEKLY
from benchmarks.timing import in_turns

SERIES, SESSIONS = 50, 2474
_TURNS = 15
_LEAST_RATIO = 3.0
# The two ways must have computed the same before their times are compared.
_TOLERANCE = 1e-8


def main() -> int:
    closes, benchmark = _prices()
    _compare(closes, benchmark)
    ours, theirs, everything, day = in_turns(
        lambda: analyzer.history(closes, benchmark, SNAPSHOT),
        lambda: _plain_pandas(closes, benchmark),
        lambda: analyzer.history(closes, benchmark),
        lambda: analyzer.snapshot(closes, benchmark),
        turns=_TURNS,
    )
    size = f"{SERIES} series x {SESSIONS} sessions"
    print(f"{len(SNAPSHOT)} measures, {size}, analyzer".ljust(56), f"{ours:6.1f} ms")
    print(f"the same {len(SNAPSHOT)} measures, plain pandas".ljust(56), f"{theirs:6.1f} ms")
    print(
        f"all {len(DAILY) + len(WEEKLY)} measures, whole history, analyzer".ljust(56), f"{everything:6.1f} ms"
    )
    print("one day of the same prices, analyzer.snapshot".ljust(56), f"{day:6.1f} ms")
    print(f"analyzer against plain pandas: {theirs / ours:.1f} times as fast")
    if theirs < ours * _LEAST_RATIO:
        print(f"FAILED: less than {_LEAST_RATIO:.0f} times as fast")
        return 1
    return 0


def _prices() -> tuple[pd.DataFrame, pd.Series]:
    generator = np.random.Generator(np.random.PCG64(1))
    walk = 100 * np.exp(generator.normal(0.0004, 0.012, (SESSIONS, SERIES + 1)).cumsum(axis=0))
    index = pd.bdate_range(end="2026-07-03", periods=SESSIONS)
    return pd.DataFrame(walk[:, :SERIES], index=index), pd.Series(walk[:, SERIES], index=index)


def _compare(closes: pd.DataFrame, benchmark: pd.Series) -> None:
    ours, theirs = analyzer.history(closes, benchmark, SNAPSHOT), _plain_pandas(closes, benchmark)
    for name in SNAPSHOT:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=_TOLERANCE, atol=_TOLERANCE, err_msg=name)


def _plain_pandas(closes: pd.DataFrame, benchmark: pd.Series) -> dict[str, pd.DataFrame]:
    """The measures as one writes them in pandas without thinking about speed, but without a loop over sessions."""
    ratio = closes.div(benchmark, axis="index")
    weeks = ratio.resample("W-FRI").last()
    tables = {f"rs{n}_pct": 100 * (ratio / ratio.shift(n) - 1) for n in (21, 55, 123, 252)}
    tables["mansfield200d"] = 100 * (ratio / ratio.rolling(200).mean() - 1)
    tables["mansfield52w"] = 100 * (weeks / weeks.rolling(52).mean() - 1)
    strength = (1 + _quarters(closes)).div(1 + _quarters(benchmark), axis="index")
    tables["ibd_raw"] = 100 * (strength - 1)
    ranks = tables["ibd_raw"].rank(axis="columns")
    tables["rs_rating_1_99"] = (1 + 98 * (ranks - 1) / (SERIES - 1)).round()
    tables["nse_nms"] = _momentum_score(closes)
    tables["rot_x"], tables["rot_y"] = _rotation(np.log(weeks))
    tables["clenow90_pct"] = _clenow(np.log(closes), 90)
    return tables


def _growth(prices: pd.DataFrame | pd.Series, sessions: int) -> pd.DataFrame:
    return prices / prices.shift(sessions) - 1


def _quarters(prices: pd.DataFrame | pd.Series) -> pd.DataFrame:
    return 0.4 * _growth(prices, 63) + 0.2 * sum(_growth(prices, n) for n in (126, 189, 252))


def _momentum_score(closes: pd.DataFrame) -> pd.DataFrame:
    risk = np.log(closes).diff().rolling(252).std() * np.sqrt(252)
    scores = []
    for sessions in (126, 252):
        score = (_growth(closes, sessions) / risk).where(closes.shift(252).notna())
        scores.append(
            score.sub(score.mean(axis="columns"), axis="index").div(score.std(axis="columns"), axis="index")
        )
    mean = (scores[0] + scores[1]) / 2
    return (1 + mean).where(mean >= 0, 1 / (1 - mean.clip(upper=0)))


def _rotation(logs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    trend = logs.ewm(span=10, adjust=False).mean() - logs.ewm(span=30, adjust=False).mean()
    momentum = trend - trend.ewm(span=9, adjust=False).mean()
    x, y = (
        100 + part / np.sqrt((part**2).ewm(halflife=52, min_periods=52).mean()) for part in (trend, momentum)
    )
    return x, y


def _clenow(logs: pd.DataFrame, window: int) -> pd.DataFrame:
    """By the closed form of the regression: `rolling().apply` would take minutes and prove nothing."""
    time_of = pd.Series(np.arange(len(logs), dtype="float64"), index=logs.index)
    covariance = logs.rolling(window).cov(time_of)
    slope = covariance / time_of.rolling(window).var().iloc[-1]
    explained = slope * covariance / logs.rolling(window).var()
    return 100 * ((np.exp(slope) ** 250 - 1) * explained)


if __name__ == "__main__":
    sys.exit(main())
