"""`make screenshots`: walk through the product and take the pictures of the README, in docs/screenshots.

`python -m tests.e2e.screenshots FOLDER` takes every page in both schemes and widths into FOLDER instead.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from domain.views import VIEWS
from tests.chromium import FLAGS, find_chromium
from tests.e2e.conftest import start_site
from tests.e2e.journey import expect_paid, log_in, new_person, open_gateway, pay_by_card, register
from tests.e2e.site import Site
from tests.e2e.tills import TILLS

DOCS = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
IN_DOCS = {
    "landing-1440-light",
    "landing-390-dark",
    "checkout-1440-light",
    "upi-1440-light",
    "failover-1440-light",
    "gateway-1440-light",
    "return-1440-light",
    "dashboard-1440-light",
    "dashboard-1440-dark",
    "rotation-map-1440-light",
    "rotation-map-1440-dark",
    "ranks-1440-light",
    "sector-1440-dark",
    "evidence-1440-light",
    "billing-1440-light",
    "admin-1440-light",
}

Scheme = Literal["light", "dark"]


def main(folder: Path | None) -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        site = start_site(Path(name))
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            for width, height in ((1440, 900), (390, 844)):
                for scheme in ("light", "dark"):
                    _walk(browser, site, width, height, scheme, _camera(folder, width, scheme))
        finally:
            browser.close()
            site.stop()


def _camera(folder: Path | None, width: int, scheme: Scheme) -> Callable[[Page, str], None]:
    def shoot(page: Page, name: str) -> None:
        full = f"{name}-{width}-{scheme}"
        if folder is None and full not in IN_DOCS:
            return
        target = folder or DOCS
        target.mkdir(parents=True, exist_ok=True)
        page.wait_for_load_state("load")
        # Not until the network is idle: Streamlit's download buttons ask for their file and never read it.
        expect(page.locator("[data-test-script-state=running]")).to_have_count(0, timeout=20_000)
        # Elements whose code is still on its way are grey bars.
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=20_000)
        # A chart is drawn after its element appears; fonts are loaded before it is measured.
        page.evaluate("document.fonts.ready")
        page.wait_for_timeout(600)
        page.screenshot(path=target / f"{full}.png", full_page=True)

    return shoot


def _walk(
    browser: Browser, site: Site, width: int, height: int, scheme: Scheme, shoot: Callable[[Page, str], None]
) -> None:
    def visitor() -> Page:
        context = browser.new_context(
            base_url=site.url, viewport={"width": width, "height": height}, color_scheme=scheme
        )
        context.set_default_timeout(20_000)
        return context.new_page()

    page = visitor()
    for path, name in (
        ("/", "landing"), ("/register", "register"), ("/login", "login"), ("/forgot", "forgot"),
        ("/contact", "contact"), ("/refunds", "refunds"), ("/terms", "terms"), ("/privacy", "privacy"),
    ):  # fmt: skip
        page.goto(path)
        page.get_by_role("heading").first.wait_for()
        shoot(page, name)

    register(page, new_person())
    shoot(page, "checkout")
    page.get_by_role("button", name="Skip Payment").click()
    page.get_by_text("No active subscription").first.wait_for()
    shoot(page, "no-subscription")
    page.context.close()

    _walk_razorpay(site, visitor, shoot)

    page = visitor()
    person = new_person()
    register(page, person)
    page.goto(site.link_sent_to(person.email, "verify_email"))
    page.get_by_role("button", name="Confirm this address").wait_for()
    shoot(page, "verify")
    page.goto("/")
    open_gateway(page)
    shoot(page, "gateway")
    page.go_back()
    page.goto("/")
    pay_by_card(page, otp="9999")
    page.get_by_role("button", name="Return to merchant").click()
    page.get_by_role("heading", name="Payment failed").wait_for()
    shoot(page, "failed")
    page.goto("/")
    pay_by_card(page)
    expect_paid(page)
    shoot(page, "return")
    for path in (*VIEWS, "billing", "account"):
        page.goto(f"/{path}")
        page.get_by_role("heading").first.wait_for()
        shoot(page, path)
    page.context.close()

    page = visitor()
    log_in(page, "admin@example.com", "AdminPass123")
    for section in (
        "overview",
        "orders",
        "payments",
        "refunds",
        "events",
        "mails",
        "dead-letters",
        "checks",
        "market-data",
    ):
        page.goto(f"/admin?section={section}")
        page.get_by_role("heading").first.wait_for()
        shoot(page, "admin" if section == "overview" else f"admin-{section}")
    page.goto("/account")
    page.get_by_label("Your password").fill("AdminPass123")
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("img", name="QR code").wait_for()
    shoot(page, "second-factor")
    page.goto(f"{site.simulator_url}/dashboard")
    shoot(page, "simulator")
    page.context.close()


def _walk_razorpay(site: Site, visitor: Callable[[], Page], shoot: Callable[[Page, str], None]) -> None:
    """The other gateway: chosen, its code, its window, and what stands there when one is down."""
    page, member = visitor(), site.join(gateway="razorpay")
    site.let_in(page.context, member.user)
    page.goto("/")
    page.get_by_role("button", name="Pay by UPI").wait_for()
    shoot(page, "choice")
    page.get_by_role("button", name="Pay by UPI").click()
    page.get_by_role("heading", name="Pay ₹499 by UPI").wait_for()
    shoot(page, "upi")
    page.goto(f"/checkout/{member.order.id}")
    TILLS["razorpay"].expect_open(page)
    shoot(page, "razorpay")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Close checkout").click()
    page.get_by_role("heading", name="You closed the payment").wait_for()
    shoot(page, "razorpay-closed")
    page.context.close()

    page = visitor()
    site.arm("outage", gateway="cashfree")
    register(page, new_person())
    page.get_by_role("button", name="Pay with Razorpay").wait_for()
    shoot(page, "failover")
    site.simulator("DELETE", "/control/faults")
    page.context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
