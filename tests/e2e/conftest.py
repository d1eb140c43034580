"""The whole application as a person meets it: real processes, the simulator, and Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="browser tests need requirements-dev.txt")

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.site import Site

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`streamlit run landing_page.py` on ports of its own, with a database and a simulator of its own."""
    folder = tmp_path_factory.mktemp("site")
    running = start_site(folder)
    yield running
    running.stop()


def start_site(folder: Path, *, server: str = "streamlit", **environment: str) -> Site:
    """Start the application and wait until it is ready."""
    port, simulator_port = free_port(), free_port()
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("CASHFREE", "SMTP", "DATABASE"))},
        "PORT": str(port),
        "SIMULATOR_PORT": str(simulator_port),
        "DATA_DIR": str(folder / "data"),
        "ADMIN_EMAIL": "admin@example.com",
        "ADMIN_PASSWORD": "AdminPass123",
        **environment,
    }
    streamlit = ["-m", "streamlit", "run", "landing_page.py", "--server.port", str(port)]
    uvicorn = ["-m", "uvicorn", "landing_page:app", "--port", str(port), "--no-access-log"]
    log = (folder / "app.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, *(streamlit if server == "streamlit" else uvicorn)], cwd=ROOT, env=env, stdout=log, stderr=log
    )
    site = Site(process, port, simulator_port, folder)
    site.wait_until_ready()
    return site


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium from the PATH, else Playwright's own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A fresh browser profile: no cookie, nobody signed in."""
    context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(autouse=True)
def calm_simulator(site: Site) -> Iterator[None]:
    """No fault of one test reaches the next."""
    yield
    site.simulator("DELETE", "/control/faults")
