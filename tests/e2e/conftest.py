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
from tests.e2e.site import Member, Site
from tests.e2e.tills import TILLS, Till

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


@pytest.fixture(scope="session")
def profile(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """One browser profile for all tests: what it has loaded once, it keeps."""
    context = new_context(browser, site)
    yield context
    context.close()


@pytest.fixture(scope="session")
def second_profile(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """Another device."""
    context = new_context(browser, site)
    yield context
    context.close()


@pytest.fixture
def context(profile: BrowserContext) -> Iterator[BrowserContext]:
    """A browser in which nobody is signed in."""
    yield profile
    forget(profile)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def second_device(second_profile: BrowserContext) -> Iterator[Page]:
    """A page in a browser that shares nothing with the first."""
    yield second_profile.new_page()
    forget(second_profile)


def new_context(browser: Browser, site: Site, **options: Any) -> BrowserContext:
    options = {"viewport": {"width": 1280, "height": 900}, **options}
    context = browser.new_context(base_url=site.url, **options)
    context.set_default_timeout(20_000)
    return context


def forget(context: BrowserContext) -> None:
    """Close the pages and forget who was signed in."""
    for page in context.pages:
        page.close()
    context.clear_cookies(name="session")


@pytest.fixture
def gateway() -> str:
    """The gateway of the member's order. Tests of both name them."""
    return "cashfree"


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


@pytest.fixture(autouse=True)
def calm_simulator(site: Site) -> Iterator[None]:
    """No fault of one test reaches the next."""
    yield
    site.simulator("DELETE", "/control/faults")
