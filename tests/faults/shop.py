"""A shop of real parts: a database of its own, a simulator process over HTTP, and what survivors of a crash do.

Webhooks are not carried: a test fetches the message that the simulator made and hands it over itself, as often
and as late as it likes. Jobs run when they are told to, in the test's own thread.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

import payment_handler
import user_management
from config import load_settings
from database.embedded import EmbeddedServer
from database.engine import connect_engine
from database.queue import Job, JobQueue
from domain.accounts import User
from domain.orders import Order
from gateways.cashfree_webhooks import sign
from jobs.tasks import USE_CASES
from simulator.razorpay_webhooks import signature
from simulator.settings import DEFAULT_WEBHOOK_SECRET
from tests.faults.gateway_truth import in_our_words
from tests.simulator.running_simulator import SECRET, RunningSimulator, simulator_process
from wiring import Services, build_gateways

METHODS = ("card", "upi", "netbanking")
_numbers = count(1)


# A backup's chain of audit entries holds: it ends before what was lost.
_RELINK = """
DELETE FROM audit_chain;
DO $$
DECLARE
    entry audit_log;
    number bigint := 0;
    link bytea := decode(repeat('00', 32), 'hex');
BEGIN
    FOR entry IN SELECT * FROM audit_log ORDER BY id LOOP
        number := number + 1;
        link := audit_digest(link, entry);
        INSERT INTO audit_chain (position, audit_id, digest) VALUES (number, entry.id, link);
    END LOOP;
END $$;
"""


@dataclass
class Shop:
    """The use-cases on one database and one gateway, and the gateway's own view of both."""

    services: Services
    simulator: RunningSimulator
    environment: dict[str, str]

    @property
    def engine(self) -> Engine:
        return self.services.engine

    def buyer(self) -> User:
        """Somebody who has just registered."""
        number = next(_numbers)
        return user_management.register(
            self.services,
            full_name="Asha Rao",
            email=f"buyer{number}@example.com",
            username=f"buyer{number}",
            phone="9999999999",
            state="Karnataka",
            password="TestPass123",
        )

    def admin(self) -> User:
        """Somebody who may give money back."""
        return user_management.create_admin(
            self.services, email=f"admin{next(_numbers)}@example.com", password="AdminPass123"
        )

    def order(self, user: User, plan: str = "monthly") -> Order:
        """The order with which the user can pay now."""
        return payment_handler.start_checkout(self.services, user, plan)

    def pay(self, order: Order, method: str = "card", outcome: str = "SUCCESS") -> None:
        """An attempt at the gateway; nobody tells the application."""
        self.simulator.pay(order.id, method=method, outcome=outcome)

    def paid_period(self, user: User, plan: str = "monthly") -> Order:
        """A purchase from beginning to end."""
        order = self.order(user, plan)
        self.pay(order)
        payment_handler.sync_order(self.services, order.id)
        return order

    def webhook(self, order_id: str, *, last: int = 1, **headers: str) -> tuple[dict[str, str], bytes]:
        """A message that the gateway made about an order, signed now; `last` counts from the newest."""
        return signed(self.messages(order_id)[-last], **headers)

    def messages(self, order_id: str) -> list[bytes]:
        """The bodies of all messages about an order, oldest first."""
        events = self.simulator.control("GET", f"/events?order_id={order_id}")["events"]
        return [event["deliveries"][0]["body"].encode() for event in events if event["deliveries"]]

    def receive(self, headers: dict[str, str], body: bytes) -> bool:
        """Hand a message over as the route does."""
        return payment_handler.receive_webhook(self.services, "cashfree", headers, body)

    def receive_from_razorpay(self, order: Order) -> bool:
        """Hand over Razorpay's newest message about an order."""
        body = self.messages(str(order.gateway_order_id))[-1]
        headers = {"x-razorpay-signature": signature(DEFAULT_WEBHOOK_SECRET, body)}
        return payment_handler.receive_webhook(self.services, "razorpay", headers, body)

    def run_jobs(self) -> int:
        """Run every job that is due, and those that they queue. The number that ran."""
        ran = 0
        while due := self.rows("""
            SELECT id, task_name, args
            FROM procrastinate_jobs
            WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())
            ORDER BY id
            """):
            for job in due:
                USE_CASES[Job(job["task_name"])](self.services, **job["args"])
                self.execute(
                    "UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = :id", id=job["id"]
                )
                ran += 1
        return ran

    def let_pass(self, *, minutes: int) -> None:
        """Make every unsettled order older, as if nobody had looked for a while."""
        self.execute(
            """
            UPDATE orders
            SET created_at = created_at - make_interval(mins => :minutes),
                synced_at = synced_at - make_interval(mins => :minutes),
                swept_at = swept_at - make_interval(mins => :minutes)
            WHERE status NOT IN ('paid', 'surplus')
            """,
            minutes=minutes,
        )

    def forget(self, order_id: str) -> None:
        """Lose an order with all that it led to, as a restored backup has."""
        of_payment = "payment_id IN (SELECT id FROM payments WHERE order_id = :id)"
        with self.engine.begin() as conn:
            # Neither foreign keys nor the append-only triggers stand in the way of this one transaction.
            conn.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in (
                f"DELETE FROM ledger_entries WHERE {of_payment}",
                f"DELETE FROM subscription_periods WHERE {of_payment}",
                f"DELETE FROM refunds WHERE {of_payment}",
                """
                DELETE FROM emails e
                USING payments p
                WHERE p.order_id = :id AND e.dedupe_key LIKE '%:' || p.gateway_payment_id
                """,
                "DELETE FROM payments WHERE order_id = :id",
                "DELETE FROM audit_log WHERE object = 'order:' || :id",
                "DELETE FROM gateway_events WHERE order_id = :id",
                "DELETE FROM checkouts WHERE id = (SELECT checkout_id FROM orders WHERE id = :id)",
                "DELETE FROM orders WHERE id = :id",
            ):
                conn.execute(text(statement), {"id": order_id})
            conn.execute(text(_RELINK))

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        with self.engine.connect() as conn:
            return [dict(row) for row in conn.execute(text(sql), values).mappings()]

    def execute(self, sql: str, **values: Any) -> None:
        with self.engine.begin() as conn:
            conn.execute(text(sql), values)

    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """The orders, payments and refunds of both gateways, in our words."""
        return in_our_words(self.simulator.control("GET", "/truth"))


