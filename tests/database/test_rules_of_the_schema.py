"""What the database itself refuses, whatever the code above it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from database import books, refunds
from domain.orders import EDGES, OrderStatus, PaymentRole
from domain.refunds import RefundablePayment
from tests.reports.rows import insert_order, insert_payment, insert_refund, insert_user

NOW = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)


@pytest.fixture
def payment_id(conn: Connection) -> int:
    user = insert_user(conn, "asha", created_at=NOW)
    return insert_payment(conn, insert_order(conn, user, at=NOW), at=NOW)


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("ledger_entries", "account"),
        ("audit_log", "action"),
        ("gateway_events", "body"),
        ("hand_returns", "reason"),
    ],
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


def _return_by_hand(conn: Connection, payment_id: int) -> int:
    admin = insert_user(conn, f"boss{uuid4().hex[:8]}", created_at=NOW)
    payment = RefundablePayment(payment_id, "511", PaymentRole.DUPLICATE, 49900, 0)
    return refunds.insert_hand_return(conn, payment, reason="a transfer", admin_id=admin.id, now=NOW)


def test_a_payment_is_returned_by_hand_once(conn, payment_id) -> None:
    _return_by_hand(conn, payment_id)

    with pytest.raises(IntegrityError, match="hand_returns_payment_key"):
        _return_by_hand(conn, payment_id)


def test_a_return_by_hand_is_booked_once(conn, payment_id) -> None:
    returned = _return_by_hand(conn, payment_id)
    entries = {"owed_to_buyers": 49900, "paid_by_hand": -49900}
    books.post(conn, entries, payment_id=payment_id, hand_return_id=returned)

    with pytest.raises(IntegrityError, match="ledger_entries_once_per_hand_return"):
        books.post(conn, entries, payment_id=payment_id, hand_return_id=returned)


def test_nothing_is_paid_by_hand_without_its_return(conn, payment_id) -> None:
    with pytest.raises(IntegrityError, match="ledger_entries_one_way_back"):
        books.post(conn, {"owed_to_buyers": 100, "paid_by_hand": -100}, payment_id=payment_id)


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
    first = insert_order(conn, user, at=NOW, status=status)
    checkout_id = conn.execute(
        text("SELECT checkout_id FROM orders WHERE id = :id"), {"id": first}
    ).scalar_one()

    with pytest.raises(IntegrityError, match="orders_one_open"):
        insert_order(conn, user, at=NOW, checkout_id=checkout_id, status="created")


def test_the_database_knows_the_same_edges_as_the_state_machine(conn) -> None:
    rows = conn.execute(text("SELECT before, after FROM order_edges()"))

    assert {(row.before, row.after) for row in rows} == {
        (str(before), str(after)) for before, allowed in EDGES.items() for after in allowed
    }


@pytest.mark.parametrize("before", list(OrderStatus))
def test_every_edge_that_is_not_allowed_is_refused(conn, before) -> None:
    user = insert_user(conn, "asha", created_at=NOW)
    order_id = insert_order(
        conn, user, at=NOW, status=str(before),
        quarantine_reason="a test" if before is OrderStatus.QUARANTINED else None,
    )  # fmt: skip
    move = text("""
        UPDATE orders
        SET status = :status,
            paid_at = CASE WHEN :status = 'paid' THEN now() END,
            quarantine_reason = CASE WHEN :status = 'quarantined' THEN 'a test' END
        WHERE id = :id
    """)

    for after in set(OrderStatus) - {before}:
        with conn.begin_nested() as savepoint:
            if after in EDGES[before]:
                conn.execute(move, {"id": order_id, "status": str(after)})
            else:
                with pytest.raises(IntegrityError, match="cannot go from"):
                    conn.execute(move, {"id": order_id, "status": str(after)})
            savepoint.rollback()


def test_an_order_begins_as_creating(conn) -> None:
    user = insert_user(conn, "asha", created_at=NOW)
    order_id = insert_order(conn, user, at=NOW)

    with pytest.raises(IntegrityError, match="does not begin as"):
        conn.execute(
            text("""
            INSERT INTO orders (id, checkout_id, user_id, plan_id, price_id, amount_paise, currency, gateway,
                                status, expires_at, paid_at)
            SELECT 'ORDER00000000000FREE', checkout_id, user_id, plan_id, price_id, amount_paise, currency,
                   gateway, status, expires_at, paid_at
            FROM orders WHERE id = :id
            """),
            {"id": order_id},
        )


@pytest.mark.parametrize("change", ["amount_paise = 1", "plan_id = 'annual'", "user_id = gen_random_uuid()"])
def test_what_an_order_was_made_with_is_fixed(conn, change) -> None:
    insert_order(conn, insert_user(conn, "asha", created_at=NOW), at=NOW)

    with pytest.raises(IntegrityError, match="terms of order"):
        conn.execute(text(f"UPDATE orders SET {change}"))


@pytest.mark.parametrize(
    "change", ["amount_paise = 1", "status = 'failed', role = NULL", "role = 'duplicate'", "order_id = 'x'"]
)
def test_money_that_was_recorded_keeps_its_facts(conn, payment_id, change) -> None:
    with pytest.raises(IntegrityError, match="its facts are fixed"):
        conn.execute(text(f"UPDATE payments SET {change}"))


def test_money_that_was_given_back_stays_given_back(conn, payment_id) -> None:
    conn.execute(text("UPDATE payments SET status = 'refunded'"))

    with pytest.raises(IntegrityError, match="its facts are fixed"):
        conn.execute(text("UPDATE payments SET status = 'captured'"))


def test_refunds_never_exceed_their_payment_and_failed_ones_do_not_count(conn, payment_id) -> None:
    insert_refund(conn, payment_id, 40000, at=NOW, status="failed")
    insert_refund(conn, payment_id, 30000, at=NOW, status="pending")
    insert_refund(conn, payment_id, 19900, at=NOW, status="intended")

    with pytest.raises(IntegrityError, match="more than payment"):
        insert_refund(conn, payment_id, 1, at=NOW, status="intended")


def test_a_failed_refund_cannot_succeed_beside_another_one_that_took_its_money(conn, payment_id) -> None:
    insert_refund(conn, payment_id, 49900, at=NOW, status="failed")
    insert_refund(conn, payment_id, 49900, at=NOW, status="pending")

    with pytest.raises(IntegrityError, match="more than payment"):
        conn.execute(
            text("UPDATE refunds SET status = 'processed', processed_at = now() WHERE status = 'failed'")
        )


@pytest.mark.parametrize(
    ("before", "after"), [("processed", "pending"), ("failed", "pending"), ("pending", "intended")]
)
def test_a_refund_never_goes_back(conn, payment_id, before, after) -> None:
    insert_refund(conn, payment_id, 100, at=NOW, status=before)

    with pytest.raises(IntegrityError, match="cannot go back"):
        conn.execute(text("UPDATE refunds SET status = :after, processed_at = NULL"), {"after": after})


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
        ({"status": "lost"}, "cannot go from creating to lost"),
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
