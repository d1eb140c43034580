"""The sweep: what no message told is asked for, ever more rarely, and one order holds up no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from database.locks import Exclusive, try_exclusively
from domain.errors import CircuitOpen, GatewayRateLimited, GatewayTimeout, GatewayUnavailable
from domain.gateway import GatewayOrderStatus
from payment_handler import receive_webhook, request_refund, start_checkout, sweep, sync_order
from tests.books import check_invariants, rows, shown_payment
from user_management import create_admin, entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])

GOOD = {"x-webhook-signature": "good", "x-razorpay-signature": "good"}


@pytest.fixture
def shop(live_services, clock):
    """Services on the database's clock; `age` makes everything older instead of moving that clock."""
    with live_services.engine.connect() as conn:
        clock.moment = live_services.now(conn)
    return live_services


@pytest.fixture
def order(shop, user):
    return start_checkout(shop, user, "monthly")


def test_a_payment_without_webhook_and_return_is_found_after_two_minutes(shop, user, gateway, order) -> None:
    gateway.pay(order.id)
    too_early = sweep(shop).asked
    age(shop, timedelta(minutes=3))

    result = sweep(shop)

    assert (too_early, result.asked, result.moved) == (0, 1, 1)
    assert entitlement(shop, user).is_active
    assert sweep(shop).asked == 0


@pytest.mark.parametrize("answer", GatewayOrderStatus, ids=lambda answer: answer.value)
def test_an_order_is_asked_for_ever_more_rarely_and_not_for_ever(shop, gateway, order, answer) -> None:
    gateway.orders[order.id] = replace(gateway.orders[order.id], status=answer)
    asked_at = []
    minute = 0
    while minute < 4 * 24 * 60:
        step = 2 if minute < 60 else 45
        age(shop, timedelta(minutes=step))
        minute += step
        if sweep(shop).asked:
            asked_at.append(minute)

    assert asked_at[0] == 2
    assert len([minute for minute in asked_at if minute <= 15]) >= 5
    assert len(asked_at) < 40
    assert 2 * 24 * 60 < asked_at[-1] < 3 * 24 * 60
    ended = "terminated" if answer is GatewayOrderStatus.TERMINATED else "expired"
    assert rows(shop, "SELECT status FROM orders") == [(ended,)]


@pytest.mark.parametrize("answer", GatewayOrderStatus, ids=lambda answer: answer.value)
@pytest.mark.parametrize("paid_in_cash", [False, True], ids=["nothing", "cash"])
def test_no_order_without_money_is_open_for_longer_than_45_minutes_whatever_its_gateway_answers(
    shop, gateway, order, answer, paid_in_cash
) -> None:
    if paid_in_cash:
        gateway.pay(order.id, is_money=False)
    gateway.orders[order.id] = replace(gateway.orders[order.id], status=answer)
    for _ in range(45):
        age(shop, timedelta(minutes=1))
        sweep(shop)

    assert rows(shop, "SELECT status FROM orders") in ([("expired",)], [("terminated",)])
    check_invariants(shop)


@pytest.mark.parametrize("answer", GatewayOrderStatus, ids=lambda answer: answer.value)
def test_a_created_order_of_a_week_in_which_nobody_could_ask_ends_at_the_first_look(
    shop, gateway, order, answer
) -> None:
    gateway.orders[order.id] = replace(gateway.orders[order.id], status=answer)
    age(shop, timedelta(days=7))

    asked = sweep(shop).asked

    assert asked == 1
    assert rows(shop, "SELECT status FROM orders") in ([("expired",)], [("terminated",)])
    # Nobody asks about what ended a week ago.
    age(shop, timedelta(days=2))
    assert sweep(shop).asked == 0


@pytest.mark.parametrize("error", [GatewayTimeout(), GatewayUnavailable()])
def test_an_order_whose_look_fails_does_not_hold_up_the_others(
    shop, user, stranger, gateway, order, error
) -> None:
    other = start_checkout(shop, stranger, "annual")
    gateway.pay(other.id)
    age(shop, timedelta(minutes=3))
    gateway.fail_next = error

    result = sweep(shop)

    assert (result.asked, result.moved, result.failed) == (2, 1, 1)


@pytest.mark.parametrize("error", [GatewayRateLimited(), CircuitOpen()])
def test_a_gateway_that_limits_us_ends_the_round_and_the_rest_comes_first_next_time(
    shop, stranger, gateway, order, error
) -> None:
    other = start_checkout(shop, stranger, "annual")
    gateway.pay(other.id)
    age(shop, timedelta(minutes=3))
    gateway.fail_next = error

    cut = sweep(shop)
    following = sweep(shop)

    assert (cut.asked, cut.is_cut_short) == (1, True)
    assert (following.asked, following.moved) == (1, 1)


def test_an_unforeseen_error_about_one_order_is_told_after_the_others_were_asked(
    shop, user, stranger, gateway, order
) -> None:
    other = start_checkout(shop, stranger, "annual")
    gateway.pay(other.id)
    age(shop, timedelta(minutes=3))
    gateway.fail_next = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        sweep(shop)

    assert rows(shop, "SELECT status FROM orders ORDER BY created_at") == [("created",), ("paid",)]


