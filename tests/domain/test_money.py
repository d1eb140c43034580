"""Exact money: paise in, paise out, and nothing that would have to be rounded."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytest.importorskip("hypothesis", reason="needs requirements-dev.txt")

from hypothesis import given
from hypothesis import strategies as st

from domain.money import NotMoney, format_rupees, group_indian, paise_from_rupees, rupees_from_paise


@given(st.integers(min_value=-99_999_999_999_999, max_value=99_999_999_999_999))
def test_paise_become_rupees_and_paise_again_without_a_change(paise) -> None:
    assert paise_from_rupees(rupees_from_paise(paise)) == paise
    assert paise_from_rupees(str(rupees_from_paise(paise))) == paise


@pytest.mark.parametrize(
    ("rupees", "paise"),
    [
        ("499", 49900),
        ("499.0", 49900),
        ("499.00", 49900),
        (499, 49900),
        (Decimal("19.99"), 1999),
        ("0.01", 1),
        (0, 0),
    ],
)
def test_every_exact_spelling_of_an_amount_is_the_same_paise(rupees, paise) -> None:
    assert paise_from_rupees(rupees) == paise


@pytest.mark.parametrize("rupees", [19.99, 499.0, float("nan"), True, False])
def test_floats_and_booleans_are_refused_by_type(rupees) -> None:
    with pytest.raises(NotMoney):
        paise_from_rupees(rupees)


@pytest.mark.parametrize(
    "rupees",
    [
        "498.995",
        "0.001",
        "NaN",
        "Infinity",
        "-Infinity",
        "sNaN",
        "1e400",
        "1e12",
        "-1e12",
        "",
        "₹499",
        "4,990",
        "abc",
    ],
)
def test_what_is_no_exact_plausible_amount_is_refused_and_never_rounded(rupees) -> None:
    with pytest.raises(NotMoney):
        paise_from_rupees(rupees)


def test_the_largest_plausible_amount_is_still_exact() -> None:
    assert paise_from_rupees("999999999999.99") == 99_999_999_999_999


@pytest.mark.parametrize(
    ("paise", "text"),
    [
        (0, "₹0"),
        (49900, "₹499"),
        (499000, "₹4,990"),
        (99800, "₹998"),
        (12345650, "₹1,23,456.50"),
        (1, "₹0.01"),
        (-49905, "-₹499.05"),
        (1_000_000_000_00, "₹1,00,00,00,000"),
    ],
)
def test_a_person_reads_rupees_grouped_the_indian_way(paise, text) -> None:
    assert format_rupees(paise) == text


@given(st.integers(min_value=0, max_value=10**15))
def test_grouping_keeps_the_digits_and_ends_in_three(number) -> None:
    head, *groups = group_indian(number).split(",")

    assert "".join([head, *groups]) == str(number)
    assert 1 <= len(head) <= 3
    assert [len(group) for group in groups] == [2] * (len(groups) - 1) + [3] * bool(groups)
