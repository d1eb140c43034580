"""The integration guide's test cases 1, 2 and 3, walked as it writes them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import journey
from tests.e2e.journey import ANNUAL, MONTHLY, Person
from tests.e2e.site import Member, Site
from tests.e2e.tills import Till

pytestmark = pytest.mark.journey


def test_case_1_a_monthly_order_is_paid_and_opens_the_dashboard(
    site: Site, page: Page, second_device: Page, newcomer: Person, till: Till
) -> None:
    journey.register(page, newcomer, MONTHLY)
    order_id = journey.shown_order(page)
    till.pay_by_card(page)

    journey.expect_paid(page)
    assert site.subscription(newcomer.username)["status"] == "active"
    journey.log_in(second_device, newcomer.username)
    second_device.goto("/dashboard")
    journey.expect_dashboard(second_device)
    second_device.goto(f"{site.simulator_url}/dashboard")
    second_device.get_by_role("list", name="Transactions").get_by_role("link", name="Orders").click()
    row = second_device.get_by_role("row").filter(has_text=order_id)
    expect(row).to_contain_text("₹499")
    expect(row).to_contain_text(till.paid_word)


def test_case_2_an_annual_order_is_made_over_4990_rupees(
    site: Site, page: Page, newcomer: Person, till: Till
) -> None:
    journey.register(page, newcomer, ANNUAL)
    order_id = journey.shown_order(page)
    till.pay_by_card(page)

    journey.expect_paid(page)
    (at_gateway,) = site.truth(site.user(newcomer.username))
    assert (at_gateway["order_id"], at_gateway["amount_paise"], at_gateway["status"]) == (
        order_id,
        499_000,
        "PAID",
    )
    assert site.subscription(newcomer.username)["plan"] == "annual"


def test_case_3_skipping_the_payment_leaves_the_account_pending(
    site: Site, page: Page, newcomer: Person
) -> None:
    journey.register(page, newcomer)

    page.get_by_role("button", name="Skip Payment").click()

    expect(page.get_by_text("No active subscription")).to_be_visible()
    assert page.url == f"{site.url}/dashboard"
    subscription = site.subscription(newcomer.username)
    assert (subscription["status"], subscription["is_paid"]) == ("pending", False)


@pytest.mark.parametrize("path", ["/dashboard", "/billing"])
def test_case_3_a_skipped_payment_is_made_later_from_inside(
    site: Site, page: Page, member: Member, till: Till, path: str
) -> None:
    page.goto("/")
    page.get_by_role("button", name="Skip Payment").click()
    expect(page.get_by_text("No active subscription")).to_be_visible()

    page.goto(path)
    page.get_by_role("radiogroup", name="Plan").get_by_text(MONTHLY).click()
    page.get_by_role("button", name="Activate").click()
    till.expect_open(page)
    till.enter_otp(page)

    journey.expect_paid(page)
    assert site.subscription(member.person.username)["status"] == "active"


@pytest.mark.parametrize("path", ["/dashboard", "/billing"])
def test_case_3_the_plan_chosen_at_registration_stays_chosen_after_skipping(
    page: Page, member: Member, path: str
) -> None:
    page.goto("/")
    page.get_by_role("button", name="Skip Payment").click()
    expect(page.get_by_text("No active subscription")).to_be_visible()

    page.goto(path)

    expect(page.get_by_role("radio", name="Monthly Plan")).to_be_checked()


def test_case_3_a_skipped_payment_is_not_asked_for_again_on_the_first_page(
    page: Page, member: Member
) -> None:
    page.goto("/")
    page.get_by_role("button", name="Skip Payment").click()
    expect(page.get_by_text("No active subscription")).to_be_visible()

    page.goto("/")

    expect(page.get_by_role("button", name="Finish your payment")).to_be_visible()
    expect(page.get_by_role("button", name="Complete Payment")).to_have_count(0)
