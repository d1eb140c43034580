"""Money that a bank only holds is worth taking when it would buy the order's period, and not otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.captures import payment_to_capture
from domain.gateway import RETURNED_UNTAKEN, GatewayPaymentStatus
from domain.orders import Known, OrderStatus, PaymentStatus, Verdict, settle
from tests.builders import IN_TIME, a_payment, an_observation, an_order

NOTHING = Known(payments={})
HELD = GatewayPaymentStatus.AUTHORIZED


def held(gateway_payment_id: str = "PAY1", **changes):
    return a_payment(gateway_payment_id, status=HELD, **changes)


@pytest.mark.parametrize("status", [s for s in OrderStatus if s not in {OrderStatus.QUARANTINED}])
def test_held_money_of_an_order_that_nobody_paid_is_taken_whatever_became_of_the_order(status) -> None:
    assert payment_to_capture(an_order(status=status), NOTHING, an_observation(held())) == held()


def test_of_several_the_earliest_is_taken_in_whatever_sequence_they_are_listed() -> None:
    early, late = held("PAY2"), held("PAY1", paid_at=a_payment().paid_at + timedelta(seconds=1))

    for listed in ((early, late), (late, early)):
        assert payment_to_capture(an_order(), NOTHING, an_observation(*listed)) == early


@pytest.mark.parametrize(
    "known",
    [
        Known({"PAY0": PaymentStatus.CAPTURED}),
        Known({"PAY0": PaymentStatus.REFUNDED}),
        Known({}, primary_order_id="ORDER00000000000000X"),
        Known({}, primary_order_id=an_order().id),
        Known({}, has_owner=False),
        Known({}, elsewhere=frozenset({"PAY1"})),
    ],
)
def test_what_would_go_back_at_once_is_not_taken(known) -> None:
    assert payment_to_capture(an_order(), known, an_observation(held())) is None


def test_a_duplicate_beside_money_that_has_come_is_not_taken() -> None:
    assert payment_to_capture(an_order(), NOTHING, an_observation(held("PAY2"), a_payment("PAY1"))) is None


def test_a_failed_attempt_beside_it_stands_in_nobodys_way() -> None:
    failed = a_payment("PAY0", status=GatewayPaymentStatus.FAILED)

    assert payment_to_capture(an_order(), NOTHING, an_observation(failed, held())) == held()


@pytest.mark.parametrize("refund_late", [True, False])
def test_late_money_is_taken_only_where_it_is_honoured(refund_late) -> None:
    order = an_order()
    on_time, late = held(paid_at=order.expires_at), held(paid_at=order.expires_at + timedelta(seconds=1))

    assert payment_to_capture(order, NOTHING, an_observation(on_time), refund_late=refund_late) == on_time
    taken = payment_to_capture(order, NOTHING, an_observation(late), refund_late=refund_late)
    assert taken == (None if refund_late else late)


@pytest.mark.parametrize(
    "observed",
    [
        an_observation(held(amount_paise=49901)),
        an_observation(held(currency="USD")),
        an_observation(held(), amount_paise=100),
        an_observation(held(), tags={"user_id": str(UUID(int=9))}),
        an_observation(held(order_id="ORDER00000000000000X")),
    ],
)
def test_what_contradicts_our_order_is_not_taken_and_quarantines_it(observed) -> None:
    assert payment_to_capture(an_order(), NOTHING, observed) is None
    assert settle(an_order(), NOTHING, observed, now=IN_TIME).status is OrderStatus.QUARANTINED


def test_a_doubted_order_takes_nothing_until_a_person_accepts_it() -> None:
    order = an_order(status=OrderStatus.QUARANTINED)
    observed = an_observation(held())

    assert payment_to_capture(order, NOTHING, observed) is None
    assert payment_to_capture(order, NOTHING, observed, verdict=Verdict.GIVE_BACK) is None
    assert payment_to_capture(order, NOTHING, observed, verdict=Verdict.ACCEPT) == held()


def test_held_money_alone_settles_nothing() -> None:
    settled = settle(an_order(), NOTHING, an_observation(held()), now=IN_TIME)

    assert settled.status is OrderStatus.CREATED
    assert [change.status for change in settled.changes] == [PaymentStatus.PENDING]
    assert settled.activating is None
    assert settled.alarms == ()


@pytest.mark.parametrize(
    "known",
    [
        Known({"PAY0": PaymentStatus.CAPTURED}, primary_order_id=an_order().id),
        Known({"PAY0": PaymentStatus.REFUNDED}),
        Known({}, primary_order_id="ORDER00000000000000X"),
        Known({}, has_owner=False),
        Known({"PAY1": PaymentStatus.PENDING}, primary_order_id="ORDER00000000000000X"),
        # A bank may come to hold the money of an attempt that it had called failed.
        Known({"PAY1": PaymentStatus.FAILED}, primary_order_id="ORDER00000000000000X"),
    ],
)
def test_what_is_held_and_not_taken_is_recorded_as_going_back_and_settles_nothing(known) -> None:
    order = an_order(status=OrderStatus.SUPERSEDED)

    settled = settle(order, known, an_observation(held()), now=IN_TIME)

    assert [(change.status, change.role) for change in settled.changes] == [(PaymentStatus.CANCELLED, None)]
    assert settled.changes[0].payment.error_reason == RETURNED_UNTAKEN
    assert (settled.status, settled.alarms) == (OrderStatus.SUPERSEDED, ())


def test_held_money_beside_a_success_of_the_same_look_goes_back_though_it_began_earlier() -> None:
    earlier = held("PAY1", paid_at=a_payment().paid_at - timedelta(seconds=1))

    settled = settle(an_order(), NOTHING, an_observation(earlier, a_payment("PAY2")), now=IN_TIME)

    assert {change.payment.gateway_payment_id: change.status for change in settled.changes} == {
        "PAY1": PaymentStatus.CANCELLED,
        "PAY2": PaymentStatus.CAPTURED,
    }


@pytest.mark.parametrize("refund_late", [True, False])
def test_late_held_money_is_waited_for_only_where_it_is_honoured(refund_late) -> None:
    order = an_order(status=OrderStatus.EXPIRED)
    late = held(paid_at=order.expires_at + timedelta(seconds=1))

    settled = settle(order, NOTHING, an_observation(late), now=IN_TIME, refund_late=refund_late)

    expected = PaymentStatus.CANCELLED if refund_late else PaymentStatus.PENDING
    assert [change.status for change in settled.changes] == [expected]


def test_what_goes_back_is_told_once() -> None:
    known = Known({"PAY1": PaymentStatus.CANCELLED}, primary_order_id="ORDER00000000000000X")

    assert settle(an_order(), known, an_observation(held()), now=IN_TIME).changes == ()


def test_an_attempt_that_was_held_and_is_captured_becomes_money() -> None:
    known = Known({"PAY1": PaymentStatus.PENDING})

    settled = settle(
        an_order(), known, an_observation(replace(held(), status=GatewayPaymentStatus.SUCCESS)), now=IN_TIME
    )

    assert settled.status is OrderStatus.PAID