def test_a_gateway_that_takes_money_and_sends_no_webhook_alarms_until_one_comes(shop, gateway, order) -> None:
    gateway.pay(order.id)
    sync_order(shop, order.id)
    sweep(shop)
    at_once = rows(shop, "SELECT key FROM alarms")
    with shop.engine.begin() as conn:
        conn.execute(text("UPDATE payments SET created_at = created_at - interval '1 hour'"))
    sweep(shop)
    later = rows(shop, "SELECT key, resolved_at FROM alarms")

    receive_webhook(shop, shop.settings.payment_gateway, GOOD, b"ANY_EVENT:")
    sweep(shop)

    assert (at_once, later) == ([], [(f"webhooks:{gateway.name}:silent", None)])
    assert rows(shop, "SELECT count(*) FROM alarms WHERE resolved_at IS NULL") == [(0,)]


def test_one_sweep_at_a_time(shop, gateway, order) -> None:
    age(shop, timedelta(minutes=3))

    with try_exclusively(shop.engine, Exclusive.SWEEP):
        result = sweep(shop)

    assert result.is_cut_short
    assert sweep(shop).asked == 1


def test_an_order_that_never_reached_the_gateway_ends_with_its_time(shop, user, gateway) -> None:
    gateway.fail_next = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(shop, user, "monthly")
    age(shop, timedelta(minutes=10))
    sweep(shop)
    still = rows(shop, "SELECT status FROM orders")
    age(shop, timedelta(minutes=25))

    sweep(shop)

    assert (still, rows(shop, "SELECT status FROM orders")) == ([("unknown",)], [("expired",)])


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("lost_by", "status"), [(GatewayTimeout(), "unknown"), (Killed(), "creating")], ids=["timeout", "kill"]
)
def test_an_open_order_of_a_week_in_which_nobody_could_ask_ends_at_the_first_look(
    shop, user, gateway, lost_by, status
) -> None:
    gateway.fail_next = lost_by
    with pytest.raises(type(lost_by)):
        start_checkout(shop, user, "monthly")
    before = rows(shop, "SELECT status FROM orders")
    age(shop, timedelta(days=7))

    asked = sweep(shop).asked

    assert (before, asked, rows(shop, "SELECT status FROM orders")) == ([(status,)], 1, [("expired",)])
    # Nobody asks about what ended a week ago.
    age(shop, timedelta(days=2))
    assert sweep(shop).asked == 0


def test_an_unknown_order_that_did_reach_the_gateway_and_was_paid_gives_access(shop, user, gateway) -> None:
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(shop, user, "monthly")
    gateway.pay(next(iter(gateway.orders)))
    age(shop, timedelta(minutes=3))

    sweep(shop)

    assert entitlement(shop, user).is_active


def test_an_open_refund_is_asked_after(shop, user, gateway, order) -> None:
    admin = create_admin(shop, email="owner@example.com", password="TestPass123")
    gateway.pay(order.id)
    sync_order(shop, order.id)
    key = "REFUND00000000000001"
    request_refund(
        shop,
        admin,
        order_id=order.id,
        payment_id=shown_payment(shop, order.id),
        amount_paise=49900,
        reason="asked",
        refund_key=key,
    )
    gateway.create_refund(
        order.ref,
        gateway_payment_id=gateway.payments[order.id][0].gateway_payment_id,
        refund_id=key,
        amount_paise=49900,
        note="",
    )
    age(shop, timedelta(minutes=3))

    assert sweep(shop).asked == 1
    assert not entitlement(shop, user).is_active
    age(shop, timedelta(days=1))
    assert sweep(shop).asked == 0


def test_a_second_success_is_watched_until_the_gateway_has_returned_it(shop, user, gateway, order) -> None:
    gateway.pay(order.id, payment_id="ONE")
    gateway.pay(order.id, payment_id="TWO")
    sync_order(shop, order.id)
    theirs = gateway.refund_in_dashboard(order.id, 49900)
    gateway.refunds[theirs.refund_id] = replace(theirs, gateway_payment_id="TWO", is_automatic=True)
    with shop.engine.begin() as conn:
        conn.execute(text("UPDATE payments SET created_at = created_at - interval '3 minutes'"))
    age(shop, timedelta(minutes=3))

    assert sweep(shop).asked == 1
    assert rows(shop, "SELECT origin, status FROM refunds") == [("gateway", "processed")]
    assert entitlement(shop, user).is_active
    age(shop, timedelta(minutes=30))
    assert sweep(shop).asked == 0


def age(shop, step: timedelta) -> None:
    """Everything happened a while earlier."""
    with shop.engine.begin() as conn:
        conn.execute(
            text("""
            UPDATE orders
            SET created_at = created_at - :step, expires_at = expires_at - :step,
                synced_at = synced_at - :step, swept_at = swept_at - :step
            """),
            {"step": step},
        )
        conn.execute(text("UPDATE refunds SET created_at = created_at - :step"), {"step": step})
