"""A sick database fails fast, and a database that comes back is used again."""

from __future__ import annotations

import threading
from datetime import UTC, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from database.engine import connect_engine, conninfo, database_now


def test_every_connection_is_limited_in_time_and_lives_in_utc(engine) -> None:
    with engine.connect() as conn:
        limits = [
            conn.execute(text(f"SHOW {name}")).scalar_one()
            for name in (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "TimeZone",
            )
        ]

    assert limits == ["5s", "3s", "15s", "UTC"]


def test_the_databases_clock_stands_still_within_a_transaction_and_knows_its_zone(engine) -> None:
    with engine.begin() as conn:
        first, second = database_now(conn), database_now(conn)

    assert first == second
    assert first.utcoffset() == timedelta(0) == UTC.utcoffset(None)


def test_connections_that_the_server_ended_are_replaced_without_a_word(engine) -> None:
    with engine.connect() as one, engine.connect() as two:
        own = {conn.execute(text("SELECT pg_backend_pid()")).scalar_one() for conn in (one, two)}
    killer = connect_engine(engine.url)
    with killer.connect() as conn:
        for pid in own:
            conn.execute(text("SELECT pg_terminate_backend(:pid, 1000)"), {"pid": pid})
    killer.dispose()

    with engine.connect() as one, engine.connect() as two:
        fresh = {conn.execute(text("SELECT pg_backend_pid()")).scalar_one() for conn in (one, two)}

    assert fresh.isdisjoint(own)


def test_no_connection_is_opened_before_it_is_needed_and_a_closed_port_is_told_at_once() -> None:
    engine = connect_engine("postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(OperationalError):
        engine.connect()


def test_the_workers_address_names_no_driver_and_keeps_the_password() -> None:
    assert conninfo("postgresql+psycopg2://app:s3cret@db/app") == "postgresql://app:s3cret@db/app"


def test_twelve_threads_share_the_pool(engine) -> None:
    barrier = threading.Barrier(12)
    seen: list[int] = []

    def work() -> None:
        with engine.connect() as conn:
            barrier.wait(10)
            seen.append(conn.execute(text("SELECT 1")).scalar_one())

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [1] * 12
