"""The Rotation Map as a reader uses it: with the keyboard, by pressing sectors, and from a link."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.site import Site, eventually


def test_the_map_moves_isolates_plays_and_can_be_linked_to(site: Site, page: Page) -> None:
    member = site.join()
    site.simulator("POST", f"/control/orders/{member.order.id}/pay", method="card", outcome="SUCCESS")
    eventually(lambda: site.subscription(member.person.username)["is_paid"])
    site.let_in(page.context, member.user)
    page.goto("/rotation-map")
    drawn = page.get_by_role("img", name="Rotation Map, week to 30 Oct 2026")
    expect(drawn).to_be_visible()
    expect(page.locator(".sector")).to_have_count(31)
    # The bar above says whose page it is.
    bar = page.get_by_test_id("stTopNavLink")
    expect(bar.filter(has_text="Dashboard").locator("p")).to_have_css("font-weight", "600")
    expect(bar.filter(has_text="Billing").locator("p")).to_have_css("font-weight", "400")

    # The keyboard moves a week, and the address follows.
    drawn.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("img", name="Rotation Map, week to 23 Oct 2026")).to_be_visible()
    expect(page).to_have_url(re.compile("week=2026-10-23"))
    expect(page.get_by_text("Week to 23 Oct 2026. x: trend")).to_be_visible()

    # A press isolates a sector: the others fade, Python draws its line, the address names it.
    page.get_by_role("button", name=re.compile("^Pharma")).click()
    expect(page.locator(".sector.faded")).to_have_count(30)
    expect(page.get_by_text("Pharma ÷ NIFTY 50, weekly closes")).to_be_visible()
    expect(page).to_have_url(re.compile("pick=Pharma"))

    # Play runs to the newest week and stops there.
    page.get_by_label("Speed").last.select_option("8")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("img", name="Rotation Map, week to 30 Oct 2026")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")

    # The link opens what it shows.
    page.goto("/rotation-map?week=2026-05-15&tail=16&pick=IT&pick=Realty")
    expect(page.get_by_role("img", name="Rotation Map, week to 15 May 2026")).to_be_visible()
    expect(page.locator(".sector.faded")).to_have_count(29)
    expect(page.get_by_text("16 weeks", exact=True)).to_be_visible()
    page.locator(".sector.strong .reach").first.hover()
    expect(page.locator(".tip")).to_contain_text("Week to 15 May 2026")

    # Another benchmark keeps week and picks.
    page.get_by_text("NIFTY 500", exact=True).click()
    expect(page.get_by_text("IT, Realty ÷ NIFTY 500")).to_be_visible()
    expect(page.locator(".sector.faded")).to_have_count(29)


# The visible names whose boxes share more than a line's edge with another's.
_UPON_ANOTHER = """texts => {
  const seen = texts.filter(text => text.style.display !== "none");
  const shown = seen.map(text => [text.textContent, text.getBoundingClientRect()]);
  const across = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = (a, b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  const meets = ([name, a]) => shown.some(([other, b]) => other !== name && across(a, b) > 1 && down(a, b) > 3);
  return { shown: shown.length, upon: shown.filter(meets).map(([name]) => name) };
}"""


def test_no_name_lies_upon_another_on_desktop_or_phone(site: Site, page: Page) -> None:
    member = site.join()
    site.simulator("POST", f"/control/orders/{member.order.id}/pay", method="card", outcome="SUCCESS")
    eventually(lambda: site.subscription(member.person.username)["is_paid"])
    site.let_in(page.context, member.user)
    names = page.locator(".sector text")

    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/rotation-map")
    expect(names).to_have_count(31)
    expect(page.locator("svg.narrow")).to_have_count(0)
    page.evaluate("document.fonts.ready.then(() => true)")
    assert names.evaluate_all(_UPON_ANOTHER) == {"shown": 31, "upon": []}

    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("svg.narrow")).to_be_visible()
    found = names.evaluate_all(_UPON_ANOTHER)
    assert found["upon"] == []
    assert found["shown"] >= 15

    # A name from the end of the list is pressed, and the map is still in sight to show it.
    page.get_by_role("button", name=re.compile("^IT")).click()
    expect(page.locator(".sector.strong text")).to_have_text("IT")
    expect(page.locator(".sector.strong .head")).to_be_in_viewport()
