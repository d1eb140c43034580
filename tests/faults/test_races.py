"""Two processes on one database, many threads: every reason to look at an order arrives at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from database.embedded import EmbeddedServer
from domain.accounts import User
from domain.orders import Order
from tests.faults.agreement import disagreements
from tests.faults.racer import Blow, Racers, racers
from tests.faults.shop import Shop, open_shop

PROCESSES = 2
BLOWS_PER_ORDER = 5


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(server, tmp_path_factory.mktemp("races"), "races") as shop:
        yield shop


@pytest.fixture(scope="module")
def field(shop: Shop, scale: Any) -> Iterator[Racers]:
    with racers(shop.environment, processes=PROCESSES, threads=scale.pick(8, 32)) as field:
        yield field


def three_webhooks(shop: Shop, order: Order) -> list[Blow]:
    """The same message three times; once under another key, which no signature covers."""
    headers, body = shop.webhook(order.id)
    strange = {**headers, "x-idempotency-key": "another"}
    return [
        {"kind": "webhook", "headers": each, "body": body.decode()} for each in (headers, strange, headers)
    ]


def every_reason_to_look(shop: Shop, user: User, order: Order) -> list[Blow]:
    return [
        *three_webhooks(shop, order),
        {"kind": "return", "user_id": str(user.id), "order_id": order.id},
        {"kind": "sync", "order_id": order.id},
    ]


def deadlocks(shop: Shop) -> int:
    (found,) = shop.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(found["deadlocks"])


def assert_once_each(shop: Shop, orders: list[Order]) -> None:
    """One period, one receipt, one ledger transaction (`disagreements`), and one event of each order."""
    shop.run_jobs()
    assert disagreements(shop) == []
    events = shop.rows("SELECT order_id, count(*) AS times FROM gateway_events GROUP BY order_id")
    assert {e["order_id"]: e["times"] for e in events}.items() >= {o.id: 1 for o in orders}.items()
    assert deadlocks(shop) == 0


def test_f40_webhooks_return_page_recheck_and_sweep_at_once_activate_once(
    shop: Shop, field: Racers, scale: Any, exercised: Any, measured: Any
) -> None:
    number, together = scale.pick(20, 1_000), (field.workers - 1) // BLOWS_PER_ORDER
    waiting = iter(range(number))
    raced: list[Order] = []
    while heat := list(islice(waiting, together)):
        blows: list[Blow] = [{"kind": "sweep"}]
        for _ in heat:
            user = shop.buyer()
            order = shop.order(user)
            shop.pay(order)
            raced.append(order)
            blows += every_reason_to_look(shop, user, order)
        shop.let_pass(minutes=5)

        assert field.strike(blows) == []

    assert_once_each(shop, raced)
    assert len(raced) == number
    exercised("F40", number)
    measured(f"orders raced over by {field.workers} workers in {PROCESSES} processes", number)


def test_f41_two_orders_of_one_user_that_settle_together_stack_their_periods(
    shop: Shop, field: Racers, scale: Any, exercised: Any
) -> None:
    users: list[User] = []
    for _ in range(scale.pick(3, 10)):
        blows: list[Blow] = []
        for _ in range(field.workers // 2):
            user = shop.buyer()
            users.append(user)
            first = shop.order(user)
            # A purchase of its own, not another try at the same one.
            shop.execute("UPDATE checkouts SET closed_at = now() WHERE id = :id", id=first.checkout_id)
            second = shop.order(user, "annual")
            shop.pay(first)
            shop.pay(second)
            # Blows are dealt out in turn: the two meet from different processes.
            blows += [{"kind": "sync", "order_id": first.id}, {"kind": "sync", "order_id": second.id}]

        assert field.strike(blows) == []

    shop.run_jobs()
    assert disagreements(shop) == []
    for user in users:
        first_period, second_period = shop.rows(
            """
            SELECT p.starts_at, p.ends_at
            FROM subscription_periods p
            JOIN subscriptions s ON s.id = p.subscription_id
            WHERE s.user_id = :user_id
            ORDER BY p.starts_at
            """,
            user_id=user.id,
        )
        assert first_period["ends_at"] == second_period["starts_at"]
    assert deadlocks(shop) == 0
    exercised("F41", len(users))


def test_f31_one_message_many_times_at_once_on_two_processes_has_one_effect(
    shop: Shop, field: Racers, scale: Any, exercised: Any
) -> None:
    order = shop.order(shop.buyer())
    shop.pay(order)
    headers, body = shop.webhook(order.id)
    copies: list[Blow] = [
        {"kind": "webhook", "headers": {**headers, "x-idempotency-key": f"copy{n}"}, "body": body.decode()}
        for n in range(scale.pick(48, 1_000))
    ]
    waiting = iter(copies)
    while wave := list(islice(waiting, field.workers)):
        assert field.strike(wave) == []

    assert_once_each(shop, [order])
    exercised("F31", len(copies))
