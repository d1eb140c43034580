"""Any looks at the gateway, old or new, once or repeated, in any order, lead to one and the same state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

pytest.importorskip("hypothesis", reason="needs requirements-dev.txt")

from hypothesis import given
from hypothesis import strategies as st

from domain.gateway import GatewayOrderStatus, GatewayPaymentStatus, Observation
from domain.orders import EDGES, Known, Order, OrderStatus, PaymentRole, PaymentStatus, settle
from tests.builders import IN_TIME, a_payment, an_observation, an_order

START = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
ENDS = [GatewayPaymentStatus.FAILED, GatewayPaymentStatus.DROPPED, GatewayPaymentStatus.CANCELLED]


class Books:
    """What a use-case keeps between two looks: the order, its attempts, and who bought the period."""

    def __init__(self, status: OrderStatus, primary_order_id: str | None = None) -> None:
        self.order: Order = an_order(status=status)
        self.payments: dict[str, PaymentStatus] = {}
        self.roles: dict[str, PaymentRole] = {}
        self.primary_order_id = primary_order_id

    def apply(self, observed: Observation, *, refund_late: bool) -> None:
        settled = settle(
            self.order,
            Known(dict(self.payments), self.primary_order_id),
            observed,
            now=IN_TIME,
            refund_late=refund_late,
        )
        assert settled.status is self.order.status or settled.status in EDGES[self.order.status]
        for change in settled.changes:
            identity = change.payment.gateway_payment_id
            assert self.payments.get(identity) is not PaymentStatus.CAPTURED
            self.payments[identity] = change.status
            if change.role is not None:
                self.roles[identity] = change.role
            if change.role is PaymentRole.PRIMARY:
                self.primary_order_id = self.order.id
        self.order = replace(self.order, status=settled.status)

    def state(self) -> tuple[object, ...]:
        return self.order.status, self.payments, self.roles, self.primary_order_id


@st.composite
def growing_truths(draw: st.DrawFn) -> list[Observation]:
    """What the gateway knew at growing moments: attempts begin, fail, and sometimes succeed after that."""
    attempts: dict[str, GatewayPaymentStatus] = {}
    paid_at: dict[str, datetime] = {}
    order_status = GatewayOrderStatus.ACTIVE
    end = draw(st.sampled_from([GatewayOrderStatus.EXPIRED, GatewayOrderStatus.TERMINATED]))
    truths = [an_observation()]
    for step in range(draw(st.integers(1, 6))):
        identity = draw(st.sampled_from(["PAY1", "PAY2", "PAY3"]))
        now = attempts.get(identity)
        if draw(st.booleans()) and order_status is GatewayOrderStatus.ACTIVE and draw(st.booleans()):
            order_status = end
        elif now is None:
            attempts[identity] = GatewayPaymentStatus.PENDING
        elif now is GatewayPaymentStatus.PENDING and draw(st.booleans()):
            attempts[identity] = draw(st.sampled_from([*ENDS, GatewayPaymentStatus.AUTHORIZED]))
            if attempts[identity] is GatewayPaymentStatus.AUTHORIZED:
                paid_at[identity] = START + timedelta(minutes=10 * step)
        elif now is GatewayPaymentStatus.AUTHORIZED and draw(st.booleans()):
            attempts[identity] = GatewayPaymentStatus.CANCELLED
        elif now is not GatewayPaymentStatus.SUCCESS:
            attempts[identity] = GatewayPaymentStatus.SUCCESS
            paid_at.setdefault(identity, START + timedelta(minutes=10 * step))
            order_status = GatewayOrderStatus.PAID
        listed = draw(st.permutations(sorted(attempts)))
        truths.append(
            an_observation(
                *(a_payment(i, status=attempts[i], paid_at=paid_at.get(i)) for i in listed),
                status=order_status,
            )
        )
    return truths


@given(
    truths=growing_truths(),
    data=st.data(),
    refund_late=st.booleans(),
    status=st.sampled_from(
        [OrderStatus.CREATING, OrderStatus.UNKNOWN, OrderStatus.CREATED, OrderStatus.SUPERSEDED]
    ),
    primary_order_id=st.sampled_from([None, "ORDER00000000000002B"]),
)
def test_looks_in_any_order_with_repeats_converge_to_one_state_with_at_most_one_primary(
    truths, data, refund_late, status, primary_order_id
) -> None:
    straight = Books(status, primary_order_id)
    straight.apply(truths[-1], refund_late=refund_late)

    shuffled = Books(status, primary_order_id)
    for observed in [*data.draw(st.lists(st.sampled_from(truths), max_size=12)), truths[-1]]:
        shuffled.apply(observed, refund_late=refund_late)
    converged = shuffled.state()
    for observed in data.draw(st.lists(st.sampled_from(truths), max_size=12)):
        shuffled.apply(observed, refund_late=refund_late)

    assert shuffled.state() == converged == straight.state()
    assert list(shuffled.roles.values()).count(PaymentRole.PRIMARY) <= 1


@pytest.mark.parametrize("refund_late", [False, True])
def test_every_permutation_of_one_purchases_story_ends_the_same(refund_late) -> None:
    story = [
        an_observation(),
        an_observation(a_payment("PAY1", status=GatewayPaymentStatus.PENDING)),
        an_observation(a_payment("PAY1", status=GatewayPaymentStatus.FAILED)),
        an_observation(
            a_payment("PAY1", status=GatewayPaymentStatus.FAILED), status=GatewayOrderStatus.EXPIRED
        ),
        an_observation(a_payment("PAY1"), status=GatewayOrderStatus.PAID),
        an_observation(
            a_payment("PAY1"),
            a_payment("PAY2", paid_at=START + timedelta(hours=1)),
            status=GatewayOrderStatus.PAID,
        ),
    ]
    ends = []
    for sequence in permutations(story):
        books = Books(OrderStatus.CREATED)
        for observed in sequence:
            books.apply(observed, refund_late=refund_late)
        ends.append(books.state())

    assert len(ends) == 720
    assert all(end == ends[0] for end in ends)
    assert ends[0][0] is OrderStatus.PAID
    assert ends[0][2] == {"PAY1": PaymentRole.PRIMARY, "PAY2": PaymentRole.DUPLICATE}
