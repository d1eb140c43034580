"""Row S32: whoever pays by card leaves no card number with us, in no column, no message and no line of the log."""

from __future__ import annotations

import re

import requests

from tests.e2e.conftest import ROOT
from tests.e2e.site import Site, eventually

# A number that schemes give out for tests; it passes the check of its last digit, as every real one does.
CARD = "4706 1312 1121 2123"
# Alone and not inside of a longer number, an identifier or a fraction.
_MAYBE_CARD = re.compile(r"(?<![\w.-])[2-6](?:[ -]?[0-9]){12,18}(?![\w-])")


def card_numbers(text: str) -> list[str]:
    """What could be the number of a card: 13 to 19 digits, grouped or not, whose last one checks the others."""
    return [found[0] for found in _MAYBE_CARD.finditer(text) if _is_checked(found[0])]


def _is_checked(number: str) -> bool:
    digits = [int(character) for character in reversed(number) if character.isdigit()]
    return (sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


def everything_stored(site: Site) -> dict[str, str]:
    """Every row of every table, as text, a value a line."""
    tables = site.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return {
        table["tablename"]: "\n".join(
            "\n".join(_readable(value) for value in row.values())
            for row in site.rows(f'SELECT * FROM "{table["tablename"]}"')
        )
        for table in tables
    }


def _readable(value: object) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)


def test_s32_a_card_that_was_typed_at_the_gateway_is_nowhere_with_us(site: Site) -> None:
    member = site.join()
    checkout = f"{site.simulator_url}/checkout/{member.order.payment_session_id}"
    with requests.Session() as browser:
        bank = browser.post(f"{checkout}/pay", data={"method": "card", "card_number": CARD}, timeout=10)
        browser.post(bank.url, data={"otp": "1234"}, timeout=10, allow_redirects=False)
    eventually(lambda: site.subscription(member.person.username)["is_paid"])

    stored = everything_stored(site)
    written = site.log() + (ROOT / "payments.log").read_text(errors="replace")

    assert member.order.id in stored["orders"]
    assert member.order.id in stored["gateway_events"]
    assert "XXXXXXXXXXXX2123" in stored["gateway_events"]
    assert {table: found for table, text in stored.items() if (found := card_numbers(text))} == {}
    assert card_numbers(written) == []


def test_s32_a_card_number_would_be_found() -> None:
    assert card_numbers(f'{{"a": "{CARD}", "b": 4111111111111111, "c": "4111-1111-1111-1112"}}') == [
        CARD,
        "4111111111111111",
    ]
