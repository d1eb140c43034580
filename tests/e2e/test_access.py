"""Who may see what: visitors, members, and other people's orders."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.sessions import issue_ticket
from tests.e2e import journey
from tests.e2e.conftest import new_context
from tests.e2e.site import Member, Site


@pytest.mark.parametrize("path", ["dashboard", "billing", "admin"])
def test_a_visitor_of_an_inner_page_is_led_to_the_log_in(site: Site, page: Page, path: str) -> None:
    page.goto(f"/{path}")

    expect(page.get_by_label("Email or username")).to_be_visible()
    expect(page).to_have_url(f"{site.url}/login?next={path}")


@pytest.mark.parametrize(("path", "heading"), [("dashboard", "Dashboard"), ("billing", "Billing")])
def test_logging_in_leads_back_to_the_page_that_was_asked_for(
    site: Site, page: Page, path: str, heading: str
) -> None:
    person = site.join().person
    page.goto(f"/{path}")

    journey.fill_log_in(page, person.username)

    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    expect(page).to_have_url(f"{site.url}/{path}")


def test_a_wrong_password_lets_nobody_in(site: Site, page: Page) -> None:
    person = site.join().person
    page.goto("/login")

    journey.fill_log_in(page, person.username, "NotThePassword1")

    expect(page.get_by_text("is not right")).to_be_visible()
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)


@pytest.mark.journey
def test_logging_out_closes_the_inner_pages(page: Page, member: Member) -> None:
    page.goto("/dashboard")

    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/")
    page.goto("/dashboard")

    expect(page.get_by_label("Email or username")).to_be_visible()


@pytest.mark.journey
def test_a_member_without_a_payment_finds_no_active_subscription(page: Page, member: Member) -> None:
    page.goto("/dashboard")

    expect(page.get_by_text("No active subscription")).to_be_visible()
    expect(page.get_by_role("heading", name="Sector ranking")).to_have_count(0)


@pytest.mark.journey
def test_another_members_checkout_is_not_found(site: Site, context: BrowserContext, member: Member) -> None:
    other = site.join(gateway=member.order.gateway)

    reply = context.request.get(f"/checkout/{other.order.id}", max_redirects=0)

    assert reply.status == 404
    key = other.order.payment_session_id or site.at_gateway(other.order.id)
    assert key not in reply.text()


@pytest.mark.journey
def test_a_checkout_that_does_not_exist_is_not_found(context: BrowserContext, member: Member) -> None:
    assert context.request.get("/checkout/ORDERAAAAAAAAAAAAAAA", max_redirects=0).status == 404


@pytest.mark.parametrize("gateway", ["cashfree", "razorpay"])
def test_a_visitor_is_led_from_a_checkout_to_the_log_in(site: Site, gateway: str) -> None:
    reply = site.get(f"/checkout/{site.join(gateway=gateway).order.id}")

    assert (reply.status_code, reply.headers["location"].partition("?")[0]) == (303, "/login")


def test_a_cookie_of_nobody_opens_nothing(site: Site, context: BrowserContext, page: Page) -> None:
    context.add_cookies([{"name": "session", "value": "x" * 43, "url": site.url}])

    page.goto("/dashboard")

    expect(page.get_by_label("Email or username")).to_be_visible()


def test_a_sign_in_ticket_of_another_browser_signs_nobody_in(site: Site, page: Page) -> None:
    ticket = issue_ticket(site.services, site.join().user, browser_token="another-browser")
    page.goto(f"/auth/session?ticket={ticket}&next=/dashboard")

    expect(page.get_by_label("Email or username")).to_be_visible()
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)


def test_a_browser_that_kept_our_page_but_lost_its_cookies_can_log_in(browser: Browser, site: Site) -> None:
    # As on the morning after: session cookies end with the browser, its cache does not.
    person, context = site.join().person, new_context(browser, site)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="Create Account & Subscribe")).to_be_visible()
    context.clear_cookies()

    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Log in").click()
    journey.fill_log_in(page, person.username)

    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    context.close()
