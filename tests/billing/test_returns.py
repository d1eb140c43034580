"""What a buyer reads of money that goes back, and of access that ended with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.returns import find_returned_access, list_refunds
from domain.gateway import GatewayRefundStatus
from payment_handler import start_checkout, sync_order
from user_management import register


@pytest.fixture
def paid(services, user, gateway):
    """A paid monthly order."""
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    return sync_order(services, order.id)


def test_a_full_refund_is_named_as_the_end_of_access(services, user, gateway, clock, paid) -> None:
    clock.advance(timedelta(days=2))
    gateway.refund_in_dashboard(paid.id, 49900)
    sync_order(services, paid.id)

    returned = find_returned_access(services, user)

    assert returned is not None
    assert (returned.amount_paise, returned.ended_at) == (49900, clock.moment)


def test_a_partial_refund_ends_nothing(services, user, gateway, paid) -> None:
    gateway.refund_in_dashboard(paid.id, 49899)
    sync_order(services, paid.id)

    assert find_returned_access(services, user) is None
    assert [
        (line.order_id, line.amount_paise, str(line.status)) for line in list_refunds(services, user)
    ] == [(paid.id, 49899, "processed")]


def test_access_that_ran_out_later_is_not_told_as_returned(services, user, gateway, clock, paid) -> None:
    gateway.refund_in_dashboard(paid.id, 49900)
    sync_order(services, paid.id)
    clock.advance(timedelta(days=1))
    second = start_checkout(services, user, "monthly")
    gateway.pay(second.id)
    sync_order(services, second.id)
    clock.advance(timedelta(days=60))

    assert find_returned_access(services, user) is None


def test_nobody_reads_of_anothers_refunds(services, gateway, paid) -> None:
    gateway.refund_in_dashboard(paid.id, 100, status=GatewayRefundStatus.PENDING)
    sync_order(services, paid.id)
    other = register(
        services, full_name="Ravi Shah", email="ravi@example.com", username="ravi", phone="9999999998",
        state="Gujarat", password="TestPass123",
    )  # fmt: skip

    assert list_refunds(services, other) == []
    assert find_returned_access(services, other) is None
