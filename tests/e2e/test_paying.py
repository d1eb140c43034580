"""Every way of paying, and every way of not paying, on the gateway's page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import journey
from tests.e2e.site import Member, Site
from tests.e2e.tills import Till

pytestmark = pytest.mark.journey


@pytest.mark.journey(twice=True)
@pytest.mark.parametrize(
    ("pay", "group"),
    [
        ("pay_by_card", "card"),
        ("pay_by_upi", "upi"),
        ("pay_by_net_banking", "net_banking"),
        ("pay_by_wallet", "wallet"),
    ],
    ids=["card", "upi", "net-banking", "wallet"],
)
def test_each_method_opens_access(
    site: Site, page: Page, member: Member, till: Till, pay: str, group: str
) -> None:
    page.goto("/")
    getattr(till, pay)(page)

    journey.expect_paid(page)
    assert [p["group"] for p in site.gateway_payments(member.order.id)] == [group]
    assert site.subscription(member.person.username)["status"] == "active"


def test_paying_leads_on_to_the_dashboard(page: Page, member: Member, till: Till) -> None:
    page.goto("/")
    till.pay_by_card(page)
    journey.expect_paid(page)

    page.get_by_role("button", name="Go to Dashboard").click()

    journey.expect_dashboard(page)


def test_billing_shows_the_paid_order_and_its_payment(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.pay_by_card(page)
    journey.expect_paid(page)

    page.get_by_role("button", name="See it in billing").click()

    expect(page.get_by_role("heading", name="Billing", level=1)).to_be_visible()
    row = journey.shown_row(page, member.order.id)
    expect(row).to_contain_text("Paid")
    expect(row).to_contain_text("₹499")
    payment_id = site.gateway_payments(member.order.id)[0]["payment_id"]
    expect(row).to_contain_text(payment_id)

    with page.expect_popup() as opened:
        row.get_by_role("link", name="Receipt").click()

    receipt = opened.value
    expect(receipt.get_by_role("heading", name="Payment received")).to_be_visible()
    expect(receipt.get_by_text(payment_id)).to_be_visible()


@pytest.mark.journey
def test_cancelling_at_the_gateway_gives_no_access(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.open(page)

    till.cancel(page)

    expect(page.get_by_text(member.order.id).first).to_be_visible()
    assert page.url.startswith(site.url)
    assert site.subscription(member.person.username)["status"] == "pending"


@pytest.mark.journey
def test_cancelling_at_the_gateway_is_not_told_as_waiting_for_the_bank(
    page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.open(page)

    till.cancel(page)

    expect(page.get_by_text(member.order.id).first).to_be_visible()
    expect(page.get_by_text("We are waiting for the bank")).to_have_count(0)


def test_going_back_without_paying_is_not_told_as_waiting_for_the_bank(page: Page, member: Member) -> None:
    # The link "Back without paying" of the checkout document.
    page.goto(f"/?order_id={member.order.id}")

    expect(page.get_by_text(member.order.id).first).to_be_visible()
    expect(page.get_by_text("We are waiting for the bank")).to_have_count(0)


@pytest.mark.journey(twice=True)
def test_a_cancelled_attempt_is_followed_by_a_payment_on_the_same_order(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.open(page)
    till.cancel(page)

    page.get_by_role("button", name=journey.PAY_AGAIN).click()
    till.expect_open(page)
    till.enter_otp(page)

    journey.expect_paid(page)
    assert [order["id"] for order in site.orders(member.person.username)] == [member.order.id]


@pytest.mark.journey
def test_a_wrong_otp_is_told_as_a_failed_payment(site: Site, page: Page, member: Member, till: Till) -> None:
    page.goto("/")
    till.pay_by_card(page, otp="9999")

    till.leave_after_failure(page)

    expect(page.get_by_role("heading", name="Payment failed")).to_be_visible()
    expect(page.get_by_text(member.order.id).first).to_be_visible()
    assert page.url.startswith(site.url)
    assert site.subscription(member.person.username)["status"] == "pending"


@pytest.mark.journey(twice=True)
def test_a_failed_card_is_followed_by_a_success_on_the_same_order(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.pay_by_card(page, otp="9999")
    till.leave_after_failure(page)

    page.get_by_role("button", name="Try again").click()
    till.expect_open(page)
    till.enter_otp(page)

    journey.expect_paid(page)
    assert [p["status"] for p in site.gateway_payments(member.order.id)] == ["FAILED", "SUCCESS"]
    assert [order["id"] for order in site.orders(member.person.username)] == [member.order.id]


@pytest.mark.journey
def test_a_pending_payment_gives_no_access_yet(site: Site, page: Page, member: Member, till: Till) -> None:
    page.goto("/")
    till.open(page)

    till.stay_pending(page)

    expect(page.get_by_role("heading", name="We are waiting for the bank")).to_be_visible()
    assert site.subscription(member.person.username)["status"] == "pending"


@pytest.mark.journey(twice=True)
def test_a_pending_payment_turns_active_without_a_click(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.open(page)
    till.stay_pending(page)
    expect(page.get_by_role("heading", name="We are waiting for the bank")).to_be_visible()

    site.simulator(
        "POST", f"/control/orders/{site.at_gateway(member.order.id)}/settle_pending", outcome="SUCCESS"
    )

    journey.expect_paid(page)


@pytest.mark.journey(twice=True)
def test_a_pending_payment_that_fails_says_so_without_a_click(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.open(page)
    till.stay_pending(page)
    expect(page.get_by_role("heading", name="We are waiting for the bank")).to_be_visible()

    site.simulator(
        "POST", f"/control/orders/{site.at_gateway(member.order.id)}/settle_pending", outcome="FAILED"
    )

    expect(page.get_by_role("heading", name="Payment failed")).to_be_visible()
