"""What our use-cases rely on, asked of every gateway's adapter against the running simulator, over HTTP."""

from __future__ import annotations

import pytest

from domain.errors import (
    GatewayConflict,
    GatewayError,
    GatewayFeatureDisabled,
    GatewayObjectNotFound,
    GatewayRequestRejected,
)
from domain.gateway import (
    GatewayOrderStatus,
    GatewayPaymentStatus,
    GatewayRefundStatus,
    MovementKind,
    OrderRef,
)
from tests.contract.conftest import AMOUNT, Counter, ref

LOST_ANSWERS = ["timeout_after_effect", "drop_connection_after_effect", "truncated_json", "empty_body"]


# Orders


def test_an_order_is_opened_once_and_found_by_our_id_and_by_the_gateways(counter: Counter) -> None:
    request = counter.request()

    opened = counter.adapter.create_order(request)

    assert (opened.order_id, opened.amount_paise, opened.currency) == (request.order_id, AMOUNT, "INR")
    assert opened.status is GatewayOrderStatus.ACTIVE
    assert opened.payment_session_id
    assert opened.tags["user_id"] == request.tags["user_id"]
    for order in (ref(opened), OrderRef(request.order_id)):
        found = counter.adapter.fetch_order(order)
        assert (found.gateway_order_id, found.status) == (opened.gateway_order_id, GatewayOrderStatus.ACTIVE)
    assert len(counter.truth("orders")) == 1


def test_asking_for_an_order_again_finds_the_first_one(counter: Counter) -> None:
    request = counter.request()
    first = counter.adapter.create_order(request)

    again = counter.adapter.create_order(counter.request(order_id=request.order_id, may_exist=True))

    assert (again.gateway_order_id, again.payment_session_id) == (
        first.gateway_order_id,
        first.payment_session_id,
    )
    assert len(counter.truth("orders")) == 1


def test_asking_for_it_again_over_another_amount_is_a_conflict(counter: Counter) -> None:
    order = counter.open()

    with pytest.raises(GatewayConflict):
        counter.adapter.create_order(
            counter.request(order_id=order.order_id, amount_paise=AMOUNT + 1, may_exist=True)
        )

    assert [row["amount_paise"] for row in counter.truth("orders")] == [AMOUNT]


def test_an_amount_below_the_smallest_is_refused_and_opens_nothing(counter: Counter) -> None:
    with pytest.raises(GatewayRequestRejected):
        counter.open(amount_paise=99)

    assert counter.truth("orders") == []


def test_a_lie_about_the_amount_is_handed_on_for_the_money_rules_to_see(counter: Counter) -> None:
    order = counter.open()
    counter.simulator.fault("wrong_amount", operation="get_order", count=1)

    assert counter.adapter.fetch_order(order).amount_paise != AMOUNT
    assert counter.adapter.fetch_order(order).amount_paise == AMOUNT


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_an_order_whose_answer_was_lost_exists_once_and_is_found(counter: Counter, fault: str) -> None:
    counter.simulator.fault(fault, operation="create_order", count=1, seconds=3)
    request = counter.request()

    try:
        order = counter.adapter.create_order(request)
    except GatewayError as lost:
        # The outcome is unknown: the use-case asks for the same order again.
        assert lost.retryable
        order = counter.adapter.create_order(counter.request(order_id=request.order_id, may_exist=True))

    assert order.amount_paise == AMOUNT
    assert len(counter.truth("orders")) == 1


def test_an_order_that_nobody_opened_is_not_found(counter: Counter) -> None:
    with pytest.raises(GatewayObjectNotFound):
        counter.adapter.fetch_order(OrderRef("ORDERNOBODYOPENEDIT1"))


def test_closing_an_order_tells_what_is_true_and_never_reopens_a_paid_one(counter: Counter) -> None:
    order = counter.open()

    closed = counter.adapter.terminate_order(order)

    wanted = GatewayOrderStatus.TERMINATED if counter.entry.closes_orders else GatewayOrderStatus.ACTIVE
    assert closed.status is counter.adapter.fetch_order(order).status is wanted
    bought, _ = counter.paid()
    assert counter.adapter.terminate_order(bought).status is GatewayOrderStatus.PAID


# Payments


@pytest.mark.parametrize("method", ["card", "upi", "netbanking", "wallet"])
def test_each_method_pays(counter: Counter, method: str) -> None:
    order, payment = counter.paid(method=method)

    assert counter.adapter.fetch_order(order).status is GatewayOrderStatus.PAID
    assert (payment.status, payment.is_money) == (GatewayPaymentStatus.SUCCESS, True)
    assert (payment.amount_paise, payment.currency) == (AMOUNT, "INR")
    assert payment.order_id == order.order_id
    assert payment.paid_at is not None and payment.paid_at.utcoffset() is not None
    assert payment.method


def test_an_order_without_attempts_has_no_payments(counter: Counter) -> None:
    assert counter.adapter.fetch_payments(counter.open()) == ()


