"""Each code of a second factor works once, and guessing is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from accounts.second_factor import (
    begin_setup,
    confirm_setup,
    state,
    verify_code,
)
from domain.errors import (
    TooManyRequests,
    WrongCode,
)
from domain.second_factor import STEP
from tests.accounts.authenticator import PASSWORD, App, audited, mails


@pytest.mark.parametrize("steps_off", [-1, 0, 1])
def test_s25_a_code_works_once_within_its_window(services, admin, app, steps_off) -> None:
    code = app.code(steps_off)
    verify_code(services, admin, code)

    with pytest.raises(WrongCode):
        verify_code(services, admin, code)

    assert audited(services)[-2:] == ["second_factor_passed", "second_factor_failed"]


def test_s25_the_code_of_the_set_up_signs_nobody_in(services, admin, clock) -> None:
    app = App(begin_setup(services, admin, PASSWORD), clock)
    confirm_setup(services, admin, app.setup, app.code())

    with pytest.raises(WrongCode):
        verify_code(services, admin, app.code())


def test_after_a_code_an_earlier_one_is_refused_and_the_next_one_works(services, admin, app, clock) -> None:
    verify_code(services, admin, app.code())

    with pytest.raises(WrongCode):
        verify_code(services, admin, app.code(-1))

    clock.advance(STEP)
    verify_code(services, admin, app.code())


def test_s25_of_two_tries_with_one_code_at_once_one_passes(services, admin, app) -> None:
    assert _both(lambda: verify_code(services, admin, app.code())) == ["passed", "refused"]


def test_s25_of_two_tries_with_one_recovery_code_at_once_one_passes(services, admin, app) -> None:
    code = app.recovery_codes[0]

    assert _both(lambda: verify_code(services, admin, code)) == ["passed", "refused"]
    assert state(services, admin).codes_left == 9


def test_s25_a_recovery_code_works_once_and_is_told_by_mail(services, admin, app) -> None:
    code = app.recovery_codes[3]
    verify_code(services, admin, code.upper().replace("-", " "))

    with pytest.raises(WrongCode):
        verify_code(services, admin, code)

    assert state(services, admin).codes_left == 9
    assert audited(services)[-2:] == ["recovery_code_used", "second_factor_failed"]
    assert mails(services)[-1] == ("recovery_code_used", "boss@example.com")
    with services.engine.connect() as conn:
        body = conn.execute(text("SELECT text_body FROM emails WHERE kind = 'recovery_code_used'")).scalar()
    assert "Recovery codes left: 9." in body


def test_somebody_elses_codes_are_wrong(services, user, admin, app, clock) -> None:
    own = App(begin_setup(services, user, "TestPass123"), clock)
    confirm_setup(services, user, own.setup, own.code())

    for code in (app.code(), app.recovery_codes[0]):
        with pytest.raises(WrongCode):
            verify_code(services, user, code)

    assert state(services, admin).codes_left == 10


def test_without_a_confirmed_factor_no_code_is_right(services, admin, clock) -> None:
    app = App(begin_setup(services, admin, PASSWORD), clock)

    with pytest.raises(WrongCode):
        verify_code(services, admin, app.code())


@pytest.mark.parametrize("code", ["", "\x00", "\ud800", "x" * 100_000])
def test_what_is_no_code_is_refused(services, admin, app, code) -> None:
    with pytest.raises(WrongCode):
        verify_code(services, admin, code)


def test_s01_after_five_wrong_codes_the_right_one_waits_a_quarter_of_an_hour(
    services, admin, app, clock
) -> None:
    for _ in range(5):
        with pytest.raises(WrongCode):
            verify_code(services, admin, app.wrong_code())
    with pytest.raises(TooManyRequests, match="15 minutes"):
        verify_code(services, admin, app.code())

    clock.advance(timedelta(minutes=15, seconds=1))

    verify_code(services, admin, app.code())


def test_right_codes_are_not_counted(services, admin, app, clock) -> None:
    for _ in range(7):
        verify_code(services, admin, app.code())
        clock.advance(STEP)


def _both(work: Callable[[], None]) -> list[str]:
    """How two tries end that begin at the same moment."""
    barrier = threading.Barrier(2)
    ends: list[str] = []

    def run() -> None:
        barrier.wait(10)
        try:
            work()
            ends.append("passed")
        except WrongCode:
            ends.append("refused")

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)
