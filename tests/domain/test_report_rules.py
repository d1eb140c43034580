"""When mails about the market are due, in India's days."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from domain.report_rules import (
    SCHEDULED,
    ReportKind,
    ReportSettings,
    coming_reports,
    ended_by,
    is_of_before,
    last_moment_of_month,
    mail_kind,
)
from domain.subscriptions import INDIA


def india(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=INDIA)


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-11-07T08:00", "2026-11-07T08:00"),
        ("2026-11-07T07:59", "2026-10-03T08:00"),
        ("2026-11-30T23:00", "2026-11-07T08:00"),
        ("2026-08-01T09:00", "2026-08-01T08:00"),
        ("2026-01-01T00:00", "2025-12-06T08:00"),
    ],
)
def test_the_note_is_of_the_last_first_saturday(now: str, last: str) -> None:
    assert last_moment_of_month(india(now), 8) == india(last)


def test_every_month_of_ten_years_has_one_next_note() -> None:
    wanted = ReportSettings(evidence=True)
    moment = wanted.last_moment(ReportKind.EVIDENCE, india("2026-11-07T08:00"))
    for _ in range(120):
        following = wanted.next_moment(ReportKind.EVIDENCE, moment)
        months = 12 * (following.year - moment.year) + following.month - moment.month
        assert (months, following.isoweekday(), following.hour) == (1, 6, 8)
        assert following.day <= 7
        moment = following


@pytest.mark.parametrize(
    ("moment", "is_before"),
    [
        ("2026-10-30T08:00", False),
        ("2026-10-30T15:30", False),
        ("2026-10-30T20:00", True),
        ("2026-10-31T00:00", True),
    ],
)
def test_a_close_is_told_of_after_the_exchange_has_closed(moment: str, is_before: bool) -> None:
    assert is_of_before(date(2026, 10, 30), india(moment)) is is_before


def test_a_daily_report_that_the_weekly_one_replaces_is_not_announced() -> None:
    wanted = ReportSettings(daily=True, evidence=True)

    friday = coming_reports(wanted, india("2026-11-06T09:00"))
    saturday = coming_reports(wanted, india("2026-11-07T09:00"))

    assert [(one.kind, one.at) for one in friday] == [
        (ReportKind.WEEKLY, india("2026-11-07T08:00")),
        (ReportKind.EVIDENCE, india("2026-11-07T08:00")),
    ]
    assert [(one.kind, one.at) for one in saturday] == [
        (ReportKind.DAILY, india("2026-11-08T08:00")),
        (ReportKind.WEEKLY, india("2026-11-14T08:00")),
        (ReportKind.EVIDENCE, india("2026-12-05T08:00")),
    ]


def test_nothing_is_announced_to_who_unsubscribed() -> None:
    gone = ReportSettings(daily=True, evidence=True, unsubscribed_at=india("2026-11-06T09:00"))

    assert coming_reports(gone, india("2026-11-06T10:00")) == ()


def test_only_the_note_has_a_link_that_ends_it_alone() -> None:
    ends = {kind: ended_by(mail_kind(kind)) for kind in (*SCHEDULED, ReportKind.ON_REQUEST)}

    assert {kind for kind, ended in ends.items() if ended is not None} == {ReportKind.EVIDENCE}
    assert ended_by("receipt") is None


def test_kinds_that_nobody_wants_are_not_due() -> None:
    saturday = datetime(2026, 10, 31, 8, 1, tzinfo=INDIA)

    assert ReportSettings().is_due(ReportKind.WEEKLY, saturday)
    assert not ReportSettings(weekly=False).is_due(ReportKind.WEEKLY, saturday)
