"""Every page on a phone, in light and dark: nothing scrolls sideways, breaks the policy or asks a foreign host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.e2e import journey
from tests.e2e.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, new_context
from tests.e2e.site import Member, Site, eventually
from tests.e2e.tills import TILLS
from tests.e2e.ways import SCREENS, Way

SCHEMES = ["light", "dark"]
# Streamlit asks for these under deep links, and its charts ask for a permission that we do not give.
EXPECTED_NOISE = re.compile(r"_stcore/(health|host-config)|wasm-eval")

# name: (who looks, address, a heading that is there when the page is)
PAGES = {
    "landing": ("visitor", "/", "See which sectors lead"),
    "register": ("visitor", "/register", "Create your account"),
    "login": ("visitor", "/login", "Log in"),
    "contact": ("visitor", "/contact", "Contact"),
    "refunds": ("visitor", "/refunds", "Refunds"),
    "terms": ("visitor", "/terms", "Terms"),
    "privacy": ("visitor", "/privacy", "Privacy"),
    "unpaid order": ("member", "/", "Complete your payment"),
    "locked dashboard": ("member", "/dashboard", "Dashboard"),
    "unpaid billing": ("member", "/billing", "Billing"),
    "return unpaid": ("member", "/?order_id={member}", ""),
    "return unknown": ("member", "/?order_id=ORDERAAAAAAAAAAAAAAA", ""),
    "welcome": ("subscriber", "/", "See which sectors lead"),
    "return paid": ("subscriber", "/?order_id={subscriber}", "Payment successful"),
    "dashboard": ("subscriber", "/dashboard", "Sector ranking"),
    "ranks": ("subscriber", "/ranks?weeks=52&mark=IT", "Ranks by week"),
    "places": ("subscriber", "/ranks?picture=Places", "Ranks by week"),
    "returns": ("subscriber", "/returns?growth=Relative&benchmark=NIFTY+500", "Returns"),
    "sector": ("subscriber", "/sector?name=Oil+%26+gas&asof=2024-03-13", "Sector"),
    "breadth": ("subscriber", "/breadth", "Breadth"),
    "rotation map": ("subscriber", "/rotation-map?tail=12&pick=IT", "Rotation Map"),
    "evidence": ("subscriber", "/evidence?top=1", "Evidence"),
    "watch-list": ("subscriber", "/watchlist", "Watch-list"),
    "alerts": ("subscriber", "/alerts", "Alerts & mail"),
    "method": ("subscriber", "/method?formula=map", "Method & data"),
    "method check": ("subscriber", "/method?part=Check+it&name=IT", "Method & data"),
    "method data": ("subscriber", "/method?part=Data", "Method & data"),
    "billing": ("subscriber", "/billing", "Billing"),
    "admin": ("admin", "/admin", "Admin"),
    "admin users": ("admin", "/admin?section=users", "Admin"),
    "admin orders": ("admin", "/admin?section=orders", "Admin"),
    "admin payments": ("admin", "/admin?section=payments", "Admin"),
    "admin events": ("admin", "/admin?section=events", "Admin"),
    "admin refunds": ("admin", "/admin?section=refunds", "Admin"),
    "admin mails": ("admin", "/admin?section=mails", "Admin"),
    "admin dead letters": ("admin", "/admin?section=dead-letters", "Admin"),
    "admin market data": ("admin", "/admin?section=market-data", "Admin"),
    "admin checks": ("admin", "/admin?section=checks", "Admin"),
    "admin order": ("admin", "/admin?section=orders&order={subscriber}", "Admin"),
}
WITH_CHART = {"dashboard", "places", "sector", "breadth", "rotation map", "evidence"}
# What pages say whose heading depends on how things stand, or that have none.
WITHOUT_HEADING = re.compile(r"could not find this order|ORDER[A-Z0-9]{15}")


@dataclass
class Visit:
    """What a page did while it was looked at."""

    overflow: int = 0
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


class Walker:
    """Visits pages on a phone, each once, as visitor, member, subscriber or admin."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._site = site
        self._member, self._subscriber = site.join(), site.join("annual")
        order = self._subscriber.order.id
        site.simulator("POST", f"/control/orders/{order}/pay", method="card", outcome="SUCCESS")
        eventually(lambda: site.subscription(self._subscriber.person.username)["is_paid"])
        self._visits: dict[tuple[str, str], Visit] = {}
        self._context = new_context(browser, site, viewport={"width": 390, "height": 844})

    def close(self) -> None:
        self._context.close()

    def open(self, scheme: Any, address: str) -> Page:
        """A page as a visitor sees it."""
        self._become("visitor")
        page = self._context.new_page()
        page.emulate_media(color_scheme=scheme)
        page.goto(address)
        return page

    def visit(self, name: str, scheme: str) -> Visit:
        if (name, scheme) not in self._visits:
            self._look(name)
        return self._visits[name, scheme]

    def _look(self, name: str) -> None:
        """Open a page in one scheme, and let the reader's device change to the other; every second begins dark."""
        role, address, heading = PAGES[name]
        self._become(role)
        page = self._context.new_page()
        schemes = SCHEMES if list(PAGES).index(name) % 2 else SCHEMES[::-1]
        page.emulate_media(color_scheme=schemes[0])
        for scheme in schemes:
            self._visits[name, scheme] = Visit()
        listen(page, self._visits[name, schemes[0]])
        page.goto(address.format(member=self._member.order.id, subscriber=self._subscriber.order.id))
        if heading:
            expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        else:
            expect(page.get_by_text(WITHOUT_HEADING).first).to_be_visible()
        expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
        if name in WITH_CHART:
            expect(page.locator(".stVegaLiteChart :is(canvas, svg)").first).to_be_visible()
        self._visits[name, schemes[0]].overflow = widest(page)
        listen(page, self._visits[name, schemes[1]])
        page.emulate_media(color_scheme=schemes[1])
        expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", schemes[1])
        if name == "dashboard":
            expect(page.locator(".stVegaLiteChart :is(canvas, svg)").first).to_be_visible()
        self._visits[name, schemes[1]].overflow = widest(page)
        page.close()

    def _become(self, role: str) -> None:
        self._context.clear_cookies(name="session")
        users = {"member": self._member.user, "subscriber": self._subscriber.user}
        if role in users:
            self._site.let_in(self._context, users[role])
        elif role == "admin":
            self._site.let_in(self._context, self._site.admin(ADMIN_EMAIL, ADMIN_PASSWORD))


