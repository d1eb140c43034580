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


def change(values: Matrix, sessions: int) -> Matrix:
    """v_t - v_{t-n}."""
    result = np.empty_like(values)
    result[..., :sessions] = np.nan
    if sessions < values.shape[-1]:
        np.subtract(values[..., sessions:], values[..., :-sessions], out=result[..., sessions:])
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

    A flat stretch has slope 0 and R² 0. Raises ValueError for a window of less than two.
    """
    if window < 2:
        raise ValueError("a line needs at least two values")
    if window > values.shape[-1]:
        return np.full_like(values, np.nan), np.full_like(values, np.nan)
    time = np.arange(window) - (window - 1) / 2
    spread = time @ time
    slope, explained = np.full_like(values, np.nan), np.full_like(values, np.nan)
    # Row by row, so that what is in between stays small and near.
    for row, slopes, fits in zip(
        np.atleast_2d(values), np.atleast_2d(slope), np.atleast_2d(explained), strict=True
    ):
        # Deviations are far smaller than levels; without the level the products keep their digits.
        deviation = row - row[np.argmax(~np.isnan(row))]
        full = slice(window - 1, None)
        slopes[full] = np.correlate(deviation, time, "valid")
        slopes[full] /= spread
        variation = bn.move_var(deviation, window)[full] * window
        fits[full] = slopes[full] * 0
        np.divide(slopes[full] ** 2 * spread, variation, out=fits[full], where=variation > _FLAT)
    return slope, explained


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
    begin = int(np.argmax(observed.any(axis=0)))
    if begin:
        # What no row has observed yet is cut off first: most holes are the beginning that all rows share.
        result = np.full_like(values, np.nan)
        result[:, begin:] = _over_observed(values[:, begin:], compute)
        return result
    whole = observed.all(axis=-1)
    result = np.empty_like(values)
    result[whole] = compute(values[whole])
    for row in np.flatnonzero(~whole):
        result[row] = _over_observed(values[row], compute)
    return result
