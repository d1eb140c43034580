"""The command line says what it did, and its exit code says whether all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pyotp
import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import manage
from accounts import second_factor
from domain.accounts import User
from domain.errors import GatewayTimeout
from operations.check import Finding, State
from payment_handler import receive_webhook, start_checkout
from tests.books import rows
from user_management import create_admin
from wiring import Services

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(live_services: Services, monkeypatch, capsys) -> Iterator[Run]:
    """Type a command: its exit code, its output, its complaints."""
    configured = structlog.get_config()
    monkeypatch.setattr(manage, "load_settings", lambda: live_services.settings)
    monkeypatch.setattr(manage, "build_services", lambda _settings: live_services)

    def typed(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = 2
        with suppress(SystemExit):
            code = manage.main(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    yield typed
    structlog.configure(**configured)


@pytest.fixture
def event_id(live_services, user, gateway) -> int:
    """A paid order of which a webhook came."""
    order = start_checkout(live_services, user, "monthly")
    gateway.pay(order.id)
    body = f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode()
    receive_webhook(live_services, "cashfree", {"x-webhook-signature": "good"}, body)
    return rows(live_services, "SELECT id FROM gateway_events")[0][0]


def test_events_are_listed(run, event_id) -> None:
    code, out, _ = run("events", "list", "--status", "new", "--limit", "5")

    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["id", str(event_id)]
    assert run("events", "list", "--status", "ignored")[1] == "No events.\n"


def test_an_event_is_shown(run, event_id) -> None:
    code, out, _ = run("events", "show", str(event_id))

    assert code == 0
    assert f"event     {event_id}" in out
    assert "PAYMENT_SUCCESS_WEBHOOK:ORDER" in out


def test_a_replayed_event_is_queued_and_told(run, live_services, event_id) -> None:
    with live_services.engine.begin() as conn:
        conn.execute(text("DELETE FROM procrastinate_jobs"))
        conn.execute(text("UPDATE gateway_events SET status = 'ignored', processed_at = now()"))

    code, out, _ = run("events", "replay", str(event_id))

    assert code == 0
    assert f"Event {event_id} (PAYMENT_SUCCESS_WEBHOOK, ignored until now) is queued again" in out
    assert rows(live_services, "SELECT args FROM procrastinate_jobs") == [({"event_id": event_id},)]


@pytest.mark.parametrize("action", ["show", "replay"])
def test_an_event_that_does_not_exist_is_said_so(run, action) -> None:
    assert run("events", action, "12345") == (1, "", "There is no event 12345.\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["events", "show", "seven"], "write the number that `events list` shows"),
        (["events", "show", "9" * 19], "write the number that `events list` shows"),
        (["events", "list", "--limit", "0"], "write a number from 1 to 1000"),
        (["events", "list", "--limit", "1001"], "write a number from 1 to 1000"),
        (["events", "list", "--status", "lost"], "invalid choice"),
        (["reconcile", "--since", "yesterday"], "'yesterday' is no time"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_way_to_write_it(run, words, complaint) -> None:
    code, _, err = run(*words)

    assert code == 2
    assert complaint in err


def test_a_sweep_finds_a_payment_that_nobody_told(run, live_services, user, gateway) -> None:
    order = start_checkout(live_services, user, "monthly")
    gateway.pay(order.id)
    with live_services.engine.begin() as conn:
        conn.execute(
            text("UPDATE orders SET created_at = created_at - interval '15 minutes', synced_at = NULL")
        )

    code, out, _ = run("sweep")

    assert code == 0
    assert "Asked about 1 orders: 1 moved, 0 could not be asked." in out
    assert rows(live_services, "SELECT status FROM orders") == [("paid",)]


def test_a_reconciliation_tells_what_it_compared_and_found(run, live_services, event_id) -> None:
    code, out, err = run("reconcile")

    assert (code, err) == (0, "")
    assert out.startswith("Comparing ")
    assert out.endswith(", 0 unresolved.\n")
    assert rows(live_services, "SELECT status FROM orders") == [("paid",)]
    assert rows(live_services, "SELECT until - since = interval '3 days' FROM report_runs") == [(True,)]


def test_a_reconciliation_takes_whole_days_of_india(run, live_services) -> None:
    code, out, _ = run("reconcile", "--since", "2026-01-05", "--until", "2026-01-06")

    assert code == 0
    assert "Comparing 2026-01-05 00:00:00 IST to 2026-01-07 00:00:00 IST" in out


@pytest.mark.parametrize(
    "words", [["--since", "2126-01-01"], ["--since", "2026-01-06", "--until", "2026-01-05"]]
)
def test_a_stretch_that_ends_before_it_begins_is_refused(run, live_services, words) -> None:
    code, out, err = run("reconcile", *words)

    assert (code, out) == (1, "")
    assert err.startswith("--since must be before --until and before now")
    assert rows(live_services, "SELECT count(*) FROM report_runs") == [(0,)]


def test_an_account_that_cannot_be_read_is_told_in_a_sentence(run, gateway, monkeypatch) -> None:
    def silent(_since, _until):
        raise GatewayTimeout(detail="no answer in 10 s")

    monkeypatch.setattr(gateway, "list_movements", silent)

    code, _, err = run("reconcile")

    assert code == 1
    assert err == (
        "The gateway's account could not be read (GatewayTimeout no answer in 10 s). Run this again later.\n"
    )


def test_what_could_not_be_resolved_is_named_and_fails(run, monkeypatch) -> None:
    found = manage.reconciliation.Reconciliation(2, 2, 0, ("ORDER1", "ORDER2"))
    monkeypatch.setattr(manage.reconciliation, "reconcile", lambda *_, **__: found)

    code, out, _ = run("reconcile")

    assert code == 1
    assert "2 unresolved.\n  unresolved: ORDER1\n  unresolved: ORDER2\n" in out


def test_a_check_of_sound_books_is_a_table_and_succeeds(run) -> None:
    code, out, _ = run("check")

    assert code == 0
    assert "I01" in out
    assert " 0 violated" in out


def test_a_check_that_finds_a_violation_fails(run, monkeypatch) -> None:
    finding = Finding("I01", "A paid order has one payment.", State.VIOLATED, 1, ("ORDER1",))
    monkeypatch.setattr(manage, "run_checks", lambda _services: [finding])

    code, out, _ = run("check")

    assert code == 1
    assert "violated once: ORDER1" in out


def test_a_database_that_is_away_is_told_in_a_sentence(run, monkeypatch) -> None:
    def away(_settings):
        raise OperationalError("SELECT 1", {}, Exception("host db.internal, password canary"))

    monkeypatch.setattr(manage, "build_services", away)

    code, out, err = run("check")

    assert (code, out) == (1, "")
    assert err == "The database cannot be used (OperationalError): `manage.py doctor` says more.\n"


@pytest.fixture
def factor_of(live_services) -> User:
    """An admin with a second factor."""
    admin = create_admin(live_services, email="boss@example.com", password="BossPass123")
    with live_services.engine.connect() as conn:
        now = live_services.now(conn)
    setup = second_factor.begin_setup(live_services, admin, "BossPass123")
    second_factor.confirm_setup(live_services, admin, setup, pyotp.TOTP(setup.secret).at(now))
    return admin


def test_s25_a_lost_second_factor_is_reset_after_the_address_was_typed_twice(
    run, live_services, factor_of, monkeypatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: " Boss@example.com ")

    code, out, err = run("reset-second-factor", "boss@example.com")

    assert (code, err) == (0, "")
    assert out.endswith("It logs in with its password alone now.\n")
    assert not second_factor.state(live_services, factor_of).is_on
    assert rows(live_services, "SELECT actor_id FROM audit_log WHERE action = 'second_factor_reset'") == [
        (None,)
    ]
    assert run("reset-second-factor", "boss@example.com")[1].endswith("This account has no second factor.\n")


@pytest.mark.parametrize("typed", ["", "y", "other@example.com"])
def test_a_reset_whose_address_is_not_repeated_changes_nothing(
    run, live_services, factor_of, monkeypatch, typed
) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: typed)

    code, _, err = run("reset-second-factor", "boss@example.com")

    assert (code, err) == (1, "The addresses differ. Nothing was changed.\n")
    assert second_factor.state(live_services, factor_of).is_on


def test_a_reset_of_nobody_is_said_so(run, monkeypatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: "nobody@example.com")

    code, _, err = run("reset-second-factor", "nobody@example.com")

    assert (code, err) == (1, "Nothing was changed.\nThere is no account with this email.\n")
