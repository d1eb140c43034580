"""What the database itself refuses, whatever the code above it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from database import books
from tests.reports.rows import insert_order, insert_payment, insert_user

NOW = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)


@pytest.fixture
def payment_id(conn: Connection) -> int:
    user = insert_user(conn, "asha", created_at=NOW)
    return insert_payment(conn, insert_order(conn, user, at=NOW), at=NOW)


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize(
    ("table", "column"), [("ledger_entries", "account"), ("audit_log", "action"), ("gateway_events", "body")]
)
def test_the_books_and_the_inbox_are_append_only(conn, statement, table, column) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        conn.execute(text(statement.format(table, column, column)))


def test_an_event_may_be_closed_though_its_body_is_fixed(conn) -> None:
    conn.execute(
        text(
            "INSERT INTO gateway_events (gateway, dedupe_key, event_type, body) VALUES ('cashfree', 'k', 't', 'b')"
        )
    )

    conn.execute(text("UPDATE gateway_events SET status = 'ignored', processed_at = now()"))

    assert conn.execute(text("SELECT status FROM gateway_events")).scalar_one() == "ignored"


def test_a_balanced_entry_is_accepted(conn, payment_id) -> None:
    books.post(conn, {"gateway_receivable": 49900, "sales": -49900}, payment_id=payment_id)
    conn.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))

    assert conn.execute(text("SELECT sum(amount_paise) FROM ledger_entries")).scalar_one() == 0


@pytest.mark.parametrize(
    "entries",
    [
        {"gateway_receivable": 49900, "sales": -49899},
        {"gateway_receivable": 49900},
        {"sales": -1, "owed_to_buyers": -1},
    ],
)
def test_an_entry_that_does_not_balance_is_refused_at_commit(conn, payment_id, entries) -> None:
    books.post(conn, entries, payment_id=payment_id)

    with pytest.raises(IntegrityError, match="does not balance"):
        conn.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_a_ledger_line_of_nothing_is_refused(conn, payment_id) -> None:
    with pytest.raises(IntegrityError, match="ledger_entries_amount_not_zero"):
        books.post(conn, {"gateway_receivable": 0, "sales": 0}, payment_id=payment_id)


def test_live_periods_of_one_subscription_never_overlap(conn) -> None:
    subscription = _subscription(conn, "asha")
    _grant_period(conn, subscription, NOW, NOW + timedelta(days=30))

    with pytest.raises(IntegrityError, match="subscription_periods_no_overlap"):
        _grant_period(conn, subscription, NOW + timedelta(days=29), NOW + timedelta(days=60))


def test_periods_may_touch_belong_to_others_or_be_revoked(conn) -> None:
    mine, theirs = _subscription(conn, "asha"), _subscription(conn, "bela")
    _grant_period(conn, mine, NOW, NOW + timedelta(days=30))

    _grant_period(conn, mine, NOW + timedelta(days=30), NOW + timedelta(days=60))
    _grant_period(conn, theirs, NOW, NOW + timedelta(days=30))
    conn.execute(text("UPDATE subscription_periods SET revoked_at = now()"))
    _grant_period(conn, mine, NOW, NOW + timedelta(days=60))

    assert conn.execute(text("SELECT count(*) FROM subscription_periods")).scalar_one() == 4


def test_a_period_has_exactly_one_reason_and_a_length(conn) -> None:
    subscription = _subscription(conn, "asha")
    insert = (
        "INSERT INTO subscription_periods (subscription_id, plan_id, starts_at, ends_at) "
        "VALUES (:s, 'monthly', now(), {})"
    )

    for ends_at, constraint in (("now() + '1 day'", "one_reason"), ("now()", "period")):
        with pytest.raises(IntegrityError, match=constraint), conn.begin_nested():
            conn.execute(text(insert.format(ends_at)), {"s": subscription})


def test_a_user_has_one_open_checkout(conn) -> None:
    user = insert_user(conn, "asha", created_at=NOW)
    conn.execute(text("INSERT INTO checkouts (user_id) VALUES (:id)"), {"id": user.id})

    with pytest.raises(IntegrityError, match="checkouts_one_open"):
        conn.execute(text("INSERT INTO checkouts (user_id) VALUES (:id)"), {"id": user.id})


@pytest.mark.parametrize("status", ["creating", "unknown", "created"])
def test_a_checkout_has_one_open_order(conn, status) -> None:
    user = insert_user(conn, "asha", created_at=NOW)
    first = insert_order(conn, user, at=NOW, status="created")
    second = insert_order(conn, user, at=NOW, status="failed")
    conn.execute(
        text(
            "UPDATE orders SET checkout_id = (SELECT checkout_id FROM orders WHERE id = :first) WHERE id = :second"
        ),
        {"first": first, "second": second},
    )

    with pytest.raises(IntegrityError, match="orders_one_open"):
        conn.execute(
            text("UPDATE orders SET status = :status WHERE id = :id"), {"status": status, "id": second}
        )


def test_a_checkout_and_an_order_have_one_primary_payment(conn) -> None:
    user = insert_user(conn, "asha", created_at=NOW)
    order_id = insert_order(conn, user, at=NOW)
    insert_payment(conn, order_id, at=NOW)

    with pytest.raises(IntegrityError, match="payments_one_primary"):
        insert_payment(conn, order_id, at=NOW)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("username", "as@ha"),
        ("username", "Asha"),
        ("username", "ab"),
        ("email", "Asha@example.com"),
        ("email", "asha"),
        ("phone", "9999999999"),
        ("state_code", "Karnataka"),
        ("role", "owner"),
        ("customer_id", "CUST1"),
    ],
)
def test_a_user_outside_the_shape_is_refused(conn, column, value) -> None:
    with pytest.raises(IntegrityError, match=f"users_{column}"):
        insert_user(conn, **{"username": "asha", "email": "asha@example.com", column: value}, created_at=NOW)


def test_an_order_in_an_unknown_state_another_currency_or_for_nothing_is_refused(conn) -> None:
    user = insert_user(conn, "asha", created_at=NOW)

    for change, constraint in (
        ({"status": "lost"}, "orders_status_known"),
        ({"amount_paise": 0}, "orders_amount_positive"),
        ({"id": "ORDER1"}, "orders_id_shape"),
        ({"status": "quarantined"}, "orders_quarantine_has_reason"),
    ):
        with pytest.raises(IntegrityError, match=constraint), conn.begin_nested():
            insert_order(conn, user, at=NOW, **change)


def _subscription(conn: Connection, username: str) -> int:
    user = insert_user(conn, username, created_at=NOW)
    found: int = conn.execute(
        text("SELECT id FROM subscriptions WHERE user_id = :id"), {"id": user.id}
    ).scalar_one()
    return found


def _grant_period(conn: Connection, subscription: int, starts_at: datetime, ends_at: datetime) -> None:
    admin = insert_user(conn, f"boss-{uuid4().hex[:8]}", created_at=NOW, role="admin")
    with conn.begin_nested():
        conn.execute(
            text("""
            WITH given AS (
                INSERT INTO grants (user_id, admin_id, reason)
                SELECT user_id, :admin, 'a test' FROM subscriptions WHERE id = :subscription
                RETURNING id
            )
            INSERT INTO subscription_periods (subscription_id, plan_id, grant_id, starts_at, ends_at)
            SELECT :subscription, 'monthly', id, :starts_at, :ends_at FROM given
            """),
            {"admin": admin.id, "subscription": subscription, "starts_at": starts_at, "ends_at": ends_at},
        )
