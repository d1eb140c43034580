"""Several looks at the same moment settle as one look does, without overlap and without deadlock."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise

import pytest
from sqlalchemy import text

from domain.orders import OrderStatus
from payment_handler import start_checkout, sync_order
from tests.books import check_invariants, rows, together
from user_management import entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


def test_eight_looks_at_once_pay_once(services, gateway, order) -> None:
    gateway.pay(order.id)
    barrier = threading.Barrier(8)
    ends: list[object] = []

    def work() -> None:
        barrier.wait(10)
        try:
            ends.append(sync_order(services, order.id).status)
        except Exception as exc:  # shown by the assertion below
            ends.append(exc)

    together(*[work] * 8)

    assert ends == [OrderStatus.PAID] * 8
    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]
    assert rows(services, "SELECT count(*) FROM emails") == [(2,)]
    assert rows(services, "SELECT count(*) FROM ledger_entries") == [(2,)]
    check_invariants(services)


def test_a_look_that_began_before_the_payment_and_is_applied_after_it_takes_nothing_back(
    services, user, gateway, order
) -> None:
    class Slow:
        """Answers what was true when it was asked, after somebody else has settled the truth."""

        def __getattr__(self, name):
            return getattr(gateway, name)

        def fetch_payments(self, ref):
            old = gateway.fetch_payments(ref)
            gateway.pay(ref.order_id)
            sync_order(services, ref.order_id)
            return old

    stale = sync_order(replace(services, gateways={services.settings.payment_gateway: Slow()}), order.id)

    assert stale.status is OrderStatus.PAID
    assert entitlement(services, user).is_active
    check_invariants(services)


def test_both_orders_of_one_checkout_settled_at_once_give_one_period(services, user, gateway, order) -> None:
    annual = start_checkout(services, user, "annual")
    gateway.pay(order.id)
    gateway.pay(annual.id)
    barrier = threading.Barrier(4)
    ends: list[object] = []

    def work(order_id: str) -> None:
        barrier.wait(10)
        try:
            ends.append(sync_order(services, order_id).status)
        except Exception as exc:  # shown by the assertion below
            ends.append(exc)

    together(*[lambda i=i: work(i) for i in (order.id, annual.id) * 2])

    assert sorted(map(str, ends)) == ["paid", "paid", "surplus", "surplus"]
    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]
    check_invariants(services)


def test_separate_purchases_settled_at_once_stack_without_overlap_and_without_deadlock(
    services, user, gateway, clock
) -> None:
    ids = []
    for _ in range(4):
        ids.append(start_checkout(services, user, "monthly").id)
        gateway.pay(ids[-1])
        with services.engine.begin() as conn:
            conn.execute(text("UPDATE checkouts SET closed_at = now()"))
    barrier = threading.Barrier(8)
    ends: list[object] = []

    def work(order_id: str) -> None:
        barrier.wait(10)
        try:
            ends.append(sync_order(services, order_id).status)
        except Exception as exc:  # shown by the assertion below
            ends.append(exc)

    together(*[lambda i=i: work(i) for i in ids * 2])

    periods = rows(services, "SELECT starts_at, ends_at FROM subscription_periods ORDER BY starts_at")
    assert ends == [OrderStatus.PAID] * 8
    assert len(periods) == 4
    assert periods[0][0] == clock.moment
    assert all(before[1] == after[0] for before, after in pairwise(periods))
    check_invariants(services)