def signed(body: bytes, **headers: str) -> tuple[dict[str, str], bytes]:
    """A body with the headers that the gateway would send now."""
    stamp = str(int(time.time() * 1000))
    return {"x-webhook-timestamp": stamp, "x-webhook-signature": sign(stamp, body, SECRET), **headers}, body


def message(order_id: str, *, kind: str) -> bytes:
    """A message that the gateway did not make."""
    return json.dumps({"type": kind, "data": {"order": {"order_id": order_id}}}).encode()


@contextmanager
def open_shop(server: EmbeddedServer, folder: Path, name: str) -> Iterator[Shop]:
    """A shop on a fresh copy of the migrated database, with a simulator process that sends nothing by itself."""
    as_admin(server, f"CREATE DATABASE {name} TEMPLATE template_app STRATEGY file_copy")
    url = server.url.set(database=name)
    with simulator_process(folder / "simulator") as (_process, simulator):
        simulator.fault("drop_webhooks")
        environment = {
            "APP_ENV": "test",
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "CASHFREE_ENV": "simulator",
            "SIMULATOR_PORT": simulator.origin.rpartition(":")[2],
        }
        services = services_for(environment, folder)
        yield Shop(services, simulator, environment)
        services.close()
    as_admin(server, f"DROP DATABASE {name} WITH (FORCE)")


def as_admin(server: EmbeddedServer, *statements: str) -> None:
    """Run statements on the server as its owner, outside a transaction."""
    engine = create_engine(server.url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        for statement in statements:
            conn.execute(text(statement))
    engine.dispose()


def services_for(environment: dict[str, str], folder: Path, *, engine: Engine | None = None) -> Services:
    """The production services on a migrated database; a test may bring an engine that misbehaves."""
    settings = load_settings(environment, root=folder)
    engine = engine or connect_engine(environment["DATABASE_URL"])
    return Services(
        settings=settings,
        engine=engine,
        gateways=build_gateways(settings),
        queue=JobQueue(engine),
    )
