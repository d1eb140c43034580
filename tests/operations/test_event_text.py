"""What came from outside is shown to a person without harm, and without what opens something."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from database.events import EventText, StoredEvent
from operations.event_text import page, replayed, table

EVENT = StoredEvent(
    id=7,
    gateway="cashfree",
    event_type="PAYMENT_SUCCESS_WEBHOOK",
    order_id="ORDER0000000000000001",
    status="processed",
    received_at=datetime(2026, 11, 20, 4, 30, tzinfo=UTC),
    processed_at=datetime(2026, 11, 20, 4, 30, 2, tzinfo=UTC),
)


def test_a_page_shows_the_event_and_its_body_laid_out() -> None:
    shown = page(EventText(EVENT, "the-key", b'{"data":{"order":{"order_amount":499.00}}}'))

    assert shown.splitlines() == [
        "event     7",
        "type      PAYMENT_SUCCESS_WEBHOOK",
        "gateway   cashfree",
        "order     ORDER0000000000000001",
        "received  2026-11-20 10:00:00 IST",
        "status    processed at 2026-11-20 10:00:02 IST",
        "key       the-key",
        "body      42 bytes",
        "",
        "{",
        '  "data": {',
        '    "order": {',
        '      "order_amount": 499.00',
        "    }",
        "  }",
        "}",
    ]


@pytest.mark.parametrize(
    "body",
    [
        '{"payment_session_id": "canary-1"}',
        '{"client_secret": "canary \\" 1"}',
        '{"x": {"Auth_Token": "canary-1"}}',
        '{"card": {"card_number": "4111111111canary"}}',
        '{"otp": 123456, "x": "session_canary1234567"}',
        'not JSON, "signature": "canary"',
        "cfsk_ma_test_canary",
    ],
)
def test_secrets_are_masked(body) -> None:
    shown = page(EventText(EVENT, "the-key", body.encode()))

    assert "****" in shown
    assert "canary" not in shown
    assert "123456," not in shown


@pytest.mark.parametrize(
    "body", [b"\x1b[2J\x1b]0;gone\x07", b'{"name": "\xc2\x9b2J"}', "\u202etxt.exe".encode(), b"\xff\xfe\x00"]
)
def test_a_body_cannot_command_the_terminal(body) -> None:
    shown = page(EventText(EVENT, "the-key", body))

    assert all(character.isprintable() or character == "\n" for character in shown)


def test_a_name_in_its_own_script_stays_readable() -> None:
    assert "आशा राव" in page(EventText(EVENT, "the-key", '{"customer_name": "आशा राव"}'.encode()))


def test_a_table_has_a_line_for_each_event() -> None:
    shown = table([EVENT, EVENT]).splitlines()

    assert len(shown) == 3
    assert shown[1].split() == [
        "7", "2026-11-20", "10:00:00", "IST", "processed", "ORDER0000000000000001", "PAYMENT_SUCCESS_WEBHOOK",
    ]  # fmt: skip
    assert table([]) == "No events."


def test_a_replay_says_when_nobody_will_work_on_it() -> None:
    assert "No worker is running" in replayed(EVENT, is_worked_on=False)
    assert "No worker is running" not in replayed(EVENT, is_worked_on=True)
