"""Which plan an account without access is offered first, and why its access ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from accounts.sessions import issue_ticket, redeem_ticket
from billing.returns import ReturnedAccess
from domain.gateway import GatewayPaymentStatus
from payment_handler import skip_payment, start_checkout, sync_order
from tests.books import rows
from tests.ui.panel import seen
from ui import activation


@pytest.fixture
def address(monkeypatch) -> dict[str, str]:
    query: dict[str, str] = {}
    monkeypatch.setattr(activation, "st", SimpleNamespace(query_params=query))
    return query


@pytest.mark.parametrize("plan", ["monthly", "annual"])
def test_after_skipping_the_plan_of_the_last_order_is_offered(services, user, address, plan) -> None:
    start_checkout(services, user, plan)
    skip_payment(services, user)

    assert activation.wanted_plan(services, user) == plan


def test_an_account_that_never_chose_is_offered_the_cheaper_plan(services, user, address) -> None:
    assert activation.wanted_plan(services, user) == "monthly"


def test_a_plan_that_was_just_chosen_is_kept_over_that_of_an_older_order(services, user, address) -> None:
    start_checkout(services, user, "annual")
    address["plan"] = "monthly"

    assert activation.wanted_plan(services, user) == "monthly"


def test_a_plan_that_is_not_on_sale_is_not_believed(services, user, address) -> None:
    address["plan"] = "lifetime"

    assert activation.wanted_plan(services, user) == "monthly"


@pytest.mark.parametrize(
    ("status", "is_said"),
    [(GatewayPaymentStatus.PENDING, True), (GatewayPaymentStatus.FAILED, False)],
    ids=["at the bank", "declined"],
)
def test_who_waits_for_a_bank_is_told_before_paying_again(services, user, gateway, status, is_said) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id, status=status)
    sync_order(services, order.id)

    page = AppTest.from_function(_draw_form, default_timeout=20, args=(services, user)).run()

    assert not page.exception
    assert ("A payment of ₹499 is under way at your bank" in seen(page)) is is_said


def test_access_that_ended_with_a_refund_is_explained() -> None:
    returned = ReturnedAccess(49900, datetime(2026, 3, 10, 6, 40, tzinfo=UTC))

    assert activation.describe_returned_access(returned) == (
        "Your payment of ₹499 was returned, and the access that it bought ended on 10 Mar 2026. "
        "Choose a plan to come back."
    )


def test_given_access_that_was_ended_is_explained_without_an_amount() -> None:
    returned = ReturnedAccess(None, datetime(2026, 3, 10, 6, 40, tzinfo=UTC))

    assert activation.describe_returned_access(returned) == (
        "The access that we gave you ended on 10 Mar 2026. Choose a plan to come back."
    )


def test_a_page_that_looks_for_access_does_not_keep_its_session_in_use(
    services, user, clock, monkeypatch
) -> None:
    token = redeem_ticket(
        services, issue_ticket(services, user, browser_token="b"), browser_token="b", user_agent=""
    )
    monkeypatch.setattr("ui.session.read_cookie", lambda _name: token)
    before = rows(services, "SELECT seen_at FROM sessions")

    clock.advance(timedelta(minutes=5))
    page = AppTest.from_function(_look, default_timeout=20, args=(services, user)).run()

    assert not page.exception
    assert rows(services, "SELECT seen_at FROM sessions") == before


def _look(services, user):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    from ui import activation

    activation.activate_form(services, user, key="billing")


def _draw_form(services, user):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    from ui.activation import activate_form

    activate_form(services, user, key="dashboard")
