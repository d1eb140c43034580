"""A shop with people in it, for trying what each of them may do: one owner of everything, and those who are not.

It is built once; each try happens inside a transaction that is rolled back, and all rows can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from accounts.sessions import issue_ticket, redeem_ticket
from billing.alarms import report_job
from billing.grants import give_access, offer_access
from billing.refunds import execute_refund, request_refund
from billing.settlement import sync_order
from config import load_settings
from database import books, instruments, prices
from database.instruments import InstrumentRow
from database.prices import RejectedRow
from database.queue import Job, JobQueue
from domain.accounts import User
from domain.errors import GatewayTimeout
from domain.gateway import GatewayPaymentStatus
from domain.subscriptions import Period
from payment_handler import receive_webhook, start_checkout
from tests.books import shown_payment
from tests.conftest import Clock
from tests.fakes import FakeGateway, FakeRazorpay
from user_management import create_admin, register
from wiring import Services

PASSWORD = "TestPass123"
SIGNED = {"x-webhook-signature": "good"}


@dataclass(frozen=True, slots=True)
class Things:
    """What can be asked for by its id or its name."""

    order_id: str
    paid_order_id: str
    doubted_order_id: str
    paid_payment_id: int
    twice_paid_order_id: str
    second_payment_id: int
    held_price_id: int
    held_price_reason: str
    refund_key: str
    session_id: int
    session_token: str
    ticket: str
    mail_id: int
    event_id: int
    alarm_id: int
    job_id: int
    grant_id: int
    access_until: datetime
    user_id: UUID
    email: str


# What nobody has. Whoever is refused must not be able to tell it from what somebody else has.
NOTHING = Things(
    order_id="ORDER0000000000NEVER",
    paid_order_id="ORDER0000000000NEVER",
    doubted_order_id="ORDER0000000000NEVER",
    paid_payment_id=987654,
    twice_paid_order_id="ORDER0000000000NEVER",
    second_payment_id=987654,
    held_price_id=987654,
    held_price_reason="never written",
    refund_key="REFUND000000000NEVER",
    session_id=987654,
    session_token="never-issued",
    ticket="never-issued",
    mail_id=987654,
    event_id=987654,
    alarm_id=987654,
    job_id=987654,
    grant_id=987654,
    access_until=datetime(2027, 1, 1, tzinfo=UTC),
    user_id=UUID(int=7),
    email="never@example.com",
)


@dataclass(frozen=True, slots=True)
class Person:
    """An account, and the cookie of a browser in which it is signed in."""

    user: User
    token: str
    browser_token: str


@dataclass(frozen=True)
class World:
    """`fallen` was an admin when its page was drawn; `barred` is an admin whose account is disabled."""

    services: Services
    gateway: FakeGateway
    owner: Person
    other: Person
    admin: Person
    fallen: Person
    barred: Person
    things: Things
    others_order_id: str

    @property
    def marks(self) -> tuple[str, ...]:
        """Words by which the owner's data is recognised."""
        user, things = self.owner.user, self.things
        return (
            str(user.id),
            user.email,
            user.full_name,
            user.customer_id,
            things.order_id,
            things.paid_order_id,
            things.refund_key,
            things.session_token,
            self.gateway.payments[things.paid_order_id][0].gateway_payment_id,
        )

    def leaks(self, found: object) -> list[str]:
        """The owner's words in something that somebody was shown."""
        shown = found if isinstance(found, str) else repr(found)
        return [mark for mark in self.marks if mark in shown]


class OneTransaction:
    """An engine that lends one connection, with a savepoint for each transaction."""

    def __init__(self, real: Engine, conn: Connection) -> None:
        self._real = real
        self._conn = conn
        self.url = real.url

    def begin(self) -> AbstractContextManager[Connection]:
        return self._lend(keeps=True)

    def connect(self) -> Any:
        return _Lent(self._real, self._lend(keeps=False))

    @contextmanager
    def _lend(self, *, keeps: bool) -> Iterator[Connection]:
        savepoint = self._conn.begin_nested()
        try:
            yield self._conn
        except BaseException:
            savepoint.rollback()
            raise
        if keeps:
            savepoint.commit()
        else:
            savepoint.rollback()


