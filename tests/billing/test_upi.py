"""UPI codes: whose order, which money, how many, how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
import segno

from billing.upi import make_upi_code, offers_upi_code
from domain.accounts import Visitor
from domain.errors import CheckoutClosed, GatewayTimeout, OrderNotFound, TooManyRequests
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus
from payment_handler import find_order, start_checkout, sync_order
from user_management import create_admin, entitlement

BROWSER = {"visitor": Visitor("203.0.113.9"), "user_agent": "Mozilla/5.0"}
pytestmark = pytest.mark.parametrize("kind", ["razorpay"])


@pytest.fixture
def order(services, user, gateway):
    gateway.has_upi_links = True
    return start_checkout(services, user, "monthly")


def test_a_code_is_the_gateways_link_and_its_picture_for_five_minutes(
    services, user, gateway, order, clock
) -> None:
    code = make_upi_code(services, user, order.id, **BROWSER)

    (asked,) = gateway.upi_requests
    assert code is not None
    assert code.picture == segno.make(code.link, error="m").svg_data_uri(
        scale=8, border=4, dark="#000", light="#fff"
    )
    assert code.expires_at == clock.moment + timedelta(minutes=5)
    assert (asked.order, asked.amount_paise, asked.currency) == (order.ref, 49900, "INR")
    assert (asked.ip_address, asked.user_agent) == ("203.0.113.9", "Mozilla/5.0")
    assert code.link not in repr(code)


def test_a_code_never_outlives_its_order(services, user, order, clock) -> None:
    clock.moment = order.expires_at - timedelta(minutes=1)

    code = make_upi_code(services, user, order.id, **BROWSER)

    assert code is not None
    assert code.expires_at == order.expires_at


def test_what_is_paid_with_a_code_opens_access(services, user, gateway, order) -> None:
    code = make_upi_code(services, user, order.id, **BROWSER)
    assert code is not None
    gateway.pay(order.id, payment_id=code.gateway_payment_id)

    assert sync_order(services, order.id).status is OrderStatus.PAID
    assert entitlement(services, user).is_active


def test_a_second_try_makes_a_new_code_and_both_paid_are_one_activation(
    services, user, gateway, order
) -> None:
    first = make_upi_code(services, user, order.id, **BROWSER)
    second = make_upi_code(services, user, order.id, **BROWSER)
    assert first is not None
    assert second is not None
    for code in (first, second):
        gateway.pay(order.id, payment_id=code.gateway_payment_id, status=GatewayPaymentStatus.SUCCESS)

    sync_order(services, order.id)

    assert first.link != second.link
    with services.engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM subscription_periods").scalar() == 1


def test_the_brake_lets_five_codes_through_in_ten_minutes(services, user, gateway, order, clock) -> None:
    for _ in range(5):
        make_upi_code(services, user, order.id, **BROWSER)
    with pytest.raises(TooManyRequests, match="10 minutes"):
        make_upi_code(services, user, order.id, **BROWSER)
    asked = len(gateway.upi_requests)

    clock.moment += timedelta(minutes=10)
    make_upi_code(services, user, order.id, **BROWSER)

    assert (asked, len(gateway.upi_requests)) == (5, 6)


def test_somebody_elses_order_gets_no_code(services, gateway, order) -> None:
    stranger = create_admin(services, email="boss@example.com", password="TestPass123")

    with pytest.raises(OrderNotFound):
        make_upi_code(services, stranger, order.id, **BROWSER)

    assert gateway.upi_requests == []


def test_an_order_that_cannot_be_paid_any_more_gets_no_code(services, user, gateway, order, clock) -> None:
    clock.moment = order.expires_at

    with pytest.raises(CheckoutClosed):
        make_upi_code(services, user, order.id, **BROWSER)

    assert gateway.upi_requests == []


def test_an_account_without_links_gives_none_and_costs_no_use(services, user, gateway, order) -> None:
    gateway.has_upi_links = False

    assert [make_upi_code(services, user, order.id, **BROWSER) for _ in range(7)] == [None] * 7
    assert not offers_upi_code(services, "razorpay")


def test_a_lost_answer_leaves_the_order_as_it_was(services, user, gateway, order) -> None:
    gateway.fail_next = GatewayTimeout()

    with pytest.raises(GatewayTimeout):
        make_upi_code(services, user, order.id, **BROWSER)

    assert find_order(services, user, order.id).status is OrderStatus.CREATED


def test_a_gateway_that_is_down_or_unknown_offers_no_code(services, gateway, order) -> None:
    (name,) = services.gateways
    is_offered = offers_upi_code(services, name)
    gateway.is_down = True

    assert (is_offered, offers_upi_code(services, name), offers_upi_code(services, "elsewhere")) == (
        True,
        False,
        False,
    )
