"""Money that goes back: asked for here, in the gateway's dashboard, or by the gateway; access follows it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.errors import (
    Forbidden,
    GatewayObjectNotFound,
    GatewayRequestRejected,
    GatewayTimeout,
    OrderNotFound,
    RefundRefused,
)
from domain.gateway import GatewayPaymentStatus, GatewayRefundStatus
from domain.orders import OrderStatus
from payment_handler import execute_refund, request_refund, start_checkout, sync_order
from user_management import create_admin, entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])

FULL = 49900
KEY = "REFUND00000000000001"


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


@pytest.fixture
def paid(services, user, gateway):
    """A paid monthly order."""
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    gateway.calls.clear()
    return order


@pytest.fixture
def duplicate_key(services, user, gateway) -> str:
    """A refund intent that nobody asked for: both orders of one checkout were paid."""
    monthly, annual = start_checkout(services, user, "monthly"), start_checkout(services, user, "annual")
    for order in (monthly, annual):
        gateway.pay(order.id)
        sync_order(services, order.id)
    gateway.calls.clear()
    return rows(services, "SELECT refund_key FROM refunds")[0][0]


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
        services, "SELECT status, current_period_end FROM subscriptions WHERE user_id = :id", user
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
        services, "SELECT status, current_period_end FROM subscriptions WHERE user_id = :id", user
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


def test_of_two_successes_the_one_that_the_gateway_does_not_return_bought_the_period(
    services, user, gateway
) -> None:
    order = start_checkout(services, user, "monthly")
    for payment_id in ("ONE", "TWO"):
        gateway.pay(order.id, payment_id=payment_id)
    theirs = gateway.refund_in_dashboard(order.id, FULL, status=GatewayRefundStatus.PENDING)
    gateway.refunds[theirs.refund_id] = replace(theirs, gateway_payment_id="ONE", is_automatic=True)
    sync_order(services, order.id)
    answer(gateway, theirs.refund_id, GatewayRefundStatus.SUCCESS)

    sync_order(services, order.id)

    assert entitlement(services, user).is_active
    assert rows(services, "SELECT gateway_payment_id, role, status FROM payments ORDER BY 1") == [
        ("ONE", "duplicate", "refunded"),
        ("TWO", "primary", "captured"),
    ]


def test_of_two_successes_that_nobody_needed_the_one_that_the_gateway_keeps_goes_back(
    services, user, gateway
) -> None:
    monthly, annual = start_checkout(services, user, "monthly"), start_checkout(services, user, "annual")
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    for payment_id in ("ONE", "TWO"):
        gateway.pay(monthly.id, payment_id=payment_id)
    theirs = gateway.refund_in_dashboard(monthly.id, FULL, status=GatewayRefundStatus.PENDING)
    gateway.refunds[theirs.refund_id] = replace(theirs, gateway_payment_id="ONE", is_automatic=True)

    sync_order(services, monthly.id)

    assert rows(
        services,
        "SELECT p.gateway_payment_id, r.origin FROM refunds r JOIN payments p ON p.id = r.payment_id ORDER BY 1",
    ) == [("ONE", "gateway"), ("TWO", "ours")]


def test_a_refund_made_in_the_dashboard_is_noticed_and_ends_access(services, user, gateway, paid) -> None:
    gateway.refund_in_dashboard(paid.id, FULL)

    sync_order(services, paid.id)
    sync_order(services, paid.id)

    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT origin, status, amount_paise, requested_by FROM refunds") == [
        ("gateway", "processed", FULL, None)
    ]
    assert balances(services) == {"gateway_receivable": 0, "sales": 0}
    assert rows(services, "SELECT count(*) FROM emails WHERE kind = 'refund'") == [(1,)]


def test_a_full_refund_of_a_surcharged_payment_ends_access_and_leaves_no_money(
    services, user, gateway
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id, charged_paise=FULL + 998)
    gateway.refund_in_dashboard(order.id, FULL + 998)

    sync_order(services, order.id)
    sync_order(services, order.id)

    assert not entitlement(services, user).is_active
    assert rows(services, "SELECT amount_paise, gateway_amount_paise FROM refunds") == [(FULL, FULL + 998)]
    assert balances(services) == {"gateway_receivable": 0, "sales": 0}


def test_a_refund_seen_together_with_its_payment_gives_and_ends_access_in_one(
    services, user, gateway
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    gateway.refund_in_dashboard(order.id, FULL)

    assert sync_order(services, order.id).status is OrderStatus.PAID
    assert not entitlement(services, user).is_active


def test_a_refund_that_names_no_payment_takes_from_the_orders_only_one(services, user, gateway, paid) -> None:
    theirs = gateway.refund_in_dashboard(paid.id, FULL)
    gateway.refunds[theirs.refund_id] = replace(theirs, gateway_payment_id="")

    sync_order(services, paid.id)

    assert not entitlement(services, user).is_active


def test_a_failed_dashboard_refund_is_kept_beside_one_that_takes_everything(
    services, gateway, admin, paid
) -> None:
    ask(services, admin, paid, FULL)
    gateway.refund_in_dashboard(paid.id, FULL, status=GatewayRefundStatus.FAILED)

    sync_order(services, paid.id)

    assert rows(services, "SELECT origin, status FROM refunds ORDER BY id") == [
        ("ours", "intended"),
        ("gateway", "failed"),
    ]


def test_a_refund_of_nothing_changes_nothing(services, gateway, paid) -> None:
    gateway.refund_in_dashboard(paid.id, 0)

    sync_order(services, paid.id)

    assert rows(services, "SELECT * FROM refunds") == []


def test_refunds_beyond_the_payment_are_told_and_not_booked(services, gateway, paid) -> None:
    gateway.refund_in_dashboard(paid.id, FULL)
    gateway.refund_in_dashboard(paid.id, 100)

    sync_order(services, paid.id)

    assert rows(services, "SELECT sum(amount_paise) FROM refunds") == [(FULL,)]
    assert rows(services, "SELECT count(*) FROM alarms WHERE message LIKE '%more than payment%'") == [(1,)]


def test_an_order_without_refunds_may_be_answered_not_found(services, user, gateway) -> None:
    def absent(_order_id):
        raise GatewayObjectNotFound()

    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    gateway.fetch_refunds = absent

    assert sync_order(services, order.id).status is OrderStatus.PAID


def test_hostile_lists_of_attempts_and_refunds_do_not_block_an_order(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    paid = gateway.pay(order.id)
    failed = replace(paid, status=GatewayPaymentStatus.FAILED)
    gateway.payments[order.id] = [
        failed,
        paid,
        paid,
        replace(failed, gateway_payment_id="NOTHING", amount_paise=0),
        replace(failed, gateway_payment_id="x" * 400),
    ]
    theirs = gateway.refund_in_dashboard(order.id, 100)
    gateway.refunds = {
        "a": replace(theirs, refund_id="", gateway_refund_id="47.11 é" * 40),
        "b": replace(theirs, refund_id="SECOND", gateway_refund_id="1"),
        "c": replace(theirs, refund_id="THIRD", gateway_refund_id="1"),
    }

    for _ in range(2):
        assert sync_order(services, order.id).status is OrderStatus.PAID

    assert rows(services, "SELECT count(*) FROM payments") == [(1,)]
    assert rows(services, "SELECT count(*) FROM refunds") == [(2,)]


def test_a_dashboard_refund_with_a_strange_id_is_kept_under_the_gateways_number(
    services, gateway, paid
) -> None:
    theirs = gateway.refund_in_dashboard(paid.id, 100)
    gateway.refunds = {"x": replace(theirs, refund_id="r é !", gateway_refund_id="4711")}

    sync_order(services, paid.id)
    sync_order(services, paid.id)

    assert rows(services, "SELECT refund_key, gateway_refund_id FROM refunds") == [("gateway_4711", "4711")]


def test_a_refund_is_carried_out_once_and_balances_the_books(services, user, gateway, duplicate_key) -> None:
    execute_refund(services, duplicate_key)
    execute_refund(services, duplicate_key)

    assert gateway.calls == ["create_refund"]
    assert rows(services, "SELECT status, gateway_refund_id FROM refunds") == [("processed", "R0")]
    assert rows(services, "SELECT role, status FROM payments ORDER BY id") == [
        ("primary", "captured"),
        ("duplicate", "refunded"),
    ]
    assert balances(services)["owed_to_buyers"] == 0
    assert entitlement(services, user).is_active


def test_a_refund_whose_answer_was_lost_is_found_and_not_made_twice(services, gateway, duplicate_key) -> None:
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        execute_refund(services, duplicate_key)

    execute_refund(services, duplicate_key)

    assert len(gateway.refunds) == 1
    assert rows(services, "SELECT status FROM refunds") == [("processed",)]


@pytest.mark.parametrize("status", [GatewayRefundStatus.FAILED, GatewayRefundStatus.CANCELLED])
def test_a_failed_refund_calls_a_person_frees_the_money_and_is_not_repeated(
    services, gateway, admin, paid, status
) -> None:
    ask(services, admin, paid, FULL)
    gateway.create_refund(
        paid.ref,
        gateway_payment_id=gateway.payments[paid.id][0].gateway_payment_id,
        refund_id=KEY,
        amount_paise=FULL,
        note="",
    )
    answer(gateway, KEY, status)
    gateway.calls.clear()

    execute_refund(services, KEY)
    execute_refund(services, KEY)

    assert gateway.calls == ["create_refund"]
    assert rows(services, "SELECT status FROM refunds") == [("failed",)]
    assert rows(services, "SELECT count(*) FROM alarms WHERE key LIKE 'refund:%'") == [(1,)]
    ask(services, admin, paid, FULL, key="REFUND00000000000002")


def test_a_refund_that_the_gateway_refuses_ends_and_frees_the_money(services, gateway, admin, paid) -> None:
    ask(services, admin, paid, FULL)
    gateway.fail_next = GatewayRequestRejected()

    execute_refund(services, KEY)

    assert rows(services, "SELECT status FROM refunds") == [("failed",)]
    assert rows(services, "SELECT count(*) FROM alarms WHERE key LIKE 'refund:%'") == [(1,)]
    ask(services, admin, paid, FULL, key="REFUND00000000000002")


def test_a_refund_that_failed_and_then_went_through_is_booked(services, user, gateway, admin, paid) -> None:
    ask(services, admin, paid, FULL)
    gateway.create_refund(
        paid.ref,
        gateway_payment_id=gateway.payments[paid.id][0].gateway_payment_id,
        refund_id=KEY,
        amount_paise=FULL,
        note="",
    )
    answer(gateway, KEY, GatewayRefundStatus.FAILED)
    execute_refund(services, KEY)
    answer(gateway, KEY, GatewayRefundStatus.SUCCESS)

    sync_order(services, paid.id)
    answer(gateway, KEY, GatewayRefundStatus.FAILED)
    sync_order(services, paid.id)

    assert rows(services, "SELECT status FROM refunds") == [("processed",)]
    assert not entitlement(services, user).is_active


def test_four_workers_at_once_refund_once(services, gateway, duplicate_key) -> None:
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait(10)
        execute_refund(services, duplicate_key)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(gateway.refunds) == 1
    assert rows(services, "SELECT count(*) FROM ledger_entries WHERE refund_id IS NOT NULL") == [(2,)]


def test_a_refund_nobody_intended_is_not_made(services, gateway) -> None:
    execute_refund(services, "REFUND4711")

    assert gateway.calls == []


def ask(services, actor, order, amount_paise: int, *, key: str = KEY) -> None:
    request_refund(
        services, actor, order_id=order.id, amount_paise=amount_paise, reason="asked by mail", refund_key=key
    )


def answer(gateway, refund_key: str, status: GatewayRefundStatus) -> None:
    gateway.refunds[refund_key] = replace(gateway.refunds[refund_key], status=status)


def jobs(services) -> list[tuple]:
    return rows(
        services, "SELECT args->>'refund_key' FROM procrastinate_jobs WHERE task_name = 'execute_refund'"
    )


def balances(services) -> dict[str, int]:
    return {
        account: int(total)
        for account, total in rows(
            services, "SELECT account, sum(amount_paise) FROM ledger_entries GROUP BY account"
        )
    }


def rows(services, statement: str, user=None) -> list[tuple]:
    with services.engine.connect() as conn:
        values = {} if user is None else {"id": user.id}
        return [tuple(row) for row in conn.execute(text(statement), values)]
