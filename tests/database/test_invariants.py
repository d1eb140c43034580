"""Every invariant holds after a real journey, and sees exactly the violation that is planted for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from billing.desk import settle_by_hand
from billing.grants import give_access, offer_access
from config import load_settings
from database.engine import connect_engine, database_now
from database.invariants import INVARIANTS, find_offenders, list_tables
from database.queue import JobQueue
from domain.accounts import User
from domain.errors import GatewayRequestRejected
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus
from payment_handler import (
    execute_refund,
    process_event,
    receive_webhook,
    request_refund,
    start_checkout,
    sync_order,
)
from tests.books import shown_payment
from tests.database.planted import PLANTED, Planted
from tests.fakes import FakeGateway
from tests.reports.rows import insert_session
from user_management import create_admin, register
from wiring import Services

BUILT = tuple(invariant for invariant in INVARIANTS if invariant.sql is not None)


@pytest.fixture(scope="module")
def engine(server, tmp_path_factory) -> Iterator[Engine]:
    """A database of its own with a journey through everything that money does here."""
    admin = connect_engine(server.url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text("CREATE DATABASE invariants TEMPLATE template_app STRATEGY file_copy"))
    admin.dispose()
    engine = connect_engine(server.url.set(database="invariants"))
    folder = tmp_path_factory.mktemp("data")
    with engine.connect() as conn:
        started_at = database_now(conn)
    gateway = FakeGateway(lambda: started_at)
    settings = load_settings({"APP_ENV": "test", "DATA_DIR": str(folder)}, root=folder)
    Journey(Services(settings, engine, {"cashfree": gateway}, JobQueue(engine)), gateway).run()
    yield engine
    engine.dispose()


@pytest.fixture
def conn(engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection
        connection.rollback()


class Journey:
    """Register, pay, pay twice, fail, be quarantined, be refunded in part and in full; access that is given."""

    def __init__(self, services: Services, gateway: FakeGateway) -> None:
        self.services, self.gateway = services, gateway

    def run(self) -> None:
        admin = create_admin(self.services, email="boss@example.com", password="TestPass123")
        self.paid("asha")
        self.paid_in_part(admin)
        self.returned(admin)
        self.paid_twice_in_one_checkout("ravi", refund=True)
        self.paid_twice_in_one_checkout("tara", refund=False)
        self.paid_twice_on_one_order("uma")
        self.quarantined("kiran")
        self.failed("nila")
        self.given("gita", admin)
        self.returned_by_hand("sita", admin)
        self.report()

    def paid(self, name: str) -> str:
        user = self.user(name)
        order = start_checkout(self.services, user, "monthly")
        self.gateway.pay(order.id)
        self.send(f"PAYMENT_SUCCESS_WEBHOOK:{order.id}")
        return order.id

    def paid_in_part(self, admin: User) -> None:
        self.refund(admin, self.paid("lata"), 100)

    def returned(self, admin: User) -> None:
        order_id = self.paid("meera")
        self.refund(admin, order_id, 49900)
        # Bought again since: the stored end is that of the second purchase.
        user = self.user("dev")
        order = start_checkout(self.services, user, "annual")
        self.gateway.pay(order.id)
        sync_order(self.services, order.id)

    def paid_twice_in_one_checkout(self, name: str, *, refund: bool) -> None:
        user = self.user(name)
        first = start_checkout(self.services, user, "monthly")
        second = start_checkout(self.services, user, "annual")
        for order in (second, first):
            self.gateway.pay(order.id)
            sync_order(self.services, order.id)
        if refund:
            execute_refund(self.services, self.newest_refund())
            sync_order(self.services, first.id)

    def paid_twice_on_one_order(self, name: str) -> None:
        order = start_checkout(self.services, self.user(name), "monthly")
        self.gateway.pay(order.id)
        self.gateway.pay(order.id)
        sync_order(self.services, order.id)

    def returned_by_hand(self, name: str, admin: User) -> None:
        """Money that bought nothing, which the gateway refuses to return."""
        self.paid_twice_in_one_checkout(name, refund=False)
        self.gateway.fail_next = GatewayRequestRejected()
        execute_refund(self.services, self.newest_refund())
        with self.services.engine.connect() as conn:
            payment = conn.execute(
                text("SELECT id, order_id FROM payments WHERE role = 'duplicate' ORDER BY id DESC LIMIT 1")
            ).one()
        settle_by_hand(
            self.services, admin, order_id=payment.order_id, payment_id=payment.id, reason="a transfer"
        )

    def quarantined(self, name: str) -> None:
        order = start_checkout(self.services, self.user(name), "monthly")
        self.gateway.orders[order.id] = replace(self.gateway.orders[order.id], amount_paise=100)
        self.gateway.pay(order.id)
        assert sync_order(self.services, order.id).status is OrderStatus.QUARANTINED

    def failed(self, name: str) -> None:
        user = self.user(name)
        order = start_checkout(self.services, user, "monthly")
        self.gateway.pay(order.id, status=GatewayPaymentStatus.FAILED)
        sync_order(self.services, order.id)
        with self.services.engine.begin() as conn:
            insert_session(conn, user, at=database_now(conn))

    def given(self, name: str, admin: User) -> None:
        """Two months by two grants, one after the other."""
        user = self.user(name)
        for _ in range(2):
            wanted = {"user_id": user.id, "plan_id": "monthly", "days": 30}
            until = offer_access(self.services, admin, **wanted).access_until
            give_access(self.services, admin, **wanted, reason="a test", seen_until=until)

    def report(self) -> None:
        """The gateway's own account of all this, read some days later."""
        with self.services.engine.begin() as conn:
            now = database_now(conn)
            conn.execute(
                text("INSERT INTO report_runs (gateway, since, until) VALUES ('cashfree', :since, :until)"),
                {"since": now - timedelta(days=1), "until": now + timedelta(days=3)},
            )
            for movement in self.gateway.list_movements(now, now):
                conn.execute(
                    text("""
                    INSERT INTO reported_movements (gateway, kind, movement_id, order_id, gateway_payment_id,
                                                    amount_paise, currency, occurred_at)
                    VALUES ('cashfree', :kind, :id, :order_id, :payment, :amount, :currency, :at)
                    """),
                    {
                        "kind": movement.kind.value,
                        "id": movement.gateway_refund_id or movement.gateway_payment_id,
                        "order_id": movement.order_id,
                        "payment": movement.gateway_payment_id,
                        "amount": movement.amount_paise,
                        "currency": movement.currency,
                        "at": movement.occurred_at,
                    },
                )

    def user(self, name: str) -> User:
        return register(
            self.services,
            full_name=name.title(),
            email=f"{name}@example.com",
            username=name,
            phone="9999999999",
            state="Karnataka",
            password="TestPass123",
        )

    def refund(self, admin: User, order_id: str, amount_paise: int) -> None:
        key = f"REFUND_{order_id}"
        request_refund(
            self.services,
            admin,
            order_id=order_id,
            payment_id=shown_payment(self.services, order_id),
            amount_paise=amount_paise,
            reason="asked",
            refund_key=key,
        )
        execute_refund(self.services, key)

    def newest_refund(self) -> str:
        with self.services.engine.connect() as conn:
            return conn.execute(text("SELECT refund_key FROM refunds ORDER BY id DESC LIMIT 1")).scalar_one()

    def send(self, body: str) -> None:
        receive_webhook(self.services, "cashfree", {"x-webhook-signature": "good"}, body.encode())
        with self.services.engine.connect() as conn:
            event_id = conn.execute(text("SELECT max(id) FROM gateway_events")).scalar_one()
        process_event(self.services, event_id)


