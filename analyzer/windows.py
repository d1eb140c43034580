"""Moving and exponential windows along the last axis of an array: the arithmetic under every formula.

All are causal to the last bit: the value at t is the same whatever follows t. A window that is not full, or in
which a value is missing, has no value (NaN). None warns about NaN; none looks across rows.
"""

from __future__ import annotations

from collections.abc import Callable

import bottleneck as bn
import numpy as np

from analyzer.panel import Matrix

# Weights below this no longer reach the last digit of a sum.
_NEGLIGIBLE = 1e-20
# Squared deviation, in log units, below which a stretch of prices is flat and what is left of it is rounding.
_FLAT = 1e-20


def growth(values: Matrix, sessions: int) -> Matrix:
    """v_t / v_{t-n}: the growth factor over `sessions` columns."""
    result = np.empty_like(values)
    result[..., :sessions] = np.nan
    if sessions < values.shape[-1]:
        np.divide(values[..., sessions:], values[..., :-sessions], out=result[..., sessions:])
    return result


def delayed(values: Matrix, sessions: int) -> Matrix:
    """v_{t-n}: the values moved `sessions` columns later."""
    result = np.empty_like(values)
    result[..., :sessions] = np.nan
    if sessions < values.shape[-1]:
        result[..., sessions:] = values[..., :-sessions]
    return result


def moving_mean(values: Matrix, window: int) -> Matrix:
    """Simple moving average over `window` columns."""
    if window > values.shape[-1]:
        return np.full_like(values, np.nan)
    result: Matrix = bn.move_mean(values, window, axis=-1)
    return result


def moving_sd(values: Matrix, window: int) -> Matrix:
    """Sample standard deviation (ddof=1) over `window` columns."""
    if window > values.shape[-1]:
        return np.full_like(values, np.nan)
    result: Matrix = bn.move_std(values, window, axis=-1, ddof=1)
    return result


def exponential_mean(values: Matrix, span: int) -> Matrix:
    """EMA with weight 2/(span+1), started at the first value (pandas: `ewm(span=span, adjust=False)`).

    A missing value has no average and does not age the ones before it.
    """
    weight = 2 / (span + 1)

    def smooth(row: Matrix) -> Matrix:
        start = row[..., :1]
        return start + weight * decayed_sum(row - start, 1 - weight)

    return _over_observed(values, smooth)


def decaying_mean(values: Matrix, half_life: int, minimum: int) -> Matrix:
    """Weighted mean whose weights halve every `half_life` values (pandas: `ewm(halflife=..., adjust=True)`).

    It needs `minimum` observed values. A missing value has no mean and does not age the ones before it.
    """
    decay = 0.5 ** (1 / half_life)

    def average(row: Matrix) -> Matrix:
        weights = decayed_sum(np.ones(row.shape[-1]), decay)
        result: Matrix = decayed_sum(row, decay) / weights
        result[..., : minimum - 1] = np.nan
        return result

    return _over_observed(values, average)


def decayed_sum(values: Matrix, decay: float) -> Matrix:
    """S_t = v_t + decay * S_{t-1}, without a loop over sessions: each pass doubles the stretch that is summed."""
    total = values.copy()
    shift, weight = 1, decay
    while shift < total.shape[-1] and weight > _NEGLIGIBLE:
        total[..., shift:] += weight * total[..., :-shift]
        shift, weight = 2 * shift, weight * weight
    return total


def line_fit(values: Matrix, window: int) -> tuple[Matrix, Matrix]:
    """Slope a column and R² of the least-squares line through the last `window` values.

    A flat stretch has slope 0 and R² 0. Sums are rebuilt for each window by doubling, not carried along, so a
    value that has left the window leaves no rounding behind. Raises ValueError for a window of less than two.
    """
    if window < 2:
        raise ValueError("a line needs at least two values")
    if window > values.shape[-1]:
        return np.full_like(values, np.nan), np.full_like(values, np.nan)
    # Deviations are far smaller than levels; without the level their squares keep their digits.
    deviation = values - _first_observed(values)
    plain, by_age = _window_sums(deviation, window)
    squares = _window_sum(deviation * deviation, window)
    middle = (window - 1) / 2
    spread_of_time = window * (window * window - 1) / 12
    covariation = middle * plain - by_age
    slope = covariation / spread_of_time
    variation = squares - plain * plain / window
    explained = np.where(np.isnan(variation), np.nan, 0.0)
    np.divide(covariation * slope, variation, out=explained, where=variation > _FLAT)
    return slope, explained


def _window_sums(values: Matrix, window: int) -> tuple[Matrix, Matrix]:
    """The sum of each window and the sum weighted by age (newest 0, oldest window-1).

    A window is put together from stretches whose lengths are powers of two, each made of two of half its length.
    """
    stretch, aged, length = values, np.zeros_like(values), 1
    total, total_aged, done = np.zeros_like(values), np.zeros_like(values), 0
    while True:
        if window & length:
            total_aged = _plus_older(total_aged, aged + done * stretch if done else aged, done)
            total = _plus_older(total, stretch, done)
            done += length
        if done == window:
            return total, total_aged
        aged = _plus_older(aged, aged + length * stretch, length)
        stretch = _plus_older(stretch, stretch, length)
        length *= 2


def _window_sum(values: Matrix, window: int) -> Matrix:
    """The sum of each window alone."""
    stretch, length = values, 1
    total, done = np.zeros_like(values), 0
    while True:
        if window & length:
            total = _plus_older(total, stretch, done)
            done += length
        if done == window:
            return total
        stretch = _plus_older(stretch, stretch, length)
        length *= 2


def _plus_older(newer: Matrix, older: Matrix, sessions: int) -> Matrix:
    """newer_t + older_{t-n}."""
    if not sessions:
        return newer + older
    result = np.empty_like(newer)
    result[..., :sessions] = np.nan
    np.add(newer[..., sessions:], older[..., :-sessions], out=result[..., sessions:])
    return result


def _first_observed(values: Matrix) -> Matrix:
    first = np.argmax(~np.isnan(values), axis=-1)
    return np.take_along_axis(values, np.expand_dims(first, -1), axis=-1)


def _over_observed(values: Matrix, compute: Callable[[Matrix], Matrix]) -> Matrix:
    """Apply to the observed values of each row, closed up, and put the results back where the values stood."""
    observed = ~np.isnan(values)
    if observed.all():
        return compute(values)
    if values.ndim == 1:
        result = np.full_like(values, np.nan)
        if observed.any():
            result[observed] = compute(values[observed])
        return result
    whole = observed.all(axis=-1)
    result = np.empty_like(values)
    result[whole] = compute(values[whole])
    for row in np.flatnonzero(~whole):
        result[row] = _over_observed(values[row], compute)
    return result
