"""Which plan an account without access is offered first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from payment_handler import skip_payment, start_checkout
from ui import dashboard


@pytest.fixture
def address(monkeypatch) -> dict[str, str]:
    query: dict[str, str] = {}
    monkeypatch.setattr(dashboard, "st", SimpleNamespace(query_params=query))
    return query


@pytest.mark.parametrize("plan", ["monthly", "annual"])
def test_after_skipping_the_plan_of_the_last_order_is_offered(services, user, address, plan) -> None:
    start_checkout(services, user, plan)
    skip_payment(services, user)

    assert dashboard.wanted_plan(services, user) == plan


def test_an_account_that_never_chose_is_offered_the_cheaper_plan(services, user, address) -> None:
    assert dashboard.wanted_plan(services, user) == "monthly"


def test_a_plan_that_was_just_chosen_is_kept_over_that_of_an_older_order(services, user, address) -> None:
    start_checkout(services, user, "annual")
    address["plan"] = "monthly"

    assert dashboard.wanted_plan(services, user) == "monthly"


def test_a_plan_that_is_not_on_sale_is_not_believed(services, user, address) -> None:
    address["plan"] = "lifetime"

    assert dashboard.wanted_plan(services, user) == "monthly"
