"""A second factor is set up once, asked for at each log-in, and given up only by its owner."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from accounts.second_factor import (
    SETUP_LIFETIME,
    begin_required_setup,
    begin_setup,
    confirm_setup,
    new_recovery_codes,
    remove,
    reset,
    state,
    verify_code,
)
from accounts.sessions import half_session_of, sign_out, user_of_session
from domain.errors import (
    Forbidden,
    InvalidInput,
    NotSignedIn,
    SetupOver,
    TooManyRequests,
    WrongCode,
    WrongPassword,
)
from domain.second_factor import STEP, FactorState
from tests.accounts.authenticator import PASSWORD, App, audited, mails, session


def test_s25_a_code_of_the_app_switches_it_on_and_ten_recovery_codes_are_shown(
    services, admin, clock
) -> None:
    app = App(begin_setup(services, admin, PASSWORD), clock)

    codes = confirm_setup(services, admin, app.setup, app.code())

    assert state(services, admin) == FactorState(is_on=True, codes_left=10, is_required=False)
    assert len(set(codes)) == 10
    assert audited(services) == ["second_factor_set_up"]
    assert mails(services) == [("second_factor_on", "boss@example.com")]


def test_the_picture_says_what_the_text_says(services, admin) -> None:
    setup = begin_setup(services, admin, PASSWORD)

    assert setup.secret in setup.uri
    assert setup.qr_image.startswith("data:image/svg+xml")
    assert setup.secret not in repr(setup)


def test_a_wrong_code_switches_nothing_on(services, admin, clock) -> None:
    app = App(begin_setup(services, admin, PASSWORD), clock)

    with pytest.raises(WrongCode):
        confirm_setup(services, admin, app.setup, app.wrong_code())

    assert not state(services, admin).is_on
    assert mails(services) == []


def test_s24_a_set_up_needs_the_password(services, admin) -> None:
    with pytest.raises(WrongPassword):
        begin_setup(services, admin, "wrong password")

    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM second_factors")).scalar_one() == 0


def test_a_new_beginning_ends_the_one_before_it(services, admin, clock) -> None:
    """Whoever begins in another browser must not have the secret confirmed that this page shows."""
    first = App(begin_setup(services, admin, PASSWORD), clock)
    second = App(begin_setup(services, admin, PASSWORD), clock)

    for code in (first.code(), second.code()):
        with pytest.raises(SetupOver):
            confirm_setup(services, admin, first.setup, code)

    assert confirm_setup(services, admin, second.setup, second.code())


def test_a_set_up_that_was_left_open_ends_after_a_quarter_of_an_hour(services, admin, clock) -> None:
    app = App(begin_setup(services, admin, PASSWORD), clock)

    clock.advance(SETUP_LIFETIME + timedelta(seconds=1))

    with pytest.raises(SetupOver):
        confirm_setup(services, admin, app.setup, app.code())
    assert not state(services, admin).is_on


def test_a_confirmed_factor_cannot_be_set_up_over(services, admin, app) -> None:
    with pytest.raises(Forbidden):
        begin_setup(services, admin, PASSWORD)
    with pytest.raises(SetupOver):
        confirm_setup(services, admin, app.setup, app.code())

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


def test_s25_a_session_that_has_shown_no_code_opens_nothing(services, admin, app) -> None:
    token = session(services, admin)

    assert user_of_session(services, token) is None
    half = half_session_of(services, token)
    assert half is not None
    assert (half.user, half.has_to_set_up) == (admin, False)


def test_s05_after_the_code_a_new_token_is_in_and_the_old_one_dead(services, admin, app) -> None:
    old = session(services, admin)
    verify_code(services, admin, app.code())

    new = session(services, admin, has_second_factor=True)
    sign_out(services, old)

    assert user_of_session(services, new) == admin
    assert half_session_of(services, new) is None
    assert user_of_session(services, old) is None
    assert half_session_of(services, old) is None


def test_a_session_from_before_the_set_up_has_to_show_a_code(services, admin, clock) -> None:
    token = session(services, admin)
    assert user_of_session(services, token) == admin

    app = App(begin_setup(services, admin, PASSWORD), clock)
    confirm_setup(services, admin, app.setup, app.code())

    assert user_of_session(services, token) is None
    assert half_session_of(services, token) is not None


def test_s25_in_production_an_admin_without_a_second_factor_has_to_set_it_up(
    in_production, admin, user, clock
) -> None:
    token = session(in_production, admin)
    half = half_session_of(in_production, token)
    assert user_of_session(in_production, token) is None
    assert half is not None
    assert half.has_to_set_up
    assert state(in_production, admin).is_required

    app = App(begin_required_setup(in_production, half), clock)
    confirm_setup(in_production, half.user, app.setup, app.code())
    in_full = session(in_production, admin, has_second_factor=True)

    assert user_of_session(in_production, in_full) == admin
    assert user_of_session(in_production, token) is None


def test_in_production_a_subscriber_needs_none_and_may_have_one(in_production, user, clock) -> None:
    token = session(in_production, user)
    assert user_of_session(in_production, token) == user
    assert not state(in_production, user).is_required

    app = App(begin_setup(in_production, user, "TestPass123"), clock)
    confirm_setup(in_production, user, app.setup, app.code())

    assert user_of_session(in_production, token) is None


def test_new_recovery_codes_replace_the_earlier_ones(services, admin, app, clock) -> None:
    codes = new_recovery_codes(services, admin, app.code())

    assert len(set(codes) | set(app.recovery_codes)) == 20
    with pytest.raises(WrongCode):
        verify_code(services, admin, app.recovery_codes[0])
    verify_code(services, admin, codes[0])
    assert "recovery_codes_replaced" in audited(services)
    assert "recovery_codes_replaced" in [kind for kind, _ in mails(services)]


def test_new_recovery_codes_need_a_code_of_the_app(services, admin, app) -> None:
    for code in (app.wrong_code(), app.recovery_codes[0]):
        with pytest.raises(WrongCode):
            new_recovery_codes(services, admin, code)

    verify_code(services, admin, app.recovery_codes[0])


def test_s24_removing_it_needs_password_and_code(services, admin, app) -> None:
    with pytest.raises(WrongPassword):
        remove(services, admin, password="wrong", code=app.code())
    with pytest.raises(WrongCode):
        remove(services, admin, password=PASSWORD, code=app.wrong_code())
    assert state(services, admin).is_on

    remove(services, admin, password=PASSWORD, code=app.code())

    assert state(services, admin) == FactorState(is_on=False, codes_left=0, is_required=False)
    assert user_of_session(services, session(services, admin)) == admin
    assert audited(services)[-1] == "second_factor_removed"
    assert mails(services)[-1] == ("second_factor_off", "boss@example.com")


def test_s25_in_production_an_admin_cannot_do_without(in_production, services, admin, app) -> None:
    with pytest.raises(Forbidden):
        remove(in_production, admin, password=PASSWORD, code=app.code())

    assert state(in_production, admin).is_on


def test_s25_a_half_session_is_no_whole_one_once_the_factor_is_removed(services, admin, app) -> None:
    """Whoever holds it knows the password alone."""
    half = session(services, admin)
    whole = session(services, admin, has_second_factor=True)

    remove(services, admin, password=PASSWORD, code=app.code())

    assert user_of_session(services, half) is None
    assert user_of_session(services, whole) == admin


def test_s27_recovery_codes_are_made_anew_ten_times_an_hour(services, admin, app, clock) -> None:
    for _ in range(10):
        new_recovery_codes(services, admin, app.code())
        clock.advance(STEP)

    with pytest.raises(TooManyRequests):
        new_recovery_codes(services, admin, app.code())

    assert [kind for kind, _ in mails(services)].count("recovery_codes_replaced") == 10


def test_passwords_typed_to_remove_it_are_limited(services, admin, app) -> None:
    for _ in range(10):
        with pytest.raises(WrongPassword):
            remove(services, admin, password="wrong", code="")

    with pytest.raises(TooManyRequests):
        remove(services, admin, password=PASSWORD, code=app.code())


def test_a_reset_takes_the_factor_and_ends_every_session(services, admin, app) -> None:
    token = session(services, admin, has_second_factor=True)

    assert reset(services, email=" BOSS@example.com") is True
    assert reset(services, email="boss@example.com") is False

    assert user_of_session(services, token) is None
    assert not state(services, admin).is_on
    with pytest.raises(WrongCode):
        verify_code(services, admin, app.recovery_codes[0])
    assert audited(services).count("second_factor_reset") == 1
    assert mails(services)[-1] == ("second_factor_off", "boss@example.com")


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
    with pytest.raises(NotSignedIn):
        begin_setup(services, admin, PASSWORD)
    with pytest.raises(Forbidden):
        confirm_setup(services, admin, app.setup, app.code())
