"""Migrations: from nothing, again, by several processes at once, and with a name for everything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text

from config import ROOT
from database.embedded import EmbeddedServer
from database.engine import connect_engine
from database.migrate import alembic_config, apply_queue_schema, is_current, migrate


@pytest.fixture
def empty(server: EmbeddedServer) -> Iterator[Engine]:
    """A database without a single table."""
    admin = create_engine(server.url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text("CREATE DATABASE empty_one"))
    engine = connect_engine(server.url.set(database="empty_one"))
    yield engine
    engine.dispose()
    with admin.connect() as conn:
        conn.execute(text("DROP DATABASE empty_one WITH (FORCE)"))
    admin.dispose()


def test_an_empty_database_becomes_current_and_a_second_run_changes_nothing(empty) -> None:
    assert not is_current(empty)

    migrate(empty)
    first = _shape(empty)
    migrate(empty)

    assert is_current(empty)
    assert _shape(empty) == first
    assert "procrastinate_jobs" in {table for table, _ in first}
    with empty.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM prices")).scalar_one() == 2


def test_two_processes_that_migrate_at_once_both_succeed(empty) -> None:
    program = """
import sys
from database.engine import connect_engine
from database.migrate import is_current, migrate
engine = connect_engine(sys.argv[1])
migrate(engine)
assert is_current(engine)
"""
    address = empty.url.render_as_string(hide_password=False)

    processes = [
        subprocess.Popen([sys.executable, "-c", program, address], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], errors
    with empty.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM plans")).scalar_one() == 2
        assert (
            conn.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar_one() == 0
        )


def test_what_was_written_before_refunds_had_two_sides_is_carried_over(empty) -> None:
    with empty.begin() as conn:
        config = alembic_config()
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        # Rows of that time: the triggers of today did not exist, and every column is one of 0001.
        conn.execute(text(_ROWS_OF_0001))
    apply_queue_schema(empty)
    with empty.begin() as conn:
        conn.execute(
            text("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'look_again')")
        )

    migrate(empty)

    with empty.connect() as conn:
        refunds = conn.execute(
            text("""
            SELECT refund_key, gateway, origin, processed_at = updated_at AS is_dated
            FROM refunds ORDER BY 1
            """)
        ).all()
        mails = conn.execute(text("SELECT dedupe_key FROM emails ORDER BY 1")).scalars().all()
        jobs = conn.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one()
        by_hand = conn.execute(
            text("""
            SELECT h.amount_paise, h.reason, u.username, h.returned_at = a.at, l.account, l.amount_paise AS paise
            FROM hand_returns h
            JOIN users u ON u.id = h.admin_id
            JOIN ledger_entries l ON l.hand_return_id = h.id AND l.payment_id = h.payment_id
            JOIN audit_log a ON a.action = 'settled_by_hand' AND btrim(a.detail ->> 'reason') = h.reason
            ORDER BY l.account
            """)
        ).all()
    assert [tuple(row) for row in by_hand] == [
        (49900, "a transfer", "asha", True, "owed_to_buyers", 49900),
        (49900, "a transfer", "asha", True, "paid_by_hand", -49900),
    ]
    assert [tuple(row) for row in refunds] == [
        ("REFUND1", "cashfree", "ours", True),
        ("REFUND2", "cashfree", "ours", None),
    ]
    assert mails == ["activation:cashfree:5114", "alarm:7", "receipt:cashfree:5114"]
    assert jobs == 0


_ROWS_OF_0001 = """
INSERT INTO users (id, username, email, full_name, phone, state_code, password_hash, customer_id)
VALUES ('00000000-0000-0000-0000-000000000001', 'asha', 'asha@example.com', 'Asha Rao', '+919999999999', '29',
        '!', 'CUSTABCDEF123456');
INSERT INTO checkouts (id, user_id)
VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001');
INSERT INTO orders (id, checkout_id, user_id, plan_id, price_id, amount_paise, currency, gateway, status,
                    expires_at, paid_at)
SELECT 'ORDER00000000000000A', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001',
       'monthly', id, 49900, 'INR', 'cashfree', 'paid', now(), now()
FROM prices WHERE plan_id = 'monthly';
INSERT INTO payments (order_id, checkout_id, gateway, gateway_payment_id, amount_paise, currency, charged_paise,
                      charged_currency, role, status)
