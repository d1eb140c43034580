"""Each line of "Security Measures" and "Rate Limiting" in the second guide, as what happens to somebody who tries."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cashfree_integration import CashfreePaymentGateway
from database.engine import connect_engine
from database.queue import JobQueue
from domain.errors import (
    CheckoutClosed,
    GatewayTimeout,
    OrderNotFound,
    TooManyRequests,
    UnknownPlan,
    WebhookRefused,
)
from domain.orders import OrderStatus
from payment_handler import (
    confirm_return,
    receive_webhook,
    recover_order,
    start_checkout,
    sync_order,
    verify_again,
)
from user_management import register
from wiring import Services

# 1. Server-side pricing


def test_limit_the_amount_comes_from_the_plan_and_the_days_price(services, user, gateway) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE prices SET valid_until = now() WHERE plan_id = 'monthly'"))
        conn.execute(text("INSERT INTO prices (plan_id, amount_paise) VALUES ('monthly', 54900)"))

    order = start_checkout(services, user, "monthly")

    assert (order.amount_paise, gateway.requests[order.id].amount_paise) == (54900, 54900)


def test_limit_an_amount_that_differs_at_the_gateway_gives_no_access(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.orders[order.id] = replace(gateway.orders[order.id], amount_paise=100)
    gateway.pay(order.id)

    assert sync_order(services, order.id).status is OrderStatus.QUARANTINED


# 2. Input validation


@pytest.mark.parametrize("user_id", ["7", "asha", "' OR 1=1 --", "00000000000000000000000000000001", ""])
def test_limit_an_order_is_rebuilt_for_no_user_id_but_a_uuid(services, user, gateway, user_id) -> None:
    order_id = _forgotten_order(services, user, gateway, user_id=user_id)

    assert recover_order(services, "cashfree", order_id) is None


def test_limit_an_order_is_rebuilt_for_a_uuid_of_a_user(services, user, gateway) -> None:
    order_id = _forgotten_order(services, user, gateway, user_id=str(user.id))

    assert recover_order(services, "cashfree", order_id) is not None


def test_limit_the_database_holds_no_user_id_but_a_uuid(services) -> None:
    with services.engine.connect() as conn, pytest.raises(DBAPIError, match="uuid"):
        conn.execute(text("INSERT INTO checkouts (user_id) VALUES ('asha')"))


@pytest.mark.parametrize(
    "plan", ["", "weekly", "MONTHLY", "monthly ; DROP", "monthly\x00", "Monthly Plan (₹1)"]
)
def test_limit_only_plans_on_sale_can_be_ordered(services, user, gateway, plan) -> None:
    with pytest.raises(UnknownPlan):
        start_checkout(services, user, plan)

    assert gateway.calls == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-webhook-timestamp": "1774000000000"},
        {"x-webhook-signature": "", "x-webhook-timestamp": "1774000000000"},
        {"x-webhook-signature": "c2hvcnQ=", "x-webhook-timestamp": "1774000000000"},
        {"x-webhook-signature": "é" * 44, "x-webhook-timestamp": "1774000000000"},
        {"x-webhook-signature": "0" * 64, "x-webhook-timestamp": "1774000000000"},
        {"x-webhook-signature": "A" * 43 + "=", "x-webhook-timestamp": " 1774000000000"},
        {"x-webhook-signature": "A" * 43 + "=", "x-webhook-timestamp": "1774000000000"},
    ],
    ids=["none", "absent", "empty", "short", "not ascii", "hex", "bad time", "wrong"],
)
def test_limit_a_message_without_a_good_signature_is_refused_and_not_kept(services, headers) -> None:
    cashfree = CashfreePaymentGateway(
        "TESTSIMULATOR", "cfsk_ma_test_simulator", api_base="http://127.0.0.1:1"
    )
    behind = replace(services, gateways={"cashfree": cashfree})

    with pytest.raises(WebhookRefused):
        receive_webhook(behind, "cashfree", headers, b'{"type":"PAYMENT_SUCCESS_WEBHOOK","data":{}}')

    assert _count(services, "gateway_events") == 0


# 3. Rate limiting


def test_limit_ten_orders_an_hour_for_each_user(live_services, user, gateway) -> None:
    for number in range(10):
        start_checkout(live_services, user, ("monthly", "annual")[number % 2])
    gateway.calls.clear()

    with pytest.raises(TooManyRequests, match="not charged"):
        start_checkout(live_services, user, "monthly")

    assert _count(live_services, "orders") == 10
    assert "create_order" not in gateway.calls


def test_limit_the_tenth_order_can_still_be_paid_and_another_user_can_order(
    live_services, user, gateway
) -> None:
    for number in range(10):
        order = start_checkout(live_services, user, ("monthly", "annual")[number % 2])

    again = start_checkout(live_services, user, order.plan_id)
    other = start_checkout(live_services, _another_user(live_services), "monthly")

    assert (again.id, other.status) == (order.id, OrderStatus.CREATED)


def test_limit_an_hour_later_one_can_order_again(live_services, user) -> None:
    for number in range(10):
        start_checkout(live_services, user, ("monthly", "annual")[number % 2])
    with live_services.engine.begin() as conn:
        conn.execute(text("UPDATE orders SET created_at = created_at - interval '1 hour'"))

    assert start_checkout(live_services, user, "monthly").status is OrderStatus.CREATED


def test_limit_ten_orders_hold_over_two_processes_at_once(live_services, user) -> None:
    def order(services: Services, number: int) -> None:
        for step in range(100):
            with suppress(CheckoutClosed):  # the other tab chose the other plan meanwhile
                start_checkout(services, user, ("monthly", "annual")[(number + step) % 2])

    raised = _over_two_processes(live_services, order, 6)

    assert (raised, _count(live_services, "orders")) == ([TooManyRequests] * 6, 10)


def test_limit_three_verifications_a_minute_for_each_order(services, user, gateway, clock) -> None:
    order = start_checkout(services, user, "monthly")
    for _ in range(3):
        verify_again(services, user, order.id)
        clock.advance(timedelta(seconds=10))
    gateway.calls.clear()

    with pytest.raises(TooManyRequests, match="check again in 30 seconds"):
        verify_again(services, user, order.id)

    assert gateway.calls == []


def test_limit_a_refused_click_is_not_counted_and_the_next_minute_is_free(services, user, clock) -> None:
    order = start_checkout(services, user, "monthly")
    for _ in range(3):
        verify_again(services, user, order.id)
    for _ in range(5):
        with pytest.raises(TooManyRequests):
            verify_again(services, user, order.id)
    clock.advance(timedelta(minutes=1))

    assert verify_again(services, user, order.id).id == order.id


def test_limit_verifications_of_one_order_leave_those_of_another_free(services, user, clock) -> None:
    order = start_checkout(services, user, "monthly")
    for _ in range(3):
        verify_again(services, user, order.id)
    stranger = _another_user(services)
    theirs = start_checkout(services, stranger, "monthly")

    assert verify_again(services, stranger, theirs.id).id == theirs.id


def test_limit_three_verifications_hold_over_two_processes_at_once(live_services, user) -> None:
    order = start_checkout(live_services, user, "monthly")
    done: list[str] = []

    def click(services: Services, _number: int) -> None:
        done.append(verify_again(services, user, order.id).id)

    refused = _over_two_processes(live_services, click, 12)

    assert (len(done), refused) == (3, [TooManyRequests] * 9)


def test_limit_a_return_is_confirmed_however_often_one_has_clicked(services, user, gateway, clock) -> None:
    order = start_checkout(services, user, "monthly")
    for _ in range(3):
        verify_again(services, user, order.id)
    gateway.pay(order.id)
    clock.advance(timedelta(seconds=10))

    assert confirm_return(services, user, order.id).status is OrderStatus.PAID


def test_limit_a_settled_order_can_be_looked_at_without_end(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)

    assert {verify_again(services, user, order.id).status for _ in range(6)} == {OrderStatus.PAID}
    assert _verifications_counted(services) == 1


def test_limit_nobody_can_use_up_the_verifications_of_a_strangers_order(services, user) -> None:
    order = start_checkout(services, user, "monthly")
    stranger = _another_user(services)

    with pytest.raises(OrderNotFound):
        verify_again(services, stranger, order.id)

    assert _verifications_counted(services) == 0


# 4. Idempotency


def test_limit_an_order_keeps_its_own_id_through_every_repetition(services, user, gateway) -> None:
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")

    orders = {start_checkout(services, user, "monthly").id for _ in range(3)}

    assert orders == set(gateway.orders)
    assert len(orders) == 1


def _forgotten_order(services: Services, user, gateway, *, user_id: str) -> str:
    """An order that only the gateway has, under this user id."""
    order = start_checkout(services, user, "monthly")
    theirs = gateway.orders.pop(order.id)
    order_id = "ORDER00000000000000Z"
    tags = {**theirs.tags, "user_id": user_id, "checkout_id": "00000000-0000-4000-8000-00000000000c"}
    gateway.orders[order_id] = replace(theirs, order_id=order_id, tags=tags)
    gateway.payments[order_id] = []
    return order_id


def _another_user(services: Services):
    return register(
        services,
        full_name="Ravi Iyer",
        email="ravi@example.com",
        username="ravi",
        phone="9888888888",
        state="Karnataka",
        password="TestPass123",
    )


def _over_two_processes(
    services: Services, work: Callable[[Services, int], None], number: int
) -> list[type[Exception]]:
    """Run `work` in threads that share nothing but the database, half of them on each engine. What was raised."""
    engines = [connect_engine(services.engine.url, pool_size=number) for _ in range(2)]
    barrier = threading.Barrier(number)
    raised: list[type[Exception]] = []

    def run(index: int) -> None:
        engine = engines[index % 2]
        barrier.wait(10)
        try:
            work(replace(services, engine=engine, queue=JobQueue(engine)), index)
        except Exception as exc:
            raised.append(type(exc))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    return raised


def _verifications_counted(services: Services) -> int:
    with services.engine.connect() as conn:
        return conn.execute(text("SELECT count(*) FROM limit_uses WHERE key LIKE 'verify:%'")).scalar_one()


def _count(services: Services, table: str) -> int:
    with services.engine.connect() as conn:
        return conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
