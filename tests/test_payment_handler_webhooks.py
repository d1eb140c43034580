"""A webhook is stored once with its job, and is a reason to look: nothing in its body is believed."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from domain.errors import GatewayReplyInvalid, GatewayTimeout, WebhookRefused
from payment_handler import process_event, receive_webhook, start_checkout
from tests.books import rows, together

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])

GOOD = {"x-webhook-signature": "good", "x-razorpay-signature": "good"}


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


def test_a_webhook_is_kept_to_the_byte_once_and_queues_one_look(services, gateway, order) -> None:
    body = f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode()

    first = receive_webhook(services, services.settings.payment_gateway, GOOD, body)
    second = receive_webhook(services, services.settings.payment_gateway, GOOD, body)

    assert (first, second) == (True, False)
    ((stored, status, event_id),) = rows(services, "SELECT body, status, id FROM gateway_events")
    assert (bytes(stored), status) == (body, "new")
    assert rows(services, "SELECT lock, args FROM procrastinate_jobs WHERE task_name = 'process_event'") == [
        (None, {"event_id": event_id})
    ]
    assert "fetch_order" not in gateway.calls


def test_eight_copies_of_a_webhook_at_once_are_one_event_and_one_job(services, order) -> None:
    barrier = threading.Barrier(8)
    ends: list[bool] = []

    def work() -> None:
        barrier.wait(10)
        ends.append(
            receive_webhook(
                services,
                services.settings.payment_gateway,
                GOOD,
                f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode(),
            )
        )

    together(*[work] * 8)

    assert sorted(ends) == [False] * 7 + [True]
    assert rows(services, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'process_event'") == [
        (1,)
    ]


def test_a_repeat_of_an_event_that_led_to_nothing_is_looked_at_again(live_services, gateway, order) -> None:
    body = f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode()
    receive_webhook(live_services, live_services.settings.payment_gateway, GOOD, body)
    with live_services.engine.begin() as conn:
        conn.execute(text("DELETE FROM procrastinate_jobs"))
        conn.execute(text("UPDATE gateway_events SET received_at = now() - interval '2 minutes'"))

    again = receive_webhook(live_services, live_services.settings.payment_gateway, GOOD, body)

    assert again is False
    assert rows(live_services, "SELECT task_name FROM procrastinate_jobs") == [("process_event",)]


def test_a_webhook_that_is_not_signed_leaves_no_row(services) -> None:
    with pytest.raises(WebhookRefused):
        receive_webhook(
            services,
            services.settings.payment_gateway,
            {"x-webhook-signature": "bad"},
            b"PAYMENT_SUCCESS_WEBHOOK:ORDER1",
        )

    assert rows(services, "SELECT count(*) FROM gateway_events") == [(0,)]


def test_a_webhook_whose_job_cannot_be_queued_is_not_kept_either(services, monkeypatch) -> None:
    monkeypatch.setattr(type(services.queue), "defer", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        receive_webhook(services, services.settings.payment_gateway, GOOD, b"PAYMENT_SUCCESS_WEBHOOK:ORDER1")

    assert rows(services, "SELECT count(*) FROM gateway_events") == [(0,)]


def test_an_event_makes_us_look_and_believes_nothing_in_the_body(services, gateway, order) -> None:
    event_id = _event(services, f"{gateway.paid_event}:{order.id}")

    with pytest.raises(GatewayReplyInvalid):
        process_event(services, event_id)

    assert rows(services, "SELECT status FROM orders") == [("created",)]
    assert rows(services, "SELECT status FROM gateway_events") == [("new",)]


def test_an_event_about_a_payment_pays_and_is_processed_once(services, gateway, order) -> None:
    event_id = _event(services, f"{gateway.paid_event}:{order.id}")
    gateway.pay(order.id)

    process_event(services, event_id)
    gateway.calls.clear()
    process_event(services, event_id)

    assert rows(services, "SELECT status FROM orders") == [("paid",)]
    assert gateway.calls == []


def test_an_event_stays_new_while_the_gateway_does_not_answer(services, gateway, order) -> None:
    event_id = _event(services, f"{gateway.paid_event}:{order.id}")
    gateway.fail_next = GatewayTimeout()

    with pytest.raises(GatewayTimeout):
        process_event(services, event_id)

    assert rows(services, "SELECT status FROM gateway_events") == [("new",)]


@pytest.mark.parametrize(
    ("body", "alarms"),
    [
        ("{paid}:ORDER00000000000000X", 1),
        ("PAYMENT_FAILED_WEBHOOK:ORDER00000000000000X", 0),
        ("WEBHOOK:", 0),
    ],
)
def test_an_event_about_no_order_of_ours_is_ignored_and_money_calls_a_person(
    services, gateway, body, alarms
) -> None:
    process_event(services, _event(services, body.format(paid=gateway.paid_event)))

    assert rows(services, "SELECT status FROM gateway_events") == [("ignored",)]
    assert rows(services, "SELECT count(*) FROM alarms") == [(alarms,)]


def test_an_event_that_does_not_exist_is_no_accident(services) -> None:
    process_event(services, 4711)


def _event(services, body: str) -> int:
    receive_webhook(services, services.settings.payment_gateway, GOOD, body.encode())
    return rows(services, "SELECT max(id) FROM gateway_events")[0][0]
