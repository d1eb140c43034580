"""Webhook and return page replace each other: one of them is enough, both together count once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e import journey
from tests.e2e.site import Member, Site, eventually
from tests.e2e.tills import RazorpayTill, Till

pytestmark = pytest.mark.journey


def pay_and_close_the_tab(page: Page, till: Till) -> None:
    """Pay, and let the browser die before it is back on our site."""

    def answer_nobody(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    till.open(page)
    if isinstance(till, RazorpayTill):
        till.pay_and_vanish(page)
        return
    till.press_pay(page)
    page.get_by_label("OTP").fill("1234")
    page.route("**/attempts/*", answer_nobody)
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Submit OTP").click(no_wait_after=True)
    page.close()


def captured(site: Site, member: Member) -> list[dict[str, object]]:
    return site.rows(
        "SELECT role FROM payments WHERE order_id = :id AND status = 'captured'", id=member.order.id
    )


@pytest.mark.journey(twice=True)
def test_a_tab_closed_after_paying_is_made_good_by_the_webhook(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")

    pay_and_close_the_tab(page, till)

    eventually(lambda: site.subscription(member.person.username)["status"] == "active")


def test_a_tab_closed_after_paying_leaves_an_open_dashboard_to_log_in_to(
    site: Site, page: Page, second_device: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    pay_and_close_the_tab(page, till)
    eventually(lambda: site.subscription(member.person.username)["is_paid"])

    journey.log_in(second_device, member.person.username)
    second_device.goto("/dashboard")

    journey.expect_dashboard(second_device)


@pytest.mark.journey
def test_a_held_webhook_is_replaced_by_the_return_page(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    site.arm("hold_webhooks", order_id=site.at_gateway(member.order.id))
    page.goto("/")

    till.pay_by_card(page)

    journey.expect_paid(page)
    assert site.rows("SELECT id FROM gateway_events WHERE order_id = :id", id=member.order.id) == []


def test_a_webhook_released_after_the_return_page_adds_nothing(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    site.arm("hold_webhooks", order_id=site.at_gateway(member.order.id))
    page.goto("/")
    till.pay_by_card(page)
    journey.expect_paid(page)
    until = site.subscription(member.person.username)["current_period_end"]

    site.simulator("POST", "/control/webhooks/release")
    eventually(
        lambda: site.rows(
            "SELECT id FROM gateway_events WHERE order_id = :id AND status = 'processed'", id=member.order.id
        )
    )

    assert site.subscription(member.person.username)["current_period_end"] == until
    assert captured(site, member) == [{"role": "primary"}]


def test_a_webhook_sent_twice_is_kept_once(site: Site, page: Page, member: Member, till: Till) -> None:
    site.arm("duplicate_webhooks", order_id=site.at_gateway(member.order.id))
    page.goto("/")
    till.pay_by_card(page)
    journey.expect_paid(page)

    # Of one payment's events the last leave a moment after the first.
    site.simulator("POST", "/control/clock", advance_seconds=2)
    site.simulator("POST", "/control/webhooks/flush")

    # Cashfree tells of a payment by one event, Razorpay by several.
    number = site.at_gateway(member.order.id)
    told = site.simulator("GET", f"/control/events?order_id={number}&gateway={till.name}")["events"]
    assert {len(event["deliveries"]) for event in told} == {2}
    kept = site.rows("SELECT id FROM gateway_events WHERE order_id = :id", id=member.order.id)
    assert len(kept) == len(told) >= 1
    assert captured(site, member) == [{"role": "primary"}]


@pytest.mark.journey(twice=True)
def test_a_lost_webhook_and_a_closed_tab_do_not_make_anybody_pay_twice(
    site: Site, page: Page, second_device: Page, member: Member, till: Till
) -> None:
    site.arm("drop_webhooks", order_id=site.at_gateway(member.order.id))
    page.goto("/")
    pay_and_close_the_tab(page, till)

    journey.log_in(second_device, member.person.username)
    second_device.goto("/")
    second_device.get_by_role("button", name="Complete Payment").click()
    screen = till.screen(second_device)
    told = screen.get_by_text("already paid").or_(screen.get_by_text("Payment successful"))
    expect(told.first).to_be_visible()
    second_device.goto(f"/?order_id={member.order.id}")

    journey.expect_paid(second_device)
    assert [p["status"] for p in site.gateway_payments(member.order.id)] == ["SUCCESS"]


@pytest.mark.journey(twice=True)
def test_a_second_success_on_one_order_extends_nothing(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    site.arm("double_success", order_id=site.at_gateway(member.order.id))
    page.goto("/")
    till.pay_by_card(page)
    journey.expect_paid(page)

    site.simulator("POST", "/control/webhooks/flush")

    periods = site.rows(
        "SELECT p.id FROM subscription_periods p JOIN subscriptions s ON s.id = p.subscription_id "
        "WHERE s.user_id = :id",
        id=member.user.id,
    )
    assert len(periods) == 1


def test_a_browser_that_waits_elsewhere_sees_the_payment_after_a_reload(
    site: Site, page: Page, second_device: Page, member: Member, till: Till
) -> None:
    journey.log_in(second_device, member.person.username)
    second_device.goto("/billing")
    expect(second_device.get_by_text("No active subscription")).to_be_visible()

    page.goto("/")
    till.pay_by_card(page)
    journey.expect_paid(page)
    second_device.reload()

    expect(second_device.get_by_text("Monthly plan")).to_be_visible()
    expect(second_device.get_by_text("Active", exact=True)).to_be_visible()
