"""A time without a zone is India's, and a day is a whole one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operations.moments import as_read, parse_moment


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("2026-11-20T10:00", datetime(2026, 11, 20, 4, 30, tzinfo=UTC)),
        ("2026-11-20 10:00:30", datetime(2026, 11, 20, 4, 30, 30, tzinfo=UTC)),
        ("2026-11-20T10:00Z", datetime(2026, 11, 20, 10, 0, tzinfo=UTC)),
        ("2026-11-20T10:00+01:00", datetime(2026, 11, 20, 9, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_is_indias_unless_it_says_otherwise(words, moment) -> None:
    read = parse_moment(words)

    assert (read.starts_at, read.ends_at) == (moment, moment)


def test_a_day_lasts_from_midnight_to_midnight_in_india() -> None:
    day = parse_moment("2026-11-20")

    assert day.starts_at == datetime(2026, 11, 19, 18, 30, tzinfo=UTC)
    assert day.ends_at == datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    ["", "yesterday", "20-11-2026", "2026-13-01", "2026-11-20T25:00", "9999-12-31", "0001-01-01T00:00"],
)
def test_what_is_no_time_is_refused_with_an_example(words) -> None:
    with pytest.raises(ValueError, match="write 2026-11-20 or 2026-11-20T10:00"):
        parse_moment(words)


def test_a_moment_is_shown_in_india() -> None:
    assert as_read(datetime(2026, 11, 20, 4, 30, tzinfo=UTC)) == "2026-11-20 10:00:00 IST"
