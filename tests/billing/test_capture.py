"""Money that a bank only holds is taken when it buys something, outside of every transaction, and left otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import LatePayment
from domain.errors import GatewayFeatureDisabled, GatewayRequestRejected, GatewayTimeout
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus
from payment_handler import release_order, start_checkout, sweep, sync_order
from tests.fakes import FakeRazorpay
from user_management import create_admin, entitlement

HELD = GatewayPaymentStatus.AUTHORIZED


@pytest.fixture
def kind() -> str:
    return "razorpay"


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


def _payments(services) -> list[tuple]:
    with services.engine.connect() as conn:
        rows = conn.execute(text("SELECT gateway_payment_id, status, role FROM payments ORDER BY id"))
        return [tuple(row) for row in rows]


def _alarms(services) -> list[str]:
    with services.engine.connect() as conn:
        return list(conn.execute(text("SELECT message FROM alarms")).scalars())


def test_held_money_is_captured_and_gives_access(services, user, gateway, order) -> None:
    gateway.pay(order.id, status=HELD, payment_id="pay_1")

    paid = sync_order(services, order.id)
    sync_order(services, order.id)

    assert paid.status is OrderStatus.PAID
    assert _payments(services) == [("pay_1", "captured", "primary")]
    assert gateway.calls.count("capture_payment") == 1
    assert entitlement(services, user).is_active


def test_the_gateway_is_asked_while_no_transaction_is_open(services, user, gateway, order, clock) -> None:
    seen: list[int] = []

    class Watching(FakeRazorpay):
        def capture_payment(self, ref, payment):
            with services.engine.connect() as conn:
                here = "datname = current_database() AND xact_start < now()"
                busy = f"SELECT count(*) FROM pg_stat_activity WHERE {here}"
                seen.append(conn.execute(text(busy)).scalar_one())
            return super().capture_payment(ref, payment)

    watching = Watching(lambda: clock.moment)
    watching.orders, watching.payments = gateway.orders, gateway.payments
    watching.pay(order.id, status=HELD)

    sync_order(replace(services, gateways={"razorpay": watching}), order.id)

    assert seen == [0]


def test_a_capture_that_the_automatic_one_overtook_is_accepted(services, gateway, order) -> None:
    held = gateway.pay(order.id, status=HELD)
    seen = iter([(held,)])

    class Racing(FakeRazorpay):
        def fetch_payments(self, ref):
            # Told as held once; captured by the gateway itself by the time we ask for it.
            return next(seen, super().fetch_payments(ref))

    racing = Racing(lambda: None)
    racing.orders, racing.payments = gateway.orders, gateway.payments
    gateway.pay(order.id, payment_id=held.gateway_payment_id)
    racing._now = gateway._now

    assert sync_order(replace(services, gateways={"razorpay": racing}), order.id).status is OrderStatus.PAID


def test_while_a_capture_has_no_answer_the_buyer_is_not_asked_to_pay_again(
    services, user, gateway, order, monkeypatch
) -> None:
    gateway.pay(order.id, status=HELD, payment_id="pay_1")

    def nobody_answers(*_):
        raise GatewayTimeout()

    monkeypatch.setattr(gateway, "capture_payment", nobody_answers)
    with pytest.raises(GatewayTimeout):
        sync_order(services, order.id)

    assert _payments(services) == [("pay_1", "pending", None)]
    assert _alarms(services) == []


def test_a_capture_that_the_account_may_not_make_calls_a_person(
    services, gateway, order, monkeypatch
) -> None:
    gateway.pay(order.id, status=HELD)

    def forbidden(*_):
        raise GatewayFeatureDisabled()

    monkeypatch.setattr(gateway, "capture_payment", forbidden)
    with pytest.raises(GatewayFeatureDisabled):
        sync_order(services, order.id)

    assert len(_alarms(services)) == 1


@pytest.mark.parametrize("error", [GatewayTimeout()])
def test_a_capture_without_an_answer_is_tried_again_later_and_found_done(
    services, user, gateway, order, error
) -> None:
    gateway.pay(order.id, status=HELD)
    gateway.lose_reply = error
    with pytest.raises(GatewayTimeout):
        sync_order(services, order.id)
    between = entitlement(services, user).is_active

    paid = sync_order(services, order.id)

    assert not between
    assert paid.status is OrderStatus.PAID
    assert gateway.calls.count("capture_payment") == 1


def test_a_capture_that_is_refused_calls_a_person_once_and_gives_no_access(
    services, user, gateway, order, clock
) -> None:
    class Refusing(FakeRazorpay):
        def capture_payment(self, ref, payment):
            raise GatewayRequestRejected(code="BAD_REQUEST_ERROR")

    refusing = Refusing(lambda: clock.moment)
    refusing.orders, refusing.payments = gateway.orders, gateway.payments
    refusing.pay(order.id, status=HELD, payment_id="pay_1")
    shop = replace(services, gateways={"razorpay": refusing})

    looked = sync_order(shop, order.id)
    sync_order(shop, order.id)

    assert looked.status is OrderStatus.CREATED
    assert _payments(services) == [("pay_1", "pending", None)]
    assert [message for message in _alarms(services) if "refuses to capture" in message] == _alarms(services)
    assert len(_alarms(services)) == 1
    assert not entitlement(services, user).is_active


def test_a_second_held_payment_of_a_paid_order_is_left_to_go_back(services, gateway, order) -> None:
    gateway.pay(order.id, payment_id="pay_1")
    gateway.pay(order.id, status=HELD, payment_id="pay_2")

    sync_order(services, order.id)
    sync_order(services, order.id)

    assert "capture_payment" not in gateway.calls
    assert _payments(services) == [("pay_1", "captured", "primary"), ("pay_2", "cancelled", None)]


def test_of_two_held_payments_the_earlier_one_is_taken_and_the_other_left(
    services, gateway, order, clock
) -> None:
    gateway.pay(order.id, status=HELD, payment_id="pay_2_earlier")
    clock.advance(timedelta(seconds=5))
    gateway.pay(order.id, status=HELD, payment_id="pay_1_later")

    sync_order(services, order.id)
    sync_order(services, order.id)

    assert sorted(_payments(services)) == [
        ("pay_1_later", "cancelled", None),
        ("pay_2_earlier", "captured", "primary"),
    ]


def test_held_money_of_another_order_of_the_purchase_is_left_to_go_back(
    services, user, gateway, order
) -> None:
    annual = start_checkout(services, user, "annual")
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    gateway.pay(order.id, status=HELD)

    sync_order(services, order.id)

    assert "capture_payment" not in gateway.calls
    assert ("PAY2", "cancelled", None) in _payments(services)


def test_held_money_that_goes_back_by_itself_is_an_attempt_that_ended(services, user, gateway, order) -> None:
    gateway.pay(order.id, status=HELD, payment_id="pay_1")
    gateway.pay(order.id, status=GatewayPaymentStatus.CANCELLED, payment_id="pay_1")

    sync_order(services, order.id)

    assert _payments(services) == [("pay_1", "cancelled", None)]
    assert not entitlement(services, user).is_active


def test_a_failed_attempt_that_the_bank_approves_days_later_is_captured_by_the_sweep(
    live_services, user, gateway
) -> None:
    order = start_checkout(live_services, user, "monthly")
    gateway.pay(order.id, status=GatewayPaymentStatus.FAILED, payment_id="pay_1")
    sync_order(live_services, order.id)
    with live_services.engine.begin() as conn:
        conn.execute(text("UPDATE orders SET created_at = now() - interval '2 days', synced_at = NULL"))
        conn.execute(text("UPDATE orders SET expires_at = now() - interval '47 hours'"))
    gateway.pay(order.id, status=HELD, payment_id="pay_1")

    sweep(live_services)

    assert _payments(live_services) == [("pay_1", "captured", "primary")]
    assert entitlement(live_services, user).is_active


@pytest.mark.parametrize(("policy", "is_taken"), [(LatePayment.HONOUR, True), (LatePayment.REFUND, False)])
def test_money_that_comes_too_late_is_taken_only_if_it_is_honoured(
    services, gateway, order, clock, policy, is_taken
) -> None:
    shop = replace(services, settings=services.settings.model_copy(update={"late_payment": policy}))
    clock.advance(timedelta(minutes=31))
    gateway.pay(order.id, status=HELD)

    sync_order(shop, order.id)

    assert ("capture_payment" in gateway.calls) is is_taken
    assert _payments(shop) == [("PAY1", *(("captured", "primary") if is_taken else ("cancelled", None)))]


def test_who_paid_too_late_by_held_money_may_pay_anew_at_once(services, user, gateway, order, clock) -> None:
    shop = replace(services, settings=services.settings.model_copy(update={"late_payment": "refund"}))
    clock.advance(timedelta(minutes=31))
    gateway.pay(order.id, status=HELD)
    sync_order(shop, order.id)

    again = start_checkout(shop, user, "monthly")
    gateway.pay(again.id, payment_id="pay_2")
    sync_order(shop, again.id)
    sync_order(shop, order.id)

    assert entitlement(shop, user).is_active
    assert sorted(_payments(shop)) == [("PAY1", "cancelled", None), ("pay_2", "captured", "primary")]


def test_money_left_to_go_back_that_somebody_takes_after_all_is_money(
    services, gateway, order, clock
) -> None:
    shop = replace(services, settings=services.settings.model_copy(update={"late_payment": "refund"}))
    clock.advance(timedelta(minutes=31))
    gateway.pay(order.id, status=HELD)
    sync_order(shop, order.id)

    gateway.pay(order.id, payment_id="PAY1")
    looked = sync_order(shop, order.id)

    assert looked.status is OrderStatus.SURPLUS
    assert _payments(shop) == [("PAY1", "captured", "duplicate")]


def test_money_for_a_closed_account_is_left_to_go_back(services, gateway, order) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET status = 'disabled'"))
    gateway.pay(order.id, status=HELD)

    sync_order(services, order.id)

    assert "capture_payment" not in gateway.calls


def test_held_money_over_another_amount_is_quarantined_and_not_taken(services, gateway, order) -> None:
    paid = gateway.pay(order.id, status=HELD)
    gateway.payments[order.id] = [replace(paid, amount_paise=100)]

    looked = sync_order(services, order.id)

    assert looked.status is OrderStatus.QUARANTINED
    assert "capture_payment" not in gateway.calls


def test_a_doubted_order_takes_held_money_only_after_a_persons_word(services, user, gateway, order) -> None:
    admin = create_admin(services, email="admin@example.com", password="TestPass123")
    held = gateway.pay(order.id, status=HELD)
    gateway.payments[order.id] = [replace(held, amount_paise=100)]
    sync_order(services, order.id)
    gateway.payments[order.id] = [held]
    sync_order(services, order.id)
    before = list(gateway.calls)

    released = release_order(services, admin, order.id, give_back=False)

    assert "capture_payment" not in before
    assert released.status is OrderStatus.PAID
