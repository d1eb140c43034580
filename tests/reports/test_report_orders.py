from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from domain.accounts import User
from reports import accounts, orders, overview, trouble
from reports.export import to_csv
from tests.reports.rows import (
    insert_alarm,
    insert_event,
    insert_order,
    insert_payment,
    insert_refund,
    insert_user,
)
from ui.admin_table import order_words


@pytest.fixture
def paid(conn: Connection, now: datetime) -> tuple[str, int]:
    """A paid order of ₹499 and its payment."""
    user = insert_user(conn, "asha", created_at=now)
    order_id = insert_order(conn, user, at=now)
    return order_id, insert_payment(conn, order_id, at=now, gateway_payment_id="511")


def test_an_order_is_shown_with_what_belongs_to_it_and_nothing_else(
    services: Any, conn: Connection, admin: User, now: datetime, paid: tuple[str, int]
) -> None:
    order_id, payment_id = paid
    insert_refund(conn, payment_id, 10000, at=now, status="processed")
    insert_event(conn, b"{}", at=now, order_id=order_id)
    insert_alarm(conn, f"order:{order_id}:a", "Look", at=now)
    insert_alarm(conn, f"order:{order_id}:b", "Over", at=now, resolved_at=now)
    other = insert_order(conn, insert_user(conn, "ravi", created_at=now), at=now)
    insert_payment(conn, other, at=now)
    insert_event(conn, b"{}", at=now, order_id=other)
    insert_alarm(conn, f"order:{other}:a", "Not this", at=now)

    report = orders.order_page(services, admin, order_id)

    assert report is not None
    assert (report.order.username, report.order.is_settled) == ("asha", True)
    assert [payment.gateway_payment_id for payment in report.payments] == ["511"]
    assert [refund.amount_paise for refund in report.refunds] == [10000]
    assert [event.order_id for event in report.events] == [order_id]
    assert [alarm.message for alarm in report.alarms] == ["Look"]
    assert report.refundable is not None and report.refundable.left_paise == 39900


def test_nothing_is_refundable_when_refunds_under_way_claim_it_all(
    services: Any, conn: Connection, admin: User, now: datetime, paid: tuple[str, int]
) -> None:
    order_id, payment_id = paid
    insert_refund(conn, payment_id, 49900, at=now, status="intended")

    report = orders.order_page(services, admin, order_id)

    assert report is not None and report.refundable is None


def test_refunds_come_newest_first_page_by_page_with_who_asked(
    services: Any, conn: Connection, admin: User, now: datetime, paid: tuple[str, int]
) -> None:
    order_id, payment_id = paid
    for minutes, amount in ((3, 100), (2, 200), (1, 300)):
        insert_refund(conn, payment_id, amount, at=now - timedelta(minutes=minutes), status="processed")
    conn.execute(text("UPDATE refunds SET requested_by = :id WHERE amount_paise = 300"), {"id": admin.id})
    conn.execute(text("UPDATE refunds SET origin = 'gateway' WHERE amount_paise = 200"))

    first = orders.recent_refunds(services, admin, limit=2)
    second = orders.recent_refunds(services, admin, limit=2, offset=2)

    assert [(row.amount_paise, row.requested_by, row.origin) for row in first.rows] == [
        (300, "boss", "ours"),
        (200, None, "gateway"),
    ]
    assert (first.has_more, [row.amount_paise for row in second.rows], second.has_more) == (
        True,
        [100],
        False,
    )
    assert order_id.encode() in to_csv(first.rows, without=["user_id"])


def test_alarms_are_listed_open_first_and_resolved_only_when_asked_for(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    insert_alarm(conn, "a", "Open", at=now)
    insert_alarm(conn, "b", "By itself", at=now, resolved_at=now)
    insert_alarm(conn, "c", "By a person", at=now, resolved_at=now + timedelta(minutes=1))
    conn.execute(text("UPDATE alarms SET resolved_by = :id WHERE key = 'c'"), {"id": admin.id})

    short = trouble.alarms(services, admin, with_resolved=False)
    whole = trouble.alarms(services, admin, with_resolved=True)

    assert [alarm.message for alarm in short.open] == ["Open"] and short.resolved == ()
    assert [(alarm.message, alarm.resolved_by) for alarm in whole.resolved] == [
        ("By a person", "boss"),
        ("By itself", None),
    ]


@pytest.mark.parametrize(
    ("status", "refunded", "second", "word"),
    [
        ("paid", [], None, "Paid"),
        ("paid", [(49900, "pending")], None, "Paid"),
        ("paid", [(49900, "failed")], None, "Paid"),
        ("paid", [(100, "processed")], None, "Partly refunded"),
        ("paid", [(49900, "processed")], None, "Refunded"),
        ("paid", [(20000, "processed"), (29900, "processed")], None, "Refunded"),
        # The second payment bought nothing: the sale stands while only that goes back.
        ("paid", [], 49900, "Paid"),
        ("paid", [(49900, "processed")], 0, "Partly refunded"),
        ("paid", [(49900, "processed")], 49900, "Refunded"),
        ("surplus", [], 0, "Surplus"),
        ("surplus", [], 49900, "Returned"),
    ],
    ids=[
        "nothing back", "with the bank", "failed", "a part", "all", "all in two parts", "the second back",
        "the good one back", "both back", "surplus kept", "surplus back",
    ],
)  # fmt: skip
def test_an_order_is_called_after_what_is_back_of_its_money_in_lists_file_and_on_its_page(
    services: Any,
    conn: Connection,
    admin: User,
    now: datetime,
    status: str,
    refunded: list[tuple[int, str]],
    second: int | None,
    word: str,
) -> None:
    user = insert_user(conn, "asha", created_at=now)
    order_id = insert_order(conn, user, at=now, status=status)
    if status == "paid":
        payment_id = insert_payment(conn, order_id, at=now)
        for amount, became in refunded:
            insert_refund(conn, payment_id, amount, at=now, status=became)
    if second is not None:
        extra = insert_payment(conn, order_id, at=now, role="duplicate")
        if second:
            insert_refund(conn, extra, second, at=now, status="processed")
    back = sum(amount for amount, became in refunded if became == "processed") + (second or 0)

    report = orders.order_page(services, admin, order_id)
    found = accounts.search(services, admin, order_id).orders
    (row,) = overview.recent_orders(services, admin).rows
    person = accounts.user_page(services, admin, user.id)

    assert report is not None and person is not None
    assert found == person.orders == (row,)
    assert order_words(row.status, row.returned)[0] == word
    assert (report.order.returned, report.order.returned_paise) == (row.returned, back)
    assert f'"{back / 100:.2f}","{row.returned}"\r\n' in to_csv([row]).decode()


def test_money_that_went_back_twice_does_not_stand_for_another_payment(
    services: Any, conn: Connection, admin: User, now: datetime
) -> None:
    order_id = insert_order(conn, insert_user(conn, "asha", created_at=now), at=now)
    insert_payment(conn, order_id, at=now)
    extra = insert_payment(conn, order_id, at=now, role="duplicate")
    insert_refund(conn, extra, 49900, at=now, status="processed")
    conn.execute(
        text("""
        INSERT INTO hand_returns (payment_id, amount_paise, reason, admin_id, returned_at)
        VALUES (:payment_id, 49900, 'NEFT', :admin_id, :now)
        """),
        {"payment_id": extra, "admin_id": admin.id, "now": now},
    )

    (row,) = overview.recent_orders(services, admin).rows

    assert (row.returned_paise, order_words(row.status, row.returned)[0]) == (49900, "Paid")
