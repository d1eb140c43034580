"""`settle` on attempts, several successes, second orders and late money: what each payment becomes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.gateway import GatewayOrderStatus, GatewayPaymentStatus, GatewayRefund, GatewayRefundStatus
from domain.orders import Known, OrderStatus, PaymentRole, PaymentStatus, may_move, settle
from tests.builders import IN_TIME, ORDER_ID, a_payment, an_observation, an_order

NOTHING = Known({})
TOO_LATE = datetime(2026, 3, 10, 7, 1, tzinfo=UTC)
UNDECIDED = [
    OrderStatus.CREATING,
    OrderStatus.UNKNOWN,
    OrderStatus.CREATED,
    OrderStatus.FAILED,
    OrderStatus.SUPERSEDED,
    OrderStatus.EXPIRED,
    OrderStatus.TERMINATED,
]


def test_the_first_payment_of_the_list_means_nothing() -> None:
    failed = a_payment("PAY1", status=GatewayPaymentStatus.FAILED)
    good = a_payment("PAY2")
    dropped = a_payment("PAY3", status=GatewayPaymentStatus.DROPPED)

    settled = settle(an_order(), NOTHING, an_observation(failed, good, dropped), now=IN_TIME)

    assert settled.status is OrderStatus.PAID
    assert settled.activating == good
    assert {c.payment.gateway_payment_id: c.status for c in settled.changes} == {
        "PAY1": PaymentStatus.FAILED,
        "PAY2": PaymentStatus.CAPTURED,
        "PAY3": PaymentStatus.DROPPED,
    }


def test_a_success_first_in_the_list_and_a_failure_after_it_is_paid() -> None:
    settled = settle(
        an_order(),
        NOTHING,
        an_observation(a_payment("PAY1"), a_payment("PAY2", status=GatewayPaymentStatus.FAILED)),
        now=IN_TIME,
    )

    assert settled.status is OrderStatus.PAID


def test_an_attempt_recorded_as_failed_may_succeed_later() -> None:
    settled = settle(
        an_order(), Known({"PAY1": PaymentStatus.FAILED}), an_observation(a_payment("PAY1")), now=IN_TIME
    )

    assert settled.status is OrderStatus.PAID
    assert settled.changes[0].role is PaymentRole.PRIMARY


@pytest.mark.parametrize("recorded", [PaymentStatus.CAPTURED, PaymentStatus.REFUNDED])
@pytest.mark.parametrize("observed", list(GatewayPaymentStatus))
def test_money_that_is_recorded_is_never_touched_again(recorded, observed) -> None:
    settled = settle(
        an_order(status=OrderStatus.PAID),
        Known({"PAY1": recorded}, ORDER_ID),
        an_observation(a_payment("PAY1", status=observed)),
        now=IN_TIME,
    )

    assert (settled.status, settled.changes, settled.alarms) == (OrderStatus.PAID, (), ())


@pytest.mark.parametrize(
    ("recorded", "observed", "following"),
    [
        (None, "pending", "pending"),
        (None, "unknown", "pending"),
        (None, "failed", "failed"),
        (None, "dropped", "dropped"),
        (None, "cancelled", "cancelled"),
        ("pending", "pending", None),
        ("pending", "unknown", None),
        ("pending", "failed", "failed"),
        ("pending", "dropped", "dropped"),
        ("pending", "cancelled", "cancelled"),
        ("failed", "pending", None),
        ("dropped", "pending", None),
        ("cancelled", "unknown", None),
        ("failed", "failed", None),
    ],
)
def test_an_attempt_moves_from_pending_to_its_end_and_stays_there(recorded, observed, following) -> None:
    known = NOTHING if recorded is None else Known({"PAY1": PaymentStatus(recorded)})

    settled = settle(
        an_order(), known, an_observation(a_payment(status=GatewayPaymentStatus(observed))), now=IN_TIME
    )

    assert [str(change.status) for change in settled.changes] == ([] if following is None else [following])
    assert all(change.role is None for change in settled.changes)
    assert settled.status is OrderStatus.CREATED


def test_cash_on_delivery_is_called_a_success_and_is_no_money() -> None:
    settled = settle(an_order(), NOTHING, an_observation(a_payment(is_money=False)), now=IN_TIME)

    assert settled.status is OrderStatus.CREATED
    assert settled.activating is None
    assert settled.changes == ()
    assert settled.alarms == ("no money came with payment PAY1, which is called a success",)


def test_cash_on_delivery_of_an_order_whose_time_is_over_calls_a_person_about_the_payment_alone() -> None:
    order = an_order()
    look = an_observation(a_payment(is_money=False), status=GatewayOrderStatus.PAID)

    settled = settle(order, NOTHING, look, now=order.expires_at + timedelta(minutes=5))

    assert settled.status is OrderStatus.EXPIRED
    assert settled.alarms == ("no money came with payment PAY1, which is called a success",)


def test_of_two_successes_on_one_order_the_earlier_buys_and_the_gateway_returns_the_other() -> None:
    later = a_payment("PAY1", paid_at=IN_TIME + timedelta(minutes=1))
    earlier = a_payment("PAY2", paid_at=IN_TIME)

    settled = settle(an_order(), NOTHING, an_observation(later, earlier), now=IN_TIME)

    assert settled.status is OrderStatus.PAID
    assert [(c.payment.gateway_payment_id, c.role, c.refund_reason) for c in settled.changes] == [
        ("PAY2", PaymentRole.PRIMARY, None),
        ("PAY1", PaymentRole.DUPLICATE, None),
    ]
    assert len(settled.alarms) == 1


def test_of_two_successes_the_one_that_was_returned_buys_nothing_although_it_began_first() -> None:
    """Seen first together: a gateway that does not say that it returned one by itself."""
    first = a_payment("PAY1", paid_at=IN_TIME)
    second = a_payment("PAY2", paid_at=IN_TIME + timedelta(minutes=5))
    back = GatewayRefund(
        "", "REF1", ORDER_ID, "PAY1", first.amount_paise, "INR", GatewayRefundStatus.SUCCESS,
        processed_at=IN_TIME + timedelta(minutes=6),
    )  # fmt: skip

    settled = settle(
        an_order(), NOTHING, replace(an_observation(first, second), refunds=(back,)), now=IN_TIME
    )

    assert settled.status is OrderStatus.PAID
    assert [(c.payment.gateway_payment_id, c.role) for c in settled.changes] == [
        ("PAY2", PaymentRole.PRIMARY),
        ("PAY1", PaymentRole.DUPLICATE),
    ]


def test_a_second_success_on_a_paid_order_is_a_duplicate_that_we_do_not_refund_ourselves() -> None:
    settled = settle(
        an_order(status=OrderStatus.PAID),
        Known({"PAY1": PaymentStatus.CAPTURED}, ORDER_ID),
        an_observation(a_payment("PAY1"), a_payment("PAY2")),
        now=IN_TIME,
    )

    assert settled.status is OrderStatus.PAID
    assert [(c.payment.gateway_payment_id, c.role, c.refund_reason) for c in settled.changes] == [
        ("PAY2", PaymentRole.DUPLICATE, None)
    ]


@pytest.mark.parametrize("status", UNDECIDED)
def test_a_success_on_a_second_order_of_the_checkout_is_surplus_and_goes_back(status) -> None:
    settled = settle(
        an_order(status=status), Known({}, "ORDER00000000000002B"), an_observation(a_payment()), now=IN_TIME
    )

    assert settled.status is OrderStatus.SURPLUS
    assert settled.activating is None
    assert settled.changes[0].role is PaymentRole.DUPLICATE
    assert settled.changes[0].refund_reason == "paid twice in one checkout"
    assert len(settled.alarms) == 1


def test_a_payment_after_the_expiry_is_honoured_unless_the_operator_chose_otherwise() -> None:
    late = an_observation(a_payment(paid_at=TOO_LATE), status=GatewayOrderStatus.PAID)

    assert settle(an_order(status=OrderStatus.EXPIRED), NOTHING, late, now=IN_TIME).status is OrderStatus.PAID


def test_a_payment_after_the_expiry_goes_back_where_the_operator_chose_so() -> None:
    late = an_observation(a_payment(paid_at=TOO_LATE), status=GatewayOrderStatus.PAID)

    settled = settle(an_order(status=OrderStatus.EXPIRED), NOTHING, late, now=IN_TIME, refund_late=True)

    assert settled.status is OrderStatus.SURPLUS
    assert settled.changes[0].refund_reason == "paid after the order had expired"
    assert settled.activating is None


@pytest.mark.parametrize("paid_at", [IN_TIME, datetime(2026, 3, 10, 7, 0, tzinfo=UTC), None])
def test_a_payment_in_time_is_honoured_even_if_we_hear_of_it_late(paid_at) -> None:
    observed = an_observation(a_payment(paid_at=paid_at), status=GatewayOrderStatus.PAID)

    assert (
        settle(an_order(status=OrderStatus.EXPIRED), NOTHING, observed, now=IN_TIME, refund_late=True).status
        is OrderStatus.PAID
    )


def test_an_in_time_payment_heard_of_after_a_late_one_still_buys_the_period() -> None:
    order = an_order(status=OrderStatus.SURPLUS)
    known = Known({"PAY2": PaymentStatus.CAPTURED})
    observed = an_observation(
        a_payment("PAY1"), a_payment("PAY2", paid_at=TOO_LATE), status=GatewayOrderStatus.PAID
    )

    settled = settle(order, known, observed, now=IN_TIME, refund_late=True)

    assert settled.activating == a_payment("PAY1")
    assert settled.status is OrderStatus.PAID
    assert may_move(order.status, settled.status)
