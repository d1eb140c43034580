"""Prices as an admin sends them from a browser, under the security policy: refused, reported row by row, stored."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.e2e import journey
from tests.e2e.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, new_context
from tests.e2e.site import Site

GOOD = b"date,symbol,close\n2026-03-09,NIFTY IT,30100.5\n2026-03-10,NIFTY IT,30150.5\n"
BAD = GOOD + b"2026-03-10,NIFTY BANK,-4\n10-13-2026,NIFTY BANK,4\n"


def test_prices_are_sent_from_a_browser(browser: Browser, site: Site) -> None:
    context = new_context(browser, site)
    page = context.new_page()
    refused_by_policy: list[str] = []
    page.on("console", lambda m: refused_by_policy.append(m.text) if "Content Security" in m.text else None)
    page.goto("/admin?section=market-data")
    journey.fill_log_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)
    expect(page.get_by_role("heading", name="Admin", level=1)).to_be_visible()
    page.goto("/admin?section=market-data")
    chooser = page.locator('[data-testid="stFileUploader"] input[type="file"]')

    chooser.set_input_files({"name": "large.csv", "mimeType": "text/csv", "buffer": b"x" * (5 * 1024 * 1024)})
    expect(page.get_by_text("4.0MB or smaller")).to_be_visible()
    page.reload()
    chooser.set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": BAD})

    expect(page.get_by_text("The close is -4. A close is a number above zero.")).to_be_visible()
    expect(page.get_by_text("“10-13-2026” is no date of a session.")).to_be_visible()
    page.reload()
    chooser.set_input_files({"name": "good.csv", "mimeType": "text/csv", "buffer": GOOD})
    page.get_by_role("button", name="Store 2 rows").click()
    expect(page.get_by_text("Stored: 2 new closes")).to_be_visible()
    assert refused_by_policy == []
    context.close()