def test_an_attempt_may_fail_and_the_next_one_pay(counter: Counter) -> None:
    order = counter.open()

    counter.pay(order, outcome="FAILED")
    (failed,) = counter.adapter.fetch_payments(order)
    still_open = counter.adapter.fetch_order(order).status
    counter.pay(order)

    assert (failed.status, failed.paid_at) == (GatewayPaymentStatus.FAILED, None)
    assert failed.message
    assert still_open is GatewayOrderStatus.ACTIVE
    statuses = {payment.status for payment in counter.adapter.fetch_payments(order)}
    assert statuses == {GatewayPaymentStatus.FAILED, GatewayPaymentStatus.SUCCESS}
    assert counter.adapter.fetch_order(order).status is GatewayOrderStatus.PAID


def test_a_pending_attempt_is_no_money_until_it_succeeds(counter: Counter) -> None:
    order, waiting = counter.paid(outcome="PENDING")
    before = counter.adapter.fetch_order(order).status

    counter.control(order, "settle_pending", outcome="SUCCESS")

    assert (waiting.status, before) == (GatewayPaymentStatus.PENDING, GatewayOrderStatus.ACTIVE)
    (payment,) = counter.adapter.fetch_payments(order)
    assert (payment.gateway_payment_id, payment.status) == (
        waiting.gateway_payment_id,
        GatewayPaymentStatus.SUCCESS,
    )


def test_a_buyer_who_gives_up_leaves_the_order_open(counter: Counter) -> None:
    order, attempt = counter.paid(outcome="USER_DROPPED")

    assert attempt.status in {GatewayPaymentStatus.DROPPED, GatewayPaymentStatus.FAILED}
    assert counter.adapter.fetch_order(order).status is GatewayOrderStatus.ACTIVE


def test_a_second_success_on_one_order_leaves_the_price_of_one(counter: Counter) -> None:
    order = counter.open()
    counter.simulator.fault("double_success", count=1)

    counter.pay(order)
    counter.simulator.advance(3)

    taken = [p for p in counter.adapter.fetch_payments(order) if p.status is GatewayPaymentStatus.SUCCESS]
    returned = [
        refund
        for refund in counter.adapter.fetch_refunds(order)
        if refund.is_automatic and refund.status is GatewayRefundStatus.SUCCESS
    ]
    assert len(counter.adapter.fetch_payments(order)) == 2
    assert sum(p.amount_paise for p in taken) - sum(r.amount_paise for r in returned) == AMOUNT
    assert counter.adapter.fetch_order(order).status is GatewayOrderStatus.PAID


def test_everything_is_found_by_our_id_alone(counter: Counter) -> None:
    order, payment = counter.paid()
    made = counter.refund(order, payment, 100)
    ours_alone = OrderRef(order.order_id)

    assert counter.adapter.fetch_order(ours_alone).gateway_order_id == order.gateway_order_id
    assert counter.adapter.fetch_payments(ours_alone) == (payment,)
    assert (
        counter.adapter.fetch_refund(ours_alone, made.refund_id).gateway_refund_id == made.gateway_refund_id
    )
    assert len(counter.adapter.fetch_refunds(ours_alone)) == 1


def test_money_that_a_bank_holds_is_taken_once_or_the_gateway_has_none(counter: Counter) -> None:
    order, held = counter.paid(outcome="AUTHORIZED" if counter.entry.holds_money else "SUCCESS")
    if not counter.entry.holds_money:
        with pytest.raises(GatewayFeatureDisabled):
            counter.adapter.capture_payment(order, held)
        return

    taken = counter.adapter.capture_payment(order, held)
    again = counter.adapter.capture_payment(order, held)

    assert held.status is GatewayPaymentStatus.AUTHORIZED
    assert taken.status is again.status is GatewayPaymentStatus.SUCCESS
    assert counter.adapter.fetch_order(order).status is GatewayOrderStatus.PAID


# Refunds


def test_parts_are_refunded_up_to_the_whole_and_not_beyond(counter: Counter) -> None:
    order, payment = counter.paid()

    part = counter.refund(order, payment, 20_000, refund_id="REFUND0000000001")
    rest = counter.refund(order, payment, AMOUNT - 20_000, refund_id="REFUND0000000002")
    with pytest.raises(GatewayRequestRejected):
        counter.refund(order, payment, 100, refund_id="REFUND0000000003")
    counter.simulator.advance(3)

    assert [(one.refund_id, one.amount_paise) for one in (part, rest)] == [
        ("REFUND0000000001", 20_000),
        ("REFUND0000000002", AMOUNT - 20_000),
    ]
    found = counter.adapter.fetch_refunds(order)
    assert {(one.refund_id, one.amount_paise, one.status) for one in found} == {
        ("REFUND0000000001", 20_000, GatewayRefundStatus.SUCCESS),
        ("REFUND0000000002", AMOUNT - 20_000, GatewayRefundStatus.SUCCESS),
    }
    assert {one.gateway_payment_id for one in found} == {payment.gateway_payment_id}
    assert {one.is_automatic for one in found} == {False}
    assert counter.adapter.fetch_order(order).status is GatewayOrderStatus.PAID
    (refunded,) = counter.adapter.fetch_payments(order)
    assert refunded.status is GatewayPaymentStatus.SUCCESS


