"""The world of one schedule: real use-cases on a real PostgreSQL, with the real simulator in the same process.

One clock moves the database, the simulator, the circuit breaker and the queue together. Webhooks are handed over
when and as the schedule wants; each call of a use-case can be cut short by a crash. Nothing waits in real time.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import procrastinate.utils
import sqlalchemy
import structlog
from sqlalchemy.engine import URL

import domain.identifiers
import gateways.http
import simulator.razorpay_ids
import user_management
import web.webhooks
from cashfree_integration import CashfreePaymentGateway
from config import Settings, load_settings
from database import users
from database.engine import database_now
from database.queue import JobQueue
from domain.accounts import Role, User
from domain.errors import ProductError
from gateways.circuit_breaker import CircuitBreaker
from gateways.http import GatewayHttp
from gateways.razorpay import RazorpayGateway
from simulator.lifecycle import process_due
from tests.faults.crashing_connection import Boundaries, Crash, crashing_engine
from tests.faults.gateway_side import GatewaySide
from tests.faults.job_runner import JobRunner
from tests.faults.movable_database import MovableDatabase
from tests.faults.narration import Steps
from tests.faults.transport import SimulatorInside
from wiring import Services

START = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
PASSWORD = "TestPass123"
ADMIN = "owner@example.com"


class Violation(AssertionError):
    """Something happened that no schedule may bring about."""


class World(GatewaySide):
    """Everything one schedule acts on. `begin` makes it new; use it within `in_effect`."""

    def __init__(self, url: URL, folder: Path) -> None:
        self.moment = START
        self.dice = random.Random(0)
        self.steps = Steps()
        self.boundaries = Boundaries()
        self.engine = crashing_engine(url, self.boundaries, pool_size=3)
        # A ping before each use would cost a fifth of all time, and nobody restarts this server.
        self.engine.pool._pre_ping = False
        self.database = MovableDatabase(url)
        self.simulator = SimulatorInside(folder / "simulator", lambda: self.moment)
        self._settings = load_settings(
            {"APP_ENV": "test", "DATA_DIR": str(folder), "ADMIN_EMAIL": ADMIN, "ADMIN_PASSWORD": PASSWORD},
            root=folder,
        )
        self._loop = asyncio.new_event_loop()
        self.crashes: list[str] = []
        self.on_stroke: Callable[[str, str], None] = _nobody
        self.on_crash: Callable[[str, str], None] = _nobody
        self.simulator.on_stroke = lambda name, operation: self.on_stroke(name, operation)

    # Beginning and end

    def begin(self, seed: int | str) -> None:
        """An empty database, an empty gateway, and a process that has just started."""
        self.dice = random.Random(f"steps {seed}")
        # Apart from the dice, so that another id more or less does not change the steps.
        self._ids = random.Random(f"ids {seed}")
        self._nanoseconds = int(START.timestamp()) * 10**9
        self.steps = Steps()
        self.moment = START + timedelta(minutes=self.dice.randrange(60 * 24 * 400))
        self.boundaries.revive()
        self.database.wipe()
        self.simulator.forget()
        self.database.set_now(self.moment)
        self.settings: Settings = self._settings
        self.acknowledged: dict[str, str] = {}
        self.buyers: list[User] = []
        self.crashes, self.surprises = [], []
        self.on_stroke = self.on_crash = _nobody
        self.simulator.on_capture = self.simulator.before_call = _nobody
        self._start_process()
        self.admin = user_management.create_admin(self.services, email=ADMIN, password=PASSWORD)

    def configure(self, **settings: str) -> None:
        """Another setting: `late_payment` (honour, refund), `payment_gateway` (cashfree, razorpay)."""
        self.settings = self.settings.model_copy(update=settings)
        self._start_process()

    def close(self) -> None:
        self.boundaries.revive()
        self._loop.close()
        self.engine.dispose()
        self.database.close()
        self.simulator.close()

    @contextmanager
    def in_effect(self) -> Iterator[None]:
        """Point what the process holds globally at this world, for as long as the block."""
        with ExitStack() as stack:
            for holder, name, value in (
                (web.webhooks, "get_services", lambda: self.services),
                (web.webhooks, "to_thread", SimpleNamespace(run_sync=_at_once)),
                (user_management, "hash_password", lambda settings, password: "not a hash"),
                (
                    gateways.http,
                    "threading",
                    SimpleNamespace(Thread=_Here, BoundedSemaphore=BoundedSemaphore),
                ),
                (procrastinate.utils, "utcnow", lambda: self.moment),
                (
                    domain.identifiers,
                    "secrets",
                    SimpleNamespace(choice=lambda from_: self._ids.choice(from_)),
                ),
                (simulator.razorpay_ids, "time", SimpleNamespace(time_ns=self._next_nanosecond)),
                (simulator.razorpay_ids, "secrets", SimpleNamespace(choice=lambda from_: from_[0])),
            ):
                stack.enter_context(mock.patch.object(holder, name, value))
            for module in _with_statements():
                stack.enter_context(mock.patch.object(module, "text", _text))
            told = structlog.get_config()
            stack.callback(lambda: structlog.configure(**told))
            # What matters is in the steps.
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
            if gc.isenabled():
                # Looking through all modules' objects in the middle of a schedule is a tenth of its time.
                gc.disable()
                stack.callback(gc.enable)
            yield

    # Time

    def advance(self, step: timedelta) -> None:
        """Move every clock forward, and let the gateway do what has become due."""
        self.moment += step
        self._show_time()
        process_due(self.simulator.gateway)

    def _show_time(self) -> None:
        self.database.set_now(self.moment, self.jobs.worker)

    def _sleep(self, seconds: float) -> None:
        # The pause between two tries of a call. The database hears of it with the next step.
        self.moment += timedelta(seconds=seconds)

    # Doing

    def attempt(self, words: str, work: Callable[[], object], *, crash_at: int | None = None) -> object:
        """Do one thing as a process would, and note how it ended. None when it was refused or cut short.

        Refusals of the product are answers. Any other exception would have been a page of error 500.
        """
        if crash_at is not None:
            self.boundaries.arm(crash_at)
        try:
            result = work()
        except Crash as crash:
            self.steps.note(f"{words} -> CRASH {crash}")
            self.crashes.append(str(crash))
            self.on_crash(words, str(crash))
            self._restart()
            return None
        except ProductError as exc:
            self.steps.note(f"{words} -> {type(exc).__name__} {getattr(exc, 'detail', '')}".rstrip())
            return None
        except Exception as exc:
            self.steps.note(f"{words} -> {type(exc).__name__}: {exc}")
            raise Violation(f"{words}: {type(exc).__name__}: {exc}") from exc
        finally:
            self.boundaries.disarm()
            self._show_time()
        self.steps.note(words if result is None else f"{words} -> {_short(result)}")
        return result

    def _restart(self) -> None:
        """The process was killed: its connections are gone, and another one takes over."""
        self.boundaries.revive()
        self.engine.dispose()
        self._start_process()

    def _start_process(self) -> None:
        self.services = Services(
            settings=self.settings,
            engine=self.engine,
            gateways={
                "cashfree": CashfreePaymentGateway.from_settings(self.settings, http=self._line("cashfree")),
                "razorpay": RazorpayGateway.from_settings(self.settings, http=self._line("razorpay")),
            },
            queue=JobQueue(self.engine),
            now=database_now,
        )
        self.jobs = JobRunner(self.services, self.surprises)

    def _line(self, gateway: str) -> GatewayHttp:
        """The line to one gateway, with a circuit breaker of its own."""
        http = GatewayHttp(
            gateway,
            clock=lambda: self.moment.timestamp(),
            breaker=CircuitBreaker(clock=lambda: self.moment.timestamp()),
            sleep=self._sleep,
            jitter=lambda low, high: (low + high) / 2,
        )
        http._session.mount("http://", self.simulator)
        return http

    def _next_nanosecond(self) -> int:
        # Razorpay's ids grow with time; with these they also repeat with the seed.
        self._nanoseconds += 1_000_000
        return self._nanoseconds

    # People

    def register_buyer(self) -> User:
        """Create an account. A second try after a crash finds the first."""
        number = len(self.buyers) + 1
        with self.engine.connect() as conn:
            user = users.find_by_username(conn, f"buyer{number}")
        user = user or user_management.register(
            self.services,
            full_name=f"Buyer {number}",
            email=f"buyer{number}@example.com",
            username=f"buyer{number}",
            phone="9999999999",
            state="Karnataka",
            password=PASSWORD,
        )
        assert user.role is Role.SUBSCRIBER
        self.buyers.append(user)
        return user

    def change_price(self, plan_id: str, amount_paise: int) -> None:
        """A plan costs something else from now on."""
        self.database.execute(
            "UPDATE prices SET valid_until = now() WHERE plan_id = %s AND valid_until IS NULL AND valid_from < now()",
            plan_id,
        )
        self.database.execute(
            "INSERT INTO prices (plan_id, amount_paise) SELECT %s, %s "
            "WHERE NOT EXISTS (SELECT 1 FROM prices WHERE plan_id = %s AND valid_until IS NULL)",
            plan_id,
            amount_paise,
            plan_id,
        )
        self.steps.note(f"{plan_id} costs {amount_paise} from now on")

    def broken_invariants(self) -> list[str]:
        """What `manage.py check` would print in red."""
        return self.database.broken_invariants(self.moment)


class _Here:
    """A thread that runs at once and in place: nothing here waits, so nothing has to be given up on."""

    def __init__(self, *, target: Callable[[], None], **_options: object) -> None:
        self.start = target


def _with_statements() -> list[ModuleType]:
    """Modules that make SQL out of text."""
    return [
        module
        for name, module in sys.modules.items()
        if name.startswith(("database.", "operations.")) and getattr(module, "text", None) is sqlalchemy.text
    ]


@cache
def _text(statement: str) -> sqlalchemy.TextClause:
    """The same statement read once: reading it anew each time would be a quarter of a schedule's time."""
    return sqlalchemy.text(statement)


def _nobody(*_what: str) -> None:
    """Stand-in until somebody counts."""


async def _at_once(work: Callable[[], Any], **_options: Any) -> Any:
    return work()


def _short(result: object) -> str:
    if isinstance(result, User):
        return result.username
    status = getattr(result, "status", None)
    name = getattr(result, "id", None)
    return f"{name} {status}" if status is not None and name is not None else str(result)[:120]
