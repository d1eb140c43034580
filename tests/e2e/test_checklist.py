"""The guide's verification checklist after one paid journey. Item 9 waits for the email reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journey
from tests.e2e.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, new_context
from tests.e2e.journey import Person, new_person
from tests.e2e.site import Site, eventually
from tests.e2e.tills import TILLS, Till
from tests.e2e.ways import SCREENS, Way

pytestmark = pytest.mark.journey(together=True)


@dataclass(frozen=True)
class Paid:
    """A finished purchase of the monthly plan, and the browser in which it was made."""

    person: Person
    order_id: str
    page: Page


@pytest.fixture(scope="module")
def paid(browser: Browser, site: Site, way: Way) -> Iterator[Paid]:
    context = new_context(browser, site, **SCREENS[way.screen])
    page, person = context.new_page(), new_person()
    with site.selling_at(way.gateway):
        journey.register(page, person)
    order_id = journey.shown_order(page)
    TILLS[way.gateway].pay_by_card(page)
    journey.expect_paid(page)
    yield Paid(person, order_id, page)
    context.close()


def test_checklist_01_order_appears_in_the_gateways_dashboard(site: Site, paid: Paid, page: Page) -> None:
    page.goto(f"{site.simulator_url}/dashboard")
    page.get_by_role("list", name="Transactions").get_by_role("link", name="Orders").click()

    expect(page.get_by_role("link", name=site.at_gateway(paid.order_id))).to_be_visible()


def test_checklist_02_order_status_is_paid(site: Site, paid: Paid, page: Page, till: Till) -> None:
    page.goto(f"{site.simulator_url}/dashboard/orders/{site.at_gateway(paid.order_id)}")

    expect(page.get_by_role("main").get_by_text(till.paid_word, exact=True).first).to_be_visible()


def test_checklist_03_user_account_is_in_postgresql(site: Site, paid: Paid) -> None:
    rows = site.rows("SELECT full_name, email FROM users WHERE username = :name", name=paid.person.username)

    assert rows == [{"full_name": "Test User", "email": paid.person.email}]


def test_checklist_04_subscription_status_is_active(site: Site, paid: Paid) -> None:
    rows = site.rows(
        "SELECT s.status FROM subscriptions s JOIN users u ON u.id = s.user_id WHERE u.username = :name",
        name=paid.person.username,
    )

    assert rows == [{"status": "active"}]


def test_checklist_05_is_paid_flag_is_true(site: Site, paid: Paid) -> None:
    assert site.subscription(paid.person.username)["is_paid"] is True


def test_checklist_06_payment_record_has_the_correct_amount(site: Site, paid: Paid) -> None:
    rows = site.rows(
        "SELECT amount_paise, currency, status FROM payments WHERE order_id = :id", id=paid.order_id
    )

    assert rows == [{"amount_paise": 49_900, "currency": "INR", "status": "captured"}]


def test_checklist_07_user_can_log_in_with_credentials(paid: Paid, page: Page) -> None:
    journey.log_in(page, paid.person.email)

    page.goto("/account")
    expect(page.get_by_role("heading", name="Account", level=1)).to_be_visible()
    expect(page.get_by_text(paid.person.email).first).to_be_visible()


def test_checklist_08_dashboard_loads_without_no_active_subscription(paid: Paid) -> None:
    paid.page.goto("/dashboard")

    journey.expect_dashboard(paid.page)


def test_checklist_10_admin_dashboard_counts_active_subscriptions(site: Site, paid: Paid, page: Page) -> None:
    (active,) = site.rows(
        "SELECT count(DISTINCT s.user_id) AS n FROM subscriptions s JOIN subscription_periods p "
        "ON p.subscription_id = s.id WHERE p.revoked_at IS NULL AND now() BETWEEN p.starts_at AND p.ends_at"
    )

    journey.log_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)
    page.goto("/admin")

    tile = page.locator(".tile").filter(has_text="Active subscribers")
    expect(tile.locator(".value")).to_have_text(str(active["n"]))


def test_a_paid_journey_leaves_a_receipt_and_an_activation_mail(site: Site, paid: Paid) -> None:
    def kept() -> bool:
        rows = site.rows(
            "SELECT kind, status FROM emails WHERE to_address = :to ORDER BY kind", to=paid.person.email
        )
        return [tuple(row.values()) for row in rows] == [
            ("activation", "kept"),
            ("receipt", "kept"),
            ("verify_email", "kept"),
        ]

    eventually(kept)
