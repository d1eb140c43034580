"""How figures are written."""

from __future__ import annotations

import pytest

from domain.wording import format_signed


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (5.94, 1, "+5.9"), (-3.0, 0, "−3"), (0.0, 0, "0"), (-0.04, 1, "0.0"), (0.04, 1, "0.0"), (0.05, 2, "+0.05"),
        (float("nan"), 1, "+nan"),
    ],
)  # fmt: skip
def test_a_figure_has_its_sign_and_nothing_has_none(value: float, decimals: int, shown: str) -> None:
    assert format_signed(value, decimals) == shown