@dataclass(frozen=True)
class _Lent:
    real: Engine
    lent: AbstractContextManager[Connection]

    def execution_options(self, **options: Any) -> Connection:
        """What needs an isolation of its own reads what was committed."""
        return self.real.connect().execution_options(**options)

    def __enter__(self) -> Connection:
        return self.lent.__enter__()

    def __exit__(self, *raised: Any) -> bool | None:
        return self.lent.__exit__(*raised)


@contextmanager
def in_one_transaction(world: World) -> Iterator[tuple[World, Connection]]:
    """The world for one try. Everything that is written disappears."""
    engine = world.services.engine
    with engine.connect() as conn:
        services = replace(world.services, engine=OneTransaction(engine, conn))  # type: ignore[arg-type]
        try:
            yield replace(world, services=services), conn
        finally:
            conn.rollback()


def all_rows(conn: Connection) -> frozenset[tuple[str, str]]:
    """Every row of every table as text, but for the packed prices, which the first look at them writes."""
    tables = conn.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'panels'")
    ).scalars()
    parts = [f"SELECT '{table}', {table}::text FROM {table}" for table in sorted(tables)]
    return frozenset((row[0], row[1]) for row in conn.execute(text(" UNION ALL ".join(parts))))


def build_world(engine: Engine, folder: Path) -> World:
    """Five people, orders in every state that matters, and everything that came with them."""
    clock = Clock()
    gateway = FakeGateway(lambda: clock.moment)
    services = Services(
        settings=load_settings({"APP_ENV": "test", "DATA_DIR": str(folder)}, root=folder),
        engine=engine,
        gateways={"cashfree": gateway, "razorpay": FakeRazorpay(lambda: clock.moment)},
        queue=JobQueue(engine),
        now=clock,
    )
    owner = _signed_in(services, _subscriber(services, "owner", "Omkar Owner"))
    other = _signed_in(services, _subscriber(services, "other", "Nila Sen"))
    admin, fallen, barred = (
        _signed_in(services, create_admin(services, email=f"{name}@example.com", password=PASSWORD))
        for name in ("admin", "fallen", "barred")
    )
    things = _make_things(services, gateway, owner, admin.user)
    others_order_id = start_checkout(services, other.user, "monthly").id
    with engine.begin() as conn:
        for person, change in ((fallen, "role = 'subscriber'"), (barred, "status = 'disabled'")):
            conn.execute(text(f"UPDATE users SET {change} WHERE id = :id"), {"id": person.user.id})
    return World(services, gateway, owner, other, admin, fallen, barred, things, others_order_id)


def _subscriber(services: Services, username: str, full_name: str) -> User:
    return register(
        services,
        full_name=full_name,
        email=f"{username}@example.com",
        username=username,
        phone="9999999999",
        state="Karnataka",
        password=PASSWORD,
    )


def _signed_in(services: Services, user: User) -> Person:
    browser = f"browser-of-{user.username}"
    ticket = issue_ticket(services, user, browser_token=browser)
    return Person(user, redeem_ticket(services, ticket, browser_token=browser, user_agent=""), browser)


