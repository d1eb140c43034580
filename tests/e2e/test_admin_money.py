"""An admin gives money back and decides about a quarantined order; the subscriber sees what follows from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journey
from tests.e2e.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, new_context
from tests.e2e.site import Member, Site, eventually
from tests.e2e.ways import SCREENS, Way

pytestmark = pytest.mark.journey(together=True)


@pytest.fixture(scope="module")
def desk(browser: Browser, site: Site, way: Way) -> Iterator[Page]:
    """An admin's browser."""
    context = new_context(browser, site, **SCREENS[way.screen])
    site.let_in(context, site.admin(ADMIN_EMAIL, ADMIN_PASSWORD))
    yield context.new_page()
    context.close()


@pytest.fixture
def slow_bank(site: Site) -> Iterator[None]:
    """Razorpay's refunds stay with the bank; Cashfree's do when their reason says so."""
    site.simulator("POST", "/control/accounts/rzp_test_simulator", refund_result="pending")
    yield
    site.simulator("POST", "/control/accounts/rzp_test_simulator", refund_result="processed")


def pay(site: Site, member: Member) -> None:
    site.pay(member.order)
    eventually(lambda: site.subscription(member.person.username)["is_paid"])


def open_order(page: Page, order_id: str) -> None:
    page.goto(f"/admin?section=orders&order={order_id}")
    expect(page.get_by_role("heading", name=order_id)).to_be_visible()
    journey.expect_settled(page)


def ask_for_refund(page: Page, reason: str, rupees: str | None = None) -> None:
    """Both steps of the form; the amount is what is left unless another is given."""
    if rupees is not None:
        page.get_by_label("Amount in rupees").fill(rupees)
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Return ₹").click()
    expect(page.get_by_text("is requested.")).to_be_visible()


def test_a_full_refund_ends_access_and_the_subscriber_is_told_why(
    site: Site, desk: Page, page: Page, member: Member, gateway: str, slow_bank: None
) -> None:
    pay(site, member)
    open_order(desk, member.order.id)

    # The bank has it, and says later how it ended.
    ask_for_refund(desk, "PENDING")
    expect(desk.get_by_text("With the bank").first).to_be_visible()
    page.goto("/billing")
    expect(page.get_by_text("Refund of ₹499 is with your bank")).to_be_visible()
    expect(page.get_by_text("Monthly plan")).to_be_visible()
    (refund,) = site.rows(
        "SELECT r.refund_key, r.gateway_refund_id FROM refunds r JOIN payments p ON p.id = r.payment_id "
        "WHERE p.order_id = :id",
        id=member.order.id,
    )
    known_as = refund["refund_key"] if gateway == "cashfree" else refund["gateway_refund_id"]
    site.simulator("POST", f"/control/refunds/{known_as}/settle", outcome="SUCCESS")

    # The admin's page learns it by itself, the subscriber's when it is opened.
    expect(desk.get_by_text("Returned", exact=True).nth(1)).to_be_visible()
    page.goto("/dashboard")
    expect(page.get_by_text("No active subscription")).to_be_visible()
    expect(page.get_by_text("Your payment of ₹499 was returned")).to_be_visible()
    page.goto("/billing")
    expect(page.get_by_text("₹499 returned on")).to_be_visible()


def test_a_partial_refund_keeps_access(site: Site, desk: Page, page: Page, member: Member) -> None:
    pay(site, member)
    open_order(desk, member.order.id)

    ask_for_refund(desk, "SUCCESS", "99.50")

    eventually(lambda: site.rows(
        "SELECT 1 FROM refunds r JOIN payments p ON p.id = r.payment_id "
        "WHERE p.order_id = :id AND r.status = 'processed' AND r.amount_paise = 9950",
        id=member.order.id,
    ))  # fmt: skip
    page.goto("/billing")
    expect(page.get_by_text("₹99.50 returned on")).to_be_visible()
    page.goto("/dashboard")
    journey.expect_dashboard(page)
    open_order(desk, member.order.id)
    expect(desk.get_by_label("Amount in rupees")).to_have_value("399.50")


def test_a_double_click_is_one_refund(site: Site, desk: Page, member: Member) -> None:
    pay(site, member)
    open_order(desk, member.order.id)
    desk.get_by_label("Amount in rupees").fill("100")
    desk.get_by_label("Reason").fill("SUCCESS")
    desk.get_by_role("button", name="Continue").click()

    desk.get_by_role("button", name="Return ₹100").dblclick()

    expect(desk.get_by_text("is requested.")).to_be_visible()
    journey.expect_settled(desk)
    assert len(site.rows(
        "SELECT 1 FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.order_id = :id", id=member.order.id
    )) == 1  # fmt: skip


def test_a_quarantined_order_is_released_and_opens_access(
    site: Site, desk: Page, page: Page, member: Member
) -> None:
    site.arm("wrong_amount", operation="get_order", order_id=site.at_gateway(member.order.id))
    site.pay(member.order)
    eventually(lambda: site.orders(member.person.username)[-1]["status"] == "quarantined")
    open_order(desk, member.order.id)
    desk.get_by_role("button", name="Look again").click()
    expect(desk.get_by_text("still contradicts our books")).to_be_visible()
    site.simulator("DELETE", "/control/faults")

    desk.get_by_role("button", name="Look again").click()

    expect(desk.get_by_text("The order is paid and its access is open.")).to_be_visible()
    page.goto("/dashboard")
    journey.expect_dashboard(page)


def test_an_unpaid_order_is_checked_with_the_gateway(site: Site, desk: Page, member: Member) -> None:
    site.arm("drop_webhooks", order_id=site.at_gateway(member.order.id))
    site.pay(member.order)
    open_order(desk, member.order.id)

    desk.get_by_role("button", name="Check with the gateway").click()

    expect(desk.get_by_text("The order is now: Paid.")).to_be_visible()
    assert site.subscription(member.person.username)["is_paid"]


def test_the_checks_are_run_in_the_browser(desk: Page) -> None:
    desk.goto("/admin?section=checks")

    desk.get_by_role("button", name="Run now").click()

    expect(
        desk.get_by_text("All checks were run.").or_(desk.get_by_text("the alarms are below."))
    ).to_be_visible()
    desk.get_by_text("Show all").click()
    expect(desk.get_by_text("A paid order has exactly one primary payment.")).to_be_visible()
