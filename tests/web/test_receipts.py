"""The receipt of an order at its address: for its buyer, with what went back since, and for nobody else."""

from __future__ import annotations

import pytest

from payment_handler import start_checkout, sync_order
from user_management import register


@pytest.fixture
def paid(services, user, gateway):
    """A paid monthly order."""
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    return sync_order(services, order.id)


def test_the_buyer_reads_what_was_paid_for_which_period(client, user, gateway, paid, sign_in_as) -> None:
    sign_in_as(user)

    answer = client.get(f"/receipts/{paid.id}")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src" not in answer.headers["content-security-policy"]
    payment_id = gateway.payments[paid.id][0].gateway_payment_id
    for words in ("Payment received", "₹499", "Access until", user.full_name, paid.id, payment_id):
        assert words in answer.text
    assert "Returned on" not in answer.text


def test_what_went_back_stands_on_it(services, client, user, gateway, paid, sign_in_as) -> None:
    gateway.refund_in_dashboard(paid.id, 12345)
    sync_order(services, paid.id)
    sign_in_as(user)

    page = client.get(f"/receipts/{paid.id}").text

    assert page.index("₹499") < page.index("Returned on") < page.index("₹123.45")
    assert "Access until" in page


def test_access_that_ended_with_its_money_is_promised_no_more(
    services, client, user, gateway, paid, sign_in_as
) -> None:
    gateway.refund_in_dashboard(paid.id, paid.amount_paise)
    sync_order(services, paid.id)
    sign_in_as(user)

    page = client.get(f"/receipts/{paid.id}").text

    assert "Access ended" in page
    assert "Access until" not in page


@pytest.mark.parametrize("order_id", ["ORDER0000000000NEVER", "x", "ORDER'--", "o" * 3000])
def test_an_order_that_is_not_there_is_not_found(client, user, sign_in_as, order_id) -> None:
    sign_in_as(user)

    answer = client.get(f"/receipts/{order_id}")

    assert (answer.status_code, "We could not find" in answer.text) == (404, True)


def test_an_unpaid_order_has_no_receipt(services, client, user, sign_in_as) -> None:
    order = start_checkout(services, user, "monthly")
    sign_in_as(user)

    assert client.get(f"/receipts/{order.id}").status_code == 404


def test_s13_nobody_reads_anothers_receipt(services, client, paid, sign_in_as) -> None:
    other = register(
        services, full_name="Nila Sen", email="nila@example.com", username="nila", phone="8888888888",
        state="Goa", password="TestPass123",
    )  # fmt: skip
    sign_in_as(other)

    answer = client.get(f"/receipts/{paid.id}")

    assert answer.status_code == 404
    assert "₹" not in answer.text


def test_s13_whoever_is_not_logged_in_is_led_to_the_log_in(client, paid) -> None:
    answer = client.get(f"/receipts/{paid.id}")

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=billing")
