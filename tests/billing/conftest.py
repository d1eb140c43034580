"""A shop with both gateways, an admin and a paid order, for the tests that ask for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from payment_handler import start_checkout, sync_order
from tests.fakes import FakeRazorpay
from user_management import create_admin


@pytest.fixture
def rzp(clock) -> FakeRazorpay:
    return FakeRazorpay(lambda: clock.moment)


@pytest.fixture
def shop(services, gateway, rzp):
    """Both gateways, Cashfree preferred."""
    return replace(services, gateways={"cashfree": gateway, "razorpay": rzp})


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


@pytest.fixture
def paid(services, user, gateway):
    """A paid monthly order."""
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    gateway.calls.clear()
    return order
