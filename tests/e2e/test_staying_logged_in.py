"""A log-in lasts as long as its session: through refreshes, tabs and lost connections, and not an action longer."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from accounts.sessions import sign_out_everywhere
from tests.e2e import journey
from tests.e2e.site import Member, Site


@pytest.mark.journey
def test_a_log_in_survives_a_refresh_and_a_new_tab(
    context: BrowserContext, page: Page, member: Member
) -> None:
    page.goto("/billing")
    page.reload()
    tab = context.new_page()
    tab.goto("/dashboard")

    for shown in (page, tab):
        expect(shown.get_by_role("button", name="Log out")).to_be_visible()


@pytest.mark.journey
def test_a_log_in_survives_a_lost_connection(page: Page, member: Member) -> None:
    connections: list[WebSocketRoute] = []

    def pass_on(route: WebSocketRoute) -> None:
        route.connect_to_server()
        connections.append(route)

    page.route_web_socket("**/_stcore/stream", pass_on)
    page.goto("/billing")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()

    connections[0].close(code=1012, reason="restart")
    journey.follow(page, "Dashboard")

    expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    assert len(connections) == 2


@pytest.mark.journey
def test_s06_a_session_that_another_process_ended_is_out_on_the_next_rerun(
    site: Site, page: Page, member: Member
) -> None:
    page.goto("/billing")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()

    # The test's own process stands for a second application on the same database.
    sign_out_everywhere(site.services, member.user)
    journey.follow(page, "Dashboard")

    expect(page.get_by_label("Email or username")).to_be_visible()
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)


def test_s23_a_lost_password_is_replaced_by_a_link_and_old_browsers_are_out(
    site: Site, page: Page, second_device: Page
) -> None:
    member = site.join()
    journey.log_in(second_device, member.user.username)
    page.goto("/login")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Email", exact=True).fill(member.user.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("If there is an account with this address")).to_be_visible()

    page.goto(site.link_sent_to(member.user.email, "reset_password"))
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Store the new password").click()
    expect(page.get_by_text("at least 8 characters")).to_be_visible()
    page.get_by_label("New password").fill("NewPass12345")
    page.get_by_role("button", name="Store the new password").click()
    expect(page.get_by_text("Your password was changed")).to_be_visible()
    assert "token" not in page.url

    second_device.goto("/billing")
    expect(second_device.get_by_label("Email or username")).to_be_visible()
    journey.log_in(page, member.user.username, "NewPass12345")


@pytest.mark.journey
def test_an_address_is_confirmed_by_a_click_and_not_by_opening_the_link(
    site: Site, page: Page, member: Member
) -> None:
    address = site.link_sent_to(member.user.email, "verify_email")
    page.goto(address)
    button = page.get_by_role("button", name="Confirm this address")
    expect(button).to_be_visible()
    assert _verified(site, member) is False

    button.click()

    expect(page.get_by_text("this address is confirmed")).to_be_visible()
    assert _verified(site, member) is True
    page.goto(address)
    expect(page.get_by_text("no longer valid")).to_be_visible()


def test_s02_the_answer_for_an_address_that_nobody_has_is_the_same(site: Site, page: Page) -> None:
    answers = []
    for email in (site.join().user.email, "nobody-here@example.com"):
        page.goto("/forgot")
        page.get_by_label("Email", exact=True).fill(email)
        page.get_by_role("button", name="Send the link").click()
        answer = page.get_by_text("If there is an account with this address")
        expect(answer).to_be_visible()
        answers.append(answer.inner_text())

    assert answers[0] == answers[1]


def _verified(site: Site, member: Member) -> bool:
    (row,) = site.rows("SELECT email_verified_at FROM users WHERE id = :id", id=member.user.id)
    return row["email_verified_at"] is not None
