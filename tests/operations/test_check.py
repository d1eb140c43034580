"""The check reads one moment, never hangs, and calls a person once for each thing that does not hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from billing.alarms import CLOSED_FOR
from database import books
from database.invariants import Invariant
from operations.check import (
    Finding,
    State,
    all_hold,
    check_and_alarm,
    format_findings,
    run_checks,
)
from payment_handler import start_checkout, sync_order
from user_management import create_admin
from wiring import Services

HOLDS = Invariant("X01", "Nothing is wrong here.", (), "SELECT 1 AS id WHERE false")
BROKEN = Invariant("X02", "Nothing is wrong there.", (), "SELECT n AS id FROM generate_series(1, 7) n")
SLOW = Invariant("X03", "This is found out soon.", (), "SELECT 1 AS id FROM pg_sleep(20)")
WAITING = Invariant("X04", "This waits for its tables.", ("later",))


@pytest.fixture
def services(live_services: Services) -> Services:
    return live_services


def buy(services, user, gateway) -> str:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    return sync_order(services, order.id).id


def move_end(services, days: int) -> None:
    with services.engine.begin() as conn:
        step = {"step": timedelta(days=days)}
        conn.execute(text("UPDATE subscriptions SET current_period_end = current_period_end + :step"), step)


def open_alarms(services) -> dict[str, str]:
    with services.engine.connect() as conn:
        rows = conn.execute(text("SELECT key, message FROM alarms WHERE resolved_at IS NULL"))
        return {row.key: row.message for row in rows}


def test_an_empty_shop_and_one_that_sold_have_nothing_wrong(services, user, gateway) -> None:
    empty = run_checks(services)
    buy(services, user, gateway)

    for findings in (empty, run_checks(services)):
        assert all_hold(findings)
        assert {f.id for f in findings if f.state is State.NOT_BUILT} == {
            "I22", "I23", "I24", "I25", "I30", "I31", "I32",
        }  # fmt: skip


def test_a_finding_counts_all_offenders_and_names_the_first(services) -> None:
    found = run_checks(services, invariants=[HOLDS, BROKEN, WAITING])

    assert found == [
        Finding("X01", HOLDS.sentence, State.OK),
        Finding("X02", BROKEN.sentence, State.VIOLATED, 7, ("1", "2", "3", "4", "5")),
        Finding("X04", WAITING.sentence, State.NOT_BUILT),
    ]
    assert not all_hold(found)


def test_a_slow_check_says_so_and_the_others_go_on(services) -> None:
    found = run_checks(services, invariants=[SLOW, BROKEN, HOLDS], longest=timedelta(milliseconds=50))

    assert [f.state for f in found] == [State.TOO_SLOW, State.VIOLATED, State.OK]
    assert not all_hold(found)


def test_a_check_can_write_nothing(services) -> None:
    writing = Invariant("X05", "Nothing is written.", (), "SELECT nextval('payments_id_seq') AS id")

    with pytest.raises(DBAPIError, match="read-only"):
        run_checks(services, invariants=[writing])


def test_the_limit_of_a_check_ends_with_it(services) -> None:
    run_checks(services, invariants=[HOLDS], longest=timedelta(milliseconds=50))

    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT 1 FROM pg_sleep(0.2)")).scalar_one() == 1
        assert conn.execute(text("SHOW transaction_read_only")).scalar_one() == "off"


def test_all_checks_see_one_moment(services) -> None:
    """What commits between two statements of one run is seen by neither."""
    asked = Invariant("X06", "A level.", (), "SELECT current_setting('transaction_isolation') AS id")

    assert run_checks(services, invariants=[asked])[0].first == ("repeatable read",)


def test_a_violation_alarms_once_and_names_its_rows(services, user, gateway) -> None:
    buy(services, user, gateway)
    move_end(services, 1)

    check_and_alarm(services)
    check_and_alarm(services)

    (subscription,) = run_checks(services)[7].first
    assert open_alarms(services) == {
        "invariant:I08": "I08 is violated once: The stored end of a subscription is the end of its last period."
        f" First: {subscription}"
    }


def test_an_invariant_that_holds_again_closes_its_alarm_and_may_alarm_anew(services, user, gateway) -> None:
    buy(services, user, gateway)
    for days in (1, -1):
        move_end(services, days)
        check_and_alarm(services)
    closed = open_alarms(services)
    move_end(services, 2)
    check_and_alarm(services)

    with services.engine.connect() as conn:
        rows = conn.execute(text("SELECT resolved_at IS NULL, resolved_by FROM alarms ORDER BY id")).all()
    assert closed == {}
    assert [tuple(row) for row in rows] == [(False, None), (True, None)]


def test_a_violation_whose_alarm_an_admin_closed_calls_nobody_until_the_next_day(
    services, user, gateway
) -> None:
    buy(services, user, gateway)
    move_end(services, 1)
    check_and_alarm(services)
    admin = create_admin(services, email="owner@example.com", password="TestPass123")
    with services.engine.begin() as conn:
        books.resolve_alarm(conn, "invariant:I08", now=services.now(conn), actor_id=admin.id)

    check_and_alarm(services)
    at_once = open_alarms(services)
    check_and_alarm(replace(services, now=lambda conn: services.now(conn) + CLOSED_FOR))

    assert at_once == {}
    assert f"(closed before by {admin.username} on" in open_alarms(services)["invariant:I08"]


def test_the_alarm_of_another_cause_stays_open(services) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("INSERT INTO alarms (key, message) VALUES ('job:send_mail:1', 'gave up')"))

    check_and_alarm(services)

    assert set(open_alarms(services)) == {"job:send_mail:1"}


def test_a_check_that_is_too_slow_alarms_and_leaves_what_is_known(services, monkeypatch) -> None:
    def at(state: State) -> None:
        monkeypatch.setattr(
            "operations.check.run_checks", lambda _: [Finding("I08", "It holds.", state, 1, ("7",))]
        )
        check_and_alarm(services)

    at(State.VIOLATED)
    at(State.TOO_SLOW)
    while_slow = set(open_alarms(services))
    at(State.OK)

    assert while_slow == {"invariant:I08", "invariant:I08:slow"}
    assert open_alarms(services) == {}


def test_the_table_names_result_and_totals() -> None:
    table = format_findings([
        Finding("I01", "Short.", State.OK),
        Finding("I02", "A sentence that is so long that it does not stand in one line of this table.", State.VIOLATED,
                6, ("1", "2", "3", "4", "5")),
        Finding("I03", "Slow.", State.TOO_SLOW),
        Finding("I22", "Later.", State.NOT_BUILT),
    ]).splitlines()  # fmt: skip

    assert [line.split()[0] for line in table if line[:4].strip()] == ["id", "I01", "I02", "I03", "I22", "4"]
    assert table[1].endswith(" ok")
    assert table[2].endswith(" violated 6 times: 1, 2, 3, 4, 5, …")
    assert table[3].strip() == "this table."
    assert table[-1] == "4 invariants: 1 hold, 1 violated, 1 too slow to say, 1 not built yet."
