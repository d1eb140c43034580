from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from domain.accounts import User
from domain.errors import Forbidden
from reports import accounts, overview
from tests.reports.rows import (
    insert_alarm,
    insert_event,
    insert_mail,
    insert_order,
    insert_payment,
    insert_period,
    insert_refund,
    insert_user,
)


def test_an_empty_business_is_shown_as_zero(services: Any, admin: User) -> None:
    report = overview.overview(services, admin)

    assert (report.active, report.pending, report.accounts, report.registered_today) == (0, 0, 0, 0)
    assert (report.revenue_today_paise, report.revenue_month_paise, report.revenue_total_paise) == (0, 0, 0)
    assert [plan.subscribers for plan in report.by_plan] == [0, 0]
    assert len(report.days) == 30
    assert report.days[-1].day == date(2026, 11, 23)
    assert report.alarms == ()


def test_the_active_are_those_whose_period_covers_now_and_was_not_revoked(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    def subscriber(name: str, starts_at: datetime, ends_at: datetime, **changes: Any) -> None:
        user = insert_user(conn, name, created_at=now - timedelta(days=90))
        payment = insert_payment(conn, insert_order(conn, user, at=starts_at), at=starts_at)
        insert_period(conn, user, payment_id=payment, starts_at=starts_at, ends_at=ends_at, **changes)

    month = timedelta(days=30)
    subscriber("monthly", now - month, now + timedelta(seconds=1))
    subscriber("annual", now, now + 12 * month, plan_id="annual")
    subscriber("ended", now - month, now)
    subscriber("later", now + timedelta(seconds=1), now + month)
    subscriber("revoked", now - month, now + month, revoked_at=now)
    insert_user(conn, "pending", created_at=now - timedelta(days=90))

    report = overview.overview(services, admin)

    assert (report.active, report.pending, report.accounts) == (2, 1, 6)
    assert {plan.plan_id: plan.subscribers for plan in report.by_plan} == {"monthly": 1, "annual": 1}


def test_two_stacked_periods_are_one_subscriber(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    user = insert_user(conn, "asha", created_at=now)
    for start in (now - timedelta(days=1), now + timedelta(days=29)):
        payment = insert_payment(conn, insert_order(conn, user, at=now), at=now)
        insert_period(conn, user, payment_id=payment, starts_at=start, ends_at=start + timedelta(days=30))

    assert overview.overview(services, admin).active == 1


def test_a_day_begins_at_midnight_in_india(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    user = insert_user(conn, "asha", created_at=now)
    midnight = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    for at in (midnight, midnight - timedelta(seconds=1)):
        insert_payment(conn, insert_order(conn, user, at=at), at=at)

    report = overview.overview(services, admin)

    assert report.revenue_today_paise == 49900
    assert report.revenue_month_paise == 99800
    assert [(day.day.day, day.revenue_paise) for day in report.days[-2:]] == [(22, 49900), (23, 49900)]


def test_a_month_begins_at_midnight_in_india(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    user = insert_user(conn, "asha", created_at=now)
    first = datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
    for at in (first, first - timedelta(seconds=1)):
        insert_payment(conn, insert_order(conn, user, at=at), at=at)

    report = overview.overview(services, admin)

    assert (report.revenue_month_paise, report.revenue_total_paise) == (49900, 99800)


def test_only_processed_refunds_of_earned_money_reduce_revenue(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    user = insert_user(conn, "asha", created_at=now)
    earlier = now - timedelta(days=10)
    earned = insert_payment(conn, insert_order(conn, user, at=earlier, plan="annual"), at=earlier)
    duplicate = insert_payment(
        conn, insert_order(conn, user, at=now, status="surplus"), at=now, role="duplicate"
    )
    insert_refund(conn, earned, 100000, at=now, status="processed")
    insert_refund(conn, earned, 70000, at=now, status="failed")
    insert_refund(conn, duplicate, 49900, at=now, status="processed")

    report = overview.overview(services, admin)

    assert report.revenue_today_paise == -100000
    assert report.revenue_total_paise == 399000
    assert report.days[-1].refunded_paise == 100000


def test_attempts_that_brought_no_money_are_no_revenue(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    user = insert_user(conn, "asha", created_at=now)
    order = insert_order(conn, user, at=now, status="created")
    for status in ("failed", "failed", "dropped", "pending"):
        insert_payment(conn, order, at=now, role=None, status=status)
    insert_payment(conn, order, at=now - timedelta(days=1), role=None, status="failed")

    report = overview.overview(services, admin)

    assert report.revenue_total_paise == 0
    assert report.payments_failed_today == 2


def test_registrations_leave_admins_out(services: Any, conn: Connection, admin: User, now: datetime) -> None:
    insert_user(conn, "today", created_at=now)
    insert_user(conn, "this-month", created_at=now - timedelta(days=5))
    insert_user(conn, "gone", created_at=now, deleted_at=now)
    insert_user(conn, "long-ago", created_at=now - timedelta(days=90))

    report = overview.overview(services, admin)

    assert (report.registered_today, report.registered_this_month, report.accounts) == (2, 3, 3)


def test_only_open_alarms_are_shown(services: Any, conn: Connection, admin: User, now: datetime) -> None:
    insert_alarm(conn, "quarantine:1", "Look", at=now)
    insert_alarm(conn, "quarantine:2", "Seen", at=now, resolved_at=now)

    report = overview.overview(services, admin)

    assert ([alarm.key for alarm in report.alarms], report.open_alarms) == (["quarantine:1"], 1)


def test_a_bad_night_shows_the_newest_alarms_and_counts_them_all(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    for number in range(60):
        insert_alarm(conn, f"reconcile:{number}", "Look", at=now - timedelta(minutes=number))

    report = overview.overview(services, admin)

    assert (len(report.alarms), report.alarms[0].key, report.open_alarms) == (50, "reconcile:0", 60)


def test_lists_come_newest_first_and_page_by_page(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    user = insert_user(conn, "asha", created_at=now)
    ids = [insert_order(conn, user, at=now - timedelta(minutes=number)) for number in range(5)]

    first = overview.recent_orders(services, admin, limit=2)
    last = overview.recent_orders(services, admin, limit=2, offset=4)

    assert [row.id for row in first.rows] == ids[:2] and first.has_more
    assert [row.id for row in last.rows] == ids[4:] and not last.has_more


def test_a_payment_shows_what_of_it_went_back(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    user = insert_user(conn, "asha", created_at=now)
    payment = insert_payment(conn, insert_order(conn, user, at=now), at=now)
    insert_refund(conn, payment, 9900, at=now, status="processed")
    insert_refund(conn, payment, 5000, at=now, status="pending")

    row = overview.recent_payments(services, admin).rows[0]

    assert (row.amount_paise, row.refunded_paise, row.username) == (49900, 9900, "asha")


def test_an_event_is_laid_out_with_the_digits_that_were_sent(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    event_id = insert_event(conn, b'{"amount": 499.00, "n": 1, "name": "\\u20b9 \\ud800"}', at=now)

    event = overview.read_event(services, admin, event_id)

    assert event is not None
    assert '"amount": 499.00,\n' in event.body
    assert "₹ ?" in event.body


@pytest.mark.parametrize("body", [b"\xff\xfe not json", b"[" * 100_000, b"", b"x" * 300_000])
def test_an_event_that_is_no_json_is_shown_as_it_is(body: bytes) -> None:
    assert overview.readable(body)[:1] == body.decode(errors="replace")[:1]
    assert len(overview.readable(body)) < 101_000


def test_a_mail_is_read_as_text(services: Any, conn: Connection, admin: User, now: datetime) -> None:
    mail_id = insert_mail(conn, admin.id, at=now)

    mail = overview.read_mail(services, admin, mail_id)

    assert mail is not None
    assert (mail.mail.subject, mail.text) == ("Receipt for ₹499", "You paid ₹499.")
    assert overview.recent_mails(services, admin).rows == (mail.mail,)


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
def test_numbers_that_no_row_can_have_find_nothing(services: Any, admin: User, number: int) -> None:
    assert overview.read_mail(services, admin, number) is None
    assert overview.read_event(services, admin, number) is None


def test_s14_every_report_refuses_a_subscriber(services: Any, conn: Connection, now: datetime) -> None:
    subscriber = insert_user(conn, "asha", created_at=now)
    reports = [
        lambda: overview.overview(services, subscriber),
        lambda: overview.recent_users(services, subscriber),
        lambda: overview.recent_orders(services, subscriber),
        lambda: overview.recent_payments(services, subscriber),
        lambda: overview.recent_events(services, subscriber),
        lambda: overview.read_event(services, subscriber, 1),
        lambda: overview.recent_mails(services, subscriber),
        lambda: overview.read_mail(services, subscriber, 1),
        lambda: accounts.search(services, subscriber, "asha"),
        lambda: accounts.user_page(services, subscriber, subscriber.id),
    ]

    for report in reports:
        with pytest.raises(Forbidden):
            report()


def test_s14_an_admin_who_was_demoted_after_the_page_was_drawn_is_refused(
    services: Any, conn: Connection, admin: User
) -> None:
    conn.execute(text("UPDATE users SET role = 'subscriber' WHERE id = :id"), {"id": admin.id})

    with pytest.raises(Forbidden):
        overview.recent_payments(services, admin)
