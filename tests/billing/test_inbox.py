"""An event leads to a look, however its job was lost; and a person can read and repeat it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from billing import inbox
from billing.inbox import (
    find_event,
    list_events,
    process_event,
    receive_webhook,
    replay_event_for_operator,
    requeue_waiting_events,
)
from database.queue import POISON
from domain.errors import GatewayTimeout
from payment_handler import start_checkout
from tests.books import rows
from wiring import Services

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])

SIGNED = {"x-webhook-signature": "good", "x-razorpay-signature": "good"}


@pytest.fixture
def event_id(live_services, gateway) -> int:
    """An event that was received three minutes ago, with its job."""
    receive_webhook(
        live_services,
        live_services.settings.payment_gateway,
        SIGNED,
        f"{gateway.paid_event}:ORDER000000000000001".encode(),
    )
    _execute(live_services, "UPDATE gateway_events SET received_at = now() - interval '3 minutes'")
    return rows(live_services, "SELECT id FROM gateway_events")[0][0]


def test_a_waiting_event_whose_job_was_lost_gets_one(live_services, event_id) -> None:
    _execute(live_services, "DELETE FROM procrastinate_jobs")

    rounds = [requeue_waiting_events(live_services) for _ in range(2)]

    assert rounds == [1, 0]
    assert _jobs(live_services) == [("process_event", "todo", {"event_id": event_id})]


def test_a_waiting_event_whose_job_ended_without_it_gets_another(live_services, event_id) -> None:
    _execute(live_services, "UPDATE procrastinate_jobs SET status = 'succeeded'")

    assert requeue_waiting_events(live_services) == 1


@pytest.mark.parametrize("status", ["todo", "doing"])
def test_an_event_with_a_job_is_left_to_it(live_services, event_id, status) -> None:
    _execute(live_services, f"UPDATE procrastinate_jobs SET status = '{status}'")

    assert requeue_waiting_events(live_services) == 0


def test_a_fresh_event_is_left_to_the_job_that_is_about_to_start(live_services, event_id) -> None:
    _execute(live_services, "DELETE FROM procrastinate_jobs")
    _execute(live_services, "UPDATE gateway_events SET received_at = now() - interval '119 seconds'")

    assert requeue_waiting_events(live_services) == 0


def test_a_closed_event_is_left_closed(live_services, event_id) -> None:
    _execute(live_services, "DELETE FROM procrastinate_jobs")
    _execute(live_services, "UPDATE gateway_events SET status = 'ignored', processed_at = now()")

    assert requeue_waiting_events(live_services) == 0


def test_the_job_that_gave_up_is_tried_again_after_an_hour(live_services, event_id) -> None:
    job_id = _give_up(live_services)
    too_early = requeue_waiting_events(live_services)
    _execute(
        live_services, "UPDATE procrastinate_events SET at = at - interval '61 minutes' WHERE type = 'failed'"
    )

    rounds = [requeue_waiting_events(live_services) for _ in range(2)]

    assert (too_early, rounds) == (0, [1, 0])
    assert rows(live_services, "SELECT id, status::text FROM procrastinate_jobs") == [(job_id, "todo")]


def test_a_job_that_killed_its_workers_is_left_to_a_person(live_services, event_id) -> None:
    _give_up(live_services)
    _execute(live_services, "UPDATE procrastinate_events SET at = at - interval '61 minutes'")
    _execute(live_services, f"UPDATE procrastinate_jobs SET queue_name = '{POISON}'")

    assert requeue_waiting_events(live_services) == 0


def test_a_round_is_bounded_and_takes_the_oldest(live_services, gateway, event_id, monkeypatch) -> None:
    monkeypatch.setattr(inbox, "_EVENTS_PER_ROUND", 1)
    for number, minutes in ((2, 5), (3, 4)):
        body = f"{gateway.paid_event}:ORDER00000000000000{number}".encode()
        receive_webhook(live_services, live_services.settings.payment_gateway, SIGNED, body)
        _execute(
            live_services,
            f"UPDATE gateway_events SET received_at = now() - interval '{minutes} minutes' "
            f"WHERE order_id = 'ORDER00000000000000{number}'",
        )
    _execute(live_services, "DELETE FROM procrastinate_jobs")

    assert requeue_waiting_events(live_services) == 1
    oldest = rows(live_services, "SELECT id FROM gateway_events WHERE order_id = 'ORDER000000000000002'")
    assert _jobs(live_services) == [("process_event", "todo", {"event_id": oldest[0][0]})]


@pytest.mark.parametrize("status", ["new", "processed", "ignored"])
def test_a_replayed_event_is_processed_whatever_came_of_it(live_services, user, gateway, status) -> None:
    order = start_checkout(live_services, user, "monthly")
    gateway.pay(order.id)
    receive_webhook(
        live_services,
        live_services.settings.payment_gateway,
        SIGNED,
        f"{gateway.paid_event}:{order.id}".encode(),
    )
    _execute(
        live_services,
        f"UPDATE gateway_events SET status = '{status}', processed_at = "
        + ("NULL" if status == "new" else "now()"),
    )
    _execute(live_services, "DELETE FROM procrastinate_jobs")
    ((event_id,),) = rows(live_services, "SELECT id FROM gateway_events")

    before = replay_event_for_operator(live_services, event_id)
    jobs = _jobs(live_services)
    process_event(live_services, event_id)

    assert before is not None
    assert (before.status, before.order_id) == (status, order.id)
    assert jobs == [("process_event", "todo", {"event_id": event_id})]
    assert rows(live_services, "SELECT status FROM orders") == [("paid",)]
    assert rows(live_services, "SELECT status FROM gateway_events") == [("processed",)]
    assert rows(live_services, "SELECT object FROM audit_log WHERE action = 'event_replayed'") == [
        (f"event:{event_id}",)
    ]


def test_an_event_that_does_not_exist_is_not_replayed(live_services) -> None:
    assert replay_event_for_operator(live_services, 12345) is None
    assert _jobs(live_services) == []


def test_events_are_listed_newest_first_and_by_status(live_services, event_id) -> None:
    receive_webhook(
        live_services,
        live_services.settings.payment_gateway,
        SIGNED,
        b"PAYMENT_FAILED_WEBHOOK:ORDER000000000000002",
    )
    _execute(
        live_services,
        f"UPDATE gateway_events SET status = 'ignored', processed_at = now() WHERE id = {event_id}",
    )

    def ids(**wanted) -> list[int]:
        return [event.id for event in list_events(live_services, **wanted)]

    assert ids() == [event_id + 1, event_id]
    assert ids(limit=1) == [event_id + 1]
    assert ids(status="ignored") == [event_id]


def test_an_event_is_found_with_the_bytes_that_were_signed(live_services, gateway, event_id) -> None:
    found = find_event(live_services, event_id)

    assert found is not None
    assert found.body == f"{gateway.paid_event}:ORDER000000000000001".encode()
    assert (found.event.event_type, found.event.status, found.event.processed_at) == (
        gateway.paid_event,
        "new",
        None,
    )
    assert find_event(live_services, event_id + 1) is None


def test_an_event_of_an_order_that_we_lost_brings_it_back(live_services, user, gateway) -> None:
    order = start_checkout(live_services, user, "monthly")
    gateway.pay(order.id)
    receive_webhook(
        live_services,
        live_services.settings.payment_gateway,
        SIGNED,
        f"{gateway.paid_event}:{order.id}".encode(),
    )
    _execute(live_services, "DELETE FROM orders")
    ((event_id,),) = rows(live_services, "SELECT id FROM gateway_events")

    process_event(live_services, event_id)

    assert rows(live_services, "SELECT id, status FROM orders") == [(order.id, "paid")]
    assert rows(live_services, "SELECT status FROM gateway_events") == [("processed",)]
    assert rows(live_services, "SELECT key FROM alarms WHERE key LIKE 'event:%'") == []


def test_an_event_that_cannot_be_looked_into_now_stays_new(live_services, gateway, event_id) -> None:
    gateway.fail_next = GatewayTimeout()

    with pytest.raises(GatewayTimeout):
        process_event(live_services, event_id)

    assert rows(live_services, "SELECT status FROM gateway_events") == [("new",)]


def test_an_event_of_an_order_that_nobody_knows_is_ignored_and_alarms_when_it_is_money(
    live_services, event_id
) -> None:
    receive_webhook(
        live_services,
        live_services.settings.payment_gateway,
        SIGNED,
        b"PAYMENT_FAILED_WEBHOOK:ORDER000000000000002",
    )

    for row in rows(live_services, "SELECT id FROM gateway_events"):
        process_event(live_services, row[0])

    assert rows(live_services, "SELECT DISTINCT status FROM gateway_events") == [("ignored",)]
    assert rows(live_services, "SELECT key FROM alarms") == [
        (f"event:{live_services.settings.payment_gateway}:ORDER000000000000001:unknown order",)
    ]


def test_a_repeat_queues_an_event_that_led_to_nothing_within_a_minute(
    live_services, gateway, event_id
) -> None:
    is_new = receive_webhook(
        live_services,
        live_services.settings.payment_gateway,
        SIGNED,
        f"{gateway.paid_event}:ORDER000000000000001".encode(),
    )

    assert not is_new
    assert len(_jobs(live_services)) == 2


def _give_up(services: Services) -> int:
    """A worker takes the only job, and it fails for good."""
    with services.engine.begin() as conn:
        job_id: int = conn.execute(
            text(
                "SELECT id FROM procrastinate_fetch_job_v2(NULL, (SELECT procrastinate_register_worker_v1()))"
            )
        ).scalar_one()
        conn.execute(text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": job_id})
    return job_id


def _jobs(services: Services) -> list[tuple]:
    return rows(services, "SELECT task_name, status::text, args FROM procrastinate_jobs ORDER BY id")


def _execute(services: Services, statement: str) -> None:
    with services.engine.begin() as conn:
        conn.execute(text(statement))
