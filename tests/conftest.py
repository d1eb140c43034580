"""Fixtures for every test: a real PostgreSQL, an empty migrated database of one's own, services with a fake gateway."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import responses
import structlog
from sqlalchemy import Connection, Engine, create_engine, text

from config import Settings, load_settings
from database.embedded import EmbeddedServer, start_embedded_server
from database.engine import connect_engine
from database.migrate import migrate
from database.queue import JobQueue
from domain.accounts import User
from operations.logs import redact
from tests.canaries import PERSONAL, SECRETS, leaks_in_lines
from tests.chromium import FLAGS, find_chromium
from tests.fakes import FakeGateway, FakeRazorpay
from user_management import register
from wiring import Services

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_addoption(parser: pytest.Parser) -> None:
    # Here and not beside the fault tests: pytest knows a folder's options only when it is started for it.
    parser.addoption(
        "--faults", choices=("small", "large"), default="small", help="how much the fault tests do"
    )
    parser.addoption(
        "--security", choices=("small", "large"), default="small", help="how much the security probes do"
    )
    parser.addoption(
        "--journeys",
        choices=("small", "large"),
        default="small",
        help="walk each journey once or twice, or at both gateways on both screens",
    )
    parser.addoption(
        "--pages", choices=("quick", "slow"), default="quick", help="draw pages as a loaded machine does"
    )


@pytest.fixture(scope="session", autouse=True)
def log_of_the_suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every event that any test causes, written as production writes it; no canary is in it at the end."""
    kept = tmp_path_factory.mktemp("log") / "suite.log"
    render = structlog.processors.JSONRenderer()
    with kept.open("w", encoding="utf-8") as file:

        def write(logger: object, method: str, event: MutableMapping[str, object]) -> object:
            print(render(logger, method, redact(logger, method, dict(event))), file=file)
            return event

        class Listener(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if isinstance(record.msg, str):  # not an event of ours on its way through a logger
                    write(record.name, record.levelname, {"event": record.getMessage()})

        # What libraries write goes there too. The first line shows below that this log was read at all.
        listener = Listener(logging.WARNING)
        logging.getLogger().addHandler(listener)
        logging.getLogger("tests").warning("the log of the suite begins")
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                write,
                structlog.dev.ConsoleRenderer(),
            ]
        )
        yield
        logging.getLogger().removeHandler(listener)
    # A process that a test has split off may leave a part of a character.
    lines = kept.read_text(encoding="utf-8", errors="replace").splitlines()
    leaked = leaks_in_lines(lines, {**SECRETS, **PERSONAL})
    assert not leaked, leaked[:10]
    assert "the log of the suite begins" in lines[0]


@pytest.fixture(autouse=True)
def no_loop_of_a_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright leaves its loop "running" on the main thread for good: other tests run loops of their own."""
    if "browser" in request.fixturenames:
        yield
        return
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """One embedded PostgreSQL for the whole run, with a migrated database to copy from."""
    server = start_embedded_server(tmp_path_factory.mktemp("postgres") / "data")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        _admin(server, f"ALTER SYSTEM SET {name} = off")  # this server's data may be lost
    _admin(server, "SELECT pg_reload_conf()")
    _admin(server, "CREATE DATABASE template_app")
    engine = connect_engine(server.url.set(database="template_app"))
    migrate(engine)
    engine.dispose()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def committing_engine(server: EmbeddedServer) -> Iterator[Engine]:
    """One migrated database for all tests that commit, with a copy of the rows that migrations insert."""
    _admin(server, "CREATE DATABASE committing TEMPLATE template_app STRATEGY file_copy")
    engine = connect_engine(server.url.set(database="committing"))
    with engine.begin() as conn:
        conn.execute(text("CREATE SCHEMA seed"))
        for table in ("alembic_version", "plans", "prices"):
            conn.execute(text(f"CREATE TABLE seed.{table} AS TABLE {table}"))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(committing_engine: Engine) -> Iterator[Engine]:
    """A migrated and empty database; what is committed is deleted afterwards.

    The connections are the run's: a new one costs the server more than most tests do.
    """
    yield committing_engine
    if committing_engine.pool.checkedout():  # type: ignore[attr-defined]  # by a thread that was left behind
        committing_engine.dispose()
    with committing_engine.begin() as conn:
        # Neither foreign keys nor the append-only triggers stand in the way of this one transaction.
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        tables = conn.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        conn.execute(text("; ".join(f"DELETE FROM {table}" for table in tables)))
        for table in ("alembic_version", "plans", "prices"):
            conn.execute(text(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE seed.{table}"))


@pytest.fixture(scope="session")
def shared_engine(server: EmbeddedServer) -> Iterator[Engine]:
    """One migrated database for all tests that commit nothing."""
    _admin(server, "CREATE DATABASE shared TEMPLATE template_app STRATEGY file_copy")
    engine = connect_engine(server.url.set(database="shared"))
    yield engine
    engine.dispose()


@pytest.fixture
def conn(shared_engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back, on a database where nothing is ever committed."""
    with shared_engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a test process: simulator, cheap password hashes, no file of the developer's."""
    folder = tmp_path_factory.mktemp("data")
    return load_settings({"APP_ENV": "test", "DATA_DIR": str(folder)}, root=folder)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)

    def __call__(self, _conn: Connection) -> datetime:
        return self.moment

    def advance(self, step: timedelta) -> None:
        self.moment += step


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kind() -> str:
    """Which gateway the fake is like. A module runs over both with `parametrize("kind", …)`."""
    return "cashfree"


@pytest.fixture
def gateway(clock: Clock, kind: str) -> FakeGateway:
    fake = FakeRazorpay if kind == "razorpay" else FakeGateway
    return fake(lambda: clock.moment)


@pytest.fixture
def services(settings: Settings, engine: Engine, gateway: FakeGateway, clock: Clock) -> Services:
    """Real database, real queue, fake gateway, a clock that stands still."""
    return Services(
        settings=settings.model_copy(update={"payment_gateway": gateway.name}),
        engine=engine,
        gateways={gateway.name: gateway},
        queue=JobQueue(engine),
        now=clock,
    )


@pytest.fixture
def live_services(services: Services) -> Services:
    """The same, on the database's own clock."""
    from database.engine import database_now

    return replace(services, now=database_now)


@pytest.fixture
def user(services: Services) -> User:
    """A registered account that has bought nothing yet."""
    return register(
        services,
        full_name="Asha Rao",
        email="asha@example.com",
        username="asha",
        phone="9999999999",
        state="Karnataka",
        password="TestPass123",
    )


@pytest.fixture
def stranger(services: Services) -> User:
    """Another account, which has nothing to do with what `user` owns."""
    return register(
        services,
        full_name="Bela Iyer",
        email="bela@example.com",
        username="bela",
        phone="8888888888",
        state="Kerala",
        password="TestPass123",
    )


@pytest.fixture
def mocked() -> Iterator[responses.RequestsMock]:
    """Answers in place of the network, each of which is asked for."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield mock


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The one Chromium of the run: Playwright's loop may be started once."""
    from playwright.sync_api import expect, sync_playwright

    from tests.slow_pages import slow_down

    expect.set_options(timeout=20_000)  # A loaded machine is slow, not wrong.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        if request.config.getoption("--pages") == "slow":
            slow_down(browser)
        yield browser
        browser.close()


def _admin(server: EmbeddedServer, statement: str) -> None:
    engine = create_engine(server.url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(text(statement))
    engine.dispose()
