"""A second factor is set up once, asked for at each log-in, and each code of it works once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from accounts.second_factor import (
    begin_setup,
    confirm_setup,
    find_setup,
    new_recovery_codes,
    remove,
    reset,
    state,
    verify_code,
)
from accounts.sessions import half_session_of, issue_ticket, redeem_ticket, sign_out, user_of_session
from config import AppEnv
from domain.errors import Forbidden, InvalidInput, TooManyRequests, WrongCode, WrongPassword
from domain.second_factor import STEP, FactorState
from user_management import create_admin

PASSWORD = "BossPass123"


@pytest.fixture
def admin(services):
    return create_admin(services, email="boss@example.com", password=PASSWORD)


@pytest.fixture
def in_production(services):
    settings = services.settings.model_copy(update={"app_env": AppEnv.PRODUCTION})
    return replace(services, settings=settings)


@pytest.fixture
def app(services, admin, clock):
    """The admin's authenticator app, set up a while ago."""
    app = App(begin_setup(services, admin).secret, clock)
    app.recovery_codes = confirm_setup(services, admin, app.code())
    clock.advance(5 * STEP)
    return app


class App:
    """Shows the code of this moment."""

    def __init__(self, secret: str, clock) -> None:
        self.secret = secret
        self.recovery_codes: tuple[str, ...] = ()
        self._totp, self._clock = pyotp.TOTP(secret), clock

    def code(self, steps_off: int = 0) -> str:
        return self._totp.at(self._clock.moment + steps_off * STEP)

    def wrong_code(self) -> str:
        shown = {self.code(step) for step in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in shown)


def test_s25_a_code_of_the_app_switches_it_on_and_ten_recovery_codes_are_shown(
    services, admin, clock
) -> None:
    setup = begin_setup(services, admin)

    codes = confirm_setup(services, admin, App(setup.secret, clock).code())

    assert state(services, admin) == FactorState(is_on=True, codes_left=10, is_required=False)
    assert len(set(codes)) == 10
    assert _audited(services) == ["second_factor_set_up"]
    assert _mails(services) == [("second_factor_on", "boss@example.com")]


def test_the_picture_says_what_the_text_says(services, admin) -> None:
    setup = begin_setup(services, admin)

    assert setup.secret in setup.uri
    assert setup.qr_image.startswith("data:image/svg+xml")
    assert setup.secret not in repr(setup)


def test_a_wrong_code_switches_nothing_on(services, admin, clock) -> None:
    app = App(begin_setup(services, admin).secret, clock)

    with pytest.raises(WrongCode):
        confirm_setup(services, admin, app.wrong_code())

    assert not state(services, admin).is_on
    assert _mails(services) == []


def test_a_set_up_that_was_begun_is_found_again_until_it_is_confirmed(services, admin, clock) -> None:
    assert find_setup(services, admin) is None
    setup = begin_setup(services, admin)
    assert find_setup(services, admin) == setup

    confirm_setup(services, admin, App(setup.secret, clock).code())

    assert find_setup(services, admin) is None


def test_a_new_beginning_replaces_the_secret_that_was_never_confirmed(services, admin, clock) -> None:
    first = App(begin_setup(services, admin).secret, clock)
    second = App(begin_setup(services, admin).secret, clock)

    with pytest.raises(WrongCode):
        confirm_setup(services, admin, first.code())

    assert confirm_setup(services, admin, second.code())


def test_a_confirmed_factor_cannot_be_set_up_over(services, admin, app) -> None:
    with pytest.raises(Forbidden):
        begin_setup(services, admin)
    with pytest.raises(WrongCode):
        confirm_setup(services, admin, app.code())

    verify_code(services, admin, app.code())


def test_s25_neither_secret_nor_recovery_code_is_stored(services, admin, app) -> None:
    with services.engine.connect() as conn:
        stored = str(conn.execute(text("SELECT * FROM second_factors, recovery_codes")).all())
        stored += str(conn.execute(text("SELECT text_body, html_body FROM emails")).all())
        stored += str(conn.execute(text("SELECT detail FROM audit_log")).all())

    assert app.secret not in stored
    assert not any(code in stored or code.replace("-", "") in stored for code in app.recovery_codes)


