"""Row S10: hostile texts typed into every text field of the running application, in Chromium.

Every form that a page shows is found on the page itself, filled in and sent; what a page says to it is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import text

from accounts.email_links import request_link
from accounts.link_tokens import make_token
from accounts.second_factor import begin_setup, confirm_setup
from accounts.sessions import issue_ticket, redeem_ticket, session_cookie_name
from billing.grants import end_access, give_access, offer_access
from domain.accounts import User
from domain.links import Purpose
from sectors.ingest import store_file
from tests.e2e.journey import Person
from tests.security.browser_watch import settle
from tests.security.conftest import Scale
from tests.security.payloads import Payload, corpus
from tests.security.walk import Walk
from tests.security.walk import walk as walk

ROOT = Path(__file__).resolve().parents[2]
_FIELD = "input[type=text], input[type=password], textarea"
# Where a page asks for words: a module that is not here has fields that nobody has tried.
MODULES = {
    "admin_panel.py",
    "ui/admin_market.py",
    "ui/account_parts.py",  # for /account: address, password, deletion
    "ui/admin_grant.py",
    "ui/admin_refund.py",
    "ui/forgot.py",
    "ui/login.py",
    "ui/register.py",
    "ui/reset.py",
    "ui/second_factor.py",
    "ui/second_factor_settings.py",
    "ui/sectors/today.py",  # in no form: what is typed is found while one types
}


# The texts of one sending: its first field takes the first, the next field the next, and so around.
Texts = list[Payload]


@pytest.fixture(scope="module")
def payloads(scale: Scale) -> Texts:
    return corpus(scale.pick(10, 200))


@pytest.fixture(scope="module")
def sendings(payloads: Texts, scale: Scale) -> list[Texts]:
    """What each form is sent with, again and again: in the large run each field takes every text once."""
    step = scale.pick(5, 1)  # The largest form takes all ten of the small run at that.
    return [payloads[start:] + payloads[:start] for start in range(0, len(payloads), step)]


@pytest.fixture
def typed(walk: Walk, sendings: list[Texts], measured: Callable[..., None]) -> Iterator[set[str]]:
    """The labels of the fields that were filled in. Afterwards nothing may have happened."""
    labels: set[str] = set()
    yield labels
    walk.check("after typing")
    measured("texts typed into a field", len(sendings) * len(labels))


def test_every_page_with_a_text_field_is_tried_here() -> None:
    files = [ROOT / "admin_panel.py", ROOT / "landing_page.py", *(ROOT / "ui").rglob("*.py")]
    asking = {
        str(file.relative_to(ROOT))
        for file in files
        if re.search(r"\b(text_input|text_area|chat_input)\(", file.read_text(encoding="utf-8"))
    }

    assert asking == MODULES


def test_s10_hostile_texts_typed_by_a_visitor_do_nothing(
    walk: Walk, sendings: list[Texts], typed: set[str]
) -> None:
    walk.become(None)
    for path in ("login", "register", "forgot"):
        walk.open(f"/{path}")
        for texts in sendings:
            fill_every_form(walk, texts, typed)
    forgetful = walk.site.join().user
    for texts in sendings:
        walk.open(f"/reset?token={reset_token(walk, forgetful)}")
        fill_every_form(walk, texts, typed)

    assert typed >= {
        "Email or username", "Password", "Full name", "Email", "Username", "Phone", "New password",
    }  # fmt: skip


def test_s10_hostile_texts_typed_by_a_member_do_nothing(
    walk: Walk, sendings: list[Texts], typed: set[str]
) -> None:
    walk.become(walk.planted.buyer.user)
    walk.open("/account")
    walk.press(walk.page.get_by_role("button", name="Delete my account"))
    for texts in sendings:
        fill_every_form(walk, texts, typed)

    username = walk.planted.buyer.user.username
    assert typed == {
        "New email", "Current password", "New password", "Your password", f"Type your username, {username}",
    }  # fmt: skip


def test_s10_hostile_texts_typed_by_a_subscriber_do_nothing(
    walk: Walk, payloads: Texts, typed: set[str]
) -> None:
    walk.become(walk.planted.member.user)
    walk.open("/dashboard")
    for words in (*(payload.text for payload in payloads), " ".join(payload.text for payload in payloads)):
        box = walk.page.get_by_label("Find a sector or ETF")
        fill_in(box, words)
        box.press("Enter")
        expect(walk.page.get_by_text("No sector matches")).to_be_visible()
    typed.add("Find a sector or ETF")


def test_s10_hostile_texts_typed_by_somebody_with_a_second_factor_do_nothing(
    walk: Walk, sendings: list[Texts], typed: set[str]
) -> None:
    user = walk.site.join().user
    setup = begin_setup(walk.site.services, user, Person.password)
    confirm_setup(walk.site.services, user, setup, pyotp.TOTP(setup.secret).now())

    walk.become(user)  # half a session
    walk.open("/")
    for texts in sendings:
        fill_every_form(walk, texts, typed)
    let_in_whole(walk, user)
    walk.open("/account")
    for name in ("New recovery codes", "Remove the second factor"):
        walk.page.locator("summary").filter(has_text=name).click()
    for texts in sendings:
        fill_every_form(walk, texts, typed)

    assert typed >= {"Code", "Code of your app", "Current password"}


def test_s10_hostile_texts_typed_by_an_admin_do_nothing(
    walk: Walk, payloads: Texts, sendings: list[Texts], typed: set[str]
) -> None:
    walk.become(walk.admin)
    walk.open("/admin")
    for words in (*(payload.text for payload in payloads), " ".join(payload.text for payload in payloads)):
        box = walk.page.get_by_label("Search users and orders")
        box.fill(words)
        box.press("Enter")
        expect(walk.page.get_by_text("Nothing found")).to_be_visible()
    walk.check("the search")
    # Without a stored price the form waits. A series of this test alone: the site is shared with other files.
    store_file(walk.site.services, walk.admin, b"date,symbol,close\n2026-03-09,NIFTY MEDIA,100\n")
    walk.open("/admin?section=market-data")
    for texts in sendings:
        fill_every_form(walk, texts, typed)
    walk.open(f"/admin?order={walk.planted.member.order.id}")
    for texts in sendings:
        expect(walk.page.get_by_label("Reason")).to_be_visible()
        reason = fill_every_form(walk, texts, typed)["Reason"]
        expect(walk.page.get_by_role("alert").first).to_be_visible()  # no amount
        # The rest of the page's answer may still be on its way, and would write over what is typed meanwhile.
        settle(walk.page)
        amount = walk.page.get_by_label("Amount in rupees")
        amount.fill("1")
        expect(amount).to_have_value("1")
        walk.press(walk.page.get_by_role("button", name="Continue"))
        walk.expect_shown([reason], "a refund's reason")
        walk.press(walk.page.get_by_role("button", name="Change"))

    walk.open(f"/admin?user={walk.planted.buyer.user.id}")
    for texts in sendings:
        expect(walk.page.get_by_label("Reason")).to_be_visible()
        reason = fill_every_form(walk, texts, typed)["Reason"]
        expect(walk.page.get_by_role("alert").first).to_be_visible()  # no days
        settle(walk.page)
        days = walk.page.get_by_label("Days")
        days.fill("7")
        expect(days).to_have_value("7")
        walk.press(walk.page.get_by_role("button", name="Continue"))
        walk.expect_shown([reason], "the reason for access")
        walk.press(walk.page.get_by_role("button", name="Change"))
    given = give_a_week(walk, walk.planted.buyer.user)
    for texts in sendings:
        walk.open(f"/admin?user={walk.planted.buyer.user.id}")
        walk.press(walk.page.get_by_role("button", name="End it"))
        why = walk.page.get_by_label("Why it ends")
        fill_in(why, texts[0].text)
        typed.add("Why it ends")
        form = walk.page.locator("[data-testid=stForm]:visible").filter(has=why)
        walk.press(form.get_by_role("button", name="Continue"))
        walk.expect_shown([texts[0]], "the reason for an end")
    end_access(walk.site.services, walk.admin, grant_id=given, reason="tried")

    assert typed == {"Name of the source", "Amount in rupees", "Reason", "Days", "Why it ends"}
    typed.add("Search users and orders")


def fill_every_form(walk: Walk, texts: Texts, typed: set[str]) -> dict[str, Payload]:
    """Type a text into each field of each form of the page, and send the form. Which text each field took."""
    forget_limits(walk)
    taken: dict[str, Payload] = {}
    forms = walk.page.locator("[data-testid=stForm]:visible")
    expect(forms.first).to_be_visible()
    for number in range(forms.count()):
        form = forms.nth(number)
        fields: Locator = form.locator(_FIELD)
        for place in range(fields.count()):
            field = fields.nth(place)
            if field.get_attribute("role") == "combobox":
                continue
            label, payload = field.get_attribute("aria-label") or "", texts[place % len(texts)]
            fill_in(field, payload.text)
            taken[label] = payload
        walk.press(form.locator("[data-testid=stFormSubmitButton] button").first)
    assert taken, f"{walk.page.url}: no field to type into"
    typed.update(taken)
    return taken


def fill_in(field: Locator, words: str) -> None:
    """Type the text; into a field that takes no more, as much of it as the field takes."""
    # An emoji counts twice against what a field takes.
    for length in (len(words), 40, 20, 19):
        field.fill(words[:length])
        if without_controls(field.input_value()) == without_controls(words[:length]):
            return
    raise AssertionError(f"{field} took nothing of {words!r}")


def without_controls(words: str) -> str:
    """A browser leaves control characters out of what stands on one line, or writes a space for them."""
    return re.sub(r"[\x00-\x20\x7f]", "", words)


def forget_limits(walk: Walk) -> None:
    """The page of somebody who may try no more says little."""
    with walk.site.services.engine.begin() as conn:
        conn.execute(text("DELETE FROM limit_uses"))


def reset_token(walk: Walk, user: User) -> str:
    services = walk.site.services
    with services.engine.begin() as conn:
        request_link(services, conn, Purpose.RESET_PASSWORD, user_id=user.id, to=user.email)
        token_id = conn.execute(
            text("""
            SELECT id FROM email_tokens WHERE user_id = :id AND purpose = 'reset_password' AND used_at IS NULL
            """),
            {"id": user.id},
        ).scalar_one()
    return make_token(services.settings, token_id, Purpose.RESET_PASSWORD)


def give_a_week(walk: Walk, user: User) -> int:
    """The grant of access that an admin gives now."""
    wanted = {"user_id": user.id, "plan_id": "monthly", "days": 7}
    until = offer_access(walk.site.services, walk.admin, **wanted).access_until
    period = give_access(walk.site.services, walk.admin, **wanted, reason="tried", seen_until=until)
    assert period.grant_id is not None
    return period.grant_id


def let_in_whole(walk: Walk, user: User) -> None:
    services = walk.site.services
    ticket = issue_ticket(services, user, browser_token="b", has_second_factor=True)
    token = redeem_ticket(services, ticket, browser_token="b", user_agent="")
    name = session_cookie_name(services.settings)
    walk.context.add_cookies([{"name": name, "value": token, "url": walk.site.url}])
