"""Two gateways on one page: the choice, the way out when one is down, a purchase that was paid at both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import journey
from tests.e2e.conftest import new_context
from tests.e2e.journey import new_person
from tests.e2e.site import Member, Site, eventually
from tests.e2e.tills import TILLS, RazorpayTill

RAZORPAY = RazorpayTill()
WATCH = (
    "window.refused = []; document.addEventListener('securitypolicyviolation', "
    "e => window.refused.push(`${e.effectiveDirective} ${e.blockedURI}`))"
)


def refuse_orders(site: Site) -> None:
    """Cashfree opens no orders until the end of the test; its other calls keep its circuit breaker closed."""
    site.arm("http_503", gateway="cashfree", operation="create_order")


@pytest.fixture
def without_scripts(browser: Browser, site: Site, member: Member) -> Iterator[Page]:
    context = new_context(browser, site, java_script_enabled=False)
    site.let_in(context, member.user)
    yield context.new_page()
    context.close()


def test_the_buyer_chooses_the_other_gateway_and_pays_there(site: Site, page: Page, member: Member) -> None:
    page.goto("/")
    page.get_by_role("radiogroup", name="Pay with").get_by_text("Razorpay").click()
    expect(page.get_by_text("secure page of Razorpay")).to_be_visible()

    RAZORPAY.pay_by_card(page)

    journey.expect_paid(page)
    orders = {order["gateway"]: order["status"] for order in site.orders(member.person.username)}
    assert orders.pop("cashfree") in {"superseded", "terminated"}
    assert orders == {"razorpay": "paid"}


def test_choosing_back_and_forth_makes_no_orders(site: Site, page: Page, member: Member) -> None:
    page.goto("/")
    group = page.get_by_role("radiogroup", name="Pay with")
    for name in ("Razorpay", "Cashfree"):
        group.get_by_text(name).click()
        expect(page.get_by_text(f"secure page of {name}")).to_be_visible()

    assert [order["id"] for order in site.orders(member.person.username)] == [member.order.id]


def test_when_the_gateway_is_down_the_other_is_one_click_away_in_the_same_purchase(
    site: Site, page: Page
) -> None:
    refuse_orders(site)
    person = new_person()

    journey.register(page, person)
    told = page.get_by_text("Cashfree temporarily unavailable")
    expect(told).to_contain_text("nothing was charged")
    page.get_by_role("button", name="Pay with Razorpay").click()
    RAZORPAY.expect_open(page)
    RAZORPAY.enter_otp(page)

    journey.expect_paid(page)
    orders = site.orders(person.username)
    assert [order["gateway"] for order in orders if order["status"] == "paid"] == ["razorpay"]
    assert len({order["checkout_id"] for order in orders}) == 1


@pytest.mark.parametrize("gateway", ["razorpay"])
def test_extending_while_the_gateway_is_down_leads_to_the_page_that_offers_the_other(
    site: Site, page: Page, member: Member
) -> None:
    number = site.at_gateway(member.order.id)
    site.simulator("POST", f"/control/orders/{number}/pay", method="card", outcome="SUCCESS")
    eventually(lambda: site.subscription(member.person.username)["is_paid"])
    refuse_orders(site)
    page.goto("/billing")

    page.get_by_role("button", name="Extend by a month").click()

    expect(page.get_by_text("Cashfree temporarily unavailable")).to_contain_text("nothing was charged")
    page.get_by_role("button", name="Pay with Razorpay").click()
    RAZORPAY.expect_open(page)


@pytest.mark.parametrize("gateway", ["razorpay"])
def test_who_pays_at_both_gateways_has_one_period_and_gets_one_payment_back(
    site: Site, page: Page, context: BrowserContext, member: Member
) -> None:
    page.goto("/")
    RAZORPAY.open(page)
    other = context.new_page()
    other.goto("/")
    other.get_by_role("radiogroup", name="Pay with").get_by_text("Cashfree").click()
    expect(other.get_by_text("secure page of Cashfree")).to_be_visible()
    TILLS["cashfree"].pay_by_card(other)
    journey.expect_paid(other)

    RAZORPAY.enter_otp(page)

    expect(page.get_by_role("heading", name="This payment goes back to you")).to_be_visible()
    periods = site.rows(
        "SELECT p.id FROM subscription_periods p JOIN subscriptions s ON s.id = p.subscription_id "
        "WHERE s.user_id = :id",
        id=member.user.id,
    )
    assert len(periods) == 1
    eventually(
        lambda: site.rows(
            "SELECT r.id FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.order_id = :id",
            id=member.order.id,
        )
    )


@pytest.mark.parametrize("gateway", ["razorpay"])
def test_a_rupay_card_pays_and_the_policy_of_the_checkout_document_refuses_nothing(
    site: Site, page: Page, member: Member
) -> None:
    page.goto("/")
    page.add_init_script(WATCH)
    RAZORPAY.open(page)
    refused = page.evaluate("window.refused")
    RAZORPAY.fill_rupay(page)

    journey.expect_paid(page)
    assert refused == []
    assert site.subscription(member.person.username)["status"] == "active"


@pytest.mark.parametrize("gateway", ["razorpay"])
def test_where_no_frame_opens_the_payment_fills_the_window(site: Site, page: Page, member: Member) -> None:
    page.goto(f"/checkout/{member.order.id}")
    RAZORPAY.expect_open(page)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Close checkout").click()

    page.get_by_role("button", name="Open it in the whole window").click()
    journey.enter_otp(page)

    journey.expect_paid(page)


@pytest.mark.parametrize("gateway", ["razorpay"])
def test_a_browser_without_scripts_pays_on_the_gateways_own_page(
    site: Site, without_scripts: Page, member: Member
) -> None:
    page = without_scripts
    page.goto(f"/checkout/{member.order.id}")
    page.get_by_role("button", name="Go to the payment page").click()
    journey.enter_otp(page)
    # Scripts are what sends this form by itself.
    page.get_by_role("button", name="Continue").click()

    eventually(lambda: site.subscription(member.person.username)["status"] == "active")
    assert page.url == f"{site.url}/?order_id={member.order.id}"
