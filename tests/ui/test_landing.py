"""What the first page says to somebody who is logged in and has no access: what is true for them."""

from __future__ import annotations

from datetime import timedelta

from payment_handler import start_checkout, sync_order
from ui.landing import _way_in
from user_management import create_admin, entitlement


def way_in(services, user) -> tuple[str, str]:
    return _way_in(services, user, entitlement(services, user))


def test_who_has_not_paid_is_asked_to_finish(services, user) -> None:
    assert way_in(services, user)[1] == "Finish your payment"


def test_whose_money_went_back_is_not_told_to_finish_a_payment(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    gateway.refund_in_dashboard(order.id, order.amount_paise)
    sync_order(services, order.id)

    words, label = way_in(services, user)

    assert "₹499 was returned" in words
    assert label == "Choose a plan"


def test_whose_time_is_over_is_told_when_it_ended(services, user, gateway, clock) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    clock.advance(timedelta(days=40))

    words, label = way_in(services, user)

    assert words.startswith("Your access ended on ")
    assert label == "Choose a plan"


def test_an_admin_is_led_to_the_panel(services) -> None:
    admin = create_admin(services, email="boss@example.com", password="BossPass123")

    assert way_in(services, admin)[1] == "Go to Admin"
