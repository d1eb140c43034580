"""`make bench`: how long a first and a second start take, and how quickly a visitor sees the first page.

The one ratio that can fail: a second start must not be slower than the first, which also makes the database.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.chromium import FLAGS, find_chromium
from tests.e2e.conftest import start_site
from tests.e2e.journey import new_person, pay_by_card, register

_NOISE = 1.5


def main() -> int:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        first = _start(folder)
        second = _start(folder)
        print(f"first start (makes the database, starts the simulator)   {first:6.2f} s")
        print(f"second start                                             {second:6.2f} s")
        site = start_site(folder)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            page = browser.new_context(base_url=site.url).new_page()
            _journey(page)
        finally:
            browser.close()
            site.stop()
    if second > first * _NOISE:
        print(f"FAILED: the second start took {second / first:.1f} times the first")
        return 1
    return 0


def _start(folder: Path) -> float:
    began = time.perf_counter()
    site = start_site(folder)
    seconds = time.perf_counter() - began
    site.stop()
    return seconds


def _journey(page: Page) -> None:
    _report("landing page, until the form can be typed into", lambda: _open(page))
    _report("registration to unpaid order", lambda: register(page, new_person()))
    _report("unpaid order to 'Payment successful', card and OTP", lambda: _pay(page))


def _open(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Full name").wait_for()


def _pay(page: Page) -> None:
    pay_by_card(page)
    page.get_by_role("heading", name="Payment successful").wait_for()


def _report(what: str, do: Callable[[], None]) -> None:
    began = time.perf_counter()
    do()
    print(f"{what:<56} {time.perf_counter() - began:6.2f} s")


if __name__ == "__main__":
    sys.exit(main())
