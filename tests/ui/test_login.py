"""Where the log-in leads: to a return from the gateway, and nowhere that an address made up."""

from __future__ import annotations

import pytest

from ui.login import address_for_return, address_for_view, returned_order


def test_a_return_while_logged_out_leads_back_to_the_same_order() -> None:
    query = address_for_return("ORDER00000000000001A")

    assert query == {"next": "/?order_id=ORDER00000000000001A"}
    assert returned_order(query["next"]) == "ORDER00000000000001A"


@pytest.mark.parametrize(
    "following",
    [
        "",
        "billing",
        "ORDER00000000000001A",
        "/?order_id=",
        "/?order_id=ORDER1",
        "/?order_id=ORDER00000000000001A&x=1",
        "/?order_id=ORDER00000000000001A\n",
        "//evil.example/?order_id=ORDER00000000000001A",
    ],
)
def test_no_other_address_leads_to_an_order(following: str) -> None:
    assert returned_order(following) == ""


def test_a_shared_view_is_led_back_to_with_its_choices() -> None:
    assert address_for_view("sector", {"name": ["Oil & gas"], "asof": ["2026-03-02"], "x": ["1"]}) == {
        "next": "sector?name=Oil+%26+gas&asof=2026-03-02"
    }
    assert address_for_view("ranks", {}) == {"next": "ranks"}
    assert address_for_view("ranks", {"mark": ["x" * 500]}) == {"next": "ranks"}
