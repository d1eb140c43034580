"""What a person reads of access that was given: that it is theirs until when, and that nobody paid for it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from billing.grants import end_access
from tests.billing.given_access import DAY, buy, give, grant_id
from tests.ui.panel import labels, seen
from ui.account import _describe_access
from user_management import create_admin, entitlement


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


@pytest.fixture
def billing(services, user, monkeypatch):
    """Draw the billing page of the user."""
    monkeypatch.setattr("ui.billing.footer", lambda _settings: None)

    def draw() -> AppTest:
        page = AppTest.from_function(_draw, default_timeout=20, args=(services, user)).run()
        assert not page.exception
        return page

    return draw


def test_billing_tells_of_given_access_and_offers_to_extend_it(services, user, admin, billing) -> None:
    give(services, admin, user, days=7)

    page = billing()

    words = seen(page)
    assert "<dt>This period</dt><dd>Given by us</dd>" in words
    assert "<dt>Access until</dt><dd>17 Mar 2026, 12:00 pm IST</dd>" in words
    assert "Running" in words
    assert "there is no receipt and nothing to return. It ends by itself." in words
    assert "Need a refund?" not in words
    assert "₹" not in words
    assert "Extend by a month (₹499)" in labels(page)


def test_a_bought_period_that_runs_first_is_not_called_given(services, user, gateway, admin, billing) -> None:
    buy(services, gateway, user)
    give(services, admin, user, days=7)

    words = seen(billing())

    assert "This period" not in words
    assert "Begins later" in words
    assert "Need a refund?" in words


def test_billing_tells_that_given_access_was_ended_and_offers_the_plans(
    services, user, admin, clock, billing
) -> None:
    period = give(services, admin, user)
    clock.advance(DAY)
    end_access(services, admin, grant_id=grant_id(period), reason="Not theirs")

    page = billing()

    assert "The access that we gave you ended on 11 Mar 2026. Choose a plan to come back." in seen(page)
    assert "Ended early" in seen(page)
    assert "It ends by itself" not in seen(page)
    # Why is between admins; the person may ask, or read it in the export.
    assert "Not theirs" not in seen(page)
    assert "Activate" in labels(page)


def test_billing_calls_access_that_never_began_withdrawn(services, user, gateway, admin, billing) -> None:
    buy(services, gateway, user)
    period = give(services, admin, user)
    end_access(services, admin, grant_id=grant_id(period), reason="A mistake")

    words = seen(billing())

    assert "Withdrawn" in words
    assert "Ended early" not in words


def test_who_was_given_nothing_reads_nothing_of_it(billing) -> None:
    assert "given" not in seen(billing()).lower()


def test_the_account_page_says_until_when_and_by_whom(services, user, gateway, admin) -> None:
    before = _describe_access(entitlement(services, user))
    give(services, admin, user, days=7)
    given = _describe_access(entitlement(services, user))
    buy(services, gateway, user)
    extended = _describe_access(entitlement(services, user))

    by_us = "(the present period was given by us)"
    assert (before, given) == ("None", f"Until 17 Mar 2026 {by_us}")
    assert extended == f"Until 17 Apr 2026 {by_us}"


def _draw(services, user):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    from ui import billing

    billing.render(services, user)
