"""What was seen at the gateway at six moments, applied in any order, ends in one state per truth."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

import pytest

from domain.gateway import Observation
from domain.orders import Order
from tests.faults.conftest import Scale
from tests.faults.interleavings import (
    STEPS,
    STEPS_AT_RAZORPAY,
    looks_at,
    looks_at_razorpay,
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
    _try_in_any_sequence(acting, TRUTHS[first : first + _CHUNK], looks_at, scale, measured)
    exercised("F25", _CHUNK)
    exercised("F27", _CHUNK)


def test_f32_a_look_at_held_money_that_comes_late_changes_nothing(
    acting: World, scale: Scale, exercised: Callable[..., None], measured: Callable[..., None]
) -> None:
    truths = list(permutations(STEPS_AT_RAZORPAY))
    some = truths if scale.large else random.Random(3).sample(truths, _CHUNK)

    _try_in_any_sequence(acting, some, looks_at_razorpay, scale, measured)

    exercised("F25", len(some))


def _try_in_any_sequence(
    acting: World,
    truths: Sequence[Sequence[str]],
    looks_at: Callable[[World, Sequence[str]], tuple[Order, list[Observation]]],
    scale: Scale,
    measured: Callable[..., None],
) -> None:
    dice = random.Random(str(truths[0]))
    tried_in_database = tried_by_rules = 0
    for steps in truths:
        order, looks = looks_at(acting, steps)
        expected = state_in_the_database(acting, order, looks)
        for number in range(scale.pick(1, 30)):
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
    measured("interleavings in the database", tried_in_database)
    measured("interleavings of the pure rules", tried_by_rules)