def violated(conn: Connection) -> dict[str, tuple[str, ...]]:
    now = database_now(conn)
    found = {invariant.id: find_offenders(conn, invariant, now=now, limit=5) for invariant in BUILT}
    return {name: offenders.first for name, offenders in found.items() if offenders.count}


def test_everything_holds_after_a_journey(conn) -> None:
    assert violated(conn) == {}


def test_the_journey_leaves_every_kind_of_row_that_an_invariant_speaks_of(conn) -> None:
    tables = {table for invariant in BUILT for table in invariant.tables}

    assert {
        t for t in tables if not conn.execute(text(f"SELECT EXISTS (SELECT 1 FROM {t})")).scalar()
    } == set()
    assert set(conn.execute(text("SELECT DISTINCT status FROM orders")).scalars()) >= {
        "created", "paid", "surplus", "quarantined",
    }  # fmt: skip
    assert set(conn.execute(text("SELECT DISTINCT status FROM payments")).scalars()) >= {
        "failed", "held", "captured", "refunded",
    }  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: f"{p.invariant} {p.name}".replace(" ", "-"))
def test_a_planted_violation_is_seen(conn, planted: Planted) -> None:
    conn.execute(text("SET LOCAL session_replication_role = replica"))
    for statement in planted.statements:
        assert conn.execute(text(statement)).rowcount != 0, "the plant found no ground"

    assert set(violated(conn)) == {planted.invariant, *planted.also}


