"""What billing says became of an order: never more than its money has done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billing.returns import HandReturn, RefundLine
from domain.gateway import RETURNED_UNTAKEN
from domain.orders import OrderStatus, PaymentStatus
from domain.refunds import RefundStatus
from payment_handler import OrderLine, PaymentLine
from tests.builders import an_order
from ui.billing import _attempt, describe_order, describe_refund, describe_way_back


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


@pytest.mark.parametrize(
    ("status", "processed_at", "words"),
    [
        (RefundStatus.INTENDED, None, "Refund of ₹499 is on its way to your bank"),
        (RefundStatus.PENDING, None, "Refund of ₹499 is with your bank"),
        (RefundStatus.FAILED, None, "Refund of ₹499 did not go through; we have been told"),
        # Evening in UTC, already the next day in India.
        (RefundStatus.PROCESSED, datetime(2026, 3, 10, 20, 0, tzinfo=UTC), "₹499 returned on 11 Mar 2026"),
    ],
)
def test_a_refund_is_told_as_far_as_it_is(
    status: RefundStatus, processed_at: datetime | None, words: str
) -> None:
    assert describe_refund(RefundLine("ORDER00000000000001A", "511", 49900, status, processed_at)) == words


# Evening in UTC, already the next day in India.
BY_HAND = HandReturn("ORDER00000000000001A", "511", 49900, datetime(2026, 3, 12, 20, 0, tzinfo=UTC))
FAILED_REFUND = RefundLine("ORDER00000000000001A", "511", 49900, RefundStatus.FAILED, None)


def test_money_that_went_back_in_another_way_is_told_with_amount_and_day_and_no_failure() -> None:
    line = a_line(OrderStatus.SURPLUS, PaymentStatus.CAPTURED)

    assert describe_order(line, [BY_HAND])[0] == "Returned to you"
    assert describe_way_back(line.payments[0], [FAILED_REFUND], [BY_HAND]) == [
        "₹499 returned to you in another way on 13 Mar 2026"
    ]


def test_what_went_back_of_another_payment_says_nothing_of_this_one() -> None:
    line = a_line(OrderStatus.SURPLUS, PaymentStatus.CAPTURED)
    other = replace(BY_HAND, gateway_payment_id="512")

    assert describe_order(line, [other])[0] == "Being returned to you"
    assert describe_way_back(line.payments[0], [FAILED_REFUND], [other]) == [
        "Refund of ₹499 did not go through; we have been told"
    ]


def test_a_paid_order_whose_second_payment_came_back_in_another_way_stays_paid() -> None:
    line = a_line(OrderStatus.PAID, PaymentStatus.CAPTURED, PaymentStatus.CAPTURED)
    second = replace(line.payments[1], gateway_payment_id="512")

    told = describe_order(replace(line, payments=(line.payments[0], second)), [BY_HAND])

    assert told == ("Paid", "good")


def test_money_that_was_left_to_the_bank_is_told_as_such_and_not_as_waiting() -> None:
    at = datetime(2026, 3, 10, 6, 40, tzinfo=UTC)
    attempt = PaymentLine(PaymentStatus.CANCELLED, "upi", 49900, at, RETURNED_UNTAKEN, "513")

    told = _attempt(attempt, OrderStatus.EXPIRED)

    assert "Not taken" in told
    assert "It gives it back by itself." in told
    assert "Waiting" not in told