def test_under_another_secret_key_the_app_is_wrong_and_recovery_codes_are_right(services, admin, app) -> None:
    settings = services.settings.model_copy(update={"secret_key": SecretStr("another key")})
    rotated = replace(services, settings=settings)

    with pytest.raises(WrongCode):
        verify_code(rotated, admin, app.code())

    verify_code(rotated, admin, app.recovery_codes[0])


@pytest.mark.parametrize("steps_off", [-1, 0, 1])
def test_s25_a_code_works_once_within_its_window(services, admin, app, steps_off) -> None:
    code = app.code(steps_off)
    verify_code(services, admin, code)

    with pytest.raises(WrongCode):
        verify_code(services, admin, code)

    assert _audited(services)[-2:] == ["second_factor_passed", "second_factor_failed"]


def test_s25_the_code_of_the_set_up_signs_nobody_in(services, admin, clock) -> None:
    app = App(begin_setup(services, admin).secret, clock)
    confirm_setup(services, admin, app.code())

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
    assert _audited(services)[-2:] == ["recovery_code_used", "second_factor_failed"]
    assert _mails(services)[-1] == ("recovery_code_used", "boss@example.com")
    with services.engine.connect() as conn:
        body = conn.execute(text("SELECT text_body FROM emails WHERE kind = 'recovery_code_used'")).scalar()
    assert "Recovery codes left: 9." in body


def test_somebody_elses_codes_are_wrong(services, user, admin, app, clock) -> None:
    own = App(begin_setup(services, user).secret, clock)
    confirm_setup(services, user, own.code())

    for code in (app.code(), app.recovery_codes[0]):
        with pytest.raises(WrongCode):
            verify_code(services, user, code)

    assert state(services, admin).codes_left == 10


def test_without_a_confirmed_factor_no_code_is_right(services, admin, clock) -> None:
    app = App(begin_setup(services, admin).secret, clock)

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


def test_s25_a_session_that_has_shown_no_code_opens_nothing(services, admin, app) -> None:
    token = _session(services, admin)

    assert user_of_session(services, token) is None
    half = half_session_of(services, token)
    assert half is not None
    assert (half.user, half.has_to_set_up) == (admin, False)


def test_s05_after_the_code_a_new_token_is_in_and_the_old_one_dead(services, admin, app) -> None:
    old = _session(services, admin)
    verify_code(services, admin, app.code())

    new = _session(services, admin, has_second_factor=True)
    sign_out(services, old)

    assert user_of_session(services, new) == admin
    assert half_session_of(services, new) is None
    assert user_of_session(services, old) is None
    assert half_session_of(services, old) is None


def test_a_session_from_before_the_set_up_has_to_show_a_code(services, admin, clock) -> None:
    token = _session(services, admin)
    assert user_of_session(services, token) == admin

    app = App(begin_setup(services, admin).secret, clock)
    confirm_setup(services, admin, app.code())

    assert user_of_session(services, token) is None
    assert half_session_of(services, token) is not None


def test_s25_in_production_an_admin_without_a_second_factor_has_to_set_it_up(
    in_production, admin, user, clock
) -> None:
    token = _session(in_production, admin)
    half = half_session_of(in_production, token)
    assert user_of_session(in_production, token) is None
    assert half is not None
    assert half.has_to_set_up
    assert state(in_production, admin).is_required

    app = App(begin_setup(in_production, half.user).secret, clock)
    confirm_setup(in_production, half.user, app.code())
    in_full = _session(in_production, admin, has_second_factor=True)

    assert user_of_session(in_production, in_full) == admin
    assert user_of_session(in_production, token) is None


def test_in_production_a_subscriber_needs_none_and_may_have_one(in_production, user, clock) -> None:
    token = _session(in_production, user)
    assert user_of_session(in_production, token) == user
    assert not state(in_production, user).is_required

    app = App(begin_setup(in_production, user).secret, clock)
    confirm_setup(in_production, user, app.code())

    assert user_of_session(in_production, token) is None


