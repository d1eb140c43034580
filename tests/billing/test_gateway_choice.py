"""Which gateway an order is opened at, and the way out when one is down."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from billing.gateway_choice import usable_gateways
from domain.errors import (
    CheckoutClosed,
    CircuitOpen,
    GatewayCredentialsRejected,
    GatewayReplyInvalid,
    GatewayTimeout,
    GatewayUnavailable,
    UnknownPlan,
)
from payment_handler import start_checkout
from tests.books import rows


def test_the_setting_chooses_and_the_other_comes_second(shop, user) -> None:
    assert usable_gateways(shop, "monthly") == ("cashfree", "razorpay")
    assert start_checkout(shop, user, "monthly").gateway == "cashfree"


def test_a_plan_that_names_its_gateway_is_sold_there(shop, user) -> None:
    with shop.engine.begin() as conn:
        conn.execute(text("UPDATE plans SET gateway = 'razorpay' WHERE id = 'annual'"))

    assert usable_gateways(shop, "annual") == ("razorpay", "cashfree")
    assert usable_gateways(shop, "monthly") == ("cashfree", "razorpay")
    assert start_checkout(shop, user, "annual").gateway == "razorpay"


def test_a_plan_whose_gateway_is_not_configured_is_sold_at_the_settings(services, user) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE plans SET gateway = 'razorpay' WHERE id = 'annual'"))

    assert usable_gateways(services, "annual") == ("cashfree",)
    assert start_checkout(services, user, "annual").gateway == "cashfree"


def test_a_gateway_whose_breaker_is_open_is_not_offered_and_gives_way(shop, user, gateway) -> None:
    gateway.is_down = True

    assert usable_gateways(shop, "monthly") == ("razorpay",)
    assert start_checkout(shop, user, "monthly").gateway == "razorpay"
    assert gateway.calls == []


def test_when_both_are_down_nobody_is_offered_and_the_preferred_one_says_so(shop, user, gateway, rzp) -> None:
    gateway.is_down = rzp.is_down = True
    gateway.fail_next = CircuitOpen()

    assert usable_gateways(shop, "monthly") == ()
    with pytest.raises(CircuitOpen):
        start_checkout(shop, user, "monthly")


def test_the_one_that_just_failed_is_not_offered_again(shop) -> None:
    assert usable_gateways(shop, "monthly", besides="cashfree") == ("razorpay",)


def test_an_unknown_plan_or_gateway_makes_nothing(shop, user, gateway, rzp) -> None:
    with pytest.raises(UnknownPlan):
        usable_gateways(shop, "weekly")
    for name in ("", "paypal", "Cashfree"):
        with pytest.raises(GatewayUnavailable):
            start_checkout(shop, user, "monthly", gateway=name)

    assert rows(shop, "SELECT 1 FROM orders") == []
    assert gateway.calls == rzp.calls == []


def test_failing_over_keeps_the_purchase_and_puts_the_first_order_aside(shop, user, gateway) -> None:
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayUnavailable()

    (other,) = usable_gateways(shop, "monthly", besides="cashfree")
    second = start_checkout(shop, user, "monthly", gateway=other)

    ((first_id, status, checkout_id),) = rows(
        shop, "SELECT id, status, checkout_id FROM orders WHERE gateway = 'cashfree'"
    )
    assert (status, checkout_id) == ("superseded", second.checkout_id)
    assert ("terminate_order", first_id) in rows(
        shop, "SELECT task_name, args ->> 'order_id' FROM procrastinate_jobs"
    )
    assert start_checkout(shop, user, "monthly").id == second.id


@pytest.mark.parametrize("trouble", [GatewayTimeout, GatewayCredentialsRejected, GatewayReplyInvalid])
def test_whoever_leaves_a_gateway_that_gives_no_usable_answer_is_not_held_back(
    shop, user, gateway, trouble
) -> None:
    first = start_checkout(shop, user, "monthly")
    gateway.fail_next = trouble()

    second = start_checkout(shop, user, "monthly", gateway="razorpay")

    assert (second.gateway, second.checkout_id) == ("razorpay", first.checkout_id)


def test_an_order_of_a_gateway_that_was_taken_out_is_replaced(shop, user, rzp) -> None:
    first = start_checkout(shop, user, "monthly")

    second = start_checkout(replace(shop, gateways={"razorpay": rzp}), user, "monthly")

    assert (second.gateway, second.checkout_id) == ("razorpay", first.checkout_id)


def test_whoever_has_paid_already_is_not_led_to_another_gateway(shop, user, gateway) -> None:
    first = start_checkout(shop, user, "monthly")
    gateway.pay(first.id)

    with pytest.raises(CheckoutClosed):
        start_checkout(shop, user, "monthly", gateway="razorpay")
