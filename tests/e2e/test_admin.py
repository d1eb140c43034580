"""What an admin finds about a new subscriber, and what a subscriber finds of the admin panel: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journey
from tests.e2e.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, new_context
from tests.e2e.site import Member, Site, eventually
from tests.e2e.ways import SCREENS, Way

pytestmark = pytest.mark.journey(together=True)


@dataclass(frozen=True)
class Office:
    """An admin's browser, and a member who has paid."""

    page: Page
    subscriber: Member


@pytest.fixture(scope="module")
def office(browser: Browser, site: Site, way: Way) -> Iterator[Office]:
    subscriber = site.join(gateway=way.gateway)
    site.pay(subscriber.order)
    eventually(lambda: site.subscription(subscriber.person.username)["is_paid"])
    context = new_context(browser, site, **SCREENS[way.screen])
    page = context.new_page()
    page.goto("/admin")
    journey.fill_log_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)
    expect(page.get_by_role("heading", name="Admin", level=1)).to_be_visible()
    yield Office(page, subscriber)
    context.close()


def search(page: Page, words: str) -> None:
    page.goto("/admin")
    box = page.get_by_label("Search users and orders")
    box.fill(words)
    box.press("Enter")


def open_section(page: Page, name: str) -> None:
    page.goto("/admin")
    page.get_by_role("radio", name=name, exact=True).click()
    # The overview's own table has the same rows: its head and rows must be gone, not only the new ones come.
    expect(page.locator(f".st-key-admin-{name.lower()}-foot")).to_be_visible()
    journey.expect_settled(page)


def test_logging_in_for_the_admin_page_leads_there(site: Site, office: Office) -> None:
    search(office.page, "")

    expect(office.page.get_by_role("link", name="Admin", exact=True)).to_be_visible()


@pytest.mark.parametrize("words", ["username", "email", "order_id", "payment_id"])
def test_an_admin_finds_the_subscriber_by(site: Site, office: Office, words: str) -> None:
    subscriber = office.subscriber
    known = {
        "username": subscriber.person.username,
        "email": subscriber.person.email,
        "order_id": subscriber.order.id,
        "payment_id": site.gateway_payments(subscriber.order.id)[0]["payment_id"],
    }

    search(office.page, str(known[words]))

    expect(office.page.get_by_role("link", name=subscriber.person.username).first).to_be_visible()


def test_the_subscribers_page_shows_access_order_and_payment(site: Site, office: Office) -> None:
    page, subscriber = office.page, office.subscriber
    search(page, subscriber.person.username)

    page.get_by_role("link", name=subscriber.person.username).first.click()

    expect(page.get_by_role("heading", name=subscriber.person.full_name)).to_be_visible()
    expect(page.get_by_text("Active", exact=True).first).to_be_visible()
    expect(page.get_by_text(subscriber.order.id).first).to_be_visible()
    expect(page.get_by_text(site.gateway_payments(subscriber.order.id)[0]["payment_id"])).to_be_visible()


def test_the_payment_is_listed(office: Office) -> None:
    open_section(office.page, "Payments")

    row = journey.shown_row(office.page, office.subscriber.order.id)
    expect(row).to_contain_text("Captured")
    expect(row).to_contain_text("₹499")


def test_the_webhook_is_listed(site: Site, office: Office) -> None:
    def all_processed() -> bool:
        events = site.rows(
            "SELECT status FROM gateway_events WHERE order_id = :id", id=office.subscriber.order.id
        )
        return {event["status"] for event in events} == {"processed"}

    eventually(all_processed)

    open_section(office.page, "Events")

    # Razorpay tells of one payment by several events.
    row = journey.shown_row(office.page, office.subscriber.order.id).first
    expect(row).to_contain_text("Processed")


def test_the_receipt_mail_can_be_read(site: Site, office: Office) -> None:
    page, subscriber = office.page, office.subscriber
    rows = site.rows(
        "SELECT id FROM emails WHERE to_address = :to AND kind = 'receipt'", to=subscriber.person.email
    )
    open_section(page, "Mails")
    expect(journey.shown_row(page, subscriber.person.email).first).to_be_visible()

    page.goto(f"/admin?mail={rows[0]['id']}")

    expect(page.get_by_text(subscriber.order.id).first).to_be_visible()
    expect(page.get_by_text("₹499").first).to_be_visible()


def test_a_subscriber_gets_nothing_of_the_admin_panel(page: Page, member: Member) -> None:
    page.goto("/admin")

    expect(page.get_by_text("This page is not available to your account")).to_be_visible()
    expect(page.get_by_label("Search users and orders")).to_have_count(0)
    expect(page.get_by_text("Active subscribers")).to_have_count(0)
    expect(page.get_by_role("link", name="Admin")).to_have_count(0)


def test_a_subscriber_reads_no_mail_by_its_address(
    site: Site, page: Page, office: Office, member: Member
) -> None:
    rows = site.rows("SELECT id FROM emails WHERE to_address = :to", to=office.subscriber.person.email)

    page.goto(f"/admin?section=mails&mail={rows[0]['id']}")

    expect(page.get_by_text("This page is not available to your account")).to_be_visible()
    expect(page.get_by_text(office.subscriber.person.email)).to_have_count(0)
