"""Rows F31 to F33: messages that repeat, overtake each other, or come from another time."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from domain.accounts import User
from domain.gateway import GatewayPaymentStatus, GatewayRefund, GatewayRefundStatus
from payment_handler import process_event, start_checkout, sync_order
from tests.books import rows
from tests.faults.front_door import answers_of, build_app
from tests.faults.invariant_guard import the_books_hold as the_books_hold
from tests.faults.signed_gateway import SignedGateway, message, signed
from user_management import entitlement, register
from wiring import Services

PATH = "/webhooks/cashfree"


@pytest.fixture
def gateway(clock: Any) -> SignedGateway:
    return SignedGateway(lambda: clock.moment)


@pytest.fixture
def post(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Send (headers, body) pairs through the real route. The statuses."""
    app = build_app(services, monkeypatch)

    def send(*messages: tuple[Any, bytes]) -> list[int]:
        return [
            a.status for a in answers_of(app, [("POST", PATH, headers, body) for headers, body in messages])
        ]

    return send


def test_f31_a_message_repeated_under_ever_other_headers_has_one_effect(
    services: Services, user: User, gateway: SignedGateway, post: Any, scale: Any, exercised: Any
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    body = message(order.id)
    repeats = scale.pick(60, 1_000)
    rng = random.Random(31)

    # Of all that may change with a repeat the signature covers only the time of sending.
    statuses = post(
        *(
            (
                signed(
                    body,
                    stamp=str(1_773_124_200_000 + number),
                    x_idempotency_key=f"{rng.random()}",
                    x_webhook_attempt=str(number),
                    x_webhook_version=rng.choice(["2023-08-01", "2025-01-01"]),
                    x_request_id=f"{rng.random()}",
                ),
                body,
            )
            for number in range(repeats)
        )
    )
    process_all(services)

    assert statuses == [200] * repeats
    assert rows(services, "SELECT count(*) FROM gateway_events") == [(1,)]
    assert jobs(services, "process_event") == 1
    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]
    exercised("F31", repeats)


