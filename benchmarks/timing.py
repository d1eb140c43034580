"""How the benches of this folder compare ways of doing the same."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np


def in_turns(*ways: Callable[[], object], turns: int) -> list[float]:
    """Milliseconds of each: the median of the faster half of its turns."""
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(turns):
        for way, times in zip(ways, taken, strict=True):
            began = time.perf_counter()
            way()
            times.append(1000 * (time.perf_counter() - began))
    return [float(np.median(np.sort(times)[: turns // 2 + 1])) for times in taken]
