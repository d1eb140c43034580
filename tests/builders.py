"""Values for tests, whole and plausible, where a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.gateway import (
    GatewayOrder,
    GatewayOrderStatus,
    GatewayPayment,
    GatewayPaymentStatus,
    Observation,
)
from domain.orders import Order, OrderStatus

ORDER_ID = "ORDER00000000000001A"
USER_ID = UUID(int=1)
# When the order below can be paid.
IN_TIME = datetime(2026, 3, 10, 6, 40, tzinfo=UTC)


def an_order(**changes: Any) -> Order:
    """A monthly order over ₹499, payable from 6:30 to 7:00 on 10 March 2026."""
    values: dict[str, Any] = {
        "id": ORDER_ID,
        "checkout_id": UUID(int=2),
        "user_id": USER_ID,
        "plan_id": "monthly",
        "months": 1,
        "amount_paise": 49900,
        "currency": "INR",
        "gateway": "cashfree",
        "status": OrderStatus.CREATED,
        "payment_session_id": "session_1",
        "expires_at": datetime(2026, 3, 10, 7, 0, tzinfo=UTC),
        "created_at": datetime(2026, 3, 10, 6, 30, tzinfo=UTC),
        **changes,
    }
    return Order(**values)


def a_payment(gateway_payment_id: str = "PAY1", **changes: Any) -> GatewayPayment:
    """A success of the same order at 6:40."""
    values: dict[str, Any] = {
        "gateway_payment_id": gateway_payment_id,
        "order_id": ORDER_ID,
        "status": GatewayPaymentStatus.SUCCESS,
        "amount_paise": 49900,
        "currency": "INR",
        "charged_paise": 49900,
        "charged_currency": "INR",
        "method": "upi",
        "paid_at": datetime(2026, 3, 10, 6, 40, tzinfo=UTC),
        **changes,
    }
    return GatewayPayment(**values)


def an_observation(
    *payments: GatewayPayment, status: GatewayOrderStatus = GatewayOrderStatus.ACTIVE, **changes: Any
) -> Observation:
    """What the gateway says about the same order."""
    values: dict[str, Any] = {
        "order_id": ORDER_ID,
        "gateway_order_id": "1000",
        "status": status,
        "amount_paise": 49900,
        "currency": "INR",
        "payment_session_id": "session_1",
        "tags": {"user_id": str(USER_ID)},
        **changes,
    }
    return Observation(GatewayOrder(**values), payments)
