"""However often somebody clicks, reloads or opens another tab: one open order per purchase, and one payment."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e import journey
from tests.e2e.journey import ANNUAL, Person
from tests.e2e.site import Member, Site, eventually
from tests.e2e.tills import Till

pytestmark = pytest.mark.journey


def open_orders(site: Site, username: str) -> list[str]:
    return [o["id"] for o in site.orders(username) if o["status"] in {"creating", "unknown", "created"}]


def test_a_double_click_on_registering_makes_one_account_and_one_order(
    site: Site, page: Page, newcomer: Person
) -> None:
    page.goto("/")
    journey.fill_registration(page, newcomer)

    page.get_by_role("button", name="Create Account & Subscribe").dblclick()
    expect(page.get_by_role("button", name="Complete Payment")).to_be_visible()

    assert len(site.orders(newcomer.username)) == 1
    assert len(site.truth(site.user(newcomer.username))) == 1


@pytest.mark.journey
def test_a_double_click_on_complete_payment_opens_one_order(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")

    page.get_by_role("button", name="Complete Payment").dblclick()
    till.expect_open(page)

    assert [o["id"] for o in site.orders(member.person.username)] == [member.order.id]
    assert [o["order_id"] for o in site.truth(member.user)] == [member.order.id]


def test_reloading_the_unpaid_order_opens_no_other(site: Site, page: Page, member: Member) -> None:
    page.goto("/")
    for _ in range(3):
        expect(page.get_by_role("button", name="Complete Payment")).to_be_visible()
        page.reload()

    expect(page.get_by_text(member.order.id).first).to_be_visible()
    assert [o["order_id"] for o in site.truth(member.user)] == [member.order.id]


@pytest.mark.journey(twice=True)
def test_two_tabs_pay_the_same_order_once(
    site: Site, page: Page, context: BrowserContext, member: Member, till: Till
) -> None:
    other = context.new_page()
    for tab in (page, other):
        tab.goto("/")
        till.open(tab)

    till.enter_otp(page)
    journey.expect_paid(page)
    till.press_pay(other)

    expect(till.screen(other).get_by_role("heading", name="This order is already paid")).to_be_visible()
    assert [p["status"] for p in site.gateway_payments(member.order.id)] == ["SUCCESS"]
    assert len(site.truth(member.user)) == 1


def test_the_back_button_leads_from_the_gateway_to_a_page_that_can_still_pay(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.open(page)

    page.go_back()
    # Chromium keeps the checkout document in its history or drops it, as fast as it was left.
    page.get_by_role("button", name=re.compile("Open the payment page again|Complete Payment")).click()
    till.expect_open(page)
    till.enter_otp(page)

    journey.expect_paid(page)
    assert [o["order_id"] for o in site.truth(member.user)] == [member.order.id]


@pytest.mark.journey
def test_the_back_button_after_paying_does_not_ask_for_money_again(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.pay_by_card(page)
    journey.expect_paid(page)

    page.goto(f"/checkout/{member.order.id}")

    journey.expect_paid(page)
    assert len(site.gateway_payments(member.order.id)) == 1


def test_another_plan_before_paying_replaces_the_order(site: Site, page: Page, member: Member) -> None:
    page.goto("/")

    page.get_by_role("button", name=f"Change to {ANNUAL}").click()
    expect(page.get_by_text("₹4,990").first).to_be_visible()
    expect(page.get_by_text(member.order.id)).to_have_count(0)

    statuses = {o["id"]: (o["status"], o["amount_paise"]) for o in site.orders(member.person.username)}
    assert statuses.pop(member.order.id) in {("superseded", 49_900), ("terminated", 49_900)}
    assert list(statuses.values()) == [("created", 499_000)]


@pytest.mark.journey(gateway="cashfree", because="Razorpay has no call that closes an order")
def test_a_replaced_order_is_closed_at_the_gateway(site: Site, page: Page, member: Member) -> None:
    page.goto("/")

    page.get_by_role("button", name=f"Change to {ANNUAL}").click()
    expect(page.get_by_text(member.order.id)).to_have_count(0)

    def status_at_gateway() -> str:
        (order,) = [o for o in site.truth(member.user) if o["order_id"] == member.order.id]
        return str(order["status"])

    eventually(lambda: status_at_gateway().startswith("TERMINAT"))


def test_the_new_plan_is_what_is_paid(site: Site, page: Page, member: Member, till: Till) -> None:
    page.goto("/")
    page.get_by_role("button", name=f"Change to {ANNUAL}").click()
    expect(page.get_by_text(member.order.id)).to_have_count(0)

    till.pay_by_card(page)

    journey.expect_paid(page)
    (order_id,) = [o["id"] for o in site.orders(member.person.username) if o["status"] == "paid"]
    assert [p["amount_paise"] for p in site.gateway_payments(order_id)] == [499_000]
    assert site.subscription(member.person.username)["plan"] == "annual"


def test_changing_the_plan_to_and_fro_leaves_one_open_order(site: Site, page: Page, member: Member) -> None:
    page.goto("/")

    page.get_by_role("button", name=f"Change to {ANNUAL}").click()
    page.get_by_role("button", name="Change to Monthly").click()
    expect(page.get_by_role("button", name=f"Change to {ANNUAL}")).to_be_visible()

    assert len(open_orders(site, member.person.username)) == 1
