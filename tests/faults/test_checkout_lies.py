"""Rows F23, F25, F28 and F29: forged returns, endless waiting, amounts that do not fit, and buyers who are gone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
import responses
from sqlalchemy import text

from cashfree_integration import CashfreePaymentGateway
from domain.accounts import User
from domain.errors import GatewayReplyInvalid, OrderNotFound
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus, PaymentStatus
from gateways.cashfree_mapping import order_from, payments_from
from gateways.json_codec import UnreadableJson, read_json
from payment_handler import (
    confirm_return,
    execute_refund,
    last_failure,
    process_event,
    receive_webhook,
    start_checkout,
    sweep,
    sync_order,
)
from tests.fakes import FakeGateway
from tests.faults.front_door import answers_of
from tests.faults.invariant_guard import the_books_hold as the_books_hold
from user_management import entitlement, register
from wiring import Services

API = "http://gateway.example/pg"


@pytest.fixture
def stranger(services: Services) -> User:
    return register(
        services,
        full_name="Bela Iyer",
        email="bela@example.com",
        username="bela",
        phone="8888888888",
        state="Kerala",
        password="TestPass123",
    )


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


# A JSON literal, and the paise it means; None where it means no amount of money.
AMOUNTS = [
    ("499", 49900),
    ("499.0", 49900),
    ("499.00", 49900),
    ("4.99e2", 49900),
    ('"499"', 49900),
    ('"499.00"', 49900),
    ("498.995", None),
    ("499.001", None),
    ("49900", 4990000),
    ("4.99", 499),
    ("499.01", 49901),
    ("0", 0),
    ("-499.00", None),
    ("1e400", None),
    ("1e-400", None),
    ("NaN", None),
    ("Infinity", None),
    ("null", None),
    ("true", None),
    ("[499]", None),
    ('"₹499"', None),
    ('"499,00"', None),
    ("9" * 5000, None),
]


@pytest.mark.parametrize("place", ["order", "payment"])
@pytest.mark.parametrize(("literal", "paise"), AMOUNTS, ids=[literal[:12] for literal, _ in AMOUNTS])
def test_f28_an_amount_that_is_not_exactly_ours_opens_nothing_and_a_person_is_called(
    services: Services, user: User, gateway: FakeGateway, place: str, literal: str, paise: int | None
) -> None:
    order = start_checkout(services, user, "monthly")
    amounts = {"order": "499.00", "payment": "499.00", place: literal}
    with documents(services, order.id, amounts) as told:
        try:
            status = sync_order(told, order.id).status
        except GatewayReplyInvalid:
            status = None

    assert (status is OrderStatus.PAID) is (paise == 49900)
    assert entitlement(services, user).is_active is (paise == 49900)
    assert status in {OrderStatus.PAID, OrderStatus.QUARANTINED, None}
    if status is OrderStatus.QUARANTINED:
        assert rows(services, "SELECT count(*) FROM alarms") == [(1,)]


@pytest.mark.parametrize("currency", ["USD", "inr", "", "₹", "INRINR"])
def test_f28_another_currency_opens_nothing(
    services: Services, user: User, gateway: FakeGateway, currency: str
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    gateway.orders[order.id] = replace(gateway.orders[order.id], currency=currency)

    assert sync_order(services, order.id).status is OrderStatus.QUARANTINED
    assert not entitlement(services, user).is_active


def test_f28_whatever_literal_stands_for_an_amount_is_read_exactly_or_not_at_all(
    scale: Any, exercised: Any
) -> None:
    tries = scale.pick(2_000, 100_000)
    rng = random.Random(28)
    for _ in range(tries):
        literal = a_literal(rng)
        read = paise_read(literal)
        assert read in (None, exact_paise(literal)), literal
    exercised("F28", tries)


def paise_read(literal: str) -> int | None:
    """What the adapter makes of an amount, in an order and in a payment alike."""
    try:
        order = order_from(read_json(order_body("O-1", literal)), order_id="O-1")
    except (GatewayReplyInvalid, UnreadableJson):
        order = None
    try:
        (payment,) = payments_from(read_json(payments_body("O-1", literal)), order_id="O-1")
    except (GatewayReplyInvalid, UnreadableJson):
        return None
    assert order is not None and order.amount_paise == payment.amount_paise
    return payment.amount_paise


def exact_paise(literal: str) -> int | None:
    """The oracle: decimal arithmetic, nothing of ours."""
    try:
        paise = Decimal(literal.strip('"')) * 100
    except InvalidOperation:
        return None
    return int(paise) if paise.is_finite() and paise == paise.to_integral_value() and paise >= 0 else None


def a_literal(rng: random.Random) -> str:
    digits = "".join(rng.choices("0123456789", k=rng.choice([1, 2, 3, 3, 4, 9, 17, 18, 19, 30])))
    whole = str(int(digits))
    kind = rng.randrange(6)
    if kind == 0:
        return whole
    if kind == 1:
        return f"{whole}.{''.join(rng.choices('0123456789', k=rng.randrange(1, 6)))}"
    if kind == 2:
        return f"{whole}{rng.choice(['e', 'E'])}{rng.choice(['', '+', '-'])}{rng.randrange(0, 420)}"
    if kind == 3:
        return f'"{whole}.{rng.randrange(100):02d}"'
    if kind == 4:
        return f"-{whole}"
    return rng.choice(['"1_000"', '" 499"', '"499 "', '"0x1F3"', '""', '"+499"', '"1e2"', "false", "{}"])


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


class documents:
    """The production adapter, answered with bodies that carry these literals."""

    def __init__(self, services: Services, order_id: str, amounts: dict[str, str]) -> None:
        gateway = CashfreePaymentGateway("TESTSIMULATOR", "cfsk_ma_test_simulator", api_base=API)
        self._services = replace(services, gateways={"cashfree": gateway})
        self._mock = responses.RequestsMock(assert_all_requests_are_fired=False)
        self._mock.start()
        for path, body in (
            ("", order_body(order_id, amounts["order"])),
            ("/payments", payments_body(order_id, amounts["payment"])),
            ("/refunds", b"[]"),
        ):
            self._mock.get(f"{API}/orders/{order_id}{path}", body=body, content_type="application/json")

    def __enter__(self) -> Services:
        return self._services

    def __exit__(self, *_: object) -> None:
        self._mock.stop()
        self._mock.reset()


def order_body(order_id: str, amount: str) -> bytes:
    return (
        f'{{"cf_order_id": "1", "order_id": "{order_id}", "order_status": "PAID", "order_currency": "INR",'
        f' "payment_session_id": "session_1", "order_amount": {amount}}}'
    ).encode()


def payments_body(order_id: str, amount: str) -> bytes:
    return (
        f'[{{"cf_payment_id": "1", "order_id": "{order_id}", "payment_status": "SUCCESS", "is_captured": true,'
        f' "order_currency": "INR", "payment_currency": "INR", "payment_amount": 499.00,'
        f' "payment_completion_time": "2026-03-10T12:05:00+05:30", "order_amount": {amount}}}]'
    ).encode()


def rows(services: Services, statement: str) -> list[tuple[Any, ...]]:
    with services.engine.connect() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def execute(services: Services, statement: str, **values: object) -> None:
    with services.engine.begin() as conn:
        conn.execute(text(statement), values)


@pytest.fixture
def open_door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from accounts.sessions import issue_ticket, redeem_ticket, session_cookie_name
    from tests.faults.front_door import build_app

    def open_it(services: Services, visitor: User) -> tuple[Any, bytes]:
        ticket = issue_ticket(services, visitor, browser_token="b")
        token = redeem_ticket(services, ticket, browser_token="b", user_agent="")
        cookie = f"{session_cookie_name(services.settings)}={token}".encode()
        return build_app(services, monkeypatch), cookie

    yield open_it
