"""Seeded random schedules: after each, our books are the gateway's truth and every invariant holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.faults import schedule
from tests.faults.world import World

SMALL = (100, 25)
LARGE = (20_000, 100)
_SHOWN = 3


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" in metafunc.fixturenames:
        total, chunk = LARGE if metafunc.config.getoption("--faults") == "large" else SMALL
        chunks = [range(first, first + chunk) for first in range(0, total, chunk)]
        metafunc.parametrize("seeds", chunks, ids=[f"{c[0]:05}-{c[-1]:05}" for c in chunks])


def test_any_schedule_ends_in_the_truth(
    world: World, seeds: range, exercised: Callable[..., None], measured: Callable[..., None]
) -> None:
    started = time.monotonic()
    rows: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    crashes, failed = 0, []

    for seed in seeds:
        verdict = schedule.run(world, seed)
        rows.update(verdict.rows)
        numbers.update(verdict.numbers)
        crashes += verdict.crashes
        if verdict.violations:
            failed.append(verdict)

    for row, count in rows.items():
        exercised(row, count)
    for what, count in numbers.items():
        measured(f"{what} (schedules)", count)
    measured("schedules", len(seeds))
    measured("seconds of schedules", time.monotonic() - started)
    measured("crashes in schedules", crashes)
    assert not failed, "\n\n".join(schedule.story(verdict) for verdict in failed[:_SHOWN])


@pytest.mark.parametrize("seed", [4, 11, 23])
def test_a_seed_makes_the_same_steps_again(world: World, seed: int) -> None:
    first, second = schedule.run(world, seed), schedule.run(world, seed)

    assert first.steps == second.steps
    assert (first.violations, first.rows) == (second.violations, second.rows)
