"""Changes of one account that meet each other: none waits for ever, and none outlives a new password."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pyotp
import pytest
from sqlalchemy import text

from accounts import credentials, deletion, second_factor
from accounts.credentials import change_email, change_password, confirm_new_email
from accounts.deletion import delete_account
from accounts.email_links import request_link
from accounts.link_tokens import make_token
from accounts.password_reset import request_reset, reset_password
from accounts.second_factor import begin_setup, confirm_setup, remove
from accounts.sessions import issue_ticket, redeem_ticket, sign_out_everywhere
from accounts.verification import request_verification, verify_email
from database import users
from domain.accounts import NOBODY
from domain.errors import ProductError, WrongPassword
from domain.links import Purpose
from user_management import register

OLD, NEW = "TestPass123", "a new password of mine"
ROUNDS = 6


@pytest.fixture
def services(live_services):
    return live_services


def test_changes_of_one_account_at_once_end_in_no_deadlock(services) -> None:
    """The account is held first, whatever else a change touches: orders of their own would meet here."""
    for number in range(ROUNDS):
        _everything_at_once(services, f"asha{number}")

    with services.engine.connect() as conn:
        # What a backend has counted is there once it was idle, or has told it.
        conn.execute(text("SELECT pg_stat_force_next_flush()"))
        deadlocks = conn.execute(
            text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        ).scalar_one()
    assert deadlocks == 0


def _everything_at_once(services, username: str) -> None:
    user = register(
        services, full_name="Asha Rao", email=f"{username}@example.com", username=username, phone="9999999999",
        state="Karnataka", password=OLD,
    )  # fmt: skip
    change = _link(services, user, Purpose.CHANGE_EMAIL, f"new-{username}@example.com")
    reset = _link(services, user, Purpose.RESET_PASSWORD, user.email)
    verify = _link(services, user, Purpose.VERIFY_EMAIL, user.email)
    ticket = issue_ticket(services, user, browser_token="b")
    barrier = threading.Barrier(9)

    def at_once(work: Callable[[], object]) -> None:
        barrier.wait(20)
        # Who comes too late is told so. A deadlock is an error of the database, and fails the test.
        with suppress(ProductError):
            work()

    with ThreadPoolExecutor(9) as pool:
        ends = [
            pool.submit(at_once, work)
            for work in (
                lambda: confirm_new_email(services, change),
                lambda: reset_password(services, reset, password="another password", visitor=NOBODY),
                lambda: verify_email(services, verify),
                lambda: request_reset(services, email=user.email, visitor=NOBODY),
                lambda: request_verification(services, user),
                lambda: change_password(services, user, current=OLD, new=NEW, visitor=NOBODY),
                lambda: redeem_ticket(services, ticket, browser_token="b", user_agent=""),
                lambda: sign_out_everywhere(services, user),
                lambda: delete_account(services, user, password=OLD, username=username),
            )
        ]
        for end in ends:
            end.result(30)


def test_s24_what_an_old_password_was_right_for_does_not_happen_after_a_new_one(
    services, user, monkeypatch
) -> None:
    """A thief's request has checked the password; the owner's new one is stored before it goes on."""
    setup = begin_setup(services, user, OLD)
    codes = confirm_setup(services, user, setup, pyotp.TOTP(setup.secret).now())
    for face in (credentials, deletion, second_factor):
        monkeypatch.setattr(face, "confirm_password", _then_another_password(face.confirm_password))

    for change in (
        lambda: change_email(services, user, password=OLD, email="thief@example.com"),
        lambda: change_password(services, user, current=OLD, new=NEW, visitor=NOBODY),
        lambda: delete_account(services, user, password=OLD, username="asha"),
        lambda: remove(services, user, password=OLD, code=codes[0]),
    ):
        before = _stored(services)
        with pytest.raises(WrongPassword):
            change()
        assert _stored(services) == before
        with services.engine.begin() as conn:
            users.replace_password(conn, user.id, password_hash=_hash_of_old[0])


_hash_of_old: list[str] = []


def _then_another_password(confirm):
    def confirmed(services, actor, password):
        matched = confirm(services, actor, password)
        _hash_of_old[:] = [matched]
        with services.engine.begin() as conn:
            users.replace_password(conn, actor.id, password_hash="another")
        return matched

    return confirmed


def _stored(services) -> list[object]:
    statements = (
        "SELECT username, email, deleted_at FROM users",
        "SELECT confirmed_at FROM second_factors",
        "SELECT kind FROM emails WHERE kind <> 'recovery_code_used' ORDER BY id",
        "SELECT purpose FROM email_tokens ORDER BY id",
    )
    with services.engine.connect() as conn:
        return [tuple(row) for statement in statements for row in conn.execute(text(statement))]


def _link(services, user, purpose: Purpose, to: str) -> str:
    with services.engine.begin() as conn:
        request_link(services, conn, purpose, user_id=user.id, to=to)
        token_id = conn.execute(
            text(
                "SELECT id FROM email_tokens WHERE user_id = :id AND purpose = :purpose AND used_at IS NULL"
            ),
            {"id": user.id, "purpose": str(purpose)},
        ).scalar_one()
    return make_token(services.settings, token_id, purpose)
