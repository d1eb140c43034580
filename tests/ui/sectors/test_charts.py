"""Charts are built once for all readers of a view, and never shown again for another view."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.sectors.drawing import open_view

BENCHMARK, DAY = {"benchmark": "NIFTY 500"}, {"asof": "2026-10-01"}


def drawn(page: AppTest) -> list[bytes]:
    """What each chart of a page is drawn from: its description and its points."""
    return [
        element.proto.spec.encode() + b"".join(named.data.data for named in element.proto.datasets)
        for element in page.get("vega_lite_chart")
    ]


@pytest.mark.parametrize(
    ("path", "usual", "choices"),
    [
        ("dashboard", {}, [(BENCHMARK, {0, 1}), (DAY, {0, 1}), ({"sectors": "IT"}, {1})]),
        ("rotation-map", {}, [({"pick": "IT"}, {0}), ({"week": "2026-10-02"}, {0})]),
        ("ranks", {"picture": "Places"}, [({"weeks": "52"}, {0}), ({"mark": "IT"}, {0})]),
        ("sector", {}, [({"name": "IT"}, {0, 1, 2, 3}), ({"span": "1y"}, {0, 1, 2, 3}), (BENCHMARK, {0, 3})]),
        ("breadth", {}, [(BENCHMARK, {0, 1, 2}), (DAY, {0, 1, 2})]),
        ("evidence", {}, [({"top": "5"}, {0}), ({"cost": "0.5"}, {0}), ({"signal": "RS 21"}, {0})]),
    ],
)
def test_every_choice_that_a_chart_shows_draws_it_anew(services, member, path, usual, choices) -> None:
    before = drawn(open_view(services, member, path, **usual))

    for choice, changed in choices:
        after = drawn(open_view(services, member, path, **usual, **choice))
        pairs = enumerate(zip(before, after, strict=True))
        assert {number for number, (one, other) in pairs if one != other} == changed, choice
