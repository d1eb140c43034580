"""Which words a person may register with, and which sentence stands under a field that is wrong."""

from __future__ import annotations

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from domain.accounts import (
    INDIAN_STATES,
    check_password,
    check_registration,
    normal_email,
    normal_phone,
    normal_username,
)
from domain.errors import InvalidInput

GOOD = {
    "full_name": "Asha Rao",
    "email": "asha@example.com",
    "username": "asha.rao",
    "phone": "9999999999",
    "state": "Karnataka",
    "password": "TestPass123",
}


def test_a_good_form_is_normalised_and_the_password_kept_to_the_letter() -> None:
    form = check_registration(
        full_name=" Asha Rao ",
        email=" Asha@Example.COM ",
        username=" Asha.Rao ",
        phone="+91 99999 99999",
        state="Karnataka",
        password=" Test Pass 123 ",
    )

    assert (form.full_name, form.email, form.username) == ("Asha Rao", "asha@example.com", "asha.rao")
    assert (form.phone, form.state_code) == ("+919999999999", "29")
    assert form.password == " Test Pass 123 "


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_registration(full_name="", email="", username="", phone="", state="", password="")

    assert set(refused.value.fields) == {"full_name", "email", "username", "phone", "state", "password"}


def test_a_form_never_shows_its_password_when_it_is_printed() -> None:
    assert "TestPass123" not in repr(check_registration(**GOOD))


@pytest.mark.parametrize("name", ["Jo", "आशा राव", "O'Brien-Śmith", "Zoë 🌸", "A" * 100, "Asha\r\n"])
def test_names_of_people_are_accepted(name) -> None:
    assert check_registration(**{**GOOD, "full_name": name}).full_name == name.strip()


@pytest.mark.parametrize(
    "name",
    [
        "A",
        "  ",
        "A" * 101,
        "x" * 10_000,
        "Asha\x00Rao",
        "Asha\r\nBcc: a@b.example",
        "Asha\u202eoaR",
        "A\u2066B",
        "A\u2028B",
        "A\x1bB",
        "A\ud800B",
    ],
)
def test_names_with_line_breaks_hidden_directions_or_wrong_lengths_are_refused(name) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_registration(**{**GOOD, "full_name": name})

    assert set(refused.value.fields) == {"full_name"}


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("ASHA@EXAMPLE.COM", "asha@example.com"),
        ("asha+tag@example.com", "asha+tag@example.com"),
        ("आशा@example.com", "आशा@example.com"),
        ("asha@xn--bcher-kva.example", "asha@bücher.example"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_one_address_has_one_spelling(text, stored) -> None:
    assert normal_email(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "asha",
        "asha@",
        "@example.com",
        "a b@example.com",
        "asha@example",
        "asha@example.com\r\nBcc: x@y.example",
        "asha@example.com\n",
        "asha\x00@example.com",
        "asha\u202e@example.com",
        "asha@exa\ud800mple.com",
        f"{'a' * 10_000}@example.com",
        "Asha <asha@example.com>",
        "a@b@example.com",
    ],
)
def test_what_is_no_address_is_refused(text) -> None:
    with pytest.raises(ValueError, match="name@example"):
        normal_email(text)


@pytest.mark.parametrize(
    ("text", "stored"),
    [("Asha", "asha"), (" bob_1 ", "bob_1"), ("a-b", "a-b"), ("a" * 30, "a" * 30), ("123", "123")],
)
def test_usernames_are_folded(text, stored) -> None:
    assert normal_username(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab",
        "a" * 31,
        "asha@example.com",
        ".asha",
        "asha.",
        "as ha",
        "as\x00ha",
        "as\nha",
        "आशा",
        "asha🌸",
        "x" * 10_000,
    ],
)
def test_usernames_outside_the_shape_are_refused(text) -> None:
    with pytest.raises(ValueError, match="3 to 30"):
        normal_username(text)


@pytest.mark.parametrize(
    "text",
    [
        "9999999999",
        "919999999999",
        "+919999999999",
        "+91 99999 99999",
        "+91-99999-99999",
        "09999999999",
        "(99999) 99999",
        "९९९९९९९९९९",
    ],
)
def test_every_common_form_of_a_number_is_stored_as_one(text) -> None:
    assert normal_phone(text) == "+919999999999"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "999999999",
        "99999999999999",
        "+14155552671",
        "abcdefghij",
        "99999\x0099999",
        "99999\n99999",
        "9" * 10_000,
        "🌸",
        "+91",
    ],
)
def test_what_is_no_indian_number_is_refused(text) -> None:
    with pytest.raises(ValueError, match="10-digit"):
        normal_phone(text)


@pytest.mark.parametrize(
    "text",
    [
        "TestPass123",
        "12345679q",
        "आ" * 64,
        "p" * 256,
        "correct horse battery staple",
        "🌸" * 8,
        " \t  \t   ",
        "a\r\nb\u202ecdef",
    ],
)
def test_s03_a_password_of_any_script_is_kept_unchanged(text) -> None:
    assert check_password(text) == text


@pytest.mark.parametrize(
    "text", ["", "1234567", "p" * 257, "p" * 1_000_000, "pass\x00word", "password\ud800"]
)
def test_s03_a_password_too_short_too_long_or_untypable_is_explained(text) -> None:
    with pytest.raises(ValueError, match=r"characters|typed"):
        check_password(text)


def test_s03_the_passwords_that_people_use_most_are_refused_in_any_case() -> None:
    most_used = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= 8][:3000]

    accepted = [word for word in most_used if _is_accepted(word) or _is_accepted(word.upper())]

    assert len(most_used) == 3000
    assert accepted == []
    assert not _is_accepted("sector rs")


@pytest.mark.parametrize("password", ["asha.rao@example.com", "Asha.Rao", " ASHA RAO ", "asha-rao-1"])
def test_s03_the_words_beside_the_password_in_the_form_are_refused(password) -> None:
    form = {**GOOD, "email": "asha.rao@example.com", "username": "asha-rao-1", "full_name": "Asha Rao"}

    with pytest.raises(InvalidInput) as refused:
        check_registration(**{**form, "password": password})

    assert set(refused.value.fields) == {"password"}


def _is_accepted(password: str) -> bool:
    try:
        check_password(password)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "code"), [("Karnataka", "29"), ("29", "29"), ("Ladakh", "38"), ("01", "01")]
)
def test_a_state_is_named_by_its_name_or_its_gst_code(text, code) -> None:
    assert check_registration(**{**GOOD, "state": text}).state_code == code


@pytest.mark.parametrize("text", ["", "karnataka", "Bavaria", "25", "28", "99", "1", "29\x00"])
def test_what_is_no_state_is_refused(text) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_registration(**{**GOOD, "state": text})

    assert set(refused.value.fields) == {"state"}


def test_all_thirty_six_states_and_union_territories_are_there() -> None:
    assert len(set(INDIAN_STATES.values())) == 36
