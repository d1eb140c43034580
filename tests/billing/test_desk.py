"""What an admin does by hand: allowed to admins only, whatever page asks, and written down."""

from __future__ import annotations

import pytest
from sqlalchemy import text

import payment_handler
from billing import desk
from database import books
from domain.errors import Forbidden
from payment_handler import start_checkout
from reports import orders as order_reports
from reports import trouble
from user_management import create_admin


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


def audited(services, actor) -> list[tuple]:
    """What the audit log holds of somebody, after their account was made."""
    with services.engine.connect() as conn:
        rows = conn.execute(
            text("SELECT action, object FROM audit_log WHERE actor_id = :id AND object NOT LIKE 'user:%'"),
            {"id": actor.id},
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    "act",
    [
        lambda services, user: desk.check_order(services, user, "ORDER00000000000001A"),
        lambda services, user: payment_handler.replay_event(services, user, 1),
        lambda services, user: desk.resolve_alarm(services, user, 1),
        lambda services, user: desk.check_books(services, user),
        lambda services, user: order_reports.order_page(services, user, "ORDER00000000000001A"),
        lambda services, user: order_reports.recent_refunds(services, user),
        lambda services, user: trouble.dead_letters(services, user),
        lambda services, user: trouble.alarms(services, user, with_resolved=True),
        lambda services, user: trouble.findings(services, user),
    ],
)
def test_a_subscriber_is_refused(services, user, gateway, act) -> None:
    with pytest.raises(Forbidden):
        act(services, user)

    assert gateway.calls == []
    assert audited(services, user) == []


def test_who_asked_the_gateway_is_written_down(services, user, admin) -> None:
    order = start_checkout(services, user, "monthly")

    desk.check_order(services, admin, order.id)

    assert audited(services, admin) == [("order_checked", f"order:{order.id}")]


def test_an_alarm_is_resolved_once(services, admin) -> None:
    with services.engine.begin() as conn:
        alarm_id = books.insert_alarm(conn, "a", "Look")

    assert [desk.resolve_alarm(services, admin, alarm_id) for _ in range(2)] == [True, False]


def test_an_event_that_does_not_exist_is_not_processed_again(services, admin) -> None:
    assert payment_handler.replay_event(services, admin, 99) is None


def test_who_processed_an_event_again_is_written_down_once(services, admin) -> None:
    payment_handler.receive_webhook(
        services, "cashfree", {"x-webhook-signature": "good"}, b"PAYMENT_SUCCESS_WEBHOOK:"
    )
    with services.engine.connect() as conn:
        event_id = conn.execute(text("SELECT id FROM gateway_events")).scalar_one()

    payment_handler.replay_event(services, admin, event_id)

    assert audited(services, admin) == [("event_replayed", f"event:{event_id}")]
