"""What billing says became of an order: never more than its money has done."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.orders import OrderStatus, PaymentStatus
from payment_handler import OrderLine, PaymentLine
from tests.builders import an_order
from ui.billing import describe_order


def a_line(order_status: OrderStatus, *payments: PaymentStatus) -> OrderLine:
    at = datetime(2026, 3, 10, 6, 40, tzinfo=UTC)
    return OrderLine(
        an_order(status=order_status),
        "Monthly",
        tuple(PaymentLine(status, "upi", 49900, at, "", "511") for status in payments),
    )


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (a_line(OrderStatus.SURPLUS, PaymentStatus.CAPTURED), "Being returned to you"),
        (a_line(OrderStatus.SURPLUS, PaymentStatus.REFUNDED), "Returned to you"),
        (a_line(OrderStatus.SURPLUS, PaymentStatus.REFUNDED, PaymentStatus.FAILED), "Returned to you"),
        (
            a_line(OrderStatus.SURPLUS, PaymentStatus.REFUNDED, PaymentStatus.CAPTURED),
            "Being returned to you",
        ),
        (a_line(OrderStatus.PAID, PaymentStatus.CAPTURED), "Paid"),
        (a_line(OrderStatus.PAID, PaymentStatus.REFUNDED), "Refunded"),
        (a_line(OrderStatus.CREATED, PaymentStatus.FAILED), "Not paid"),
    ],
)
def test_an_order_is_called_returned_only_when_all_its_money_went_back(line: OrderLine, word: str) -> None:
    assert describe_order(line)[0] == word


def test_a_paid_order_whose_second_payment_went_back_stays_paid() -> None:
    line = a_line(OrderStatus.PAID, PaymentStatus.REFUNDED, PaymentStatus.CAPTURED)

    assert describe_order(line) == ("Paid", "good")
