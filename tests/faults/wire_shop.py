"""A shop whose gateway is the simulator over HTTP, in this process, on a database whose clock moves with it.

For rows of the catalogue that are about the wire. The adapter does not wait between two tries, and waits for an
answer as long as in production, unless the test is about an answer that never comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import URL

import payment_handler
from cashfree_integration import CashfreePaymentGateway
from config import Settings, load_settings
from database.engine import connect_engine
from database.queue import JobQueue
from domain.accounts import User
from gateways.circuit_breaker import CircuitBreaker
from gateways.http import GatewayHttp
from tests.faults.invariant_guard import violations
from tests.faults.movable_database import MovableDatabase
from tests.faults.shop import Shop
from tests.simulator.running_simulator import RunningSimulator, running_simulator
from wiring import Services


@dataclass
class WireShop(Shop):
    """A shop that can wait without waiting."""

    database: MovableDatabase
    moment: datetime
    http: GatewayHttp

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Give up on an answer soon. Only while none is expected: a busy machine answers late, too."""
        patience = self.http._read_timeout_seconds, self.http._deadline_seconds
        self.http._read_timeout_seconds, self.http._deadline_seconds = 0.25, 0.6
        try:
            yield
        finally:
            self.http._read_timeout_seconds, self.http._deadline_seconds = patience

    def advance(self, step: timedelta) -> None:
        """Let time pass here and at the gateway."""
        self.moment += step
        self.database.set_now(self.moment)
        self.simulator.advance(int(step.total_seconds()))

    def wait_and_sweep(self, step: timedelta, *, rounds: int = 1) -> None:
        """Let time pass in steps, with one round of the sweep after each, and of the jobs that are due."""
        for _ in range(rounds):
            self.advance(step)
            payment_handler.sweep(self.services)
            self.run_jobs()

    def order_ids(self) -> list[str]:
        return [row["id"] for row in self.rows("SELECT id FROM orders ORDER BY created_at, id")]

    def gateway_orders(self, user: User) -> dict[str, str]:
        """The status of each order that the gateway holds for a buyer.

        Of a buyer, because a call that was given up may still take effect when the next test has begun.
        """
        orders = self.truth()["orders"]
        return {o["order_id"]: o["status"] for o in orders if o["tags"]["user_id"] == str(user.id)}

    def status(self, order_id: str) -> str:
        """What our books say of an order."""
        (row,) = self.rows("SELECT status FROM orders WHERE id = :id", id=order_id)
        return str(row["status"])

    def alarms(self) -> list[str]:
        return [row["key"] for row in self.rows("SELECT key FROM alarms ORDER BY key")]

    def with_setting(self, **changes: object) -> Services:
        """The same services under another configuration."""
        settings = self.services.settings.model_copy(update=changes)
        return replace(self.services, settings=settings)


@dataclass
class WirePlace:
    """What the shops of one test module share: a simulator and a database."""

    database: MovableDatabase
    simulator: RunningSimulator
    settings: Settings

    @contextmanager
    def open_shop(self) -> Iterator[WireShop]:
        """An empty shop, and afterwards every invariant. The simulator sends no webhook by itself."""
        self.database.wipe()
        self.simulator.control("POST", "/reset")
        self.simulator.fault("drop_webhooks")
        moment = datetime.now(UTC)
        self.database.set_now(moment)
        engine = connect_engine(self.database.url)
        http = GatewayHttp(
            "cashfree",
            # The pause of an open circuit is over when the shop's clock says so.
            breaker=CircuitBreaker(clock=lambda: shop.moment.timestamp()),
            sleep=lambda _seconds: None,
        )
        services = Services(
            settings=self.settings,
            engine=engine,
            gateways={"cashfree": CashfreePaymentGateway.from_settings(self.settings, http=http)},
            queue=JobQueue(engine),
        )
        shop = WireShop(services, self.simulator, {}, self.database, moment, http)
        try:
            yield shop
            found = violations(engine)
            assert not found, found
        finally:
            engine.dispose()


@contextmanager
def open_place(url: URL, folder: Path) -> Iterator[WirePlace]:
    """A database with a movable clock and a simulator in a thread, for the tests of one module."""
    database = MovableDatabase(url)
    with running_simulator(folder / "simulator") as simulator:
        port = simulator.origin.rpartition(":")[2]
        environment = {"APP_ENV": "test", "DATA_DIR": str(folder), "SIMULATOR_PORT": port}
        yield WirePlace(database, simulator, load_settings(environment, root=folder))
    database.close()
