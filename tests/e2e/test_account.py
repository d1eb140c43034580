"""The account page in two browsers: a new password, another address, and leaving."""

from __future__ import annotations

import json

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e import journey
from tests.e2e.site import Site, eventually

NEW = "a new password of mine"


def test_s06_a_new_password_renews_this_browser_and_ends_the_other_on_its_next_rerun(
    site: Site, context: BrowserContext, page: Page, second_device: Page
) -> None:
    person = site.join().person
    journey.log_in(second_device, person.username)
    second_device.goto("/billing")
    journey.log_in(page, person.username)
    before = session_cookie(context)
    page.get_by_role("link", name=person.username).click()
    password = page.get_by_test_id("stForm").filter(has_text="New password")
    password.get_by_label("Current password").fill(person.password)
    password.get_by_label("New password").fill(NEW)

    # Impatient: the second press interrupts what the first began.
    page.get_by_role("button", name="Change password").dblclick()

    expect(page.get_by_text("Last changed on")).to_be_visible()
    eventually(lambda: session_cookie(context) != before)
    second_device.get_by_role("link", name="Dashboard").first.click()
    expect(second_device.get_by_label("Email or username")).to_be_visible()
    journey.log_in(second_device, person.username, NEW)


def test_s24_another_address_counts_when_its_link_was_used_and_deleting_takes_it_along(
    site: Site, context: BrowserContext, page: Page
) -> None:
    member = site.join()
    address = f"new.{member.user.email}"
    journey.log_in(page, member.person.username)
    page.goto("/account")
    form = page.get_by_test_id("stForm").filter(has_text="New email")
    form.get_by_label("New email").fill(address)
    form.get_by_label("Current password").fill(member.person.password)
    page.get_by_role("button", name="Send the link", exact=True).click()
    expect(page.get_by_text(f"We have written to {address}.")).to_be_visible()

    page.goto(site.link_sent_to(address, "change_email"))
    page.get_by_role("button", name="Use this address").click()
    page.get_by_role("link", name="Open your account").click()

    expect(page.get_by_text("Verified", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    exported = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert exported["account"]["email"] == address

    page.get_by_role("button", name="Delete my account").click()
    leaving = page.get_by_test_id("stForm").filter(has_text="Type your username")
    leaving.get_by_label("Type your username").fill(member.person.username)
    leaving.get_by_label("Current password").fill(member.person.password)
    page.get_by_role("button", name="Delete my account for good").click()

    expect(page.get_by_text("Your account is deleted")).to_be_visible()
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)
    page.goto("/login")
    journey.fill_log_in(page, address)
    expect(page.get_by_text("is not right")).to_be_visible()
    # The last mail loses its address as soon as nothing more is to be done with it.
    eventually(
        lambda: (
            not site.rows("SELECT 1 FROM emails WHERE user_id = :id AND to_address <> ''", id=member.user.id)
        )
    )


def session_cookie(context: BrowserContext) -> str:
    (value,) = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "session"]
    return value
