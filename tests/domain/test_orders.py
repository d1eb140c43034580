"""The states of an order: which answer of the gateway moves it where, and which edges there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.gateway import GatewayOrderStatus
from domain.orders import EDGES, Known, OrderStatus, PaymentRole, PaymentStatus, Verdict, may_move, settle
from tests.builders import IN_TIME, a_payment, an_observation, an_order

NOTHING = Known({})
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
        an_order(status=status),
        NOTHING,
        an_observation(a_payment(), status=GatewayOrderStatus.PAID),
        now=IN_TIME,
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
        an_order(status=OrderStatus(status)),
        NOTHING,
        an_observation(status=GatewayOrderStatus(observed)),
        now=IN_TIME,
    )

    assert settled.status is OrderStatus(following)
    assert settled.changes == ()


@pytest.mark.parametrize("status", list(OrderStatus))
@pytest.mark.parametrize("observed", ["paid", "termination_requested", "unknown"])
def test_the_word_paid_without_a_payment_and_words_we_do_not_know_move_nothing(status, observed) -> None:
    settled = settle(
        an_order(status=status), NOTHING, an_observation(status=GatewayOrderStatus(observed)), now=IN_TIME
    )

    assert (settled.status, settled.changes, settled.alarms) == (status, (), ())


@pytest.mark.parametrize("status", UNDECIDED)
@pytest.mark.parametrize("observed", ["active", "paid", "termination_requested", "unknown"])
def test_an_order_without_money_ends_five_minutes_after_its_time_whatever_its_gateway_calls_it(
    status, observed
) -> None:
    order = an_order(status=status)
    look = an_observation(status=GatewayOrderStatus(observed), expires_at=order.expires_at)
    grace = timedelta(minutes=5)

    waiting = settle(order, NOTHING, look, now=order.expires_at + grace - timedelta(seconds=1))
    ended = settle(order, NOTHING, look, now=order.expires_at + grace)

    assert waiting == settle(order, NOTHING, look, now=IN_TIME)
    assert ended.status is (
        OrderStatus.TERMINATED if status is OrderStatus.TERMINATED else OrderStatus.EXPIRED
    )
    assert ended.changes == ()


@pytest.mark.parametrize("status", [*UNDECIDED, OrderStatus.QUARANTINED])
def test_the_word_paid_without_a_payment_calls_a_person_once_the_order_ends(status) -> None:
    order = an_order(status=status)
    look = an_observation(status=GatewayOrderStatus.PAID)

    settled = settle(
        order, NOTHING, look, now=order.expires_at + timedelta(minutes=5), verdict=Verdict.ACCEPT
    )

    assert settled.alarms == ("no money came with the order, which is called paid",)


@pytest.mark.parametrize("status", [OrderStatus.PAID, OrderStatus.SURPLUS])
@pytest.mark.parametrize("observed", ["active", "paid", "termination_requested", "unknown"])
def test_an_order_that_brought_money_stays_what_it_is_when_its_time_is_over(status, observed) -> None:
    order, known = an_order(status=status), Known({"PAY1": PaymentStatus.CAPTURED})
    look = an_observation(status=GatewayOrderStatus(observed))

    settled = settle(order, known, look, now=order.expires_at + timedelta(days=1))

    assert (settled.status, settled.changes, settled.alarms) == (status, (), ())


@pytest.mark.parametrize("status", UNDECIDED)
@pytest.mark.parametrize("observed", list(GatewayOrderStatus))
def test_a_success_pays_an_order_whose_time_is_over(status, observed) -> None:
    order = an_order(status=status)

    settled = settle(
        order, NOTHING, an_observation(a_payment(), status=observed), now=order.expires_at + timedelta(days=1)
    )

    assert (settled.status, settled.activating, settled.alarms) == (OrderStatus.PAID, a_payment(), ())


@pytest.mark.parametrize(("seconds", "following"), [(-1, "created"), (0, "expired")], ids=["before", "at"])
def test_at_a_gateway_whose_orders_never_end_an_order_ends_with_its_time(seconds, following) -> None:
    order = an_order()

    settled = settle(order, NOTHING, an_observation(), now=order.expires_at + timedelta(seconds=seconds))

    assert settled.status is OrderStatus(following)


@pytest.mark.parametrize("observed", ["paid", "termination_requested", "unknown"])
def test_held_money_that_the_gateway_shows_no_more_keeps_its_order_in_quarantine(observed) -> None:
    order = an_order(status=OrderStatus.QUARANTINED)
    look = an_observation(status=GatewayOrderStatus(observed))

    settled = settle(
        order,
        Known({"PAY1": PaymentStatus.HELD}),
        look,
        now=order.expires_at + timedelta(days=1),
        verdict=Verdict.ACCEPT,
    )

    assert (settled.status, settled.changes) == (OrderStatus.QUARANTINED, ())


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
