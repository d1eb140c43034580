"""An alarm about what each look finds again: a person who closed it is left alone with it for a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from billing import desk
from billing.alarms import raise_alarm, raise_standing_alarm
from database import books
from user_management import create_admin

DAY = timedelta(hours=24)


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


def look(services, message: str = "Two do not agree.") -> None:
    with services.engine.begin() as conn:
        raise_standing_alarm(services, conn, "reconcile:shop:ORDER", message)


def close(services, admin) -> None:
    with services.engine.connect() as conn:
        alarm_id = conn.execute(text("SELECT id FROM alarms WHERE resolved_at IS NULL")).scalar_one()
    assert desk.resolve_alarm(services, admin, alarm_id)


def closed_by(admin) -> str:
    return f" (closed before by {admin.username} on 10 Mar 2026, 12:00 pm IST)"


def open_alarms(services) -> list[str]:
    with services.engine.connect() as conn:
        return list(books.list_open_alarms(conn, "").values())


def test_a_closed_alarm_whose_cause_stays_is_raised_again_after_a_day_and_says_who_closed_it(
    services, admin, clock
) -> None:
    look(services)
    close(services, admin)

    clock.advance(DAY - timedelta(seconds=1))
    look(services)
    before = open_alarms(services)
    clock.advance(timedelta(seconds=1))
    for _ in range(2):
        look(services)

    assert before == []
    assert open_alarms(services) == ["Two do not agree." + closed_by(admin)]


def test_closed_a_second_time_it_is_quiet_for_a_day_again(services, admin, clock) -> None:
    look(services)
    close(services, admin)
    clock.advance(DAY)
    look(services)
    close(services, admin)

    clock.advance(DAY - timedelta(seconds=1))
    look(services)

    assert open_alarms(services) == []


def test_another_message_is_news_and_is_told_at_once(services, admin) -> None:
    look(services)
    close(services, admin)

    look(services, "Three do not agree.")

    assert open_alarms(services) == ["Three do not agree." + closed_by(admin)]


def test_what_ended_by_itself_and_is_there_again_is_told_at_once(services) -> None:
    look(services)
    with services.engine.begin() as conn:
        books.resolve_alarm(conn, "reconcile:shop:ORDER", now=services.now(conn))

    look(services)

    assert open_alarms(services) == ["Two do not agree."]


def test_a_long_message_is_compared_to_its_end_and_leaves_room_for_who_closed_it(
    services, admin, clock
) -> None:
    long = "x" * 900
    look(services, long)
    close(services, admin)
    look(services, long)
    quiet = open_alarms(services)

    clock.advance(DAY)
    look(services, long)

    assert quiet == []
    assert open_alarms(services)[0].endswith(closed_by(admin))


def test_what_happens_anew_is_told_each_time(services, admin) -> None:
    for _ in range(2):
        with services.engine.begin() as conn:
            raise_alarm(services, conn, "gateway:credentials", "Refused.")
        close(services, admin)

    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM alarms")).scalar_one() == 2
