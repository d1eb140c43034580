"""The search for canaries finds them in every form, and the masking is what keeps them away."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from operations.logs import redact
from tests.canaries import CARDS, KEYS, PERSONAL, SECRETS, leaks_in, leaks_in_lines


@pytest.mark.parametrize("name", [*SECRETS, *PERSONAL])
@pytest.mark.parametrize(
    "write",
    [
        str,
        lambda value: quote(value, safe=""),
        lambda value: value.encode().hex(),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.b64encode(b"x" + value.encode() + b"yz").decode(),
        lambda value: base64.b64encode(b"xy" + value.encode()).decode(),
    ],
)
def test_s17_a_canary_is_found_in_every_form(name, write) -> None:
    everything = {**SECRETS, **PERSONAL}

    assert [f for f in leaks_in(f"before {write(everything[name])} after", everything) if f.startswith(name)]


def test_a_text_without_a_canary_has_no_leak() -> None:
    assert leaks_in("order ORDER00000000000001A moved from created to paid", {**SECRETS, **PERSONAL}) == []


def test_s17_without_the_masking_the_search_would_find_what_a_log_line_holds() -> None:
    event = {
        "event": f"paid with {CARDS[0]} by asha@example.com",
        "secret_key": KEYS["SECRET_KEY"],
        "password": "TestPass123",
    }
    bare = json.dumps(event)
    masked = json.dumps(dict(redact(None, "info", dict(event))))

    assert len(leaks_in_lines([bare], {**SECRETS, **PERSONAL})) == 4, (
        "a card, an address, a key and a password"
    )
    assert leaks_in_lines([masked], {**SECRETS, **PERSONAL}) == []
