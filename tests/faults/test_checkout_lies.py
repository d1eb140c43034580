"""Rows F15, F23, F25 and F29: forged addresses, endless waiting, and buyers who are gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from accounts.sessions import issue_ticket, redeem_ticket, session_cookie_name
from domain.accounts import User
from domain.errors import OrderNotFound
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus, PaymentStatus
from payment_handler import (
    confirm_return,
    execute_refund,
    last_failure,
    process_event,
    receive_webhook,
    start_checkout,
    sweep,
)
from tests.books import execute, rows
from tests.fakes import FakeGateway
from tests.faults.front_door import answers_of, build_app
from tests.faults.invariant_guard import the_books_hold as the_books_hold
from user_management import entitlement
from wiring import Services


@pytest.fixture
def open_door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def open_it(services: Services, visitor: User) -> tuple[Any, bytes]:
        ticket = issue_ticket(services, visitor, browser_token="b")
        token = redeem_ticket(services, ticket, browser_token="b", user_agent="")
        cookie = f"{session_cookie_name(services.settings)}={token}".encode()
        return build_app(services, monkeypatch), cookie

    yield open_it


@pytest.mark.parametrize(
    "order_id",
    [
        "ORDER00000000000000X",
        "ORDER00000000000000x",
        "",
        "A" * 10_000,
        "\x00",
        "../../etc/passwd",
        "' OR 1=1 --",
        "ORDER%",
        "{order_id}",
    ],
)
def test_f23_a_return_for_somebody_elses_order_is_answered_like_one_for_no_order_and_asks_nobody(
    services: Services, user: User, stranger: User, gateway: FakeGateway, order_id: str
) -> None:
    theirs = start_checkout(services, user, "monthly")
    gateway.pay(theirs.id)
    gateway.calls.clear()

    with pytest.raises(OrderNotFound) as for_theirs:
        confirm_return(services, stranger, theirs.id)
    with pytest.raises(OrderNotFound) as for_nobodys:
        confirm_return(services, stranger, order_id)

    assert for_theirs.value.user_message == for_nobodys.value.user_message
    assert str(for_theirs.value) == str(for_nobodys.value)
    assert gateway.calls == []
    assert rows(services, "SELECT status FROM orders") == [("created",)]


def test_f23_a_return_that_claims_success_for_ones_own_unpaid_order_only_asks_the_gateway(
    services: Services, user: User, gateway: FakeGateway
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.calls.clear()

    # Nothing but the order's id is taken from the address; status, token and payment id are not even read.
    returned = confirm_return(services, user, order.id)

    assert returned.status is OrderStatus.CREATED
    assert set(gateway.calls) <= {"fetch_order", "fetch_payments", "fetch_refunds"}
    assert not entitlement(services, user).is_active


def test_f23_every_address_of_somebody_elses_checkout_is_the_same_404(
    services: Services, user: User, stranger: User, gateway: FakeGateway, open_door: Any
) -> None:
    theirs = start_checkout(services, user, "monthly")
    live = replace(services, now=lambda conn: conn.execute(text("SELECT now()")).scalar_one())
    app, cookie = open_door(live, stranger)
    addresses = [
        f"/checkout/{theirs.id}",
        f"/checkout/{theirs.id}?status=SUCCESS&order_status=PAID&cf_payment_id=1",
        "/checkout/ORDER00000000000000X",
        f"/checkout/{'A' * 10_000}",
        "/checkout/%00",
    ]

    answers = answers_of(app, [("GET", address, [(b"cookie", cookie)], b"") for address in addresses])

    assert {answer.status for answer in answers} == {404}
    assert len({answer.body for answer in answers}) == 1


def test_f15_no_address_of_the_checkout_changes_what_it_charges(
    services: Services, user: User, gateway: FakeGateway, open_door: Any
) -> None:
    live = replace(services, now=lambda conn: conn.execute(text("SELECT now()")).scalar_one())
    order = start_checkout(live, user, "monthly")
    app, cookie = open_door(live, user)
    tampered = "amount=1&order_amount=1&amount_paise=100&plan=annual&currency=USD&price_id=2"

    (answer,) = answers_of(app, [("GET", f"/checkout/{order.id}?{tampered}", [(b"cookie", cookie)], b"")])

    assert answer.status == 200
    assert "₹499" in answer.body.decode()
    assert "USD" not in answer.body.decode()
    assert gateway.requests[order.id].amount_paise == 49900


def test_f25_an_attempt_that_is_pending_for_hours_is_waited_for_and_pays_when_it_succeeds(
    services: Services, user: User, gateway: FakeGateway, clock: Any
) -> None:
    order = start_checkout(services, user, "monthly")
    execute(services, "UPDATE orders SET created_at = :now", now=clock.moment)
    gateway.pay(order.id, status=GatewayPaymentStatus.PENDING, payment_id="SLOW")
    for _ in range(30):
        clock.advance(timedelta(minutes=10))
        sweep(services)
    waiting = rows(services, "SELECT status FROM payments")
    failure = last_failure(services, user, order.id)

    gateway.pay(order.id, payment_id="SLOW")
    for _ in range(30):
        clock.advance(timedelta(minutes=10))
        sweep(services)

    assert waiting == [("pending",)]
    assert failure is None or failure.status is not PaymentStatus.FAILED
    assert entitlement(services, user).is_active
    assert rows(services, "SELECT status, role FROM payments") == [("captured", "primary")]


@pytest.mark.parametrize(
    "leaving", ["UPDATE users SET deleted_at = now()", "UPDATE users SET status = 'disabled'"]
)
def test_f29_money_of_a_buyer_whose_account_is_closed_goes_back_and_opens_nothing(
    services: Services, user: User, gateway: FakeGateway, leaving: str
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    execute(services, leaving)
    receive_webhook(
        services,
        "cashfree",
        {"x-webhook-signature": "good"},
        f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode(),
    )
    ((event_id,),) = rows(services, "SELECT id FROM gateway_events")

    process_event(services, event_id)
    intents = rows(services, "SELECT status, amount_paise FROM refunds")
    for (refund_key,) in rows(services, "SELECT refund_key FROM refunds"):
        execute_refund(services, refund_key)

    assert intents == [("intended", 49900)]
    assert rows(services, "SELECT role, status FROM payments") == [("duplicate", "refunded")]
    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(0,)]
    assert rows(services, "SELECT status FROM orders") == [("surplus",)]
    assert rows(services, "SELECT status FROM gateway_events") == [("processed",)]
    # Merging two accounts does not exist in this product.