def _make_things(services: Services, gateway: FakeGateway, owner: Person, admin: User) -> Things:
    paid = start_checkout(services, owner.user, "monthly").id
    gateway.pay(paid)
    sync_order(services, paid)
    refund_key = "REFUND00000000000001"
    request_refund(
        services,
        admin,
        order_id=paid,
        payment_id=shown_payment(services, paid),
        amount_paise=100,
        reason="asked",
        refund_key=refund_key,
    )
    execute_refund(services, refund_key)
    sync_order(services, paid)
    unpaid = start_checkout(services, owner.user, "annual").id
    gateway.pay(unpaid, status=GatewayPaymentStatus.FAILED)
    sync_order(services, unpaid)
    twice_paid = _make_order_paid_twice(services, gateway)
    given = _give_a_week(services, admin, owner.user)
    return Things(
        order_id=unpaid,
        paid_order_id=paid,
        doubted_order_id=_make_doubted_order(services, gateway),
        paid_payment_id=shown_payment(services, paid),
        twice_paid_order_id=twice_paid,
        held_price_id=_hold_a_price_back(services),
        held_price_reason=HELD_PRICE_REASON,
        second_payment_id=_one(
            services, "SELECT id FROM payments WHERE order_id = :id AND role = 'duplicate'", id=twice_paid
        ),
        refund_key=refund_key,
        session_id=_one(services, "SELECT id FROM sessions WHERE user_id = :id", id=owner.user.id),
        session_token=owner.token,
        ticket=issue_ticket(services, owner.user, browser_token=owner.browser_token),
        mail_id=_one(
            services, "SELECT max(id) FROM emails WHERE kind = 'receipt' AND user_id = :id", id=owner.user.id
        ),
        event_id=_make_event(services, paid),
        alarm_id=_make_alarm(services, unpaid),
        job_id=_make_dead_letter(services, unpaid),
        grant_id=given.grant_id or 0,
        access_until=given.ends_at,
        user_id=owner.user.id,
        email=owner.user.email,
    )


def _give_a_week(services: Services, admin: User, user: User) -> Period:
    """Access that was given, after what was bought."""
    wanted = {"user_id": user.id, "plan_id": "monthly", "days": 7}
    until = offer_access(services, admin, **wanted).access_until
    return give_access(services, admin, **wanted, reason="An outage", seen_until=until)


def _make_doubted_order(services: Services, gateway: FakeGateway) -> str:
    """An order of a third person whose gateway contradicts our books."""
    order_id = start_checkout(services, _subscriber(services, "third", "Tara Third"), "monthly").id
    order = gateway.orders[order_id]
    gateway.orders[order_id] = replace(order, amount_paise=order.amount_paise - 100)
    sync_order(services, order_id)
    gateway.orders[order_id] = order
    return order_id


HELD_PRICE_REASON = "Nine is too low for it."


def _hold_a_price_back(services: Services) -> int:
    """A close that waits for an admin's decision."""
    with services.engine.begin() as conn:
        instruments.insert_missing(conn, [InstrumentRow("index_price", "NIFTY IT", None, "IT")])
        [instrument] = instruments.list_all(conn)
        row = RejectedRow(
            "key",
            "2026-01-02,NIFTY IT,9",
            2,
            instrument.id,
            date(2026, 1, 2),
            9.0,
            None,
            "jump",
            HELD_PRICE_REASON,
        )
        prices.quarantine(conn, [row], source="A file")
        [waiting] = prices.list_waiting(conn, limit=2)
    return waiting.id


def _make_order_paid_twice(services: Services, gateway: FakeGateway) -> str:
    """An order of a fourth person, whose second payment nobody returns."""
    order_id = start_checkout(services, _subscriber(services, "fourth", "Feroz Fourth"), "monthly").id
    gateway.pay(order_id)
    gateway.pay(order_id)
    sync_order(services, order_id)
    return order_id


def _make_event(services: Services, order_id: str) -> int:
    receive_webhook(services, "cashfree", SIGNED, f"PAYMENT_SUCCESS_WEBHOOK:{order_id}".encode())
    return _one(services, "SELECT max(id) FROM gateway_events")


def _make_alarm(services: Services, order_id: str) -> int:
    with services.engine.begin() as conn:
        alarm_id = books.insert_alarm(conn, f"order:{order_id}:look", f"Order {order_id}: look at it.")
    assert alarm_id is not None
    return alarm_id


def _make_dead_letter(services: Services, order_id: str) -> int:
    with services.engine.begin() as conn:
        services.queue.defer(conn, Job.TERMINATE_ORDER, order_id=order_id)
        job_id: int = conn.execute(text("SELECT max(id) FROM procrastinate_jobs")).scalar_one()
        conn.execute(text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = :id"), {"id": job_id})
        conn.execute(text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": job_id})
    report_job(services, Job.TERMINATE_ORDER, job_id, GatewayTimeout(), is_over=True)
    return job_id


def _one(services: Services, statement: str, **values: object) -> Any:
    with services.engine.connect() as conn:
        return conn.execute(text(statement), values).scalar_one()
