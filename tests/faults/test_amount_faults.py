"""Rows F27 and F28: amounts that do not fit, however they are written."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
import responses

from cashfree_integration import CashfreePaymentGateway
from domain.accounts import User
from domain.errors import GatewayReplyInvalid
from domain.orders import OrderStatus
from gateways.cashfree_mapping import order_from, payments_from
from gateways.json_codec import UnreadableJson, read_json
from payment_handler import execute_refund, release_order, start_checkout, sync_order
from tests.books import rows
from tests.fakes import FakeGateway
from tests.faults.invariant_guard import the_books_hold as the_books_hold
from user_management import create_admin, entitlement
from wiring import Services

API = "http://gateway.example/pg"


@pytest.mark.parametrize("paid_paise", [1, 49899, 49901, 99800])
def test_f27_a_partial_or_excessive_payment_is_held_for_a_person_who_may_return_it(
    services: Services, user: User, gateway: FakeGateway, paid_paise: int
) -> None:
    order = start_checkout(services, user, "monthly")
    paid = gateway.pay(order.id)
    gateway.payments[order.id] = [replace(paid, amount_paise=paid_paise, charged_paise=paid_paise)]
    admin = create_admin(services, email="owner@example.com", password="AdminPass123")

    held = sync_order(services, order.id).status
    waiting = rows(services, "SELECT amount_paise, role, status FROM payments")
    had_access = entitlement(services, user).is_active
    released = release_order(services, admin, order.id, give_back=True)
    for (refund_key,) in rows(services, "SELECT refund_key FROM refunds"):
        execute_refund(services, refund_key)

    assert (held, waiting, had_access) == (OrderStatus.QUARANTINED, [(paid_paise, None, "held")], False)
    assert released.status is OrderStatus.SURPLUS
    assert rows(services, "SELECT amount_paise, status FROM refunds") == [(paid_paise, "processed")]
    assert not entitlement(services, user).is_active


@pytest.mark.parametrize("charged_paise", [44910, 50898])
def test_f27_an_offer_or_a_surcharge_between_buyer_and_bank_is_kept_apart_and_buys_the_period(
    services: Services, user: User, gateway: FakeGateway, charged_paise: int
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id, charged_paise=charged_paise)

    assert sync_order(services, order.id).status is OrderStatus.PAID
    assert rows(services, "SELECT amount_paise, charged_paise FROM payments") == [(49900, charged_paise)]


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
