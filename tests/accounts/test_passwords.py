"""Stored passwords: salted, peppered, with a scheme, and never cut short."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from accounts.passwords import PasswordCheck, check_stored, hash_password
from config import AppEnv


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"password_pepper": SecretStr("pepper-one")})


def opens(settings, password: str, stored: str) -> bool:
    return check_stored(settings, password, stored) is not PasswordCheck.WRONG


def test_a_password_opens_its_own_hash_and_no_other_does(settings) -> None:
    stored = hash_password(settings, "TestPass123")

    assert opens(settings, "TestPass123", stored)
    assert not opens(settings, "TestPass124", stored)


def test_the_same_password_is_stored_differently_each_time(settings) -> None:
    assert hash_password(settings, "TestPass123") != hash_password(settings, "TestPass123")


@pytest.mark.parametrize("password", ["p" * 72, "आ" * 24, "a\x00b" * 30])
def test_s03_what_comes_after_bcrypts_72_bytes_or_after_a_nul_still_counts(settings, password) -> None:
    stored = hash_password(settings, password + "x")

    assert opens(settings, password + "x", stored)
    assert not opens(settings, password + "y", stored)
    assert not opens(settings, password, stored)


def test_s04_the_previous_pepper_opens_during_a_rotation_and_not_after_it(settings) -> None:
    stored = hash_password(settings, "TestPass123")
    rotating = settings.model_copy(
        update={
            "password_pepper": SecretStr("pepper-two"),
            "password_pepper_previous": SecretStr("pepper-one"),
        }
    )
    rotated = settings.model_copy(update={"password_pepper": SecretStr("pepper-two")})

    assert opens(rotating, "TestPass123", stored)
    assert not opens(rotated, "TestPass123", stored)


@pytest.mark.parametrize("stored", ["", "!", "$2b$04$abc", "md5$0123", "plain"])
def test_a_stored_form_of_another_scheme_opens_for_nobody(settings, stored) -> None:
    assert not opens(settings, "TestPass123", stored)


def test_s04_production_hashes_cost_twelve_rounds(settings) -> None:
    costly = settings.model_copy(update={"app_env": AppEnv.PRODUCTION})

    assert hash_password(costly, "TestPass123").startswith("hmac-sha384-bcrypt$$2b$12$")
