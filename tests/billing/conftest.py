"""A shop with both gateways, for the tests that ask for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes import FakeRazorpay


@pytest.fixture
def rzp(clock) -> FakeRazorpay:
    return FakeRazorpay(lambda: clock.moment)


@pytest.fixture
def shop(services, gateway, rzp):
    """Both gateways, Cashfree preferred."""
    return replace(services, gateways={"cashfree": gateway, "razorpay": rzp})
