"""What the dashboard's pages of both gateways have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from simulator.errors import ApiError


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of the list of orders."""

    gateway: str
    order_id: str
    customer: str
    amount_paise: int
    status: str
    is_paid: bool
    attempts: int
    created_at: datetime


def entered_paise(written: str) -> int:
    """Read an amount that a person typed in rupees. Raises ApiError."""
    try:
        paise = Decimal(written.replace(",", "").strip() or "x").scaleb(2)
    except InvalidOperation as exc:
        raise ApiError(400, "Enter an amount in rupees", "refund_amount_invalid") from exc
    if not paise.is_finite() or paise != int(paise) or paise < 1:
        raise ApiError(400, "Enter an amount in rupees and paise", "refund_amount_invalid")
    return int(paise)