def test_f31_two_messages_about_one_payment_are_two_looks_and_one_effect(
    services: Services, user: User, gateway: SignedGateway, post: Any
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    bodies = [message(order.id, event_time=number) for number in range(2)]

    statuses = post(*((signed(body), body) for body in bodies))
    process_all(services)

    assert statuses == [200, 200]
    assert rows(services, "SELECT count(*) FROM gateway_events") == [(2,)]
    assert rows(services, "SELECT count(*) FROM payments") == [(1,)]
    assert rows(services, "SELECT kind, count(*) FROM emails GROUP BY kind ORDER BY kind") == [
        ("activation", 1),
        ("receipt", 1),
    ]


# The story of an order, and the message that each of its steps sends.
STORY = (
    "PAYMENT_FAILED_WEBHOOK",
    "PAYMENT_SUCCESS_WEBHOOK",
    "PAYMENT_SUCCESS_WEBHOOK",  # a second time, on the same order
    "AUTO_REFUND_STATUS_WEBHOOK",
    "REFUND_STATUS_WEBHOOK",  # of the first success, in full
    "DISPUTE_CREATED",
)


def test_f32_messages_in_any_order_lead_to_one_state(
    services: Services, gateway: SignedGateway, post: Any, scale: Any, exercised: Any
) -> None:
    every = list(permutations(range(len(STORY))))
    chosen = every if scale.large else random.Random(32).sample(every, 24)

    states = {order: state_after(services, gateway, post, order) for order in chosen}

    assert len(set(states.values())) == 1
    (state,) = set(states.values())
    assert state[:2] == (
        "paid",
        (
            ("A", None, "failed", 49900, 0, 0),
            # Its period is revoked: all of its money went back.
            ("B", "primary", "refunded", 49900, 1, 0),
            ("C", "duplicate", "refunded", 49900, 0, 0),
        ),
    )
    exercised("F32", len(chosen))


def state_after(services: Services, gateway: SignedGateway, post: Any, order: tuple[int, ...]) -> Any:
    """Tell the story of one new order in this order; each message comes as early as it can."""
    number = "".join(map(str, order))
    buyer = register(
        services,
        full_name="Asha Rao",
        email=f"b{number}@example.com",
        username=f"b{number}",
        phone="9999999999",
        state="Karnataka",
        password="TestPass123",
    )
    order_id = start_checkout(services, buyer, "monthly").id
    happened = 0
    for step in order:
        while happened <= step:
            happen(gateway, order_id, happened)
            happened += 1
        body = message(order_id, STORY[step], step=step)
        assert post((signed(body), body)) == [200]
        process_all(services)
    return state_of(services, order_id)


def happen(gateway: SignedGateway, order_id: str, step: int) -> None:
    """One step of the truth at the gateway."""
    if step == 0:
        gateway.pay(order_id, status=GatewayPaymentStatus.FAILED, payment_id=f"{order_id}-A")
    elif step in (1, 2):
        gateway.pay(order_id, payment_id=f"{order_id}-{'ABC'[step]}")
    elif step in (3, 4):
        refund_id, payment_id = f"{order_id}-refund{step}", f"{order_id}-{'CB'[step - 3]}"
        gateway.refunds[refund_id] = GatewayRefund(
            refund_id, f"R-{refund_id}", order_id, payment_id, 49900, "INR", GatewayRefundStatus.SUCCESS
        )


def state_of(services: Services, order_id: str) -> tuple[Any, ...]:
    """What is left in the books of an order, without what differs by its ids and by the moment."""
    with services.engine.connect() as conn:

        def told(statement: str) -> tuple[Any, ...]:
            return tuple(tuple(row) for row in conn.execute(text(statement), {"id": order_id}))

        ((status,),) = told("SELECT status FROM orders WHERE id = :id")
        return (
            status,
            told("""
                SELECT right(gateway_payment_id, 1), role, status, amount_paise,
                       (SELECT count(*) FROM subscription_periods s WHERE s.payment_id = p.id),
                       (SELECT count(*) FROM subscription_periods s
                        WHERE s.payment_id = p.id AND s.revoked_at IS NULL)
                FROM payments p WHERE order_id = :id ORDER BY 1
            """),
            told("""
                SELECT r.status, r.origin, r.amount_paise, right(p.gateway_payment_id, 1)
                FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.order_id = :id ORDER BY 4
            """),
            told("""
                SELECT l.account, sum(l.amount_paise), count(*)
                FROM ledger_entries l JOIN payments p ON p.id = l.payment_id
                WHERE p.order_id = :id GROUP BY 1 ORDER BY 1
            """),
            told("""
                SELECT e.kind, count(*) FROM emails e JOIN orders o ON o.user_id = e.user_id
                WHERE o.id = :id GROUP BY 1 ORDER BY 1
            """),
            told("""
                SELECT s.status FROM subscriptions s JOIN orders o ON o.user_id = s.user_id WHERE o.id = :id
            """),
        )


def test_f33_a_message_twenty_days_late_is_stored_and_changes_nothing(
    services: Services, user: User, gateway: SignedGateway, post: Any, clock: Any
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    before = state_of(services, order.id)
    long_ago = str(int(clock.moment.timestamp() * 1000))
    clock.advance(timedelta(days=20))
    body = message(order.id)

    statuses = post((signed(body, stamp=long_ago), body))
    process_all(services)

    assert statuses == [200]
    assert rows(services, "SELECT status FROM gateway_events") == [("processed",)]
    assert state_of(services, order.id) == before


def test_f33_a_message_about_an_order_that_a_restore_took_away_brings_it_back_once(
    services: Services, user: User, gateway: SignedGateway, post: Any
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    with services.engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(text("DELETE FROM orders; DELETE FROM checkouts"))
    bodies = [message(order.id), message(order.id, again=True)]

    statuses = post(*((signed(body), body) for body in bodies))
    process_all(services)

    assert statuses == [200, 200]
    assert entitlement(services, user).is_active
    assert rows(services, "SELECT id, status, recovered_at IS NOT NULL FROM orders") == [
        (order.id, "paid", True)
    ]
    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]


@pytest.mark.parametrize(
    ("event_type", "order_id", "calls_a_person"),
    [
        ("PAYMENT_SUCCESS_WEBHOOK", "ORDER00000000000000X", True),
        ("PAYMENT_SUCCESS_WEBHOOK", "not-one-of-ours", True),
        ("PAYMENT_FAILED_WEBHOOK", "ORDER00000000000000X", False),
        ("EVENT_OF_TOMORROW_WEBHOOK", "ORDER00000000000000X", False),
        ("", "", False),
    ],
)
def test_f33_a_signed_message_about_nothing_of_ours_is_stored_and_money_calls_a_person(
    services: Services, post: Any, event_type: str, order_id: str, calls_a_person: bool
) -> None:
    body = message(order_id, event_type)

    statuses = post((signed(body), body))
    process_all(services)

    assert statuses == [200]
    assert rows(services, "SELECT status, body FROM gateway_events") == [("ignored", body)]
    assert (rows(services, "SELECT count(*) FROM alarms") == [(1,)]) is calls_a_person
    assert rows(services, "SELECT 1 FROM orders") == []


def test_f33_an_unknown_kind_of_message_about_our_order_is_a_look_and_no_more(
    services: Services, user: User, gateway: SignedGateway, post: Any
) -> None:
    order = start_checkout(services, user, "monthly")
    before = state_of(services, order.id)
    # It says whatever it likes: only the gateway's answer counts.
    body = message(order.id, "PAYMENT_TELEPORTED", payment={"payment_status": "SUCCESS"}, order_status="PAID")

    statuses = post((signed(body), body))
    process_all(services)

    assert statuses == [200]
    assert state_of(services, order.id) == before


@pytest.mark.parametrize("secret", ["cfsk_ma_prod_the_live_one", "simulator_webhook_secret"])
def test_f33_a_message_of_another_environment_is_refused_and_leaves_no_row(
    services: Services, user: User, gateway: SignedGateway, post: Any, secret: str
) -> None:
    order = start_checkout(services, user, "monthly")
    body = message(order.id)

    assert post((signed(body, secret=secret), body)) == [401]
    assert rows(services, "SELECT 1 FROM gateway_events") == []


def process_all(services: Services) -> None:
    """What the worker does with the inbox."""
    for (event_id,) in rows(services, "SELECT id FROM gateway_events WHERE status = 'new' ORDER BY id"):
        process_event(services, event_id)


def jobs(services: Services, task: str) -> int:
    ((count,),) = rows(services, f"SELECT count(*) FROM procrastinate_jobs WHERE task_name = '{task}'")
    return int(count)
