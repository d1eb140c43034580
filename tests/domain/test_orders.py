"""`settle`: what one look at the gateway changes, for every state of an order and every answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.gateway import GatewayOrderStatus, GatewayPaymentStatus, GatewayRefund, GatewayRefundStatus
from domain.orders import (
    EDGES,
    Known,
    OrderStatus,
    PaymentChange,
    PaymentRole,
    PaymentStatus,
    Settlement,
    may_move,
    settle,
)
from tests.builders import ORDER_ID, a_payment, an_observation, an_order

NOTHING = Known({})
IN_TIME = datetime(2026, 3, 10, 6, 40, tzinfo=UTC)
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

# The states in which an order blocks another one of its checkout (orders_one_open).
OPEN = frozenset({OrderStatus.CREATING, OrderStatus.UNKNOWN, OrderStatus.CREATED})


@pytest.mark.parametrize("status", UNDECIDED)
def test_a_success_pays_an_order_in_any_state_that_is_not_decided(status) -> None:
    settled = settle(
        an_order(status=status), NOTHING, an_observation(a_payment(), status=GatewayOrderStatus.PAID)
    )

    assert settled.status is OrderStatus.PAID
    assert settled.activating == a_payment()
    assert [(c.status, c.role, c.refund_reason) for c in settled.changes] == [
        (PaymentStatus.CAPTURED, PaymentRole.PRIMARY, None)
    ]
    assert settled.alarms == ()


@pytest.mark.parametrize(
    ("status", "observed", "following"),
    [
        ("creating", "active", "created"),
        ("creating", "expired", "expired"),
        ("creating", "terminated", "terminated"),
        ("unknown", "active", "created"),
        ("unknown", "expired", "expired"),
        ("unknown", "terminated", "terminated"),
        ("created", "active", "created"),
        ("created", "expired", "expired"),
        ("created", "terminated", "terminated"),
        ("failed", "expired", "expired"),
        ("failed", "terminated", "terminated"),
        ("superseded", "active", "superseded"),
        ("superseded", "expired", "expired"),
        ("superseded", "terminated", "terminated"),
        ("expired", "active", "expired"),
        ("expired", "expired", "expired"),
        ("expired", "terminated", "expired"),
        ("terminated", "active", "terminated"),
        ("terminated", "expired", "terminated"),
        ("terminated", "terminated", "terminated"),
        ("paid", "active", "paid"),
        ("paid", "expired", "paid"),
        ("paid", "terminated", "paid"),
        ("surplus", "active", "surplus"),
        ("surplus", "expired", "surplus"),
        ("surplus", "terminated", "surplus"),
        ("quarantined", "active", "quarantined"),
        ("quarantined", "expired", "quarantined"),
        ("quarantined", "terminated", "quarantined"),
    ],
)
def test_without_a_payment_the_gateways_state_is_followed_forward_only(status, observed, following) -> None:
    settled = settle(
        an_order(status=OrderStatus(status)), NOTHING, an_observation(status=GatewayOrderStatus(observed))
    )

    assert settled.status is OrderStatus(following)
    assert settled.changes == ()


@pytest.mark.parametrize("status", list(OrderStatus))
@pytest.mark.parametrize("observed", ["paid", "termination_requested", "unknown"])
def test_the_word_paid_without_a_payment_and_words_we_do_not_know_move_nothing(status, observed) -> None:
    settled = settle(an_order(status=status), NOTHING, an_observation(status=GatewayOrderStatus(observed)))

    assert (settled.status, settled.changes, settled.alarms) == (status, (), ())


@pytest.mark.parametrize(
    "contradiction",
    [
        an_observation(a_payment(), order_id="ORDER00000000000002B"),
        an_observation(a_payment(), amount_paise=49901),
        an_observation(a_payment(), amount_paise=499),
        an_observation(a_payment(), amount_paise=-49900),
        an_observation(a_payment(), currency="USD"),
        an_observation(a_payment(), tags={"user_id": str(UUID(int=9))}),
        an_observation(a_payment(order_id="ORDER00000000000002B")),
        an_observation(a_payment(amount_paise=100)),
        an_observation(a_payment(amount_paise=49901)),
        an_observation(a_payment(currency="USD")),
        an_observation(a_payment(), a_payment("PAY2", amount_paise=1)),
    ],
)
@pytest.mark.parametrize("status", UNDECIDED)
def test_a_contradiction_in_id_amount_currency_or_owner_is_quarantined_and_gives_no_access(
    status, contradiction
) -> None:
    settled = settle(an_order(status=status), NOTHING, contradiction)

    assert settled.status is OrderStatus.QUARANTINED
    assert settled.activating is None
    assert {change.role for change in settled.changes} <= {None}
    assert {change.status for change in settled.changes} <= {PaymentStatus.HELD}
    assert settled.alarms == (settled.quarantine_reason,)


@pytest.mark.parametrize("status", [OrderStatus.PAID, OrderStatus.SURPLUS])
def test_a_contradiction_about_a_decided_order_alarms_and_takes_nothing_back(status) -> None:
    settled = settle(an_order(status=status), NOTHING, an_observation(a_payment(), amount_paise=1))

    assert (settled.status, settled.changes, settled.quarantine_reason) == (status, (), None)
    assert len(settled.alarms) == 1


def test_a_quarantined_order_waits_for_a_person_even_if_the_gateway_corrects_itself() -> None:
    order = an_order(status=OrderStatus.QUARANTINED)
    observed = an_observation(a_payment())

    settled = settle(order, Known({}), observed)
    again = settle(order, Known({"PAY1": PaymentStatus.HELD}), observed)

    assert settled == Settlement(OrderStatus.QUARANTINED, (PaymentChange(a_payment(), PaymentStatus.HELD),))
    assert again == Settlement(OrderStatus.QUARANTINED)


def test_an_order_without_an_owner_tag_is_ours_by_its_id() -> None:
    settled = settle(an_order(), NOTHING, an_observation(a_payment(), tags={}))

    assert settled.status is OrderStatus.PAID


def test_a_failed_attempt_over_another_amount_is_no_contradiction() -> None:
    attempt = a_payment(status=GatewayPaymentStatus.FAILED, amount_paise=1)

    assert settle(an_order(), NOTHING, an_observation(attempt)).status is OrderStatus.CREATED


@pytest.mark.parametrize("charged", [50898, 44900, 0])
def test_a_surcharge_or_an_offer_changes_only_what_the_bank_was_charged(charged) -> None:
    settled = settle(an_order(), NOTHING, an_observation(a_payment(charged_paise=charged)))

    assert settled.status is OrderStatus.PAID
    assert settled.activating is not None
    assert settled.activating.charged_paise == charged


def test_the_first_payment_of_the_list_means_nothing() -> None:
    failed = a_payment("PAY1", status=GatewayPaymentStatus.FAILED)
    good = a_payment("PAY2")
    dropped = a_payment("PAY3", status=GatewayPaymentStatus.DROPPED)

    settled = settle(an_order(), NOTHING, an_observation(failed, good, dropped))

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
    )

    assert settled.status is OrderStatus.PAID


def test_an_attempt_recorded_as_failed_may_succeed_later() -> None:
    settled = settle(an_order(), Known({"PAY1": PaymentStatus.FAILED}), an_observation(a_payment("PAY1")))

    assert settled.status is OrderStatus.PAID
    assert settled.changes[0].role is PaymentRole.PRIMARY


@pytest.mark.parametrize("recorded", [PaymentStatus.CAPTURED, PaymentStatus.REFUNDED])
@pytest.mark.parametrize("observed", list(GatewayPaymentStatus))
def test_money_that_is_recorded_is_never_touched_again(recorded, observed) -> None:
    settled = settle(
        an_order(status=OrderStatus.PAID),
        Known({"PAY1": recorded}, ORDER_ID),
        an_observation(a_payment("PAY1", status=observed)),
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

    settled = settle(an_order(), known, an_observation(a_payment(status=GatewayPaymentStatus(observed))))

    assert [str(change.status) for change in settled.changes] == ([] if following is None else [following])
    assert all(change.role is None for change in settled.changes)
    assert settled.status is OrderStatus.CREATED


def test_cash_on_delivery_is_called_a_success_and_is_no_money() -> None:
    settled = settle(an_order(), NOTHING, an_observation(a_payment(is_money=False)))

    assert settled.status is OrderStatus.CREATED
    assert settled.activating is None
    assert settled.changes == ()
    assert len(settled.alarms) == 1


def test_of_two_successes_on_one_order_the_earlier_buys_and_the_gateway_returns_the_other() -> None:
    later = a_payment("PAY1", paid_at=IN_TIME + timedelta(minutes=1))
    earlier = a_payment("PAY2", paid_at=IN_TIME)

    settled = settle(an_order(), NOTHING, an_observation(later, earlier))

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

    settled = settle(an_order(), NOTHING, replace(an_observation(first, second), refunds=(back,)))

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
    )

    assert settled.status is OrderStatus.PAID
    assert [(c.payment.gateway_payment_id, c.role, c.refund_reason) for c in settled.changes] == [
        ("PAY2", PaymentRole.DUPLICATE, None)
    ]


@pytest.mark.parametrize("status", UNDECIDED)
def test_a_success_on_a_second_order_of_the_checkout_is_surplus_and_goes_back(status) -> None:
    settled = settle(an_order(status=status), Known({}, "ORDER00000000000002B"), an_observation(a_payment()))

    assert settled.status is OrderStatus.SURPLUS
    assert settled.activating is None
    assert settled.changes[0].role is PaymentRole.DUPLICATE
    assert settled.changes[0].refund_reason == "paid twice in one checkout"
    assert len(settled.alarms) == 1


def test_a_payment_after_the_expiry_is_honoured_unless_the_operator_chose_otherwise() -> None:
    late = an_observation(a_payment(paid_at=TOO_LATE), status=GatewayOrderStatus.PAID)

    assert settle(an_order(status=OrderStatus.EXPIRED), NOTHING, late).status is OrderStatus.PAID


def test_a_payment_after_the_expiry_goes_back_where_the_operator_chose_so() -> None:
    late = an_observation(a_payment(paid_at=TOO_LATE), status=GatewayOrderStatus.PAID)

    settled = settle(an_order(status=OrderStatus.EXPIRED), NOTHING, late, refund_late=True)

    assert settled.status is OrderStatus.SURPLUS
    assert settled.changes[0].refund_reason == "paid after the order had expired"
    assert settled.activating is None


@pytest.mark.parametrize("paid_at", [IN_TIME, datetime(2026, 3, 10, 7, 0, tzinfo=UTC), None])
def test_a_payment_in_time_is_honoured_even_if_we_hear_of_it_late(paid_at) -> None:
    observed = an_observation(a_payment(paid_at=paid_at), status=GatewayOrderStatus.PAID)

    assert (
        settle(an_order(status=OrderStatus.EXPIRED), NOTHING, observed, refund_late=True).status
        is OrderStatus.PAID
    )


def test_an_in_time_payment_heard_of_after_a_late_one_still_buys_the_period() -> None:
    order = an_order(status=OrderStatus.SURPLUS)
    known = Known({"PAY2": PaymentStatus.CAPTURED})
    observed = an_observation(
        a_payment("PAY1"), a_payment("PAY2", paid_at=TOO_LATE), status=GatewayOrderStatus.PAID
    )

    settled = settle(order, known, observed, refund_late=True)

    assert settled.activating == a_payment("PAY1")
    assert settled.status is OrderStatus.PAID
    assert may_move(order.status, settled.status)


def test_the_edges_are_a_closed_set() -> None:
    assert {str(status): {str(target) for target in targets} for status, targets in EDGES.items()} == {
        "creating": {
            "created",
            "unknown",
            "failed",
            "superseded",
            "expired",
            "terminated",
            "paid",
            "surplus",
            "quarantined",
        },
        "unknown": {
            "created",
            "failed",
            "superseded",
            "expired",
            "terminated",
            "paid",
            "surplus",
            "quarantined",
        },
        "created": {"superseded", "expired", "terminated", "paid", "surplus", "quarantined"},
        "failed": {"expired", "terminated", "paid", "surplus", "quarantined"},
        "superseded": {"expired", "terminated", "paid", "surplus", "quarantined"},
        "expired": {"paid", "surplus", "quarantined"},
        "terminated": {"paid", "surplus", "quarantined"},
        "paid": set(),
        "surplus": {"paid"},
        "quarantined": {"paid", "surplus", "superseded", "expired", "terminated"},
    }


def test_nothing_that_was_closed_opens_again_by_itself() -> None:
    by_the_gateway = set(OrderStatus) - {OrderStatus.QUARANTINED}

    assert not [s for s in by_the_gateway - OPEN for target in EDGES[s] if target in OPEN]


def test_staying_is_always_allowed() -> None:
    assert all(may_move(status, status) for status in OrderStatus)


def test_an_order_is_payable_only_when_open_known_to_the_gateway_and_in_time() -> None:
    before, at_the_end = datetime(2026, 3, 10, 6, 59, tzinfo=UTC), datetime(2026, 3, 10, 7, 0, tzinfo=UTC)

    assert an_order().is_payable(before)
    assert not an_order().is_payable(at_the_end)
    assert not an_order(payment_session_id=None).is_payable(before)
    assert not [
        s for s in OrderStatus if s is not OrderStatus.CREATED and an_order(status=s).is_payable(before)
    ]
