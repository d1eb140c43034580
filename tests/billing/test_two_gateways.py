"""The same use-cases at both kinds of gateway, the choice between them, and one purchase that was paid at both."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from billing.gateway_choice import usable_gateways
from billing.refunds import execute_refund, request_refund
from domain.errors import (
    CheckoutClosed,
    CircuitOpen,
    GatewayCredentialsRejected,
    GatewayRateLimited,
    GatewayReplyInvalid,
    GatewayTimeout,
    GatewayUnavailable,
    OrderNotFound,
    UnknownPlan,
)
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus
from operations.check import run_checks
from payment_handler import (
    checkout_options,
    confirm_return,
    find_order,
    leave_for_gateway,
    process_event,
    receive_webhook,
    reconcile,
    recover_order,
    start_checkout,
    sweep,
    sync_order,
    terminate_order,
)
from tests.fakes import FakeGateway, FakeRazorpay
from user_management import create_admin, entitlement

BOTH = ["cashfree", "razorpay"]


@pytest.fixture
def rzp(clock) -> FakeRazorpay:
    return FakeRazorpay(lambda: clock.moment)


@pytest.fixture
def shop(services, gateway, rzp):
    """Both gateways, Cashfree preferred."""
    return replace(services, gateways={"cashfree": gateway, "razorpay": rzp})


def _rows(services, statement: str) -> list[tuple]:
    with services.engine.connect() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def _events(services, gateway: FakeGateway, body: str) -> bool:
    is_new = receive_webhook(services, gateway.name, {gateway.signature_header: "good"}, body.encode())
    for (event_id,) in _rows(services, "SELECT id FROM gateway_events WHERE status = 'new'"):
        process_event(services, event_id)
    return is_new


def _refund_keys(services) -> list[str]:
    return [row[0] for row in _rows(services, "SELECT refund_key FROM refunds ORDER BY id")]


def _violations(services) -> list[str]:
    return [finding.id for finding in run_checks(services) if finding.count]


@pytest.mark.parametrize("kind", BOTH)
def test_a_purchase_from_the_order_to_the_access(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    leave_for_gateway(services, user, order.id)
    gateway.pay(order.id)
    paid = confirm_return(services, user, order.id)

    assert order.gateway == gateway.name
    assert order.gateway_order_id == gateway.orders[order.id].gateway_order_id
    assert paid.status is OrderStatus.PAID
    assert entitlement(services, user).is_active


@pytest.mark.parametrize("kind", BOTH)
def test_a_message_about_money_gives_access_once(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)

    first = _events(services, gateway, f"{gateway.paid_event}:{order.id}")
    again = _events(services, gateway, f"{gateway.paid_event}:{order.id}")

    assert (first, again) == (True, False)
    assert len(_rows(services, "SELECT 1 FROM subscription_periods")) == 1


@pytest.mark.parametrize("kind", BOTH)
def test_an_answer_that_was_lost_is_found_and_not_opened_again(services, user, gateway) -> None:
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")
    (order_id,) = gateway.orders

    order = start_checkout(services, user, "monthly")

    assert (order.id, order.status) == (order_id, OrderStatus.CREATED)
    assert len(gateway.orders) == 1


def test_only_an_order_that_may_have_been_sent_before_is_looked_for(services, user) -> None:
    seen: list[bool] = []

    class Watching(FakeRazorpay):
        def create_order(self, request):
            seen.append(request.may_exist)
            return super().create_order(request)

    watching = Watching(lambda: None)
    watching.fail_next = GatewayTimeout()
    shop = replace(services, gateways={"cashfree": watching})
    with pytest.raises(GatewayTimeout):
        start_checkout(shop, user, "monthly")
    start_checkout(shop, user, "monthly")

    assert seen == [False, True]


def test_two_tabs_that_open_one_order_twice_at_the_gateway_hand_out_one_number(services, user, clock) -> None:
    barrier = threading.Barrier(2)

    class Forgetful(FakeRazorpay):
        """Opens an order for each request, as a gateway without idempotency keys does."""

        numbers: list[str] = []

        def create_order(self, request):
            barrier.wait(10)
            opened = super().create_order(request)
            number = f"order_{threading.get_ident()}"
            self.numbers.append(number)
            return replace(opened, gateway_order_id=number, payment_session_id=number)

    shop = replace(services, gateways={"cashfree": Forgetful(lambda: clock.moment)})
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(start_checkout(shop, user, "monthly"))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(Forgetful.numbers)) == 2
    assert len({(order.id, order.gateway_order_id, order.payment_session_id) for order in got}) == 1
    assert got[0].gateway_order_id == got[0].payment_session_id


@pytest.mark.parametrize("kind", BOTH)
def test_money_goes_back_under_our_id_and_access_follows(services, user, gateway) -> None:
    admin = create_admin(services, email="admin@example.com", password="TestPass123")
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)

    request_refund(
        services,
        admin,
        order_id=order.id,
        amount_paise=49900,
        reason="asked",
        refund_key="REFUND000000000000001",
    )
    execute_refund(services, "REFUND000000000000001")
    execute_refund(services, "REFUND000000000000001")

    assert list(gateway.refunds) == ["REFUND000000000000001"]
    assert gateway.calls.count("create_refund") == 1
    assert not entitlement(services, user).is_active
    assert _violations(services) == []


@pytest.mark.parametrize("kind", BOTH)
def test_an_order_that_our_database_lost_is_rebuilt_from_our_id_alone(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    with services.engine.begin() as conn:
        conn.execute(text("DELETE FROM orders"))

    rebuilt = recover_order(services, gateway.name, order.id)

    assert rebuilt is not None
    assert rebuilt.status is OrderStatus.PAID
    assert find_order(services, user, order.id).gateway_order_id == order.gateway_order_id


@pytest.mark.parametrize("kind", BOTH)
def test_a_payment_that_no_message_told_of_is_found_in_the_gateways_account(
    services, user, gateway, clock
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    with services.engine.begin() as conn:
        # Too old for the sweep, and for a look at orders that are open.
        conn.execute(text("UPDATE orders SET created_at = created_at - interval '9 days'"))

    found = reconcile(services, since=clock.moment - timedelta(days=1))

    assert found.movements == 1
    assert find_order(services, user, order.id).status is OrderStatus.PAID


@pytest.mark.parametrize("kind", ["razorpay"])
def test_an_order_that_its_gateway_never_ends_ends_at_our_deadline_and_may_still_be_paid(
    services, user, gateway, clock
) -> None:
    order = start_checkout(services, user, "monthly")
    clock.advance(timedelta(minutes=30))
    ended = sync_order(services, order.id)
    gateway.pay(order.id)
    late = sync_order(services, order.id)

    assert (ended.status, late.status) == (OrderStatus.EXPIRED, OrderStatus.PAID)


@pytest.mark.parametrize("kind", ["razorpay"])
def test_an_order_that_cannot_be_closed_stays_superseded_and_its_money_goes_back(
    services, user, gateway
) -> None:
    monthly = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")
    terminate_order(services, monthly.id)
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    gateway.pay(monthly.id)

    surplus = sync_order(services, monthly.id)
    (key,) = _refund_keys(services)
    execute_refund(services, key)

    assert gateway.refunds[key].order_id == monthly.id
    assert surplus.status is OrderStatus.SURPLUS
    assert entitlement(services, user).is_active
    assert _violations(services) == []


# --- The choice of a gateway


def test_the_setting_chooses_and_the_other_comes_second(shop, user) -> None:
    assert usable_gateways(shop, "monthly") == ("cashfree", "razorpay")
    assert start_checkout(shop, user, "monthly").gateway == "cashfree"


def test_a_plan_that_names_its_gateway_is_sold_there(shop, user) -> None:
    with shop.engine.begin() as conn:
        conn.execute(text("UPDATE plans SET gateway = 'razorpay' WHERE id = 'annual'"))

    assert usable_gateways(shop, "annual") == ("razorpay", "cashfree")
    assert usable_gateways(shop, "monthly") == ("cashfree", "razorpay")
    assert start_checkout(shop, user, "annual").gateway == "razorpay"


def test_a_plan_whose_gateway_is_not_configured_is_sold_at_the_settings(services, user) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE plans SET gateway = 'razorpay' WHERE id = 'annual'"))

    assert usable_gateways(services, "annual") == ("cashfree",)
    assert start_checkout(services, user, "annual").gateway == "cashfree"


def test_a_gateway_whose_breaker_is_open_is_not_offered_and_gives_way(shop, user, gateway) -> None:
    gateway.is_down = True

    assert usable_gateways(shop, "monthly") == ("razorpay",)
    assert start_checkout(shop, user, "monthly").gateway == "razorpay"
    assert gateway.calls == []


def test_when_both_are_down_nobody_is_offered_and_the_preferred_one_says_so(shop, user, gateway, rzp) -> None:
    gateway.is_down = rzp.is_down = True
    gateway.fail_next = CircuitOpen()

    assert usable_gateways(shop, "monthly") == ()
    with pytest.raises(CircuitOpen):
        start_checkout(shop, user, "monthly")


def test_the_one_that_just_failed_is_not_offered_again(shop) -> None:
    assert usable_gateways(shop, "monthly", besides="cashfree") == ("razorpay",)


def test_an_unknown_plan_or_gateway_makes_nothing(shop, user, gateway, rzp) -> None:
    with pytest.raises(UnknownPlan):
        usable_gateways(shop, "weekly")
    for name in ("", "paypal", "Cashfree"):
        with pytest.raises(GatewayUnavailable):
            start_checkout(shop, user, "monthly", gateway=name)

    assert _rows(shop, "SELECT 1 FROM orders") == []
    assert gateway.calls == rzp.calls == []


def test_failing_over_keeps_the_purchase_and_puts_the_first_order_aside(shop, user, gateway) -> None:
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayUnavailable()

    (other,) = usable_gateways(shop, "monthly", besides="cashfree")
    second = start_checkout(shop, user, "monthly", gateway=other)

    ((first_id, status, checkout_id),) = _rows(
        shop, "SELECT id, status, checkout_id FROM orders WHERE gateway = 'cashfree'"
    )
    assert (status, checkout_id) == ("superseded", second.checkout_id)
    assert ("terminate_order", first_id) in _rows(
        shop, "SELECT task_name, args ->> 'order_id' FROM procrastinate_jobs"
    )
    assert start_checkout(shop, user, "monthly").id == second.id


@pytest.mark.parametrize("trouble", [GatewayTimeout, GatewayCredentialsRejected, GatewayReplyInvalid])
def test_whoever_leaves_a_gateway_that_gives_no_usable_answer_is_not_held_back(
    shop, user, gateway, trouble
) -> None:
    first = start_checkout(shop, user, "monthly")
    gateway.fail_next = trouble()

    second = start_checkout(shop, user, "monthly", gateway="razorpay")

    assert (second.gateway, second.checkout_id) == ("razorpay", first.checkout_id)


def test_an_order_of_a_gateway_that_was_taken_out_is_replaced(shop, user, rzp) -> None:
    first = start_checkout(shop, user, "monthly")

    second = start_checkout(replace(shop, gateways={"razorpay": rzp}), user, "monthly")

    assert (second.gateway, second.checkout_id) == ("razorpay", first.checkout_id)


def test_whoever_has_paid_already_is_not_led_to_another_gateway(shop, user, gateway) -> None:
    first = start_checkout(shop, user, "monthly")
    gateway.pay(first.id)

    with pytest.raises(CheckoutClosed):
        start_checkout(shop, user, "monthly", gateway="razorpay")


@pytest.mark.parametrize("first_told", BOTH)
def test_who_pays_at_both_gateways_gets_one_activation_and_one_refund(
    shop, user, gateway, rzp, first_told
) -> None:
    one = start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayTimeout()
    two = start_checkout(shop, user, "monthly", gateway="razorpay")
    gateway.pay(one.id)
    rzp.pay(two.id, payment_id="pay_TheSecond")

    told = [one.id, two.id] if first_told == "cashfree" else [two.id, one.id]
    for order_id in [*told, *told]:
        sync_order(shop, order_id)
    (key,) = _refund_keys(shop)
    execute_refund(shop, key)

    activated, returned = (find_order(shop, user, order_id) for order_id in told)
    assert (activated.status, returned.status) == (OrderStatus.PAID, OrderStatus.SURPLUS)
    assert len(_rows(shop, "SELECT 1 FROM subscription_periods WHERE revoked_at IS NULL")) == 1
    assert [refund.order_id for fake in (gateway, rzp) for refund in fake.refunds.values()] == [returned.id]
    assert entitlement(shop, user).is_active
    assert _violations(shop) == []


def test_both_paid_at_once_by_four_witnesses_is_still_one_activation(shop, user, gateway, rzp) -> None:
    one = start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayTimeout()
    two = start_checkout(shop, user, "monthly", gateway="razorpay")
    gateway.pay(one.id)
    rzp.pay(two.id, payment_id="pay_TheSecond")
    barrier = threading.Barrier(4)

    def work(order_id: str) -> None:
        barrier.wait(10)
        sync_order(shop, order_id)

    threads = [threading.Thread(target=work, args=(order_id,)) for order_id in [one.id, two.id] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(str(find_order(shop, user, order.id).status) for order in (one, two)) == ["paid", "surplus"]
    assert len(_refund_keys(shop)) == 1


def test_held_money_of_a_purchase_that_is_paid_elsewhere_is_never_captured(shop, user, gateway, rzp) -> None:
    one = start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayTimeout()
    two = start_checkout(shop, user, "monthly", gateway="razorpay")
    gateway.pay(one.id)
    sync_order(shop, one.id)
    rzp.pay(two.id, status=GatewayPaymentStatus.AUTHORIZED)

    sync_order(shop, two.id)

    assert "capture_payment" not in rzp.calls
    assert _refund_keys(shop) == []


# --- One gateway's trouble is not the other's


@pytest.mark.parametrize("error", [CircuitOpen(), GatewayRateLimited()])
def test_the_sweep_leaves_a_gateway_alone_that_is_down_and_asks_the_other(
    live_services, gateway, rzp, user, error
) -> None:
    shop = replace(live_services, gateways={"cashfree": gateway, "razorpay": rzp})
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(shop, user, "monthly")
    gateway.fail_next = GatewayTimeout()
    paid = start_checkout(shop, user, "monthly", gateway="razorpay")
    rzp.pay(paid.id)
    with shop.engine.begin() as conn:
        # The order at the gateway that is down has waited longest.
        conn.execute(text("UPDATE orders SET created_at = created_at - interval '5 minutes'"))
        conn.execute(
            text(
                "UPDATE orders SET created_at = created_at - interval '9 minutes' WHERE gateway = 'cashfree'"
            )
        )
        conn.execute(text("UPDATE orders SET synced_at = NULL"))
    gateway.fail_next = error

    result = sweep(shop)

    assert (result.asked, result.moved, result.failed, result.is_cut_short) == (2, 1, 1, True)
    assert find_order(shop, user, paid.id).status is OrderStatus.PAID


def test_an_account_that_cannot_be_read_does_not_hide_the_others(shop, user, gateway, rzp, clock) -> None:
    order = start_checkout(shop, user, "monthly", gateway="razorpay")
    rzp.pay(order.id)
    gateway.fail_next = GatewayTimeout()

    with pytest.raises(GatewayTimeout):
        reconcile(shop, since=clock.moment - timedelta(days=1))

    assert find_order(shop, user, order.id).status is OrderStatus.PAID


# --- What the page is given


@pytest.mark.parametrize("kind", BOTH)
def test_the_page_is_given_what_opens_the_checkout_of_its_owner_only(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    stranger = create_admin(services, email="admin@example.com", password="TestPass123")

    assert checkout_options(services, user, order.id) == {"paymentSessionId": order.payment_session_id}
    for who, order_id in ((stranger, order.id), (user, "ORDER0000000000NEVER")):
        with pytest.raises(OrderNotFound):
            checkout_options(services, who, order_id)


def test_an_order_that_no_gateway_opened_has_nothing_to_open_a_checkout_with(services, user, gateway) -> None:
    gateway.fail_next = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")
    ((order_id,),) = _rows(services, "SELECT id FROM orders")

    with pytest.raises(OrderNotFound):
        checkout_options(services, user, order_id)
