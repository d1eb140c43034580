"""An admin sets up a second factor and logs in with it: each code opens the panel once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pyotp
import segno
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from domain.second_factor import setup_uri
from tests.e2e import journey
from tests.e2e.site import Site
from user_management import create_admin

EMAIL, PASSWORD = "second-factor@example.com", "BossPass123"


def test_s25_an_admin_logs_in_with_a_code_of_the_app_and_each_code_works_once(site: Site, page: Page) -> None:
    create_admin(site.services, email=EMAIL, password=PASSWORD)
    journey.log_in(page, EMAIL, PASSWORD)
    page.goto("/account")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Set up").click()
    page.get_by_text("Cannot scan it?").click()
    totp = pyotp.TOTP(page.locator(".key").inner_text().replace(" ", ""))
    issuer = site.services.settings.business_name
    expect_picture_drawn(
        page.get_by_role("img", name="QR code"), setup_uri(totp.secret, account=EMAIL, issuer=issuer)
    )

    page.get_by_label("Six-digit code").fill(totp.at(datetime.now(UTC)))
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    recovery_codes = page.locator(".codes li").all_inner_texts()
    assert len(recovery_codes) == 10
    before = session_cookie(page)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
    assert session_cookie(page) != before

    # The code of the next step is right already, and the one of the set-up is used up.
    code = totp.at(datetime.now(UTC) + timedelta(seconds=30))
    log_in_again(page)
    enter_code(page, code)
    expect(page.get_by_role("heading", name="Admin", level=1)).to_be_visible()

    log_in_again(page)
    enter_code(page, code)
    expect(page.get_by_text("This code is not right, or it was used already.")).to_be_visible()
    page.goto("/admin?section=users")
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    expect(page.get_by_role("link", name="Admin", exact=True)).to_have_count(0)
    page.goto("/terms")
    expect(page.get_by_role("heading", name="Terms", level=1)).to_be_visible()

    page.goto("/admin")
    enter_code(page, recovery_codes[0].upper())
    expect(page.get_by_role("heading", name="Admin", level=1)).to_be_visible()

    log_in_again(page)
    enter_code(page, recovery_codes[0])
    expect(page.get_by_text("This code is not right, or it was used already.")).to_be_visible()


def log_in_again(page: Page) -> None:
    page.locator("form").get_by_role("button", name="Log out").click()
    expect(page.locator("form").get_by_role("button", name="Log out")).to_have_count(0)
    page.goto("/login?next=admin")
    journey.fill_log_in(page, EMAIL, PASSWORD)
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()


def enter_code(page: Page, code: str) -> None:
    journey.expect_settled(page)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Continue").click()


def expect_picture_drawn(picture: Locator, says: str) -> None:
    """What stands on the screen is the QR code of this text, square for square."""
    squares = [[bool(dark) for dark in row] for row in segno.make(says, error="m").matrix_iter(border=4)]
    count = len(squares)
    # Of each square the pixel in its middle; rounded corners of the picture lie in the quiet border.
    drawn = Image.open(BytesIO(picture.screenshot())).convert("L").resize((9 * count, 9 * count))
    seen = [[drawn.getpixel((9 * x + 4, 9 * y + 4)) < 128 for x in range(count)] for y in range(count)]
    assert seen == squares


def session_cookie(page: Page) -> str:
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "session")
