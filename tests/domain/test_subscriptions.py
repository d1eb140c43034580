"""Periods: calendar months counted in India, stacked without gaps, and what they mean at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("hypothesis", reason="needs requirements-dev.txt")

from hypothesis import given
from hypothesis import strategies as st

from domain.subscriptions import (
    INDIA,
    Period,
    Subscription,
    SubscriptionStatus,
    add_months,
    given_period,
    next_period,
)

MARCH = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
APRIL = datetime(2026, 4, 10, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (datetime(2026, 1, 31, 12, tzinfo=INDIA), 1, datetime(2026, 2, 28, 12, tzinfo=INDIA)),
        (datetime(2028, 1, 31, 12, tzinfo=INDIA), 1, datetime(2028, 2, 29, 12, tzinfo=INDIA)),
        (datetime(2028, 2, 29, 12, tzinfo=INDIA), 12, datetime(2029, 2, 28, 12, tzinfo=INDIA)),
        (datetime(2026, 12, 15, 12, tzinfo=INDIA), 1, datetime(2027, 1, 15, 12, tzinfo=INDIA)),
        (datetime(2026, 11, 30, 12, tzinfo=INDIA), 12, datetime(2027, 11, 30, 12, tzinfo=INDIA)),
    ],
)
def test_a_month_ends_on_the_same_day_or_on_the_last_one_of_a_shorter_month(start, months, end) -> None:
    assert add_months(start, months) == end


def test_months_are_counted_by_the_date_in_india_not_in_utc() -> None:
    # 30 January, 1:30 am in India, while it is still the 29th in UTC.
    start = datetime(2026, 1, 29, 20, 0, tzinfo=UTC)

    assert add_months(start, 1) == datetime(2026, 2, 28, 1, 30, tzinfo=INDIA)
    assert add_months(start, 1) == datetime(2026, 2, 27, 20, 0, tzinfo=UTC)


def test_the_last_minute_of_a_month_in_india_stays_in_the_next_month() -> None:
    start = datetime(2026, 1, 31, 18, 29, tzinfo=UTC)  # 23:59 in India

    assert add_months(start, 1).astimezone(INDIA) == datetime(2026, 2, 28, 23, 59, tzinfo=INDIA)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),
    st.integers(1, 24),
)
def test_a_period_is_never_empty_and_never_longer_than_its_months(start, months) -> None:
    length = add_months(start, months) - start

    assert timedelta(days=28 * months) <= length <= timedelta(days=31 * months)


@pytest.mark.parametrize(
    ("access_until", "starts_at"),
    [(None, MARCH), (MARCH - timedelta(days=3), MARCH), (APRIL, APRIL)],
    ids=["no-access", "ran-out", "runs"],
)
def test_a_given_period_begins_now_or_where_access_ends_and_lasts_whole_days(access_until, starts_at) -> None:
    period = given_period("monthly", 30, now=MARCH, access_until=access_until)

    assert (period.starts_at, period.ends_at) == (starts_at, starts_at + timedelta(days=30))


def test_the_first_period_begins_now() -> None:
    period = next_period("monthly", 1, now=MARCH, paid_until=None)

    assert (period.starts_at, period.ends_at) == (MARCH, APRIL)


def test_a_second_period_begins_where_the_paid_time_ends() -> None:
    period = next_period("monthly", 1, now=MARCH, paid_until=APRIL)

    assert (period.starts_at, period.ends_at) == (APRIL, datetime(2026, 5, 10, 6, 30, tzinfo=UTC))


def test_a_period_bought_after_a_lapse_begins_now_and_not_in_the_past() -> None:
    period = next_period("annual", 12, now=APRIL, paid_until=MARCH)

    assert (period.starts_at, period.ends_at) == (APRIL, datetime(2027, 4, 10, 6, 30, tzinfo=UTC))


def test_access_begins_with_the_first_instant_and_ends_before_the_last() -> None:
    subscription = _subscription(Period("monthly", MARCH, APRIL))

    assert not subscription.is_active(MARCH - timedelta(microseconds=1))
    assert subscription.is_active(MARCH)
    assert subscription.is_active(APRIL - timedelta(microseconds=1))
    assert not subscription.is_active(APRIL)


def test_status_is_pending_then_active_then_expired() -> None:
    nothing = _subscription()
    bought = _subscription(Period("monthly", MARCH, APRIL))

    assert nothing.status(MARCH) is SubscriptionStatus.PENDING
    assert bought.status(MARCH) is SubscriptionStatus.ACTIVE
    assert bought.status(APRIL) is SubscriptionStatus.EXPIRED


def test_a_cancelled_subscription_is_active_to_the_end_of_what_was_paid() -> None:
    cancelled = Subscription(1, SubscriptionStatus.CANCELLED, (Period("monthly", MARCH, APRIL),))

    assert cancelled.status(MARCH) is SubscriptionStatus.ACTIVE
    assert cancelled.status(APRIL) is SubscriptionStatus.CANCELLED


def test_a_revoked_period_gives_no_access_and_counts_for_no_end() -> None:
    revoked = _subscription(Period("monthly", MARCH, APRIL, revoked_at=MARCH + timedelta(days=1)))

    assert not revoked.is_active(MARCH + timedelta(days=2))
    assert revoked.access_until() is None
    assert revoked.current_plan_id(MARCH) is None


def test_the_stored_word_active_opens_nothing() -> None:
    assert not Subscription(1, SubscriptionStatus.ACTIVE, ()).is_active(MARCH)


def test_the_plan_shown_is_that_of_the_period_running_now() -> None:
    end = datetime(2027, 4, 10, 6, 30, tzinfo=UTC)
    both = _subscription(Period("monthly", MARCH, APRIL), Period("annual", APRIL, end))

    assert both.current_plan_id(MARCH) == "monthly"
    assert both.current_plan_id(APRIL) == "annual"
    assert both.access_until() == end


def _subscription(*periods: Period) -> Subscription:
    return Subscription(1, SubscriptionStatus.PENDING, periods)
