"""What observed refunds change: states rise only, whatever order the answers come in."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest

from domain.gateway import GatewayRefund, GatewayRefundStatus
from domain.orders import PaymentRole
from domain.refunds import (
    KnownRefund,
    RefundablePayment,
    RefundStatus,
    is_mixed,
    may_rise,
    payment_to_return,
    settle_refunds,
)

FULL = 49900
PAYMENT = RefundablePayment(1, "PAY1", PaymentRole.PRIMARY, FULL, 0)


def seen(status: GatewayRefundStatus, *, refund_id: str = "REFUND1", amount_paise: int = FULL, **changes):
    values = {
        "refund_id": refund_id,
        "gateway_refund_id": f"R-{refund_id}",
        "order_id": "ORDER00000000000001A",
        "gateway_payment_id": "PAY1",
        "amount_paise": amount_paise,
        "currency": "INR",
        "status": status,
        "processed_at": datetime(2026, 3, 10, tzinfo=UTC) if status is GatewayRefundStatus.SUCCESS else None,
        **changes,
    }
    return GatewayRefund(**values)


class Books:
    """What a use-case keeps between two looks."""

    def __init__(self) -> None:
        self.refunds: dict[str, KnownRefund] = {}

    def apply(self, *observed: GatewayRefund) -> tuple[str, ...]:
        taken = sum(r.amount_paise for r in self.refunds.values() if r.status is not RefundStatus.FAILED)
        payment = RefundablePayment(1, "PAY1", PaymentRole.PRIMARY, FULL, taken)
        changes, alarms = settle_refunds([payment], list(self.refunds.values()), observed)
        for change in changes:
            before = self.refunds.get(change.key)
            assert change.is_new == (before is None)
            assert before is None or may_rise(before.status, change.status)
            self.refunds[change.key] = KnownRefund(
                change.key,
                change.payment_id,
                change.amount_paise,
                change.gateway_amount_paise,
                change.status,
                change.gateway_refund_id,
            )
        return alarms


@pytest.mark.parametrize(
    "life",
    [
        [GatewayRefundStatus.PENDING, GatewayRefundStatus.SUCCESS],
        [GatewayRefundStatus.PENDING, GatewayRefundStatus.FAILED],
        [GatewayRefundStatus.PENDING, GatewayRefundStatus.FAILED, GatewayRefundStatus.SUCCESS],
        [GatewayRefundStatus.UNKNOWN, GatewayRefundStatus.CANCELLED],
    ],
)
def test_answers_of_one_refund_lead_to_one_state_in_any_order(life) -> None:
    states = set()
    for order in permutations(life):
        books = Books()
        for status in order:
            books.apply(seen(status))
            books.apply(seen(status))
        states.add(books.refunds["REFUND1"].status)

    assert len(states) == 1
    assert states <= {RefundStatus.PROCESSED, RefundStatus.FAILED}


def test_a_refund_of_another_amount_than_ours_is_told_and_not_written() -> None:
    mine = KnownRefund("REFUND1", 1, 100, 100, RefundStatus.INTENDED)

    changes, alarms = settle_refunds([PAYMENT], [mine], [seen(GatewayRefundStatus.SUCCESS)])

    assert changes == ()
    assert alarms == ("refund REFUND1 has another amount or currency at the gateway",)


def test_a_refund_that_a_list_names_twice_is_booked_once() -> None:
    mine = KnownRefund("REFUND1", 1, FULL, FULL, RefundStatus.PENDING, "R-REFUND1")
    twice = [seen(GatewayRefundStatus.SUCCESS), seen(GatewayRefundStatus.SUCCESS, refund_id="R-REFUND1")]

    changes, alarms = settle_refunds([PAYMENT], [mine], [*twice, *twice])
    found, told = settle_refunds([PAYMENT], [], [*twice[:1], *twice[:1]])

    assert (len(changes), alarms) == (1, ())
    assert (len(found), told) == (1, ())


def test_a_refund_in_another_currency_is_told_and_not_written() -> None:
    changes, alarms = settle_refunds([PAYMENT], [], [seen(GatewayRefundStatus.SUCCESS, currency="USD")])

    assert (changes, len(alarms)) == ((), 1)


def test_a_refund_that_exceeds_leaves_its_claim_where_it_was() -> None:
    payments = [
        RefundablePayment(1, "PAY1", PaymentRole.PRIMARY, FULL, FULL),
        RefundablePayment(2, "PAY2", PaymentRole.DUPLICATE, 100, 0),
    ]
    mine = KnownRefund("REFUND1", 1, FULL, FULL, RefundStatus.INTENDED)

    changes, alarms = settle_refunds(
        payments,
        [mine],
        [
            seen(GatewayRefundStatus.SUCCESS, gateway_payment_id="PAY2"),
            seen(GatewayRefundStatus.SUCCESS, refund_id="OTHER"),
        ],
    )

    assert (changes, len(alarms)) == ((), 2)


def test_what_exceeds_the_payment_is_told_and_failed_refunds_claim_nothing() -> None:
    books = Books()

    alarms = books.apply(
        seen(GatewayRefundStatus.FAILED, refund_id="ONE"),
        seen(GatewayRefundStatus.SUCCESS, refund_id="TWO"),
        seen(GatewayRefundStatus.PENDING, refund_id="THREE", amount_paise=100),
    )

    assert alarms == ("the gateway refunded more than payment PAY1 brought",)
    assert {key: str(refund.status) for key, refund in books.refunds.items()} == {
        "ONE": "failed",
        "TWO": "processed",
    }


def test_a_surcharge_that_goes_back_too_was_never_ours() -> None:
    surcharged = RefundablePayment(1, "PAY1", PaymentRole.PRIMARY, FULL, 0, surcharge_paise=998)

    (change,), alarms = settle_refunds(
        [surcharged], [], [seen(GatewayRefundStatus.SUCCESS, amount_paise=FULL + 998)]
    )
    nothing = settle_refunds([surcharged], [], [seen(GatewayRefundStatus.SUCCESS, amount_paise=FULL + 999)])

    assert (change.amount_paise, change.gateway_amount_paise, alarms) == (FULL, FULL + 998, ())
    assert nothing == ((), ("the gateway refunded more than payment PAY1 brought",))


def test_a_surcharge_that_goes_back_after_all_else_changes_nothing() -> None:
    returned = RefundablePayment(1, "PAY1", PaymentRole.PRIMARY, FULL, FULL, surcharge_paise=998)

    assert settle_refunds([returned], [], [seen(GatewayRefundStatus.SUCCESS, amount_paise=998)]) == ((), ())


def test_a_refund_by_order_belongs_to_the_payment_that_the_gateway_took_it_from() -> None:
    both = [
        RefundablePayment(1, "PAY1", PaymentRole.DUPLICATE, FULL, FULL),
        RefundablePayment(2, "PAY2", PaymentRole.DUPLICATE, FULL, 0),
    ]
    mine = KnownRefund("REFUND1", 1, FULL, FULL, RefundStatus.INTENDED)

    changes, alarms = settle_refunds(
        both,
        [mine],
        [
            seen(GatewayRefundStatus.SUCCESS, refund_id="auto_PAY1"),
            seen(GatewayRefundStatus.SUCCESS, gateway_payment_id="PAY2"),
        ],
    )

    assert alarms == ()
    assert [(change.key, change.payment_id, change.is_new) for change in changes] == [
        ("REFUND1", 2, False),
        ("auto_PAY1", 1, True),
    ]


def test_a_refund_of_an_attempt_that_never_became_ours_is_the_gateways_affair() -> None:
    assert settle_refunds([], [], [seen(GatewayRefundStatus.SUCCESS)]) == ((), ())
    assert settle_refunds([PAYMENT], [], [seen(GatewayRefundStatus.SUCCESS, gateway_payment_id="X")]) == (
        (),
        (),
    )


def test_a_refund_is_known_by_the_gateways_number_too() -> None:
    mine = KnownRefund("gateway_R-odd id", 1, FULL, FULL, RefundStatus.PENDING, "R-odd id")

    (change,), alarms = settle_refunds(
        [PAYMENT], [mine], [seen(GatewayRefundStatus.SUCCESS, refund_id="odd id")]
    )

    assert (change.key, change.is_new, change.status) == (mine.key, False, RefundStatus.PROCESSED)
    assert alarms == ()


def test_states_rise_in_the_one_order_that_the_database_knows() -> None:
    assert list(RefundStatus) == ["intended", "pending", "failed", "processed"]


def a_payment_of(
    role: PaymentRole, number: int, *, taken_paise: int = 0, by_hand: bool = False
) -> RefundablePayment:
    return RefundablePayment(number, f"PAY{number}", role, 49900, taken_paise, is_settled_by_hand=by_hand)


@pytest.mark.parametrize(
    ("payments", "expected", "mixed"),
    [
        ([], None, False),
        ([(PaymentRole.PRIMARY, 0, False)], 1, False),
        ([(PaymentRole.PRIMARY, 49900, False)], None, False),
        ([(PaymentRole.PRIMARY, 0, False), (PaymentRole.DUPLICATE, 0, False)], None, True),
        ([(PaymentRole.PRIMARY, 10000, False), (PaymentRole.DUPLICATE, 0, False)], None, True),
        ([(PaymentRole.PRIMARY, 49900, False), (PaymentRole.DUPLICATE, 0, False)], 2, False),
        ([(PaymentRole.PRIMARY, 10000, False), (PaymentRole.DUPLICATE, 0, True)], 1, False),
        ([(PaymentRole.PRIMARY, 0, False), (PaymentRole.DUPLICATE, 49900, False)], 1, False),
        ([(PaymentRole.DUPLICATE, 10000, False), (PaymentRole.DUPLICATE, 0, False)], 2, False),
        ([(PaymentRole.DUPLICATE, 0, True), (PaymentRole.DUPLICATE, 10000, False)], 2, False),
    ],
    ids=["none", "one", "returned", "paid-twice", "part-returned-and-paid-twice", "the-good-one-is-back",
         "the-second-is-back-by-hand", "the-second-is-back", "two-that-bought-nothing", "the-rest-of-the-other"],
)  # fmt: skip
def test_a_refund_takes_what_waits_first_and_nothing_while_it_could_take_the_good_payment_instead(
    payments, expected, mixed
) -> None:
    money = [
        a_payment_of(role, number, taken_paise=taken, by_hand=by_hand)
        for number, (role, taken, by_hand) in enumerate(payments, start=1)
    ]

    found = payment_to_return(money)

    assert (None if found is None else found.id, is_mixed(money)) == (expected, mixed)