def test_new_recovery_codes_replace_the_earlier_ones(services, admin, app, clock) -> None:
    codes = new_recovery_codes(services, admin, app.code())

    assert len(set(codes) | set(app.recovery_codes)) == 20
    with pytest.raises(WrongCode):
        verify_code(services, admin, app.recovery_codes[0])
    verify_code(services, admin, codes[0])
    assert "recovery_codes_replaced" in _audited(services)
    assert "recovery_codes_replaced" in [kind for kind, _ in _mails(services)]


def test_new_recovery_codes_need_a_code(services, admin, app) -> None:
    with pytest.raises(WrongCode):
        new_recovery_codes(services, admin, app.wrong_code())

    verify_code(services, admin, app.recovery_codes[0])


def test_s24_removing_it_needs_password_and_code(services, admin, app) -> None:
    with pytest.raises(WrongPassword):
        remove(services, admin, password="wrong", code=app.code())
    with pytest.raises(WrongCode):
        remove(services, admin, password=PASSWORD, code=app.wrong_code())
    assert state(services, admin).is_on

    remove(services, admin, password=PASSWORD, code=app.code())

    assert state(services, admin) == FactorState(is_on=False, codes_left=0, is_required=False)
    assert user_of_session(services, _session(services, admin)) == admin
    assert _audited(services)[-1] == "second_factor_removed"
    assert _mails(services)[-1] == ("second_factor_off", "boss@example.com")


def test_s25_in_production_an_admin_cannot_do_without(in_production, services, admin, app) -> None:
    with pytest.raises(Forbidden):
        remove(in_production, admin, password=PASSWORD, code=app.code())

    assert state(in_production, admin).is_on


def test_passwords_typed_to_remove_it_are_limited(services, admin, app) -> None:
    for _ in range(10):
        with pytest.raises(WrongPassword):
            remove(services, admin, password="wrong", code="")

    with pytest.raises(TooManyRequests):
        remove(services, admin, password=PASSWORD, code=app.code())


def test_a_reset_takes_the_factor_and_ends_every_session(services, admin, app) -> None:
    token = _session(services, admin, has_second_factor=True)

    assert reset(services, email=" BOSS@example.com") is True
    assert reset(services, email="boss@example.com") is False

    assert user_of_session(services, token) is None
    assert not state(services, admin).is_on
    with pytest.raises(WrongCode):
        verify_code(services, admin, app.recovery_codes[0])
    assert _audited(services).count("second_factor_reset") == 1
    assert _mails(services)[-1] == ("second_factor_off", "boss@example.com")


@pytest.mark.parametrize("email", ["nobody@example.com", "no address", ""])
def test_a_reset_names_an_account_that_does_not_exist(services, admin, app, email) -> None:
    with pytest.raises(InvalidInput):
        reset(services, email=email)

    assert state(services, admin).is_on


@pytest.mark.parametrize("change", ["status = 'disabled'", "deleted_at = now()"])
def test_a_closed_account_does_nothing_with_its_factor(services, admin, app, change) -> None:
    with services.engine.begin() as conn:
        conn.execute(text(f"UPDATE users SET {change}"))

    with pytest.raises(WrongCode):
        verify_code(services, admin, app.code())
    with pytest.raises(Forbidden):
        begin_setup(services, admin)
    with pytest.raises(Forbidden):
        find_setup(services, admin)


def _session(services, user, *, has_second_factor: bool = False) -> str:
    ticket = issue_ticket(services, user, browser_token="b", has_second_factor=has_second_factor)
    return redeem_ticket(services, ticket, browser_token="b", user_agent="")


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


def _audited(services) -> list[str]:
    with services.engine.connect() as conn:
        actions = conn.execute(text("SELECT action FROM audit_log ORDER BY id")).scalars()
        return [action for action in actions if action not in {"registered", "signed_in", "signed_out"}]


def _mails(services) -> list[tuple[str, str]]:
    with services.engine.connect() as conn:
        return [tuple(row) for row in conn.execute(text("SELECT kind, to_address FROM emails ORDER BY id"))]
