"""Tickets are used once, in time, in one browser; sessions end everywhere at once."""

from __future__ import annotations

import os
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from accounts.credentials import change_password
from accounts.sessions import issue_ticket, new_token, redeem_ticket, sign_out, user_of_session
from database import sessions, users
from database.engine import database_now
from domain.accounts import NOBODY
from domain.errors import NotSignedIn, TicketRefused
from tests.accounts.waiting import wait_for_a_waiting_transaction
from user_management import create_admin


class Shift:
    """The database's clock, moved."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self, conn):
        return database_now(conn) + self.by


@pytest.fixture
def shift() -> Shift:
    return Shift()


@pytest.fixture
def services(services, shift):
    return replace(services, now=shift)


def test_a_ticket_starts_a_session_of_its_user(services, user) -> None:
    ticket = issue_ticket(services, user, browser_token="browser-1")

    token = redeem_ticket(services, ticket, browser_token="browser-1", user_agent="Firefox")

    assert user_of_session(services, token) == user


def test_a_ticket_works_once(services, user) -> None:
    ticket = issue_ticket(services, user, browser_token="browser-1")
    redeem_ticket(services, ticket, browser_token="browser-1", user_agent="")

    with pytest.raises(TicketRefused):
        redeem_ticket(services, ticket, browser_token="browser-1", user_agent="")


def test_of_four_uses_at_once_one_succeeds(services, user) -> None:
    ticket = issue_ticket(services, user, browser_token="browser-1")
    barrier = threading.Barrier(4)
    ends: list[str] = []

    def work() -> None:
        barrier.wait(10)
        try:
            redeem_ticket(services, ticket, browser_token="browser-1", user_agent="")
            ends.append("in")
        except TicketRefused:
            ends.append("refused")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["in", "refused", "refused", "refused"]


def test_s06_a_log_in_with_the_old_password_starts_nothing_once_there_is_a_new_one(services, user) -> None:
    """Its password was right; then the owner changed it, before the ticket was made."""
    change_password(services, user, current="TestPass123", new="NewPass12345", visitor=NOBODY)

    with pytest.raises(NotSignedIn):
        issue_ticket(services, user, browser_token="browser-1")


def test_a_session_that_cannot_be_marked_as_seen_stays_open(services, user, clock, monkeypatch) -> None:
    """A disk that is full logs nobody out."""
    ticket = issue_ticket(services, user, browser_token="b")
    token = redeem_ticket(services, ticket, browser_token="b", user_agent="")

    def full(*_args, **_values):
        raise OperationalError("UPDATE", {}, Exception("No space left on device"))

    monkeypatch.setattr("database.sessions.touch", full)
    clock.advance(timedelta(hours=1))

    assert user_of_session(services, token) == user


def test_marking_a_session_as_seen_waits_for_nobody(services, user, clock) -> None:
    ticket = issue_ticket(services, user, browser_token="b")
    token = redeem_ticket(services, ticket, browser_token="b", user_agent="")
    with services.engine.connect() as other:
        other.execute(text("SELECT 1 FROM sessions FOR UPDATE"))
        clock.advance(timedelta(hours=1))
        with services.engine.begin() as conn:
            # It would fail here: no statement waits for a lock.
            conn.execute(text("SET LOCAL lock_timeout = '1ms'"))
            sessions.touch(conn, 1, now=clock.moment)

        assert user_of_session(services, token) == user


def test_s06_no_ticket_slips_in_behind_a_change_of_the_password_that_is_under_way(services, user) -> None:
    with services.engine.connect() as changing, ThreadPoolExecutor(1) as thread:
        users.lock(changing, user.id)
        users.replace_password(changing, user.id, password_hash="!", now=services.now(changing))
        ticket = thread.submit(issue_ticket, services, user, browser_token="browser-1")
        wait_for_a_waiting_transaction(services)
        changing.commit()

        with pytest.raises(NotSignedIn):
            ticket.result(10)


@pytest.mark.parametrize(("seconds", "works"), [(59, True), (60, False), (61, False)])
def test_a_ticket_lives_for_sixty_seconds(services, user, shift, seconds, works) -> None:
    with services.engine.begin() as conn:
        issued_at = database_now(conn)
    frozen = replace(services, now=lambda _conn: issued_at + shift.by)
    ticket = issue_ticket(frozen, user, browser_token="browser-1")

    shift.by = timedelta(seconds=seconds)

    if works:
        assert redeem_ticket(frozen, ticket, browser_token="browser-1", user_agent="")
    else:
        with pytest.raises(TicketRefused):
            redeem_ticket(frozen, ticket, browser_token="browser-1", user_agent="")


@pytest.mark.parametrize("browser_token", ["browser-2", "", "browser-1 "])
def test_a_ticket_is_worthless_in_another_browser_and_stays_good_in_its_own(
    services, user, browser_token
) -> None:
    ticket = issue_ticket(services, user, browser_token="browser-1")

    with pytest.raises(TicketRefused):
        redeem_ticket(services, ticket, browser_token=browser_token, user_agent="")

    assert redeem_ticket(services, ticket, browser_token="browser-1", user_agent="")


@pytest.mark.parametrize("ticket", ["", "nonsense", "\x00", "\ud800", "x" * 100_000])
def test_what_is_no_ticket_is_refused(services, user, ticket) -> None:
    with pytest.raises(TicketRefused):
        redeem_ticket(services, ticket, browser_token="browser-1", user_agent="")


def test_s05_a_token_is_256_bits_of_the_systems_randomness_and_none_comes_twice(monkeypatch) -> None:
    asked: list[int] = []
    draw = os.urandom
    monkeypatch.setattr(secrets, "token_bytes", lambda size: asked.append(size) or draw(size))

    tokens = [new_token() for _ in range(10_000)]

    assert set(asked) == {32}
    assert len(set(tokens)) == 10_000
    assert {len(token) for token in tokens} == {43}


def test_s05_only_hashes_are_stored(services, user) -> None:
    ticket = issue_ticket(services, user, browser_token="browser-1")
    token = redeem_ticket(services, ticket, browser_token="browser-1", user_agent="")

    with services.engine.connect() as conn:
        stored = str(conn.execute(text("SELECT s.*, t.* FROM sessions s, sign_in_tickets t")).all())
    assert ticket not in stored
    assert token not in stored
    assert "browser-1" not in stored


def test_s06_a_signed_out_session_is_over_at_once_and_signing_out_again_is_harmless(services, user) -> None:
    token = _session(services, user)
    other = _session(services, user)

    sign_out(services, token)
    sign_out(services, token)
    sign_out(services, None)

    assert user_of_session(services, token) is None
    assert user_of_session(services, other) == user
    with services.engine.connect() as conn:
        actions = conn.execute(text("SELECT action FROM audit_log WHERE action = 'signed_out'")).all()
    assert len(actions) == 1


def test_s06_a_session_ends_after_a_month_however_much_it_is_used(services, user, shift) -> None:
    token = _session(services, user)

    for day in range(1, 30):
        shift.by = timedelta(days=day)
        assert user_of_session(services, token) == user
    shift.by = timedelta(days=30, seconds=1)
    assert user_of_session(services, token) is None


def test_a_session_that_is_not_used_for_two_weeks_has_ended(services, user, shift) -> None:
    token = _session(services, user)

    shift.by = timedelta(days=13, hours=23)
    assert user_of_session(services, token) == user
    shift.by += timedelta(days=14, seconds=1)
    assert user_of_session(services, token) is None


def test_an_admin_is_out_after_an_idle_hour(services, shift) -> None:
    admin = create_admin(services, email="boss@example.com", password="BossPass123")
    token = _session(services, admin)

    shift.by = timedelta(minutes=59)
    assert user_of_session(services, token) == admin
    shift.by += timedelta(minutes=60, seconds=1)
    assert user_of_session(services, token) is None


def test_an_admin_is_out_after_half_a_day_of_work(services, shift) -> None:
    admin = create_admin(services, email="boss@example.com", password="BossPass123")
    token = _session(services, admin)

    for half_hours in range(1, 24):
        shift.by = timedelta(minutes=30 * half_hours)
        assert user_of_session(services, token) == admin
    shift.by = timedelta(hours=12, seconds=1)
    assert user_of_session(services, token) is None


@pytest.mark.parametrize("change", ["status = 'disabled'", "deleted_at = now()"])
def test_s06_a_disabled_or_deleted_account_is_out_at_once(services, user, change) -> None:
    token = _session(services, user)
    with services.engine.begin() as conn:
        conn.execute(text(f"UPDATE users SET {change}"))

    assert user_of_session(services, token) is None


@pytest.mark.parametrize("token", [None, "", "nonsense", "\x00", "\ud800"])
def test_what_is_no_session_is_nobody(services, user, token) -> None:
    assert user_of_session(services, token) is None


def test_a_hostile_browser_name_is_stored_cut_and_harmless(services, user) -> None:
    ticket = issue_ticket(services, user, browser_token="browser-1")

    token = redeem_ticket(services, ticket, browser_token="browser-1", user_agent="\x00" + "x" * 10_000)

    assert user_of_session(services, token) == user


def _session(services, user) -> str:
    ticket = issue_ticket(services, user, browser_token="browser-1")
    return redeem_ticket(services, ticket, browser_token="browser-1", user_agent="")
