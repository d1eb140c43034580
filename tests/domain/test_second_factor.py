"""One-time codes as RFC 6238 has them, and recovery codes that survive how people type."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.second_factor import (
    STEP,
    in_groups,
    matching_step,
    recovery_code,
    recovery_hash,
    secret_of,
    setup_uri,
    step_at,
)

NOON = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
SECRET = secret_of("a key", bytes(32))


def code_at(moment: datetime, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(moment)


# Appendix B of RFC 6238, SHA-1, of which an app shows the last six digits.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_s25_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    assert matching_step(secret, code, moment) == seconds // 30


@pytest.mark.parametrize(
    ("steps_off", "is_near"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_is_right_one_step_before_and_after_its_own(steps_off: int, is_near: bool) -> None:
    found = matching_step(SECRET, code_at(NOON + steps_off * STEP), NOON)

    assert found == (step_at(NOON) + steps_off if is_near else None)


def test_the_window_moves_with_the_step_and_not_within_it() -> None:
    code = code_at(NOON)

    assert matching_step(SECRET, code, NOON + timedelta(seconds=59)) == step_at(NOON)
    assert matching_step(SECRET, code, NOON + timedelta(seconds=60)) is None


@pytest.mark.parametrize("between", ["", " ", "-"])
def test_a_code_may_be_typed_as_apps_show_it(between: str) -> None:
    code = code_at(NOON)

    assert matching_step(SECRET, f" {code[:3]}{between}{code[3:]} ", NOON) == step_at(NOON)


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\x00", "\ud800", "9" * 100_000]
)
def test_what_is_no_code_matches_nothing(typed: str) -> None:
    assert matching_step(SECRET, typed, NOON) is None


@given(
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    nonce=st.binary(min_size=32, max_size=32),
)
def test_every_code_of_an_app_is_found_at_its_own_step(moment: datetime, nonce: bytes) -> None:
    secret = secret_of("a key", nonce)

    found = matching_step(secret, code_at(moment, secret), moment)

    # Once in some hundred thousand times the neighbour has the same code; then the later step is used up.
    assert found is not None
    assert 0 <= found - step_at(moment) <= 1


def test_a_secret_needs_both_the_nonce_and_the_key() -> None:
    other_nonce = secret_of("a key", bytes(31) + b"\x01")
    other_key = secret_of("another key", bytes(32))

    assert len({SECRET, other_nonce, other_key}) == 3
    assert len(base64.b32decode(SECRET)) == 20
    assert secret_of("a key", bytes(32)) == SECRET


def test_a_secret_is_typed_in_groups() -> None:
    assert in_groups("ABCDEFGHIJ") == "ABCD EFGH IJ"


def test_an_app_reads_secret_account_and_issuer() -> None:
    read = pyotp.parse_uri(setup_uri(SECRET, account="boss@example.com", issuer="Sector RS: live"))

    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.name, read.issuer) == (SECRET, "boss@example.com", "Sector RS: live")
    assert (read.digits, read.interval, read.digest().name) == (6, 30, "sha1")


@pytest.mark.parametrize(
    ("random", "code"),
    [
        (bytes(10), "0000-0000-0000-0000"),
        (b"\xff" * 10, "zzzz-zzzz-zzzz-zzzz"),
        (bytes(9) + b"\x01", "0000-0000-0000-0001"),
    ],
)
def test_a_recovery_code_shows_all_its_bits(random: bytes, code: str) -> None:
    assert recovery_code(random) == code


@given(st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_two_recovery_codes_are_the_same_only_if_their_bits_are(one: bytes, other: bytes) -> None:
    assert (recovery_code(one) == recovery_code(other)) == (one == other)
    assert (recovery_hash(recovery_code(one)) == recovery_hash(recovery_code(other))) == (one == other)


@given(st.binary(min_size=10, max_size=10), st.sampled_from(["-", "", " ", " - ", "\u2013"]), st.booleans())
def test_a_recovery_code_is_known_however_it_is_typed(random: bytes, between: str, is_upper: bool) -> None:
    code = recovery_code(random)
    typed = f" {code.replace('-', between)} ".replace("0", "o").replace("1", "l")

    assert recovery_hash(typed.upper() if is_upper else typed) == recovery_hash(code) is not None


@pytest.mark.parametrize(
    "typed", ["", "0000-0000-0000-000", "0000-0000-0000-00000", "u000-0000-0000-0000", "123456", "\x00" * 16]
)
def test_what_is_no_recovery_code_has_no_hash(typed: str) -> None:
    assert recovery_hash(typed) is None
