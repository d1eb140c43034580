"""A UPI code of the gateway's own: scanned from a desktop, opened on a phone, and where the account has none."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import journey
from tests.e2e.site import Member, Site
from tests.e2e.tills import RazorpayTill

ONLY_RAZORPAY = "Cashfree gives no UPI link that can be shown on our page"
pytestmark = pytest.mark.journey(gateway="razorpay", because=ONLY_RAZORPAY)


def ask_for_code(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Pay by UPI").click()
    expect(page.get_by_role("heading", name="Pay ₹499 by UPI")).to_be_visible()


def answer_on_phone(page: Page, site: Site, link: str, answer: str) -> None:
    """What the payer's app does with a link."""
    page.goto(f"{site.simulator_url}/upi?link={quote(link, safe='')}")
    page.get_by_role("button", name=answer).click()


def link_of(page: Page) -> str:
    return str(page.get_by_text("Open a UPI app").get_attribute("href"))


@pytest.mark.journey(screen="desktop", because=f"{ONLY_RAZORPAY}; a phone shows a button, no code")
def test_a_code_scanned_from_the_desktop_opens_access_without_a_click(
    site: Site, page: Page, second_device: Page, member: Member
) -> None:
    ask_for_code(page)
    picture = page.get_by_role("img", name="UPI QR code of this order")
    expect(picture).to_be_visible()
    expect(page.get_by_text("more minutes to pay.")).to_be_visible()
    expect(page.get_by_text("Open a UPI app")).to_be_hidden()

    answer_on_phone(second_device, site, link_of(page), "Approve")

    journey.expect_paid(page)
    assert [p["group"] for p in site.gateway_payments(member.order.id)] == ["upi"]
    assert site.subscription(member.person.username)["status"] == "active"


@pytest.mark.journey(screen="phone", because=f"{ONLY_RAZORPAY}; a desktop shows a code, no button")
def test_on_a_phone_a_button_opens_the_app_with_the_gateways_own_link(
    site: Site, page: Page, second_device: Page, member: Member
) -> None:
    ask_for_code(page)
    expect(page.get_by_text("Open a UPI app")).to_be_visible()
    expect(page.get_by_role("img", name="UPI QR code of this order")).to_be_hidden()
    link = link_of(page)

    answer_on_phone(second_device, site, link, "Approve")

    journey.expect_paid(page)
    assert link.startswith("upi://pay?pa=")
    assert "am=499" in link


def test_a_payment_that_is_declined_in_the_app_is_told_and_a_new_code_pays(
    site: Site, page: Page, second_device: Page, member: Member
) -> None:
    ask_for_code(page)
    first = link_of(page)
    answer_on_phone(second_device, site, first, "Decline")
    expect(page.get_by_role("heading", name="Payment failed")).to_be_visible()

    page.get_by_role("button", name="Pay by UPI").click()
    expect(page.get_by_role("heading", name="Pay ₹499 by UPI")).to_be_visible()
    second = link_of(page)
    answer_on_phone(second_device, site, second, "Approve")

    journey.expect_paid(page)
    assert first != second
    assert [p["status"] for p in site.gateway_payments(member.order.id)] == ["FAILED", "SUCCESS"]


# The last one: the application remembers it for an hour.
@pytest.mark.journey(
    screen="phone", because=f"{ONLY_RAZORPAY}; tried once, last: it is remembered for an hour"
)
def test_an_account_without_upi_links_leads_to_the_checkout_and_offers_no_code_any_more(
    site: Site, page: Page, member: Member
) -> None:
    site.simulator("POST", "/control/accounts/rzp_test_simulator", upi_intent=False)
    try:
        page.goto("/")
        page.get_by_role("button", name="Pay by UPI").click()
        RazorpayTill().expect_open(page)
    finally:
        site.simulator("POST", "/control/accounts/rzp_test_simulator", upi_intent=True)

    page.goto("/")

    expect(page.get_by_role("button", name="Complete Payment")).to_be_visible()
    expect(page.get_by_role("button", name="Pay by UPI")).to_have_count(0)
