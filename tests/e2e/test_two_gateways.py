"""Two gateways on one page: the choice, the way out when one is down, a purchase that was paid at both."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import journey
from tests.e2e.conftest import new_context
from tests.e2e.journey import Person
from tests.e2e.site import Member, Site, eventually
from tests.e2e.tills import TILLS, RazorpayTill, Till
from tests.e2e.ways import SCREENS, Way

pytestmark = pytest.mark.journey

RAZORPAY = RazorpayTill()
WATCH = (
    "window.refused = []; document.addEventListener('securitypolicyviolation', "
    "e => window.refused.push(`${e.effectiveDirective} ${e.blockedURI}`))"
)


def refuse_orders(site: Site, till: Till) -> None:
    """The gateway opens no orders until the end of the test; its other calls keep its circuit breaker closed."""
    site.arm("http_503", gateway=till.name, operation="create_order")


@pytest.fixture
def other(gateway: str) -> Till:
    """The till of the gateway that the journey does not begin at."""
    (name,) = TILLS.keys() - {gateway}
    return TILLS[name]


@pytest.fixture
def without_scripts(browser: Browser, site: Site, member: Member, way: Way) -> Iterator[Page]:
    context = new_context(browser, site, java_script_enabled=False, **SCREENS[way.screen])
    site.let_in(context, member.user)
    yield context.new_page()
    context.close()


def test_the_buyer_chooses_the_other_gateway_and_pays_there(
    site: Site, page: Page, member: Member, other: Till
) -> None:
    page.goto("/")
    page.get_by_role("radiogroup", name="Pay with").get_by_text(other.title).click()
    expect(page.get_by_text(f"secure page of {other.title}")).to_be_visible()

    other.pay_by_card(page)

    journey.expect_paid(page)
    orders = {order["gateway"]: order["status"] for order in site.orders(member.person.username)}
    assert orders.pop(member.order.gateway) in {"superseded", "terminated"}
    assert orders == {other.name: "paid"}


def test_choosing_back_and_forth_makes_no_orders(
    site: Site, page: Page, member: Member, till: Till, other: Till
) -> None:
    page.goto("/")
    group = page.get_by_role("radiogroup", name="Pay with")
    for name in (other.title, till.title):
        group.get_by_text(name).click()
        expect(page.get_by_text(f"secure page of {name}")).to_be_visible()

    assert [order["id"] for order in site.orders(member.person.username)] == [member.order.id]


def test_when_the_gateway_is_down_the_other_is_one_click_away_in_the_same_purchase(
    site: Site, page: Page, newcomer: Person, till: Till, other: Till
) -> None:
    refuse_orders(site, till)

    journey.register(page, newcomer)
    told = page.get_by_text(f"{till.title} temporarily unavailable")
    expect(told).to_contain_text("nothing was charged")
    page.get_by_role("button", name=f"Pay with {other.title}").click()
    other.expect_open(page)
    other.enter_otp(page)

    journey.expect_paid(page)
    orders = site.orders(newcomer.username)
    assert [order["gateway"] for order in orders if order["status"] == "paid"] == [other.name]
    assert len({order["checkout_id"] for order in orders}) == 1


def test_extending_while_the_gateway_is_down_leads_to_the_page_that_offers_the_other(
    site: Site, page: Page, context: BrowserContext, newcomer: Person, till: Till, other: Till
) -> None:
    # Paid at the other gateway, and extended at the one at which the plan is sold now.
    member = site.join(gateway=other.name)
    site.let_in(context, member.user)
    site.pay(member.order)
    eventually(lambda: site.subscription(member.person.username)["is_paid"])
    refuse_orders(site, till)
    page.goto("/billing")

    page.get_by_role("button", name="Extend by a month").click()

    expect(page.get_by_text(f"{till.title} temporarily unavailable")).to_contain_text("nothing was charged")
    page.get_by_role("button", name=f"Pay with {other.title}").click()
    other.expect_open(page)


@pytest.mark.journey(
    gateway="razorpay", because="Cashfree closes a replaced order: nobody can pay it any more"
)
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

    # By the time the page is drawn, the refund may be through.
    expect(
        page.get_by_role("heading", name=re.compile("This payment (goes|went) back to you"))
    ).to_be_visible()
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


@pytest.mark.journey(gateway="razorpay", because="the card of India's own network is Razorpay's test card")
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


@pytest.mark.journey(gateway="razorpay", because="Cashfree has no frame: its page fills the window")
def test_where_no_frame_opens_the_payment_fills_the_window(site: Site, page: Page, member: Member) -> None:
    page.goto(f"/checkout/{member.order.id}")
    RAZORPAY.expect_open(page)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Close checkout").click()

    page.get_by_role("button", name="Open it in the whole window").click()
    journey.enter_otp(page)

    journey.expect_paid(page)


@pytest.mark.journey(gateway="razorpay", because="Cashfree's page opens by its script only")
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
