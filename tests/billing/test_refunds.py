"""Money that an admin sends back: only what is left of a payment, once; access ends when all of it has gone."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.errors import Forbidden, OrderNotFound, RefundRefused
from domain.gateway import GatewayRefundStatus
from payment_handler import execute_refund, request_refund, start_checkout, sync_order
from tests.billing.returned_money import FULL, KEY, answer, ask
from tests.books import balances, rows
from user_management import entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])


def test_a_full_refund_ends_access_when_it_succeeds_and_not_before(
    services, user, gateway, admin, paid
) -> None:
    ask(services, admin, paid, FULL)
    asked = entitlement(services, user).is_active
    gateway.create_refund(
        paid.ref,
        gateway_payment_id=gateway.payments[paid.id][0].gateway_payment_id,
        refund_id=KEY,
        amount_paise=FULL,
        note="",
    )
    answer(gateway, KEY, GatewayRefundStatus.PENDING)
    execute_refund(services, KEY)
    pending = (entitlement(services, user).is_active, rows(services, "SELECT status FROM refunds"))

    answer(gateway, KEY, GatewayRefundStatus.SUCCESS)
    sync_order(services, paid.id)

    assert (asked, pending) == (True, (True, [("pending",)]))
    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT status FROM payments") == [("refunded",)]
    assert rows(
        services, "SELECT status, current_period_end FROM subscriptions WHERE user_id = :id", id=user.id
    ) == [("expired", None)]
    assert balances(services) == {"gateway_receivable": 0, "sales": 0}
    assert rows(services, "SELECT status FROM orders") == [("paid",)]


def test_a_partial_refund_never_ends_access_and_two_halves_do(services, user, gateway, admin, paid) -> None:
    ask(services, admin, paid, 20000)
    execute_refund(services, KEY)
    half = entitlement(services, user).is_active
    ask(services, admin, paid, 29900, key="REFUND00000000000002")
    execute_refund(services, "REFUND00000000000002")

    assert half
    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT kind FROM emails WHERE kind = 'refund'") == [("refund",), ("refund",)]
    assert balances(services) == {"gateway_receivable": 0, "sales": 0}


def test_periods_bought_later_move_into_the_time_that_a_refund_frees(
    services, user, gateway, clock, admin, paid
) -> None:
    for plan in ("annual", "monthly"):
        order = start_checkout(services, user, plan)
        gateway.pay(order.id)
        sync_order(services, order.id)
    lengths = (
        "SELECT ends_at - starts_at FROM subscription_periods WHERE revoked_at IS NULL ORDER BY starts_at"
    )
    before = rows(services, lengths)[1:]
    clock.advance(timedelta(days=10))

    ask(services, admin, paid, FULL)
    execute_refund(services, KEY)

    live = rows(
        services,
        "SELECT starts_at, ends_at FROM subscription_periods WHERE revoked_at IS NULL ORDER BY starts_at",
    )
    assert entitlement(services, user).is_active
    assert live[0][0] == clock.moment
    assert live[1][0] == live[0][1]
    assert rows(services, lengths) == before
    assert rows(
        services, "SELECT status, current_period_end FROM subscriptions WHERE user_id = :id", id=user.id
    ) == [("active", live[1][1])]


def test_a_refund_of_a_period_that_is_over_moves_nothing(services, user, gateway, clock, admin, paid) -> None:
    order = start_checkout(services, user, "annual")
    gateway.pay(order.id)
    sync_order(services, order.id)
    clock.advance(timedelta(days=60))
    live = "SELECT starts_at FROM subscription_periods WHERE plan_id = 'annual'"
    before = rows(services, live)

    ask(services, admin, paid, FULL)
    execute_refund(services, KEY)

    assert rows(services, live) == before


def test_sending_the_form_twice_asks_once(services, admin, paid) -> None:
    ask(services, admin, paid, 10000)
    ask(services, admin, paid, 10000)

    assert rows(services, "SELECT amount_paise, requested_by FROM refunds") == [(10000, admin.id)]
    assert jobs(services) == [(KEY,)]


@pytest.mark.parametrize(
    ("amount", "reason"), [(0, "x"), (-1, "x"), (99, "x"), (FULL + 1, "x"), (FULL, "  "), (10**18, "x")]
)
def test_a_refund_outside_what_is_left_or_without_reason_is_refused(
    services, admin, paid, amount, reason
) -> None:
    with pytest.raises(RefundRefused):
        request_refund(services, admin, order_id=paid.id, amount_paise=amount, reason=reason, refund_key=KEY)

    assert rows(services, "SELECT * FROM refunds") == []


def test_two_admins_cannot_return_the_same_money(services, admin, paid) -> None:
    ends: list[str] = []
    barrier = threading.Barrier(2)

    def work(key: str) -> None:
        barrier.wait(10)
        try:
            ask(services, admin, paid, FULL, key=key)
            ends.append("asked")
        except RefundRefused:
            ends.append("refused")

    threads = [threading.Thread(target=work, args=(f"REFUND0000000000000{n}",)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["asked", "refused"]
    assert rows(services, "SELECT sum(amount_paise) FROM refunds") == [(FULL,)]


def test_only_an_admin_of_now_returns_money(services, user, admin, paid) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET role = 'subscriber' WHERE id = :id"), {"id": admin.id})

    for actor in (user, admin):
        with pytest.raises(Forbidden):
            ask(services, actor, paid, FULL)


def test_an_order_that_does_not_exist_or_was_not_paid_returns_nothing(services, user, admin) -> None:
    unpaid = start_checkout(services, user, "monthly")

    with pytest.raises(RefundRefused, match="Nothing"):
        ask(services, admin, unpaid, FULL)
    with pytest.raises(OrderNotFound):
        request_refund(
            services, admin, order_id="ORDER00000000000000X", amount_paise=1, reason="x", refund_key=KEY
        )


def test_an_order_paid_twice_waits_for_the_gateways_own_refund(services, gateway, admin, user) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id, payment_id="ONE")
    second = gateway.pay(order.id, payment_id="TWO")
    sync_order(services, order.id)
    with pytest.raises(RefundRefused, match="paid twice"):
        ask(services, admin, order, FULL)
    theirs = gateway.refund_in_dashboard(order.id, FULL)
    gateway.refunds[theirs.refund_id] = replace(theirs, gateway_payment_id=second.gateway_payment_id)
    sync_order(services, order.id)

    ask(services, admin, order, FULL)

    assert rows(services, "SELECT p.gateway_payment_id, r.origin FROM refunds r JOIN payments p "
                          "ON p.id = r.payment_id ORDER BY r.id") == [("TWO", "gateway"), ("ONE", "ours")]  # fmt: skip


def jobs(services) -> list[tuple]:
    return rows(
        services, "SELECT args->>'refund_key' FROM procrastinate_jobs WHERE task_name = 'execute_refund'"
    )
