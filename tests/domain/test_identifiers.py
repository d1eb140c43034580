"""Ids of orders and customers: their form, their stability, their secrecy."""

from __future__ import annotations

import re
import uuid

import pytest

pytest.importorskip("hypothesis", reason="needs requirements-dev.txt")

from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import customer_id_for, new_order_id, parse_uuid


def test_an_order_id_is_order_and_fifteen_characters_and_never_the_same() -> None:
    ids = {new_order_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert all(re.fullmatch(r"ORDER[A-Z0-9]{15}", order_id) for order_id in ids)


@given(st.one_of(st.integers(), st.uuids(), st.text()))
def test_a_customer_id_is_always_the_same_for_one_user_and_in_the_form_cashfree_allows(user_id) -> None:
    assert re.fullmatch(r"CUST[A-Z0-9]{12}", customer_id_for(user_id))
    assert customer_id_for(user_id) == customer_id_for(user_id)


def test_a_customer_id_never_changes_between_releases() -> None:
    assert customer_id_for(uuid.UUID(int=1)) == "CUSTHW4W6RZNED0N"


def test_different_users_have_different_customer_ids() -> None:
    assert len({customer_id_for(number) for number in range(10_000)}) == 10_000


@given(st.uuids())
def test_a_user_id_is_read_back_in_either_case(user_id: uuid.UUID) -> None:
    assert parse_uuid(str(user_id)) == user_id
    assert parse_uuid(str(user_id).upper()) == user_id


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        uuid.UUID(int=1).hex,
        "",
        "asha",
        "{00000000-0000-0000-0000-000000000001}",
        "urn:uuid:00000000-0000-0000-0000-000000000001",
        "00000000-0000-0000-0000-000000000001\n",
        "00000000-0000-0000-0000-00000000000１",
        "0000-0000-00000000-0000-000000000001-000",
        "00000000-0000-0000-0000-000000000001' OR 1=1",
    ],
)
def test_anything_else_is_no_user_id(value: object) -> None:
    assert parse_uuid(value) is None


@given(st.text())
def test_no_text_makes_reading_a_user_id_fail(text: str) -> None:
    assert parse_uuid(text) is None or str(parse_uuid(text)) == text.lower()