# Streamlit scrolls inside of its main section, so the document's own width does not tell.
WIDEST_SCROLLER = """() => Math.max(...[...document.querySelectorAll('[data-testid="stMain"]')]
    .map((part) => part.scrollWidth - part.clientWidth), 0)"""


def widest(page: Page) -> int:
    """By how much the page is wider than the screen."""
    overflow = int(page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth"))
    return max(overflow, int(page.evaluate(WIDEST_SCROLLER)))


def listen(page: Page, visit: Visit) -> None:
    """Note every complaint of the browser and every host that is asked."""

    def complained(message: ConsoleMessage) -> None:
        words = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not EXPECTED_NOISE.search(words):
            visit.complaints.append(words)

    def asked(url: str) -> None:
        if not url.startswith(("blob:", "data:", "about:")):
            visit.hosts.add(url.split("/")[2])

    page.on("console", complained)
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("request", lambda request: asked(request.url))
    page.on("websocket", lambda socket: asked(socket.url))


@pytest.fixture(scope="module")
def walker(browser: Browser, site: Site) -> Iterator[Walker]:
    walker = Walker(browser, site)
    yield walker
    walker.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_scrolls_sideways_on_a_phone(walker: Walker, scheme: str, name: str) -> None:
    assert walker.visit(name, scheme).overflow <= 0


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_browser_has_nothing_to_complain_about(walker: Walker, scheme: str, name: str) -> None:
    assert walker.visit(name, scheme).complaints == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_only_our_own_host(site: Site, walker: Walker, name: str) -> None:
    asked = {host for scheme in SCHEMES for host in walker.visit(name, scheme).hosts}

    assert asked == {f"localhost:{site.port}"}


def test_a_dark_page_is_dark(site: Site, walker: Walker) -> None:
    page = walker.open("dark", "/login")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()

    colour = page.get_by_test_id("stApp").evaluate("element => getComputedStyle(element).backgroundColor")

    page.close()
    assert sum(int(part) for part in re.findall(r"\d+", colour)[:3]) < 120


@pytest.fixture(scope="module")
def whole_journey(browser: Browser, site: Site, way: Way) -> Iterator[tuple[Visit, str]]:
    """From the first page over the gateway to the dashboard."""
    context, till = new_context(browser, site, **SCREENS[way.screen]), TILLS[way.gateway]
    page, visit, widest = context.new_page(), Visit(), 0
    listen(page, visit)
    with site.selling_at(way.gateway):
        journey.register(page, journey.new_person())
    till.open(page)
    widest = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    till.enter_otp(page)
    journey.expect_paid(page)
    page.get_by_role("button", name="Go to Dashboard").click()
    journey.expect_dashboard(page)
    visit.overflow = widest
    yield visit, page.url
    context.close()


@pytest.mark.journey(together=True)
def test_the_whole_journey_asks_only_our_hosts(site: Site, whole_journey: tuple[Visit, str]) -> None:
    assert whole_journey[0].hosts == {f"localhost:{site.port}", f"127.0.0.1:{site.simulator_port}"}


@pytest.mark.journey(together=True)
def test_the_whole_journey_leaves_a_clean_console(whole_journey: tuple[Visit, str]) -> None:
    assert whole_journey[0].complaints == []


@pytest.mark.journey(together=True, screen="phone", because="a desktop has room for it")
def test_the_gateways_page_fits_a_phone(whole_journey: tuple[Visit, str]) -> None:
    assert whole_journey[0].overflow <= 0


@pytest.mark.journey(twice=True, screen="phone", because="a desktop has room for it")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_checkout_document_fits_a_phone_and_breaks_no_policy(
    browser: Browser, site: Site, member: Member, scheme: Any
) -> None:
    site.arm("sdk_unavailable")
    context = new_context(browser, site, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    site.let_in(context, member.user)
    page, visit = context.new_page(), Visit()
    listen(page, visit)

    page.goto(f"/checkout/{member.order.id}")
    expect(page.get_by_role("heading", name=re.compile("The payment (page )?did not open"))).to_be_visible()
    overflow = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")

    context.close()
    assert overflow <= 0
    assert [complaint for complaint in visit.complaints if "Content Security Policy" in complaint] == []
