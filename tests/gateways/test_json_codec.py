"""Exact numbers both ways, and one error for every document that must not be trusted."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

pytest.importorskip("hypothesis", reason="needs requirements-dev.txt")

from hypothesis import given
from hypothesis import strategies as st

from gateways.json_codec import UnreadableJson, read_json, write_json


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":2}',
        b'{"a":' + b"[" * 100_000,
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1e99999999999999999999}',
        b'{"a":',
        b'\xff\xfe{"a":1}',
        b'\xef\xbb\xbf{"a":1}',
        b"",
        b"<html></html>",
    ],
)
def test_a_document_that_cannot_be_trusted_is_one_error_that_does_not_quote_it(body: bytes) -> None:
    with pytest.raises(UnreadableJson) as caught:
        read_json(body)

    assert len(str(caught.value)) < 40


def test_amounts_are_read_exactly() -> None:
    assert read_json(b"[499, 499.0, 499.00, 0.1]") == [
        499,
        Decimal("499.0"),
        Decimal("499.00"),
        Decimal("0.1"),
    ]


def test_an_amount_is_written_as_a_number_with_its_two_decimals() -> None:
    assert write_json({"order_amount": Decimal("499.00"), "tags": [True, None]}) == (
        '{"order_amount":499.00,"tags":[true,null]}'
    )


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), float("nan")])
def test_what_is_not_a_number_is_not_written(value: object) -> None:
    with pytest.raises(ValueError):
        write_json({"order_amount": value})


@given(st.integers(min_value=0, max_value=10**14), st.text())
def test_every_amount_and_text_survives_the_wire(paise: int, text: str) -> None:
    amount = Decimal(paise).scaleb(-2)

    assert read_json(write_json({"amount": amount, text: text}).encode()) == {"amount": amount, text: text}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_our_error(body: bytes) -> None:
    try:
        read_json(body)
    except UnreadableJson:
        return
    json.loads(body)
