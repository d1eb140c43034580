"""A subscriber, who may open the analyzer's pages."""

from __future__ import annotations

import pytest

from billing.checkout import start_checkout
from domain.accounts import User
from payment_handler import sync_order


@pytest.fixture
def member(services, user, gateway) -> User:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    return user
