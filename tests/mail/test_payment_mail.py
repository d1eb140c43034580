from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from mail.composing import Business, Mail
from mail.operator_mail import test_mail as compose_test_mail
from mail.payment_mail import activation, method_name, receipt, returned_by_hand


def business(**changes: str) -> Business:
    values = {
        "name": "Sector RS",
        "address": "12 MG Road, Bengaluru",
        "gstin": "29ABCDE1234F1Z5",
        "support_email": "support@sector-rs.example",
        "support_phone": "+91 80 1234 5678",
        "grievance_officer": "A. Rao",
        "sebi_registration": "",
        "base_url": "http://localhost:8501",
    }
    return Business(**{**values, **changes})


def a_receipt(business_: Business | None = None, **changes: object) -> Mail:
    values: dict[str, object] = {
        "full_name": "Asha Rao",
        "order_id": "ORDERABCDEF123456789",
        "plan_name": "Annual",
        "amount_paise": 499000,
        "charged_paise": 499000,
        "paid_at": datetime(2026, 11, 22, 18, 35, tzinfo=UTC),
        "method": "upi",
        "gateway_payment_id": "5114912345678",
        "starts_at": datetime(2026, 11, 22, 18, 35, tzinfo=UTC),
        "ends_at": datetime(2027, 11, 22, 18, 35, tzinfo=UTC),
    }
    return receipt(business_ or business(), **{**values, **changes})  # type: ignore[arg-type]


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "background"}]


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_receipt_says_what_was_paid_for_which_period_and_how_to_get_it_back(part: str) -> None:
    body = getattr(a_receipt(), part)

    for words in (
        "₹4,990", "Annual", "ORDERABCDEF123456789", "5114912345678", "UPI", "prepaid period",
        "23 November 2026, 12:05 am IST", "23 November 2027, 12:05 am IST",
        "How to ask for a refund", "the order ID, the payment ID and your reason",
        "support@sector-rs.example", "GSTIN 29ABCDE1234F1Z5", "12 MG Road, Bengaluru",
        "This is a payment receipt, not a tax invoice.",
    ):  # fmt: skip
        assert words in body


def test_another_charged_amount_is_shown_apart_from_the_price() -> None:
    mail = a_receipt(charged_paise=508982)

    assert "Charged to you: ₹5,089.82" in mail.text
    assert "₹5,089.82" in mail.html


def test_the_price_is_not_repeated_when_the_same_amount_was_charged() -> None:
    assert "Charged to you" not in a_receipt().text


def test_what_the_business_did_not_set_leaves_no_empty_label() -> None:
    bare = business(address="", gstin="", support_phone="", grievance_officer="", sebi_registration="")

    mail = a_receipt(bare, method="")

    for label in ("GSTIN", "SEBI", "Grievance", "call", "Paid by", "None"):
        assert label not in mail.text
        assert label not in mail.html
    assert "\n\n\n" not in mail.text


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=https://evil.example/x.png onerror=alert(1)>',
        "{{ business.support_email.__class__ }}",
        "</td></tr></table><iframe srcdoc='<script>alert(1)</script>'>",
    ],
)
def test_a_hostile_name_is_only_ever_text(name: str) -> None:
    plain = Page(a_receipt().html)

    page = Page(a_receipt(full_name=name).html)

    assert page.tags == plain.tags
    assert page.links == plain.links


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\x85", "\u2028", "\x00", "\x0b"])
def test_no_value_can_add_a_line_to_a_subject_or_to_the_text(breaker: str) -> None:
    hostile = f"Rao{breaker}Bcc: thief@evil.example"

    mail = a_receipt(business(name=hostile), full_name=hostile, plan_name=hostile, order_id=hostile)

    assert breaker not in mail.subject
    assert len(mail.subject.splitlines()) == 1
    assert not any(line.startswith("Bcc:") for line in mail.text.splitlines())


def test_names_in_indian_scripts_keep_their_joiners() -> None:
    assert "क्‍षमा" in a_receipt(full_name="क्‍षमा").text


def test_mails_load_nothing_from_elsewhere() -> None:
    for mail in (a_receipt(), an_activation(), compose_test_mail(business())):
        page = Page(mail.html)

        assert not {"img", "script", "iframe", "link", "form"} & set(page.tags)
        assert all(link.startswith(("mailto:support@", "http://localhost:8501")) for link in page.links)
        assert "url(" not in mail.html


def test_an_activation_leads_to_the_dashboard() -> None:
    mail = an_activation()

    assert mail.subject == "Your Sector RS Monthly plan is active"
    assert "http://localhost:8501/dashboard" in mail.text
    assert "http://localhost:8501/dashboard" in Page(mail.html).links
    assert "22 December 2026, 7:05 pm IST" in mail.text


def test_an_activation_refuses_a_link_that_is_no_web_address() -> None:
    with pytest.raises(ValueError, match="web address"):
        an_activation(dashboard_url="javascript:alert(1)")


@pytest.mark.parametrize("part", ["text", "html"])
def test_the_news_of_money_that_came_back_in_another_way_claims_nothing_of_why(part: str) -> None:
    mail = returned_by_hand(
        business(),
        full_name="Asha Rao",
        order_id="ORDERABCDEF123456789",
        plan_name="Monthly",
        amount_paise=49900,
        returned_at=datetime(2026, 11, 22, 6, 30, tzinfo=UTC),
        gateway_payment_id="5114912345678",
    )

    body = getattr(mail, part)

    assert "came back to you in another way" in body
    assert "₹499" in body
    assert "could not" not in body


def test_ways_to_pay_read_like_words() -> None:
    assert [method_name(m) for m in ("upi", "credit_card", "net_banking", "")] == [
        "UPI", "Credit card", "Net banking", "",
    ]  # fmt: skip


def an_activation(dashboard_url: str = "http://localhost:8501/dashboard") -> Mail:
    return activation(
        business(),
        full_name="Asha Rao",
        plan_name="Monthly",
        starts_at=datetime(2026, 11, 22, 13, 35, tzinfo=UTC),
        ends_at=datetime(2026, 12, 22, 13, 35, tzinfo=UTC),
        dashboard_url=dashboard_url,
    )
