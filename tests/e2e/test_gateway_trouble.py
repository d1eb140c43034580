"""The gateway is down, or its script does not load: pages live, accounts stay, and paying works afterwards."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import journey
from tests.e2e.journey import Person
from tests.e2e.site import Member, Site, eventually
from tests.e2e.tills import Till

pytestmark = pytest.mark.journey

DID_NOT_OPEN = re.compile("The payment (page )?did not open")


def test_registering_while_the_gateway_is_down_makes_the_account_and_says_so(
    site: Site, page: Page, newcomer: Person, till: Till
) -> None:
    site.arm("outage")

    journey.register(page, newcomer)

    expect(page.get_by_text(f"{till.title} temporarily unavailable").first).to_be_visible()
    assert site.subscription(newcomer.username)["status"] == "pending"


def test_paying_works_after_the_outage_with_the_same_order(
    site: Site, page: Page, newcomer: Person, till: Till
) -> None:
    site.arm("outage")
    journey.register(page, newcomer)
    order_id = journey.shown_order(page)

    site.simulator("DELETE", "/control/faults")
    till.pay_by_card(page)

    journey.expect_paid(page)
    assert [o["id"] for o in site.orders(newcomer.username) if o["status"] == "paid"] == [order_id]


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/", "Complete your payment"),
        ("/dashboard", "Dashboard"),
        ("/billing", "Billing"),
        ("/terms", "Terms"),
    ],
)
def test_pages_live_while_the_gateway_is_down(
    site: Site, page: Page, member: Member, path: str, heading: str
) -> None:
    site.arm("outage")

    page.goto(path)

    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()


def test_a_member_who_has_paid_enters_while_the_gateway_is_down(
    site: Site, page: Page, member: Member
) -> None:
    site.pay(member.order)
    eventually(lambda: site.subscription(member.person.username)["is_paid"])
    site.arm("outage")

    page.goto("/dashboard")

    journey.expect_dashboard(page)


def test_coming_back_during_an_outage_turns_active_when_the_gateway_answers(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.open(page)
    site.arm("outage")
    till.enter_otp(page)
    expect(page.get_by_text(member.order.id).first).to_be_visible()

    site.simulator("DELETE", "/control/faults")

    journey.expect_paid(page)


def test_a_creation_whose_answer_was_lost_is_paid_as_the_same_order(
    site: Site, page: Page, newcomer: Person, till: Till
) -> None:
    site.arm("drop_connection_after_effect", operation="create_order", count=3)

    journey.register(page, newcomer)
    order_id = journey.shown_order(page)
    till.pay_by_card(page)

    journey.expect_paid(page)
    assert [o["order_id"] for o in site.truth(site.user(newcomer.username))] == [order_id]


def test_a_payment_script_that_does_not_load_shows_help_with_the_order_id(
    site: Site, page: Page, member: Member, gateway: str
) -> None:
    site.arm("sdk_unavailable", gateway=gateway)
    page.goto("/")

    page.get_by_role("button", name="Complete Payment").click()

    expect(page.get_by_role("heading", name=DID_NOT_OPEN)).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text=member.order.id)).to_be_visible()
    expect(page.get_by_text("pop-ups")).to_be_visible()


@pytest.mark.journey(twice=True)
def test_a_payment_script_that_does_not_load_raises_an_alarm(
    site: Site, page: Page, member: Member, gateway: str
) -> None:
    site.arm("sdk_unavailable", gateway=gateway)

    page.goto(f"/checkout/{member.order.id}")
    expect(page.get_by_role("heading", name=DID_NOT_OPEN)).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text=member.order.id)).to_be_visible()

    eventually(lambda: site.rows("SELECT key FROM alarms WHERE key LIKE 'checkout:script:%'"))


def test_a_payment_script_that_loads_on_the_second_try_leads_to_the_gateway(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    site.arm("sdk_unavailable", gateway=till.name, count=1)
    page.goto(f"/checkout/{member.order.id}")

    page.get_by_role("button", name="Try again").click()

    till.expect_open(page)


def test_a_gateway_that_answers_with_another_amount_gives_no_access_and_alarms(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    page.goto("/")
    till.open(page)
    site.arm("wrong_amount", operation="get_order", order_id=site.at_gateway(member.order.id))

    till.enter_otp(page)

    expect(page.get_by_role("heading", name="Your payment is being checked")).to_be_visible()
    assert site.subscription(member.person.username)["status"] == "pending"
    assert site.rows("SELECT key FROM alarms WHERE key LIKE :key", key=f"order:{member.order.id}:%")


@pytest.mark.journey(gateway="cashfree", because="Razorpay tells no surcharge apart from another amount")
def test_a_surcharge_of_the_gateway_opens_access_all_the_same(
    site: Site, page: Page, member: Member, till: Till
) -> None:
    site.arm("surcharge", order_id=site.at_gateway(member.order.id))
    page.goto("/")
    till.pay_by_card(page)

    journey.expect_paid(page)
    rows = site.rows(
        "SELECT amount_paise, charged_paise FROM payments WHERE order_id = :id", id=member.order.id
    )
    assert rows == [{"amount_paise": 49_900, "charged_paise": 50_898}]
