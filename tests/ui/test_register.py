"""What the registration form says of fields that are wrong."""

from __future__ import annotations

import pytest

from domain.errors import InvalidInput
from ui.register import name_fields


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"phone": "?", "full_name": "?"}, "Please correct: Full name, Phone."),
        ({"plan": "?"}, "Please correct the marked fields."),
    ],
)
def test_the_fields_that_are_out_of_sight_are_named_in_the_order_of_the_form(fields, sentence) -> None:
    assert name_fields(InvalidInput(fields)) == sentence
