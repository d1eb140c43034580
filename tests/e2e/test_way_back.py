"""The browser's way back through the analyzer's pages."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.site import Site, eventually


def test_one_step_back_leads_to_the_page_before_with_its_choices(site: Site, page: Page) -> None:
    member = site.join()
    site.simulator("POST", f"/control/orders/{member.order.id}/pay", method="card", outcome="SUCCESS")
    eventually(lambda: site.subscription(member.person.username)["is_paid"])
    site.let_in(page.context, member.user)
    page.goto("/breadth?benchmark=NIFTY+500&asof=2026-10-28")
    chosen = page.get_by_text("Close of 28 Oct 2026, against NIFTY 500")
    expect(chosen).to_be_visible()
    entries = page.evaluate("history.length")

    page.get_by_role("link", name="Returns", exact=True).click()
    expect(page.get_by_role("heading", name="Returns", exact=True)).to_be_visible()
    expect(chosen).to_be_visible()
    expect(page).to_have_url(re.compile(r"/returns\?asof=2026-10-28&benchmark=NIFTY\+500$"))
    # What is written late would be another entry.
    expect(page.get_by_text("Growth in %, total return")).to_be_visible()
    assert page.evaluate("history.length") == entries + 1

    page.go_back()
    expect(page.get_by_role("heading", name="Breadth", exact=True)).to_be_visible()
    expect(chosen).to_be_visible()
    expect(page).to_have_url(re.compile(r"/breadth\?benchmark=NIFTY\+500&asof=2026-10-28$"))
