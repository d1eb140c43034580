"""Plans are named exactly, by id, name or label, and the year saves what the arithmetic says."""

from __future__ import annotations

import pytest

from domain.errors import UnknownPlan
from domain.money import format_rupees
from domain.plans import Plan, annual_saving_paise, find_plan

PLANS = [Plan("monthly", "Monthly", 1, 1, 49900, "INR"), Plan("annual", "Annual", 12, 2, 499000, "INR")]


@pytest.mark.parametrize("text", ["monthly", "Monthly", "Monthly Plan", "Monthly Plan (₹499)"])
def test_the_monthly_plan_is_found_by_id_name_and_label(text) -> None:
    assert find_plan(PLANS, text).id == "monthly"


@pytest.mark.parametrize("text", ["annual", "Annual", "Annual Plan", "Annual Plan (₹4,990)"])
def test_the_annual_plan_is_found_by_id_name_and_label(text) -> None:
    assert find_plan(PLANS, text).id == "annual"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MONTHLY",
        " monthly",
        "monthly ",
        "month",
        "monthly\x00",
        "Monthly Plan (₹1)",
        "Monthly Plan (₹499) ",
        "1",
    ],
)
def test_anything_that_is_not_exactly_a_plan_is_refused(text) -> None:
    with pytest.raises(UnknownPlan) as refused:
        find_plan(PLANS, text)

    assert "plan" in refused.value.fields


def test_an_old_price_in_the_label_names_no_plan_any_more() -> None:
    dearer = [Plan("monthly", "Monthly", 1, 3, 59900, "INR")]

    with pytest.raises(UnknownPlan):
        find_plan(dearer, "Monthly Plan (₹499)")


def test_the_annual_plan_saves_998_rupees_against_twelve_months() -> None:
    assert format_rupees(annual_saving_paise(PLANS)) == "₹998"


@pytest.mark.parametrize(("months", "word"), [(1, "month"), (12, "year"), (6, "6 months")])
def test_a_period_is_called_by_its_length(months, word) -> None:
    assert Plan("x_plan", "X", months, 1, 100, "INR").period_word == word
