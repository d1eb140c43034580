"""An admin gives access and ends it again: the subscriber's open page gets in by itself, and nothing was paid."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journey
from tests.e2e.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, new_context
from tests.e2e.site import Site


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Page]:
    """An admin's browser."""
    context = new_context(browser, site)
    site.let_in(context, site.admin(ADMIN_EMAIL, ADMIN_PASSWORD))
    yield context.new_page()
    context.close()


def test_an_admin_gives_access_the_open_page_gets_in_and_it_is_ended_again(
    site: Site, desk: Page, page: Page
) -> None:
    member = site.join()
    site.let_in(page.context, member.user)
    page.goto("/dashboard")
    expect(page.get_by_text("No active subscription")).to_be_visible()
    desk.goto(f"/admin?section=users&user={member.user.id}")
    desk.get_by_label("Days").fill("7")
    desk.get_by_label("Reason").fill("The outage of 24 November")
    desk.get_by_role("button", name="Continue").click()
    expect(desk.get_by_text("gets access for 7 days, from now until")).to_be_visible()

    desk.get_by_role("button", name="Give access").dblclick()

    # Nobody touches the subscriber's page.
    journey.expect_dashboard(page)
    expect(desk.get_by_role("button", name="End it")).to_be_visible()
    journey.expect_settled(desk)
    assert len(site.rows("SELECT 1 FROM grants WHERE user_id = :id", id=member.user.id)) == 1
    page.goto("/billing")
    expect(page.get_by_role("heading", name="Given by us")).to_be_visible()
    expect(page.get_by_text("Extend your access.")).to_be_visible()

    desk.get_by_role("button", name="End it").click()
    why = desk.get_by_label("Why it ends")
    why.fill("Given to the wrong account")
    desk.get_by_test_id("stForm").filter(has=why).get_by_role("button", name="Continue").click()
    desk.get_by_role("button", name="End access").click()

    expect(desk.get_by_text("The access that was given has ended.")).to_be_visible()
    page.goto("/dashboard")
    expect(page.get_by_text("The access that we gave you ended on")).to_be_visible()
