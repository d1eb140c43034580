"""Watches a browser: what ran that should not, which host was asked, and what the policy had to refuse."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Dialog, Page, Request, Route, expect

from tests.security.payloads import FOREIGN

# Streamlit's charts ask whether they may compile; they draw without it.
HARMLESS = "wasm-eval"
_LISTEN = """document.addEventListener('securitypolicyviolation', event =>
    refused(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`))"""


@dataclass
class Watch:
    """What happened in the browser since the last look."""

    # Numbers of texts that ran a script.
    fired: list[int] = field(default_factory=list)
    # Numbers of texts whose host the browser wanted to ask, and of those whom the policy let through.
    wanted: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    # What nobody planned: dialogs, windows, hosts that are neither ours nor theirs, refusals by the policy.
    surprises: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def forget(self) -> None:
        for seen in (self.fired, self.wanted, self.asked, self.surprises, self.refused):
            seen.clear()

    @property
    def trouble(self) -> list[str]:
        """Everything that must not happen on a page of ours, in words."""
        return [
            *(f"text {number} ran" for number in self.fired),
            *(f"text {number} asked its host" for number in self.wanted + self.asked),
            *self.surprises,
            *(f"the policy refused {what}" for what in self.refused),
        ]


def watch(context: BrowserContext, *own_hosts: str) -> Watch:
    """Watch all pages of a browser from now on. Foreign hosts are never reached."""
    seen = Watch()

    def asked(route: Route) -> None:
        number = FOREIGN.search(route.request.url)
        if number is not None:
            seen.asked.append(int(number[1]))
        route.abort()

    def requested(request: Request) -> None:
        number = FOREIGN.search(request.url)
        if number is not None:
            seen.wanted.append(int(number[1]))
        elif request.url.startswith(("http:", "https:")) and request.url.split("/")[2] not in own_hosts:
            seen.surprises.append(f"asked {request.url[:100]}")

    def asked_the_reader(dialog: Dialog) -> None:
        seen.surprises.append(f"opened a dialog: {dialog.message[:60]}")
        dialog.dismiss()

    def refused(_source: object, what: str) -> None:
        if HARMLESS not in what:
            seen.refused.append(what)

    context.expose_binding("fired", lambda _source, number=0: seen.fired.append(int(number)))
    context.expose_binding("refused", refused)
    context.add_init_script(_LISTEN)
    context.route(re.compile(r"^https?://m\d+\.evil\.test"), asked)
    context.on("request", requested)
    context.on("dialog", asked_the_reader)
    return seen


def settle(page: Page) -> None:
    """Until the page's script has ended, and everything that was drawn has begun to load."""
    # Before its first run a page counts as not running, too.
    expect(page.locator('[data-testid="stMain"] [data-testid="stElementContainer"]').first).to_be_attached()
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    expect(page.locator('[data-stale="true"]')).to_have_count(0)
    # The code of a field or a chart is fetched when the page first draws one: until then a grey box stands there.
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    rest(page)


def rest(page: Page) -> None:
    """Two frames and an answer of the network later: what a text does by itself it has done."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )
