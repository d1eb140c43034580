"""A refund that was intended is carried out once, whatever the gateway answers and however many workers try."""

from __future__ import annotations

import threading

import pytest

from domain.errors import GatewayRequestRejected, GatewayTimeout
from domain.gateway import GatewayRefundStatus
from payment_handler import execute_refund, start_checkout, sync_order
from tests.billing.returned_money import FULL, KEY, answer, ask
from tests.books import balances, rows
from user_management import entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])


@pytest.fixture
def duplicate_key(services, user, gateway) -> str:
    """A refund intent that nobody asked for: both orders of one checkout were paid."""
    monthly, annual = start_checkout(services, user, "monthly"), start_checkout(services, user, "annual")
    for order in (monthly, annual):
        gateway.pay(order.id)
        sync_order(services, order.id)
    gateway.calls.clear()
    return rows(services, "SELECT refund_key FROM refunds")[0][0]


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