def test_every_invariant_is_planted_or_waits_for_its_tables(conn) -> None:
    assert {planted.invariant for planted in PLANTED} == {invariant.id for invariant in BUILT}


def test_an_invariant_waits_only_while_its_tables_do_not_exist(conn) -> None:
    existing = list_tables(conn)

    for invariant in INVARIANTS:
        is_possible = existing.issuperset(invariant.tables)
        assert (invariant.sql is not None) is is_possible, f"{invariant.id}: write its statement now"


def test_the_list_is_whole_and_names_each_invariant_once() -> None:
    ids = [invariant.id for invariant in INVARIANTS]

    assert [name for name in ids if name.startswith("I")] == [f"I{number:02}" for number in range(1, 34)]
    assert len(set(ids)) == len(ids)
    assert len({invariant.sentence for invariant in INVARIANTS}) == len(ids)


@pytest.mark.parametrize(
    ("age", "is_seen"), [(timedelta(minutes=45), False), (timedelta(minutes=45, seconds=1), True)]
)
def test_an_open_order_is_in_limbo_from_the_forty_fifth_minute(conn, age, is_seen) -> None:
    conn.execute(text("UPDATE orders SET created_at = now() - :age WHERE status = 'created'"), {"age": age})

    assert ("I17" in violated(conn)) is is_seen


@pytest.mark.parametrize(
    ("age", "is_seen"), [(timedelta(hours=23), False), (timedelta(hours=24, seconds=1), True)]
)
def test_the_gateway_has_a_day_to_return_a_second_payment_of_one_order(conn, age, is_seen) -> None:
    conn.execute(
        text("""
        UPDATE payments d
        SET created_at = now() - :age
        WHERE role = 'duplicate'
          AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = d.order_id AND p.role = 'primary')
        """),
        {"age": age},
    )

    assert ("I14" in violated(conn)) is is_seen


def test_a_refund_is_also_recognised_by_our_own_key(conn) -> None:
    conn.execute(
        text("""
        UPDATE reported_movements m
        SET movement_id = 'EVENT' || r.id, refund_key = r.refund_key
        FROM refunds r
        WHERE m.kind = 'refund' AND m.movement_id = r.gateway_refund_id
        """)
    )

    assert violated(conn) == {}


def test_a_payment_is_missed_only_in_a_report_that_was_read_two_days_later(conn) -> None:
    conn.execute(text("DELETE FROM reported_movements"))
    late = violated(conn)
    conn.execute(text("UPDATE report_runs SET until = now() + interval '47 hours'"))
    soon = violated(conn)
    conn.execute(text("UPDATE report_runs SET until = now() - interval '23 hours'"))

    assert set(late) == {"I16", "J11"}
    assert soon == violated(conn) == {}


def test_a_subscription_that_ran_out_by_itself_is_no_violation(conn) -> None:
    now = database_now(conn) + timedelta(days=4000)
    names = {"I06", "I08", "J12"}

    found = [find_offenders(conn, i, now=now, limit=5).count for i in INVARIANTS if i.id in names]

    assert found == [0, 0, 0]
