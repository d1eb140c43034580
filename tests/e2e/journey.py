"""What people do in the browser, step by step, in the words that stand on the screen."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from playwright.sync_api import Locator, Page, expect

_numbers = itertools.count(1)
_ORDER_ID = re.compile(r"ORDER[A-Z0-9]{15}")

MONTHLY = "Monthly Plan (₹499)"
ANNUAL = "Annual Plan (₹4,990)"

# What leads back to the gateway's page after an attempt that brought no money.
PAY_AGAIN = re.compile("Try again|Complete Payment|Back to the payment page")

Pay = Callable[[Page], None]


@dataclass(frozen=True)
class Person:
    """Somebody who fills in the registration form. The password is the guide's."""

    username: str
    password: ClassVar[str] = "TestPass123"
    full_name: ClassVar[str] = "Test User"
    phone: ClassVar[str] = "9999999999"
    state: ClassVar[str] = "Maharashtra"

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"


def new_person() -> Person:
    """Somebody whom the application has not met."""
    return Person(f"person{next(_numbers)}{secrets.token_hex(3)}")


def register(page: Page, person: Person, plan: str = MONTHLY) -> None:
    """Fill in the form of the first page and send it; ends on the unpaid order."""
    page.goto("/")
    fill_registration(page, person, plan)
    page.get_by_role("button", name="Create Account & Subscribe").click()
    expect(page.get_by_role("button", name="Complete Payment")).to_be_visible(timeout=20_000)


def fill_registration(page: Page, person: Person, plan: str = MONTHLY) -> None:
    page.get_by_label("Full name").fill(person.full_name)
    page.get_by_label("Email", exact=True).fill(person.email)
    page.get_by_label("Username", exact=True).fill(person.username)
    page.get_by_label("Phone").fill(person.phone)
    page.get_by_label("State").click()
    page.get_by_label("State").fill(person.state)
    page.get_by_role("option", name=person.state).click()
    page.get_by_label("Password", exact=True).fill(person.password)
    page.get_by_role("radiogroup", name="Plan").get_by_text(plan).click()


def log_in(page: Page, name: str, password: str = Person.password) -> None:
    """Log in on the log-in page; ends where the site leads."""
    page.goto("/login")
    fill_log_in(page, name, password)
    expect(page.get_by_role("button", name="Log out")).to_be_visible(timeout=20_000)


def fill_log_in(page: Page, name: str, password: str = Person.password) -> None:
    page.get_by_label("Email or username").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


def open_gateway(page: Page) -> None:
    """Press Complete Payment and wait for the gateway's page."""
    page.get_by_role("button", name="Complete Payment").click()
    expect_gateway(page)


def expect_gateway(page: Page) -> None:
    expect(page.get_by_role("heading", name="Choose how to pay")).to_be_visible(timeout=20_000)


def enter_otp(page: Page, otp: str = "1234") -> None:
    """On the gateway's page: pay with the card that is filled in already, and answer the bank."""
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_label("OTP").fill(otp)
    page.get_by_role("button", name="Submit OTP").click()


def pay_by_card(page: Page, otp: str = "1234") -> None:
    """From the unpaid order to the page the gateway returns to."""
    open_gateway(page)
    enter_otp(page, otp)


def expect_paid(page: Page) -> None:
    expect(page.get_by_role("heading", name="Payment successful")).to_be_visible(timeout=20_000)


def expect_dashboard(page: Page) -> None:
    """The product is open: its table of sectors stands on the page."""
    expect(page.get_by_role("heading", name="Sector ranking")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name="All sectors")).to_be_visible()
    expect(page.get_by_text("No active subscription")).to_have_count(0)


def shown_order(page: Page) -> str:
    """The order id that the page shows."""
    locator = page.get_by_text(_ORDER_ID).first
    expect(locator).to_be_visible()
    found = _ORDER_ID.search(locator.inner_text())
    assert found is not None
    return found.group()


def follow(page: Page, name: str) -> None:
    """Follow a link of the navigation; on a phone it is behind a button."""
    link = page.get_by_role("link", name=name).first
    expect(link).to_be_attached()
    menu = page.get_by_test_id("stExpandSidebarButton")
    if menu.is_visible():
        menu.click()
    link.click()


def expect_settled(page: Page) -> None:
    """The page's script has ended, and nothing that an earlier run of it drew is left between the new.

    Until then Streamlit shows old and new elements together, and a locator may find something twice.
    """
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    expect(page.locator('[data-stale="true"]')).to_have_count(0)


def shown_row(page: Page, text: str) -> Locator:
    """The row of a table that holds this text, on the page as it is when its script has ended."""
    expect_settled(page)
    return page.locator('[data-stale="false"]').get_by_role("row").filter(has_text=text)
