"""What nobody drew at random is told from what somebody did."""

from __future__ import annotations

import secrets

import pytest

from domain.placeholders import looks_like_placeholder


@pytest.mark.parametrize(
    "text",
    [
        "changeme",
        "Please-Change_Me-Before-Production-0001",
        "your_secret_key_goes_here_1234567890",
        "this-is-an-example-of-a-key-dont-use",
        "00000000000000000000000000000000",
        "abababababababababababababababab",
        "abcabdabcabdabcabdabcabdabcabdabcabd",
        "s3cr3t-1111111111111111111111111111-x",
        "0123456789abcdef0123456789ABCDEF--",
        "",
    ],
)
def test_an_example_a_repetition_and_a_held_key_are_placeholders(text) -> None:
    assert looks_like_placeholder(text)


def test_what_is_drawn_at_random_is_none() -> None:
    drawn = [
        make(size)
        for _ in range(50)
        for make in (secrets.token_hex, secrets.token_urlsafe)
        for size in (16, 24, 48)
    ]

    assert [text for text in drawn if looks_like_placeholder(text)] == []
