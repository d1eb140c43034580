"""What stands in the return address proves nothing: it neither gives access nor shows other people's orders."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.site import Member, Site

pytestmark = pytest.mark.journey

SUCCESS = {
    "cashfree": "cf_payment_id=12345&order_token=x&status=SUCCESS&order_status=PAID",
    "razorpay": "razorpay_payment_id=pay_12345678901234&razorpay_signature=x&status=SUCCESS&order_status=paid",
}


def test_a_forged_success_for_the_own_unpaid_order_gives_nothing(
    site: Site, page: Page, member: Member, gateway: str
) -> None:
    page.goto(f"/?order_id={member.order.id}&{SUCCESS[gateway]}")

    expect(page.get_by_text(member.order.id).first).to_be_visible()
    expect(page.get_by_text("Payment successful")).to_have_count(0)
    assert site.subscription(member.person.username)["status"] == "pending"


def test_another_persons_order_in_the_address_is_not_shown(
    site: Site, page: Page, member: Member, gateway: str
) -> None:
    other = site.join(gateway=gateway)
    site.pay(other.order)

    page.goto(f"/?order_id={other.order.id}&status=SUCCESS")

    expect(page.get_by_role("link", name="Go to billing")).to_be_visible()
    expect(page.get_by_text("Payment successful")).to_have_count(0)
    expect(page.get_by_text(other.order.id)).to_have_count(0)
    assert site.subscription(member.person.username)["status"] == "pending"


@pytest.mark.parametrize(
    "query",
    [
        "order_id=ORDERAAAAAAAAAAAAAAA&status=SUCCESS",
        "order_id=..%2F..%2Fetc%2Fpasswd",
        "order_id=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "orderid=%00",
        "cf_payment_id=1",
        f"order_id={'A' * 10_000}",
    ],
    ids=["unknown", "path", "script", "nul", "payment-only", "10-kB"],
)
def test_an_address_with_nonsense_gets_a_sentence_and_changes_nothing(
    site: Site, page: Page, member: Member, query: str
) -> None:
    page.goto(f"/?{query}")

    expect(page.get_by_role("link", name="Go to billing")).to_be_visible()
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    assert site.subscription(member.person.username)["status"] == "pending"


def test_a_visitor_who_comes_back_signed_out_is_asked_to_log_in(site: Site, page: Page, gateway: str) -> None:
    order_id = site.join(gateway=gateway).order.id

    page.goto(f"/?order_id={order_id}")

    expect(page.get_by_text("Log in to see your payment")).to_be_visible()
    expect(page.get_by_text(order_id)).to_have_count(0)
