"""Rows F40 and F41: everybody who has a reason to look does so at once, and it counts once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from database.engine import database_now
from domain.accounts import User
from domain.gateway import OrderRef
from domain.orders import OrderStatus
from payment_handler import (
    confirm_return,
    leave_for_gateway,
    process_event,
    receive_webhook,
    start_checkout,
    sweep,
    sync_order,
)
from tests.books import execute, rows
from tests.fakes import FakeGateway
from tests.faults.invariant_guard import the_books_hold as the_books_hold
from user_management import register
from wiring import Services

GOOD = {"x-webhook-signature": "good"}


class Meeting(FakeGateway):
    """Lets nobody go on from the gateway until so many have asked, so that all hold the same answer."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.barrier: threading.Barrier | None = None

    def fetch_payments(self, order: OrderRef) -> Any:
        found = super().fetch_payments(order)
        if self.barrier is not None:
            self.barrier.wait(20)
        return found


@pytest.fixture
def gateway(clock: Any) -> Meeting:
    return Meeting(lambda: clock.moment)


@pytest.fixture
def shop(services: Services) -> Services:
    """On the database's clock: the sweep asks which orders have waited by it."""
    return replace(services, now=database_now)


def test_f40_webhook_return_sweep_and_recheck_at_once_activate_once(
    shop: Services, gateway: Meeting, scale: Any, exercised: Any
) -> None:
    rounds = scale.pick(6, 150)
    for number in range(rounds):
        buyer = a_buyer(shop, number)
        order = start_checkout(shop, buyer, "monthly")
        leave_for_gateway(shop, buyer, order.id)
        gateway.pay(order.id)
        receive_webhook(shop, "cashfree", GOOD, f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode())
        ((event_id,),) = rows(shop, "SELECT max(id) FROM gateway_events")
        # The only order that the sweep finds due.
        execute(
            shop, "UPDATE orders SET created_at = now() - interval '10 minutes' WHERE id = :id", id=order.id
        )
        gateway.barrier = threading.Barrier(4)

        ends = at_once(
            lambda event_id=event_id: process_event(shop, event_id),
            lambda buyer=buyer, order=order: confirm_return(shop, buyer, order.id).status,
            lambda: sweep(shop).moved,
            lambda order=order: sync_order(shop, order.id).status,
        )

        gateway.barrier = None
        assert [end for end in ends if isinstance(end, BaseException)] == []
        assert {OrderStatus.PAID} >= {end for end in ends if isinstance(end, OrderStatus)}
        assert counts(shop, order.id) == {"periods": 1, "transactions": 1, "receipts": 1, "payments": 1}
    exercised("F40", rounds)


@pytest.mark.parametrize("plans", [("annual", "monthly"), ("monthly", "monthly", "annual", "monthly")])
def test_f41_several_orders_of_one_buyer_settled_at_once_stack_without_gap_overlap_or_deadlock(
    shop: Services, gateway: Meeting, plans: tuple[str, ...], scale: Any, exercised: Any
) -> None:
    rounds = scale.pick(4, 60)
    for number in range(rounds):
        buyer = a_buyer(shop, number)
        orders = []
        for plan in plans:
            orders.append(start_checkout(shop, buyer, plan).id)
            gateway.pay(orders[-1])
            # Another purchase, not another try at the same one.
            execute(shop, "UPDATE checkouts SET closed_at = now() WHERE closed_at IS NULL")
        # Each is looked at twice, from both ends: whoever locked orders before buyers would wait in a ring.
        looks = [*orders, *reversed(orders)]
        gateway.barrier = threading.Barrier(len(looks))

        ends = at_once(*[lambda order_id=order_id: sync_order(shop, order_id).status for order_id in looks])

        gateway.barrier = None
        assert ends == [OrderStatus.PAID] * len(looks)
        periods = rows(
            shop,
            """
            SELECT p.starts_at, p.ends_at, p.plan_id FROM subscription_periods p
            JOIN subscriptions s ON s.id = p.subscription_id WHERE s.user_id = :id ORDER BY p.starts_at
            """,
            id=buyer.id,
        )
        assert sorted(plan for _, _, plan in periods) == sorted(plans)
        assert all(before[1] == after[0] for before, after in pairwise(periods))
        assert periods[-1][1] - periods[0][0] > timedelta(days=365 * plans.count("annual"))
    exercised("F41", rounds)


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run each in a thread of its own, all beginning together. What each returned or raised."""
    ends: list[object] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(number: int) -> None:
        barrier.wait(20)
        try:
            ends[number] = works[number]()
        except BaseException as exc:  # told by the caller's assertion
            ends[number] = exc

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def a_buyer(shop: Services, number: int) -> User:
    return register(
        shop,
        full_name="Asha Rao",
        email=f"asha{number}@example.com",
        username=f"asha{number}",
        phone="9999999999",
        state="Karnataka",
        password="TestPass123",
    )


def counts(shop: Services, order_id: str) -> dict[str, int]:
    ((payments, periods, transactions, receipts),) = rows(
        shop,
        """
        SELECT count(DISTINCT p.id), count(DISTINCT s.id), count(DISTINCT l.txn_id), count(DISTINCT e.id)
        FROM orders o
        LEFT JOIN payments p ON p.order_id = o.id
        LEFT JOIN subscription_periods s ON s.payment_id = p.id
        LEFT JOIN ledger_entries l ON l.payment_id = p.id
        LEFT JOIN emails e ON e.user_id = o.user_id AND e.kind = 'receipt'
        WHERE o.id = :id
        """,
        id=order_id,
    )
    return {"periods": periods, "transactions": transactions, "receipts": receipts, "payments": payments}
