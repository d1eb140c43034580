"""The scenes that hunt planted bugs find nothing in the code as it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults import razorpay_scenes, scenarios, two_gateway_scenes
from tests.faults.world import World


@pytest.mark.parametrize(
    ("scene", "row"),
    [
        ("race", "F40"),
        ("held back", "F32"),
        ("lies", "F28"),
        ("corrected", "F25"),
        ("cut short", "F30"),
        ("unanswered", "F30"),
        ("late", "F26"),
        ("odd money", "F28"),
        ("unreported", "F39"),
        *razorpay_scenes.ROWS.items(),
        *two_gateway_scenes.ROWS.items(),
    ],
)
def test_a_scene_ends_in_the_truth(
    world: World, scene: str, row: str, exercised: Callable[..., None]
) -> None:
    assert scenarios.play(world, scene) == []
    exercised(row)
