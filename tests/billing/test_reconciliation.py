"""`reconcile` reads the gateways' accounts and rebuilds even what our database lost, without a second mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from billing.desk import resolve_alarm
from domain.errors import GatewayRateLimited, GatewayReplyInvalid, GatewayTimeout
from domain.orders import OrderStatus
from payment_handler import (
    execute_refund,
    process_event,
    receive_webhook,
    reconcile,
    recover_order,
    start_checkout,
    sync_order,
)
from tests.books import rows
from user_management import create_admin, entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])

GOOD = {"x-webhook-signature": "good", "x-razorpay-signature": "good"}

DAY = timedelta(days=1)


@pytest.fixture
def shop(live_services, clock):
    """Services on the database's clock; `age` makes everything older instead of moving that clock."""
    with live_services.engine.connect() as conn:
        clock.moment = live_services.now(conn)
    return live_services


@pytest.fixture
def order(shop, user):
    return start_checkout(shop, user, "monthly")


def test_a_lost_day_is_rebuilt_with_payments_periods_and_refunds_and_without_a_second_receipt(
    shop, user, stranger, gateway
) -> None:
    monthly = start_checkout(shop, user, "monthly")
    gateway.pay(monthly.id)
    sync_order(shop, monthly.id)
    annual = start_checkout(shop, stranger, "annual")
    gateway.pay(annual.id)
    sync_order(shop, annual.id)
    gateway.refund_in_dashboard(annual.id, 499000)
    sync_order(shop, annual.id)
    before = summary(shop)
    forget(shop)
    assert not entitlement(shop, user).is_active

    result = reconcile(shop, since=shop_now(shop) - DAY)

    assert result.recovered == 2
    assert result.unresolved == ()
    assert summary(shop) == before
    assert entitlement(shop, user).is_active
    assert not entitlement(shop, stranger).is_active
    again = reconcile(shop, since=shop_now(shop) - DAY)
    assert (again.recovered, again.unresolved) == (0, ())
    assert summary(shop) == before


def test_of_two_paid_orders_of_one_lost_purchase_the_one_that_was_not_returned_bought_it(
    shop, user, gateway
) -> None:
    first = start_checkout(shop, user, "monthly")
    second = start_checkout(shop, user, "annual")
    gateway.pay(second.id)
    sync_order(shop, second.id)
    paid = gateway.pay(first.id)
    gateway.payments[first.id] = [replace(paid, paid_at=paid.paid_at - timedelta(minutes=5))]
    sync_order(shop, first.id)
    execute_refund(shop, rows(shop, "SELECT refund_key FROM refunds")[0][0])
    before = summary(shop)
    forget(shop)

    reconcile(shop, since=shop_now(shop) - DAY)

    after = summary(shop)
    assert {key: after[key] for key in ("orders", "payments", "periods", "ledger")} == {
        key: before[key] for key in ("orders", "payments", "periods", "ledger")
    }
    assert len(gateway.refunds) == 1
    assert entitlement(shop, user).is_active


def test_an_account_that_cannot_be_read_to_its_end_still_mends_what_was_read(
    shop, user, gateway, order
) -> None:
    gateway.pay(order.id)
    real = gateway.list_movements

    def cut(since, until):
        yield from real(since, until)
        raise GatewayReplyInvalid()

    gateway.list_movements = cut
    forget(shop)

    with pytest.raises(GatewayReplyInvalid):
        reconcile(shop, since=shop_now(shop) - DAY)

    assert entitlement(shop, user).is_active
    assert rows(shop, "SELECT count(*) FROM report_runs") == [(0,)]


def test_money_that_is_reported_late_is_looked_at(shop, user, gateway, order) -> None:
    paid = gateway.pay(order.id)
    gateway.payments[order.id] = [replace(paid, paid_at=paid.paid_at - timedelta(days=5))]
    with shop.engine.begin() as conn:
        conn.execute(text("UPDATE orders SET created_at = created_at - interval '5 days'"))

    reconcile(shop, since=shop_now(shop) - DAY)

    assert entitlement(shop, user).is_active


def test_a_success_without_money_is_told_once_and_not_asked_for_ever(shop, gateway, order) -> None:
    gateway.pay(order.id, is_money=False)
    receive_webhook(shop, shop.settings.payment_gateway, GOOD, f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode())

    process_event(shop, rows(shop, "SELECT id FROM gateway_events")[0][0])

    assert rows(shop, "SELECT status FROM gateway_events") == [("processed",)]
    assert rows(shop, "SELECT count(*) FROM alarms") == [(1,)]


def test_an_order_known_from_a_stored_event_alone_is_rebuilt(shop, user, gateway, order) -> None:
    gateway.pay(order.id)
    receive_webhook(shop, shop.settings.payment_gateway, GOOD, f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode())
    forget(shop)
    with shop.engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(text("DELETE FROM audit_log"))

    process_event(shop, rows(shop, "SELECT id FROM gateway_events")[0][0])

    assert entitlement(shop, user).is_active
    assert rows(shop, "SELECT status, recovered_at IS NOT NULL FROM orders") == [("paid", True)]


def test_a_lost_order_that_was_not_paid_is_not_open_again(shop, user, gateway, order) -> None:
    forget(shop)

    recovered = recover_order(shop, shop.settings.payment_gateway, order.id)

    assert recovered is not None
    # At a gateway whose orders have no end of their own, a lost one has ended.
    assert recovered.status in {OrderStatus.SUPERSEDED, OrderStatus.EXPIRED}
    assert start_checkout(shop, user, "monthly").id != order.id


