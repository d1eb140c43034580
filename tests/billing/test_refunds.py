"""Money that an admin sends back: only what is left of a payment, once; access ends when all of it has gone."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from billing.desk import settle_by_hand
from database import refunds
from domain.errors import Forbidden, GatewayRequestRejected, OrderNotFound, RefundRefused
from domain.gateway import GatewayRefundStatus
from domain.refunds import RefundablePayment
from operations.check import all_hold, run_checks
from payment_handler import execute_refund, request_refund, start_checkout, sync_order
from tests.billing.returned_money import FULL, KEY, answer, ask
from tests.books import balances, rows, shown_payment
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
        request_refund(
            services,
            admin,
            order_id=paid.id,
            payment_id=shown_payment(services, paid.id),
            amount_paise=amount,
            reason=reason,
            refund_key=KEY,
        )

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
            services,
            admin,
            order_id="ORDER00000000000000X",
            payment_id=1,
            amount_paise=1,
            reason="x",
            refund_key=KEY,
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


def _paid_twice(services, gateway, admin, order, *, given_back: int) -> None:
    """ONE bought access, and a part of it may have gone back; TWO came after it, and the gateway fails to return it."""
    gateway.pay(order.id, payment_id="ONE")
    sync_order(services, order.id)
    if given_back:
        ask(services, admin, order, given_back)
        execute_refund(services, KEY)
    gateway.pay(order.id, payment_id="TWO")
    theirs = gateway.refund_in_dashboard(order.id, FULL, status=GatewayRefundStatus.FAILED)
    gateway.refunds[theirs.refund_id] = replace(theirs, gateway_payment_id="TWO", is_automatic=True)
    sync_order(services, order.id)


@pytest.mark.parametrize("given_back", [0, 10000], ids=["untouched", "a-part-is-back"])
def test_the_good_payment_stays_while_a_second_one_waits_and_all_ends_right_by_hand(
    services, user, gateway, admin, given_back
) -> None:
    order = start_checkout(services, user, "monthly")
    _paid_twice(services, gateway, admin, order, given_back=given_back)
    one, two = (p.id for p in _money(services, order.id))

    for payment_id in (one, two):
        with pytest.raises(RefundRefused, match="paid twice"):
            _request(services, admin, order.id, payment_id, FULL - given_back)
    settle_by_hand(services, admin, order_id=order.id, payment_id=two, reason="NEFT")
    still_open = entitlement(services, user).is_active
    _request(services, admin, order.id, one, FULL - given_back)
    execute_refund(services, "REFUND00000000000009")

    assert still_open
    assert not entitlement(services, user).is_active
    assert balances(services) == {
        "gateway_receivable": FULL, "sales": 0, "owed_to_buyers": 0, "paid_by_hand": -FULL,
    }  # fmt: skip
    assert all_hold(run_checks(services))


def test_a_form_about_another_payment_than_what_goes_back_now_asks_for_nothing(
    services, user, gateway, admin
) -> None:
    order = start_checkout(services, user, "monthly")
    _paid_twice(services, gateway, admin, order, given_back=0)
    one, two = (p.id for p in _money(services, order.id))
    settle_by_hand(services, admin, order_id=order.id, payment_id=two, reason="NEFT")

    for other in (two, one + 1000):
        with pytest.raises(RefundRefused, match="another payment"):
            _request(services, admin, order.id, other, FULL)

    assert rows(services, "SELECT status FROM refunds") == [("failed",)]
    assert entitlement(services, user).is_active


def test_money_that_bought_nothing_is_asked_for_once_more_beside_other_such_money(
    services, user, gateway, admin
) -> None:
    first, second = (start_checkout(services, user, plan) for plan in ("monthly", "annual"))
    gateway.pay(second.id)
    sync_order(services, second.id)
    for payment_id in ("ONE", "TWO"):
        gateway.pay(first.id, payment_id=payment_id)
        sync_order(services, first.id)
    (key,) = (key for (key,) in rows(services, "SELECT refund_key FROM refunds"))
    gateway.fail_next = GatewayRequestRejected()
    execute_refund(services, key)
    one, two = (p.id for p in _money(services, first.id))

    with pytest.raises(RefundRefused, match="another payment"):
        _request(services, admin, first.id, two, FULL)
    _request(services, admin, first.id, one, FULL)
    execute_refund(services, "REFUND00000000000009")

    assert entitlement(services, user).is_active
    assert rows(services, "SELECT payment_id, status FROM refunds ORDER BY id") == [
        (one, "failed"), (one, "processed"),
    ]  # fmt: skip


def _open_alarms(services) -> list[str]:
    keys = rows(services, "SELECT key FROM alarms WHERE resolved_at IS NULL ORDER BY id")
    return [key.partition(":")[2] for (key,) in keys]


def test_the_alarm_of_a_second_payment_closes_when_its_money_is_back_and_the_others_stays(
    services, user, gateway
) -> None:
    order = start_checkout(services, user, "monthly")
    for payment_id in ("ONE", "TWO", "TWO2"):
        gateway.pay(order.id, payment_id=payment_id)
        sync_order(services, order.id)
    before = _open_alarms(services)

    _return_in_dashboard(services, gateway, order.id, "TWO", FULL - 100)
    in_part = _open_alarms(services)
    _return_in_dashboard(services, gateway, order.id, "TWO", 100)
    whole = _open_alarms(services)
    _return_in_dashboard(services, gateway, order.id, "TWO2", FULL)

    alarms = [f"{order.id}:money came that goes back, {p}: a second payment" for p in ("TWO", "TWO2")]
    assert (before, in_part, whole, _open_alarms(services)) == (alarms, alarms, alarms[1:], [])
    # The trouble itself ended: nobody closed them.
    assert rows(services, "SELECT count(*), count(resolved_by) FROM alarms") == [(2, 0)]


def test_a_look_that_finds_it_again_opens_no_alarm_about_money_that_is_back(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    for payment_id in ("ONE", "TWO"):
        gateway.pay(order.id, payment_id=payment_id)
    _return_in_dashboard(services, gateway, order.id, "TWO", FULL)

    sync_order(services, order.id)

    assert _open_alarms(services) == []


@pytest.mark.parametrize("amount_paise", [FULL, 10000], ids=["all", "a-part"])
def test_the_alarm_of_a_refund_that_failed_closes_when_the_same_refund_succeeds(
    services, gateway, admin, paid, amount_paise
) -> None:
    ask(services, admin, paid, amount_paise)
    gateway.fail_next = GatewayRequestRejected()
    execute_refund(services, KEY)
    failed = _open_alarms(services)
    theirs = gateway.refund_in_dashboard(paid.id, amount_paise)
    del gateway.refunds[theirs.refund_id]
    gateway.refunds[KEY] = replace(theirs, refund_id=KEY)

    sync_order(services, paid.id)

    assert (failed, _open_alarms(services)) == ([f"{KEY}:failed"], [])


def _return_in_dashboard(services, gateway, order_id: str, payment_id: str, amount_paise: int) -> None:
    made = gateway.refund_in_dashboard(order_id, amount_paise)
    gateway.refunds[made.refund_id] = replace(made, gateway_payment_id=payment_id)
    sync_order(services, order_id)


def _money(services, order_id: str) -> list[RefundablePayment]:
    with services.engine.connect() as conn:
        return sorted(refunds.refundable(conn, order_id), key=lambda payment: payment.gateway_payment_id)


def _request(services, admin, order_id: str, payment_id: int, amount_paise: int) -> None:
    request_refund(
        services,
        admin,
        order_id=order_id,
        payment_id=payment_id,
        amount_paise=amount_paise,
        reason="asked",
        refund_key="REFUND00000000000009",
    )


def jobs(services) -> list[tuple]:
    return rows(
        services, "SELECT args->>'refund_key' FROM procrastinate_jobs WHERE task_name = 'execute_refund'"
    )
