from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.orders import OrderStatus
from tests.builders import an_order
from ui.checkout import describe_expiry

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_an_order_that_can_be_paid_says_until_when() -> None:
    assert "until 5:30 pm IST" in describe_expiry(an_order(expires_at=NOW), NOW - timedelta(minutes=5))


def test_an_order_whose_time_is_over_says_so_before_anybody_marked_it() -> None:
    assert describe_expiry(an_order(expires_at=NOW), NOW) == (
        "This order has expired; Complete Payment opens a fresh one."
    )


def test_an_order_that_was_closed_early_is_not_called_payable() -> None:
    sentence = describe_expiry(
        an_order(status=OrderStatus.TERMINATED, expires_at=NOW), NOW - timedelta(minutes=5)
    )

    assert sentence == "This order was closed; Complete Payment opens a fresh one."