def test_two_recoveries_at_once_rebuild_once(shop, user, gateway, order) -> None:
    gateway.pay(order.id)
    forget(shop)

    first, second = (
        recover_order(shop, shop.settings.payment_gateway, order.id),
        recover_order(shop, shop.settings.payment_gateway, order.id),
    )

    assert first == second
    assert rows(shop, "SELECT count(*) FROM orders") == [(1,)]
    assert rows(shop, "SELECT count(*) FROM audit_log WHERE action = 'order_recovered'") == [(1,)]


@pytest.mark.parametrize(
    "tags",
    [
        {"user_id": "00000000-0000-0000-0000-000000000001"},
        {"user_id": "1 OR 1=1"},
        {"plan_id": "annual"},
        {"plan_id": "gold"},
        {"checkout_id": ""},
    ],
)
def test_an_order_whose_tags_do_not_name_ours_is_not_rebuilt_and_money_for_it_alarms(
    shop, gateway, order, tags
) -> None:
    gateway.pay(order.id)
    gateway.orders[order.id].tags.update(tags)
    forget(shop)

    result = reconcile(shop, since=shop_now(shop) - DAY)

    assert result.unresolved == (order.id,)
    assert rows(shop, "SELECT count(*) FROM orders") == [(0,)]
    assert rows(shop, "SELECT count(*) FROM alarms WHERE key LIKE 'reconcile:%'") == [(1,)]


def test_more_money_for_an_order_whose_alarm_was_closed_is_told_at_once(shop, gateway, order) -> None:
    gateway.pay(order.id, payment_id="PAY1")
    gateway.orders[order.id].tags.update({"plan_id": "gold"})
    forget(shop)
    reconcile(shop, since=shop_now(shop) - DAY)
    admin = create_admin(shop, email="owner@example.com", password="TestPass123")
    ((alarm_id,),) = rows(shop, "SELECT id FROM alarms WHERE key LIKE 'reconcile:%'")
    resolve_alarm(shop, admin, alarm_id)
    told = "SELECT message FROM alarms WHERE key LIKE 'reconcile:%' AND resolved_at IS NULL"

    reconcile(shop, since=shop_now(shop) - DAY)
    quiet = rows(shop, told)
    gateway.pay(order.id, payment_id="PAY2")
    reconcile(shop, since=shop_now(shop) - DAY)

    assert quiet == []
    ((message,),) = rows(shop, told)
    assert "our books do not have like that: PAY1, PAY2. (closed before by" in message


def test_a_checkout_of_somebody_else_in_the_tags_is_refused(shop, user, stranger, gateway, order) -> None:
    theirs = start_checkout(shop, stranger, "monthly")
    gateway.pay(order.id)
    gateway.orders[order.id].tags["checkout_id"] = str(theirs.checkout_id)
    with shop.engine.begin() as conn:
        conn.execute(text("DELETE FROM orders WHERE id = :id"), {"id": order.id})

    assert recover_order(shop, shop.settings.payment_gateway, order.id) is None


def test_reconcile_waits_where_the_gateway_limits_it_and_says_how_far_it_is(shop, gateway, order) -> None:
    gateway.pay(order.id)
    real, waits, sentences = gateway.fetch_order, [], []

    def limited(order_id):
        if len(waits) < 3:
            raise GatewayRateLimited()
        return real(order_id)

    gateway.fetch_order = limited

    result = reconcile(shop, since=shop_now(shop) - DAY, wait=waits.append, progress=sentences.append)

    assert result.unresolved == ()
    assert len(waits) == 3
    assert sentences == [
        f"{gateway.name}: read 1 movements of money",
        f"{gateway.name}: looked at 1 of 1 orders",
    ]


def test_an_order_that_is_not_answered_is_named(shop, gateway, order) -> None:
    def silent(_order_id):
        raise GatewayTimeout()

    gateway.pay(order.id)
    gateway.fetch_order = silent

    assert reconcile(shop, since=shop_now(shop) - DAY).unresolved == (order.id,)


def forget(shop) -> None:
    """The day's orders and payments are gone; accounts, inbox, audit log and sent mails are still there."""
    tables = "ledger_entries subscription_periods refunds payments orders checkouts procrastinate_jobs"
    with shop.engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        for table in tables.split():
            conn.execute(text(f"DELETE FROM {table}"))


def summary(shop) -> dict[str, list[tuple]]:
    """What must come back, without ids of ours and without the moments at which it was written."""
    return {
        "orders": rows(
            shop, "SELECT id, user_id, checkout_id, plan_id, amount_paise, status FROM orders ORDER BY 1"
        ),
        "payments": rows(
            shop, "SELECT order_id, gateway_payment_id, amount_paise, role, status FROM payments ORDER BY 1"
        ),
        "refunds": rows(shop, "SELECT refund_key, amount_paise, status, origin FROM refunds ORDER BY 1"),
        "periods": rows(
            shop,
            "SELECT s.user_id, plan_id, revoked_at IS NULL FROM subscription_periods p "
            "JOIN subscriptions s ON s.id = p.subscription_id ORDER BY 1",
        ),
        "ledger": rows(shop, "SELECT account, sum(amount_paise) FROM ledger_entries GROUP BY 1 ORDER BY 1"),
        "mails": rows(shop, "SELECT kind, to_address FROM emails ORDER BY 1, 2"),
    }


def shop_now(shop):
    with shop.engine.connect() as conn:
        return shop.now(conn)
