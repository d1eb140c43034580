"""A browser that goes through the running application with hostile texts in it, and what it must not see."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocket

from domain.accounts import User
from tests.e2e.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, new_context
from tests.e2e.site import Site
from tests.security import hostile_rows
from tests.security.browser_watch import Watch, settle, watch
from tests.security.hostile_rows import Planted
from tests.security.payloads import Payload


@dataclass
class Walk:
    """A browser that goes through the application as visitor, member or admin, watched."""

    site: Site
    context: BrowserContext
    page: Page
    seen: Watch
    planted: Planted
    admin: User
    visited: int = 0

    def __post_init__(self) -> None:
        # What went over the pages' sockets, in order: ">" to the server, "<" back.
        self.frames: list[str] = []
        self.page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda _frame: self.frames.append(">"))
        socket.on("framereceived", lambda _frame: self.frames.append("<"))

    def press(self, button: Locator) -> None:
        """Press, and wait until the page has answered: by itself a page counts as at rest before it has begun."""
        self.frames.clear()
        button.click()
        deadline = time.monotonic() + 60
        while "".join(self.frames).find("><") < 0:
            assert time.monotonic() < deadline, f"{button}: nothing was sent and answered: {self.frames}"
            self.page.wait_for_timeout(20)
        settle(self.page)

    def become(self, user: User | None) -> None:
        self.context.clear_cookies(name="session")
        if user is not None:
            self.site.let_in(self.context, user)

    def open(self, address: str) -> Page:
        self.page.goto(address)
        settle(self.page)
        self.visited += 1
        return self.page

    def check(self, where: str) -> None:
        """Nothing has happened so far."""
        assert self.seen.trouble[:5] == [], where

    def expect_shown(self, payloads: list[Payload], where: str) -> None:
        """The texts stand on the page as text. Until then nothing is proved by what did not happen."""
        deadline = time.monotonic() + 60
        while missing := self._missing(payloads):
            assert time.monotonic() < deadline, f"{where}: not shown {missing}"
            self.page.wait_for_timeout(50)
        settle(self.page)

    def _missing(self, payloads: list[Payload]) -> list[str]:
        words = plain(self.page.locator("body").inner_text())
        return [payload.text for payload in payloads if plain(payload.text) not in words]


def plain(text: str) -> str:
    """Letters only: pages fold white space, break lines and write a word's first letter large."""
    return re.sub(r"[\s\ufeff\u200d\u202e]+", "", text).casefold()


@pytest.fixture(scope="module")
def walk(browser: Browser, site: Site) -> Iterator[Walk]:
    context = new_context(browser, site, accept_downloads=True)
    seen = watch(context, f"localhost:{site.port}", f"127.0.0.1:{site.simulator_port}")
    planted = hostile_rows.prepare(site)
    admin = site.admin(ADMIN_EMAIL, ADMIN_PASSWORD)
    walk = Walk(site, context, context.new_page(), seen, planted, admin)
    yield walk
    hostile_rows.uproot(site, planted)
    context.close()
