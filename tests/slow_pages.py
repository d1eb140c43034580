"""A browser in which every page is slow, as on a loaded machine: `pytest --pages=slow`.

A test that reads a page before it is drawn passes where the page is fast, and fails by chance elsewhere. Here it fails.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

# Longer than any page of ours computes; a slow processor is not played: Chromium would burn the time that it takes.
LATENCY_MS = 200


def slow_down(browser: Browser) -> None:
    """From now on each page of each context has a slow network, and keeps nothing in a cache."""
    quick = browser.new_context

    def new_context(**options: Any) -> BrowserContext:
        context = quick(**options)
        context.on("page", _slow_page)
        return context

    browser.new_context = new_context  # type: ignore[method-assign]


def _slow_page(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    unlimited = {"downloadThroughput": -1, "uploadThroughput": -1}
    devtools.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **unlimited})