VALUES ('ORDER00000000000000A', '00000000-0000-0000-0000-000000000002', 'cashfree', '5114', 49900, 'INR', 49900,
        'INR', 'primary', 'captured');
INSERT INTO refunds (refund_key, payment_id, amount_paise, status, reason)
SELECT 'REFUND1', id, 100, 'processed', 'asked' FROM payments
UNION ALL SELECT 'REFUND2', id, 200, 'intended', 'asked' FROM payments;
INSERT INTO payments (order_id, checkout_id, gateway, gateway_payment_id, amount_paise, currency, charged_paise,
                      charged_currency, role, status)
VALUES ('ORDER00000000000000A', '00000000-0000-0000-0000-000000000002', 'cashfree', '5115', 49900, 'INR', 49900,
        'INR', 'duplicate', 'captured');
INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id)
SELECT '00000000-0000-0000-0000-000000000003', account, paise, 'INR', id
FROM payments, (VALUES ('gateway_receivable', 49900), ('owed_to_buyers', -49900)) AS side (account, paise)
WHERE gateway_payment_id = '5115';
INSERT INTO audit_log (actor_id, action, object, detail)
SELECT '00000000-0000-0000-0000-000000000001', 'settled_by_hand', 'payment:' || id,
       jsonb_build_object('reason', said)
FROM payments, (VALUES (' a transfer '), ('once more')) AS words (said)
WHERE gateway_payment_id = '5115';
INSERT INTO emails (kind, dedupe_key, to_address, subject, text_body, html_body, message_id)
SELECT kind, kind || ':' || p.id, 'asha@example.com', '', '', '', kind
FROM payments p, (VALUES ('receipt'), ('activation')) AS kinds (kind)
WHERE p.role = 'primary'
UNION ALL SELECT 'alarm', 'alarm:7', 'owner@example.com', '', '', '', 'alarm';
"""


def test_there_is_one_head_and_no_way_back() -> None:
    script = ScriptDirectory.from_config(alembic_config())

    assert len(script.get_heads()) == 1
    for revision in script.walk_revisions():
        with pytest.raises(NotImplementedError):
            revision.module.downgrade()


def test_a_database_that_is_behind_is_not_current(engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM alembic_version"))

    assert not is_current(engine)


def test_every_constraint_of_ours_was_given_its_name_by_hand(engine) -> None:
    with engine.connect() as conn:
        rows = conn.execute(
            text("""
            SELECT c.relname, n.conname, array_agg(a.attname ORDER BY k.position)
            FROM pg_constraint n
            JOIN pg_class c ON c.oid = n.conrelid
            CROSS JOIN LATERAL unnest(n.conkey) WITH ORDINALITY AS k (number, position)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
            WHERE c.relnamespace = 'public'::regnamespace
              AND n.contype IN ('c', 'f', 'u', 'x')
              AND c.relname NOT LIKE 'procrastinate%'
              AND c.relname <> 'alembic_version'
            GROUP BY c.relname, n.conname
            """)
        ).all()

    generated = [
        name
        for table, name, columns in rows
        if name.startswith(f"{table}_{'_'.join(columns)}_")
        and name.removeprefix(f"{table}_{'_'.join(columns)}_")
        in {"check", "check1", "check2", "fkey", "excl"}
    ]
    assert len(rows) > 40
    assert generated == []
    assert [name for table, name, _ in rows if not name.startswith(f"{table}_")] == []


def test_the_schema_needs_no_extension(engine) -> None:
    with engine.connect() as conn:
        assert conn.execute(text("SELECT array_agg(extname::text) FROM pg_extension")).scalar_one() == [
            "plpgsql"
        ]


def test_money_is_bigint_and_time_knows_its_zone(engine) -> None:
    with engine.connect() as conn:
        rows = conn.execute(
            text("""
            SELECT table_name || '.' || column_name, data_type
            FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name NOT LIKE 'procrastinate%'
              AND (column_name LIKE '%\\_paise' OR column_name LIKE '%\\_at'
                   OR data_type IN ('real', 'double precision', 'money'))
            """)
        ).all()

    assert {kind for name, kind in rows if name.endswith("_paise")} == {"bigint"}
    assert {kind for name, kind in rows if name.endswith("_at")} == {"timestamp with time zone"}
    assert len(rows) > 30


def _shape(engine: Engine) -> set[tuple[str, str]]:
    with engine.connect() as conn:
        rows = conn.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            )
        )
        return {(row.table_name, row.column_name) for row in rows}
