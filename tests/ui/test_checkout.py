from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.orders import Order, OrderStatus, PaymentStatus
from payment_handler import PaymentLine
from ui.checkout import ReturnState, return_state

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DECLINED = PaymentLine(PaymentStatus.FAILED, "upi", 49900, NOW, "bank_rejected", "511")


def an_order(status: OrderStatus) -> Order:
    return Order(
        id="ORDER8K2M4QX7T9ZB3C",
        checkout_id=uuid4(),
        user_id=uuid4(),
        plan_id="monthly",
        months=1,
        amount_paise=49900,
        currency="INR",
        gateway="cashfree",
        status=status,
        payment_session_id="session_x",
        expires_at=NOW,
        created_at=NOW,
    )


def test_a_paid_order_is_a_success_even_when_its_newest_attempt_failed() -> None:
    assert return_state(an_order(OrderStatus.PAID), DECLINED) is ReturnState.PAID


def test_an_open_order_without_a_failed_attempt_is_waited_for() -> None:
    assert return_state(an_order(OrderStatus.CREATED), None) is ReturnState.WAITING


def test_an_order_that_the_gateway_did_not_answer_about_is_waited_for() -> None:
    assert return_state(an_order(OrderStatus.UNKNOWN), None) is ReturnState.WAITING


def test_a_failed_attempt_on_an_open_order_is_a_failure() -> None:
    assert return_state(an_order(OrderStatus.CREATED), DECLINED) is ReturnState.FAILED


@pytest.mark.parametrize("status", [OrderStatus.EXPIRED, OrderStatus.TERMINATED, OrderStatus.SUPERSEDED])
def test_a_closed_order_is_called_closed(status: OrderStatus) -> None:
    assert return_state(an_order(status), None) is ReturnState.CLOSED


def test_money_that_was_not_needed_is_announced_as_going_back() -> None:
    assert return_state(an_order(OrderStatus.SURPLUS), None) is ReturnState.SURPLUS


def test_a_contradiction_is_said_to_be_under_review_and_never_a_failure() -> None:
    assert return_state(an_order(OrderStatus.QUARANTINED), DECLINED) is ReturnState.REVIEW


def test_every_status_has_an_answer() -> None:
    for status in OrderStatus:
        assert isinstance(return_state(an_order(status), None), ReturnState)
