"""Mails about access that nobody paid for say until when, and what is left."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mail.access_mail import access_ended, access_given
from mail.composing import Mail
from tests.mail.test_payment_mail import Page, business

MARCH = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
APRIL = datetime(2026, 4, 9, 6, 30, tzinfo=UTC)


def given(dashboard_url: str = "http://localhost:8501/dashboard") -> Mail:
    return access_given(
        business(), full_name="Asha Rao", plan_name="Monthly", starts_at=MARCH, ends_at=APRIL,
        dashboard_url=dashboard_url,
    )  # fmt: skip


def ended(access_until: datetime | None) -> Mail:
    return access_ended(
        business(), full_name="Asha Rao", plan_name="Monthly", ended_at=MARCH, given_until=APRIL,
        access_until=access_until, billing_url="http://localhost:8501/billing",
    )  # fmt: skip


@pytest.mark.parametrize("part", ["text", "html"])
def test_given_access_is_told_with_both_ends_the_way_in_and_no_amount(part: str) -> None:
    body = getattr(given(), part)

    for words in (
        "10 March 2026, 12:00 pm IST",
        "9 April 2026, 12:00 pm IST",
        "nothing to pay",
        "/dashboard",
    ):
        assert words in " ".join(body.split())
    assert "₹" not in body


@pytest.mark.parametrize("part", ["text", "html"])
def test_an_end_tells_what_is_left_or_leads_to_the_plans(part: str) -> None:
    over, some = getattr(ended(None), part), getattr(ended(APRIL), part)

    assert "http://localhost:8501/billing" in over
    assert "now runs until" not in over
    assert "now runs until 9 April 2026, 12:00 pm IST" in " ".join(some.split())
    assert "http://localhost:8501/billing" not in some


def test_the_mails_lead_to_our_pages_alone() -> None:
    links = Page(given().html).links + Page(ended(None).html).links

    assert {link.split("?")[0] for link in links if not link.startswith("mailto:")} == {
        "http://localhost:8501/dashboard",
        "http://localhost:8501/billing",
    }


def test_a_way_in_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(ValueError, match="web address"):
        given(dashboard_url="javascript:alert(1)")
