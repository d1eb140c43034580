from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from domain.accounts import User
from reports.accounts import search, user_page
from tests.reports.rows import (
    insert_mail,
    insert_order,
    insert_payment,
    insert_period,
    insert_session,
    insert_user,
)


@pytest.mark.parametrize("words", ["asha", "ASHA", " ash ", "Asha@Example.com", "asha@ex"])
def test_a_person_is_found_by_the_beginning_of_name_or_email(
    services: Any, conn: Connection, admin: User, now: datetime, words: str
) -> None:
    insert_user(conn, "asha", created_at=now)
    insert_user(conn, "ravi", created_at=now)

    assert [user.username for user in search(services, admin, words).users] == ["asha"]


def test_the_exact_name_comes_before_longer_ones(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    for name in ("asha-b", "asha", "asha-a"):
        insert_user(conn, name, created_at=now)

    assert [user.username for user in search(services, admin, "asha").users] == ["asha", "asha-a", "asha-b"]


def test_orders_are_found_by_order_id_and_by_payment_id(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    user = insert_user(conn, "asha", created_at=now)
    order_id = insert_order(conn, user, at=now)
    insert_payment(conn, order_id, at=now, gateway_payment_id="pay_AbC123")
    insert_order(conn, user, at=now)

    assert [order.id for order in search(services, admin, order_id.lower()).orders] == [order_id]
    assert [order.id for order in search(services, admin, "pay_AbC123").orders] == [order_id]
    assert search(services, admin, order_id[:10]).orders == ()


def test_a_customer_id_finds_its_user(services: Any, conn: Connection, admin: User, now: datetime) -> None:
    user = insert_user(conn, "asha", created_at=now)

    assert [found.id for found in search(services, admin, user.customer_id.lower()).users] == [user.id]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "   ",
        "%",
        "_",
        "a%",
        "____",
        "!",
        "\\",
        "' OR 1=1 --",
        "%%%",
        ":words",
        "asha\x00",
        "\ud800",
        "a" * 10_000,
    ],
)
def test_wildcards_and_statements_are_only_characters(
    services: Any, conn: Connection, admin: User, now: datetime, words: str
) -> None:
    insert_user(conn, "asha", created_at=now)

    found = search(services, admin, words)

    assert (found.users, found.orders) == ((), ())


def test_an_underscore_in_a_name_is_found_as_itself(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    insert_user(conn, "a_sha", created_at=now)
    insert_user(conn, "absha", created_at=now)

    assert [user.username for user in search(services, admin, "a_s").users] == ["a_sha"]


def test_a_user_page_shows_everything_of_this_user_and_nothing_of_others(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    user, other = (insert_user(conn, name, created_at=now) for name in ("asha", "ravi"))
    for person in (user, other):
        order_id = insert_order(conn, person, at=now)
        payment = insert_payment(conn, order_id, at=now)
        insert_period(conn, person, payment_id=payment, starts_at=now, ends_at=now + timedelta(days=30))
        insert_mail(conn, person.id, at=now)
        insert_session(conn, person, at=now)
    insert_session(conn, user, at=now, revoked_at=now)
    insert_session(conn, user, at=now - timedelta(days=31))

    report = user_page(services, admin, user.id)

    assert report is not None
    assert report.user.username == "asha"
    assert report.user.subscription_status == "active"
    assert (report.user.plan_name, report.user.access_until) == ("Monthly", now + timedelta(days=30))
    assert [order.username for order in report.orders] == ["asha"]
    assert [payment.order_id for payment in report.payments] == [report.orders[0].id]
    assert [period.order_id for period in report.periods] == [report.orders[0].id]
    assert len(report.mails) == 1
    assert report.sessions == 1


def test_a_status_is_read_from_the_periods(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    pending, expired = (insert_user(conn, name, created_at=now) for name in ("pending", "expired"))
    payment = insert_payment(conn, insert_order(conn, expired, at=now), at=now)
    insert_period(conn, expired, payment_id=payment, starts_at=now - timedelta(days=30), ends_at=now)

    statuses = [user_page(services, admin, user.id) for user in (pending, expired)]

    assert [report and report.user.subscription_status for report in statuses] == ["pending", "expired"]


def test_an_unknown_user_has_no_page(services: Any, admin: User) -> None:
    assert user_page(services, admin, uuid4()) is None
