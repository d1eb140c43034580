"""The whole application as a person meets it: real processes, the simulator, and Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="browser tests need requirements-dev.txt")

from playwright.sync_api import Browser, BrowserContext, Page

from tests.canaries import KEYS
from tests.e2e import ways
from tests.e2e.journey import Person, new_person
from tests.e2e.journeys_page import Tally
from tests.e2e.site import Member, Site
from tests.e2e.tills import TILLS, Till
from tests.e2e.ways import SCREENS, Way

ROOT = Path(__file__).resolve().parents[2]
ADMIN_EMAIL, ADMIN_PASSWORD = "admin@example.com", "AdminPass123"
_running: list[Site] = []
KEPT_VARIABLES = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "XDG_RUNTIME_DIR"})


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`streamlit run landing_page.py` on ports of its own, with a database and a simulator of its own.

    One for each process of the run, also where another folder of tests imports this fixture.
    """
    if _running:
        yield _running[0]
        return
    _running.append(start_site(tmp_path_factory.mktemp("site")))
    yield _running[0]
    _running.pop().stop()


def start_site(folder: Path, *, server: str = "streamlit", **environment: str) -> Site:
    """Start the application and wait until it is ready."""
    port, simulator_port = free_port(), free_port()
    folder.mkdir(exist_ok=True)
    env = {
        # Nothing of the developer's own settings, except what finds programs and folders.
        **{key: value for key, value in os.environ.items() if key in KEPT_VARIABLES},
        # Cheap password hashes; nothing else depends on it.
        "APP_ENV": "test",
        "CASHFREE_ENV": "simulator",
        "CASHFREE_CLIENT_ID": "TESTSIMULATOR",
        "CASHFREE_CLIENT_SECRET": "cfsk_ma_test_simulator",
        "PORT": str(port),
        "SIMULATOR_PORT": str(simulator_port),
        "DATA_DIR": str(folder / "data"),
        **KEYS,
        "ADMIN_EMAIL": ADMIN_EMAIL,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        **environment,
    }
    streamlit = ["-m", "streamlit", "run", "landing_page.py", "--server.port", str(port)]
    uvicorn = ["-m", "uvicorn", "landing_page:app", "--port", str(port), "--no-access-log"]
    with (folder / "app.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *(streamlit if server == "streamlit" else uvicorn)],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
        )
    site = Site(process, port, simulator_port, folder, env)
    try:
        site.wait_until_ready()
    except RuntimeError:
        site.stop()
        raise
    return site


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Devices:
    """The browser profiles of the run, by screen and owner: what one has loaded once, it keeps."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser, self._site = browser, site
        self._contexts: dict[tuple[str, str], BrowserContext] = {}

    def of(self, screen: str, owner: str) -> BrowserContext:
        if (screen, owner) not in self._contexts:
            self._contexts[screen, owner] = new_context(self._browser, self._site, **SCREENS[screen])
        return self._contexts[screen, owner]

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()


@pytest.fixture(scope="session")
def devices(browser: Browser, site: Site) -> Iterator[Devices]:
    devices = Devices(browser, site)
    yield devices
    devices.close()


@pytest.fixture(scope="session")
def way() -> Way:
    """Where a test walks that is no journey. Journeys are given theirs."""
    return Way("cashfree", "desktop")


@pytest.fixture
def context(devices: Devices, way: Way) -> Iterator[BrowserContext]:
    """A browser in which nobody is signed in."""
    context = devices.of(way.screen, "first")
    yield context
    forget(context)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def second_device(devices: Devices, way: Way) -> Iterator[Page]:
    """A page in a browser that shares nothing with the first."""
    context = devices.of(way.screen, "second")
    yield context.new_page()
    forget(context)


def new_context(browser: Browser, site: Site, **options: Any) -> BrowserContext:
    context = browser.new_context(base_url=site.url, **{**SCREENS["desktop"], **options})
    context.set_default_timeout(20_000)
    return context


def forget(context: BrowserContext) -> None:
    """Close the pages and forget who was signed in."""
    for page in context.pages:
        page.close()
    context.clear_cookies(name="session")


@pytest.fixture
def gateway(way: Way) -> str:
    """The gateway of the member's order."""
    return way.gateway


@pytest.fixture
def till(gateway: str) -> Till:
    """That gateway's own page."""
    return TILLS[gateway]


@pytest.fixture
def member(site: Site, context: BrowserContext, gateway: str) -> Member:
    """Somebody who has registered for the monthly plan and is signed in, with the order still unpaid."""
    member = site.join(gateway=gateway)
    site.let_in(context, member.user)
    return member


@pytest.fixture
def newcomer(site: Site, gateway: str) -> Iterator[Person]:
    """Somebody whom the application has not met, while the plans are sold at the journey's gateway."""
    with site.selling_at(gateway):
        yield new_person()


@pytest.fixture(autouse=True)
def calm_simulator(site: Site) -> Iterator[None]:
    """No fault of one test reaches the next."""
    yield
    site.simulator("DELETE", "/control/faults")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    ways.parametrize(metafunc)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ways.choose(config, items)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "journey: walked at both gateways and on both screens; see tests/e2e/ways.py"
    )
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(config.getoption("--journeys") == "large"), "journeys-tally")
