"""What was seen at the gateway at six moments, applied in any order, ends in one state per truth."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import permutations

import pytest

from tests.faults.conftest import Scale
from tests.faults.interleavings import (
    STEPS,
    looks_at,
    shuffled,
    state_by_the_rules,
    state_in_the_database,
    words_of_the_database,
)
from tests.faults.world import World

TRUTHS = list(permutations(STEPS))
_CHUNK = 20


@pytest.fixture
def acting(world: World) -> Iterator[World]:
    with world.in_effect():
        yield world


@pytest.mark.parametrize("first", range(0, len(TRUTHS), _CHUNK))
def test_f32_a_look_that_comes_late_changes_nothing(
    acting: World,
    first: int,
    scale: Scale,
    exercised: Callable[..., None],
    measured: Callable[..., None],
) -> None:
    dice = random.Random(first)
    tried_in_database = tried_by_rules = 0
    for steps in TRUTHS[first : first + _CHUNK]:
        order, looks = looks_at(acting, steps)
        expected = state_in_the_database(acting, order, looks)
        for number in range(scale.pick(2, 30)):
            mixed = looks[::-1] if number == 0 else shuffled(looks, dice)
            tried_in_database += 1
            if state_in_the_database(acting, order, mixed) != expected:
                in_order, late = (words_of_the_database(acting, order, seen) for seen in (looks, mixed))
                pytest.fail(f"{steps}: in order {in_order}, as applied {late}")
        sequences = list(permutations(looks)) if scale.large else [shuffled(looks, dice) for _ in range(8)]
        by_rules = state_by_the_rules(order, looks)
        for mixed in sequences:
            tried_by_rules += 1
            assert state_by_the_rules(order, mixed) == by_rules, steps
    exercised("F25", _CHUNK)
    exercised("F27", _CHUNK)
    measured("interleavings in the database", tried_in_database)
    measured("interleavings of the pure rules", tried_by_rules)
