from __future__ import annotations

from datetime import UTC, datetime

from mail.composing import in_india


def test_times_are_read_in_india() -> None:
    assert in_india(datetime(2026, 11, 22, 6, 30, tzinfo=UTC)) == "22 November 2026, 12:00 pm IST"
    assert in_india(datetime(2026, 11, 22, 18, 30, tzinfo=UTC)) == "23 November 2026, 12:00 am IST"