def test_the_same_refund_asked_for_again_is_the_first_one(counter: Counter) -> None:
    order, payment = counter.paid()

    first = counter.refund(order, payment, AMOUNT)
    again = counter.refund(order, payment, AMOUNT)

    assert first.gateway_refund_id == again.gateway_refund_id
    assert [row["amount_paise"] for row in counter.truth("refunds")] == [AMOUNT]


def test_the_same_refund_over_another_amount_is_a_conflict(counter: Counter) -> None:
    order, payment = counter.paid()
    counter.refund(order, payment, 1_000)

    with pytest.raises(GatewayConflict):
        counter.refund(order, payment, 2_000)

    assert [row["amount_paise"] for row in counter.truth("refunds")] == [1_000]


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_a_refund_whose_answer_was_lost_is_made_once(counter: Counter, fault: str) -> None:
    order, payment = counter.paid()
    counter.simulator.fault(fault, operation="refund", count=1, seconds=3)

    try:
        made = counter.refund(order, payment, 1_000)
    except GatewayError as lost:
        assert lost.retryable
        made = counter.refund(order, payment, 1_000)

    assert made.amount_paise == 1_000
    assert [row["amount_paise"] for row in counter.truth("refunds")] == [1_000]


def test_more_than_was_paid_is_not_refunded(counter: Counter) -> None:
    order, payment = counter.paid()

    with pytest.raises(GatewayRequestRejected):
        counter.refund(order, payment, AMOUNT + 1)

    assert counter.truth("refunds") == []


def test_what_was_not_paid_is_not_refunded(counter: Counter) -> None:
    order, attempt = counter.paid(outcome="FAILED")

    with pytest.raises(GatewayRequestRejected):
        counter.refund(order, attempt, 1_000)

    assert counter.truth("refunds") == []


def test_a_refund_that_waits_is_pending_and_then_done(counter: Counter) -> None:
    order, payment = counter.paid()
    note = counter.entry.foresee_refund(counter.simulator, "PENDING")

    waiting = counter.refund(order, payment, 1_000, note=note)
    counter.simulator.control(
        "POST", f"/refunds/{counter.entry.refund_handle(waiting)}/settle", {"outcome": "SUCCESS"}
    )

    done = counter.adapter.fetch_refund(order, waiting.refund_id)
    assert (waiting.status, done.status) == (GatewayRefundStatus.PENDING, GatewayRefundStatus.SUCCESS)


def test_a_refund_that_fails_says_so_and_frees_its_amount(counter: Counter) -> None:
    order, payment = counter.paid()
    note = counter.entry.foresee_refund(counter.simulator, "FAILED")

    asked = counter.refund(order, payment, AMOUNT, note=note)
    counter.simulator.advance(3)

    failed = counter.adapter.fetch_refund(order, asked.refund_id)
    assert failed.status is GatewayRefundStatus.FAILED
    again = counter.refund(order, payment, AMOUNT, refund_id="REFUND0000000002")
    assert again.amount_paise == AMOUNT


def test_a_refund_of_the_gateways_dashboard_is_listed_and_is_not_ours(counter: Counter) -> None:
    order, payment = counter.paid()
    ours = counter.refund(order, payment, 1_000)

    counter.control(order, "refund", amount_paise=2_000)
    counter.simulator.advance(3)

    found = {refund.amount_paise: refund for refund in counter.adapter.fetch_refunds(order)}
    assert set(found) == {1_000, 2_000}
    assert found[2_000].refund_id != ours.refund_id
    assert found[2_000].gateway_refund_id
    assert not found[2_000].is_automatic


def test_a_refund_that_nobody_asked_for_is_not_found(counter: Counter) -> None:
    order, _ = counter.paid()

    assert counter.adapter.fetch_refunds(order) == ()
    with pytest.raises(GatewayObjectNotFound):
        counter.adapter.fetch_refund(order, "REFUNDOFNOBODY01")


# The gateway's own account of money


def test_movements_are_the_money_that_came_and_went_each_once(counter: Counter) -> None:
    order, payment = counter.paid()
    made = counter.refund(order, payment, 1_000)
    counter.paid(outcome="FAILED")
    counter.open()
    counter.simulator.advance(3)

    now = counter.now()
    found = list(counter.adapter.list_movements(now.replace(hour=0, minute=0, second=0), now))

    assert sorted((m.kind.value, m.order_id, m.amount_paise) for m in found) == [
        ("payment", order.order_id, AMOUNT),
        ("refund", order.order_id, 1_000),
    ]
    refund = next(m for m in found if m.kind is MovementKind.REFUND)
    assert refund.refund_id in ("", made.refund_id)
    assert {m.currency for m in found} == {"INR"}
