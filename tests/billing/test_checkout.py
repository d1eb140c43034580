"""Opening an order: one at a time, at our price, and a gateway that does not answer loses nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.errors import (
    CircuitOpen,
    GatewayCredentialsRejected,
    GatewayReplyInvalid,
    GatewayRequestRejected,
    GatewayTimeout,
    GatewayUnavailable,
    TooManyRequests,
    UnknownPlan,
)
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus
from payment_handler import (
    confirm_return,
    current_checkout,
    find_order,
    leave_for_gateway,
    skip_payment,
    start_checkout,
    sync_order,
    terminate_order,
)
from tests.fakes import FakeGateway


def test_an_order_is_opened_at_the_price_of_the_plan_and_carries_its_owner(
    services, user, gateway, clock
) -> None:
    order = start_checkout(services, user, "annual")

    request = gateway.requests[order.id]
    assert (order.status, order.amount_paise, order.payment_session_id) == (
        OrderStatus.CREATED,
        499000,
        f"session_{order.id}",
    )
    assert order.expires_at == clock.moment + timedelta(minutes=30)
    assert (request.amount_paise, request.currency) == (499000, "INR")
    assert request.tags["user_id"] == str(user.id)
    assert (request.customer.id, request.customer.phone) == (user.customer_id, "9999999999")
    assert request.return_url == "http://localhost:8501/?order_id={order_id}"


def test_asking_again_gives_the_same_order_and_asks_the_gateway_nothing(services, user, gateway) -> None:
    first = start_checkout(services, user, "monthly")
    second = start_checkout(services, user, "Monthly Plan (₹499)")

    assert first == second
    assert gateway.calls == ["create_order"]


@pytest.mark.parametrize("plan", ["", "MONTHLY", "monthly'--", "Monthly Plan (₹1)", "0"])
def test_an_unknown_plan_makes_nothing(services, user, gateway, plan) -> None:
    with pytest.raises(UnknownPlan):
        start_checkout(services, user, plan)

    assert gateway.calls == []
    assert _count(services, "checkouts") == 0


def test_two_tabs_at_once_open_one_order_here_and_at_the_gateway(services, user, gateway) -> None:
    barrier = threading.Barrier(6)
    ids: list[str] = []

    def work() -> None:
        barrier.wait(10)
        ids.append(start_checkout(services, user, "monthly").id)

    _together(work, 6)

    assert len(ids) == 6
    assert len(set(ids)) == 1
    assert len(gateway.orders) == 1
    assert _count(services, "orders") == 1


def test_another_plan_supersedes_the_open_order_and_asks_the_gateway_to_close_it(
    services, user, gateway
) -> None:
    monthly = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")

    assert annual.id != monthly.id
    assert annual.checkout_id == monthly.checkout_id
    assert find_order(services, user, monthly.id).status is OrderStatus.SUPERSEDED
    assert ("terminate_order", {"order_id": monthly.id}) in _jobs(services)

    terminate_order(services, monthly.id)
    terminate_order(services, monthly.id)

    assert sync_order(services, monthly.id).status is OrderStatus.TERMINATED


def test_an_open_order_is_never_terminated_by_a_job_that_came_late(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")

    terminate_order(services, order.id)
    terminate_order(services, "ORDER00000000000000X")

    assert "terminate_order" not in gateway.calls


@pytest.mark.parametrize("error", [GatewayTimeout(), GatewayUnavailable(), GatewayReplyInvalid()])
def test_no_answer_means_unknown_and_the_next_try_goes_on_with_the_same_order(
    services, user, gateway, error
) -> None:
    gateway.lose_reply = error
    with pytest.raises(type(error)):
        start_checkout(services, user, "monthly")
    unknown = current_checkout(services, user)

    order = start_checkout(services, user, "monthly")

    assert unknown is not None
    assert unknown.status is OrderStatus.UNKNOWN
    assert order.id == unknown.id
    assert order.status is OrderStatus.CREATED
    assert len(gateway.orders) == 1


def test_an_unknown_order_that_the_gateway_holds_is_found_by_a_look(services, user, gateway) -> None:
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")
    (order_id,) = gateway.orders

    order = sync_order(services, order_id)

    assert (order.status, order.payment_session_id) == (OrderStatus.CREATED, f"session_{order_id}")


def test_our_row_is_committed_before_the_gateway_is_asked(services, user) -> None:
    seen: list[str] = []

    class Watching(FakeGateway):
        def create_order(self, request):
            with services.engine.connect() as conn:
                seen.append(
                    conn.execute(
                        text("SELECT status FROM orders WHERE id = :id"), {"id": request.order_id}
                    ).scalar_one()
                )
            return super().create_order(request)

    start_checkout(replace(services, gateways={"cashfree": Watching(lambda: None)}), user, "monthly")

    assert seen == ["creating"]


def test_a_refused_order_has_failed_and_the_next_try_makes_another(services, user, gateway) -> None:
    gateway.fail_next = GatewayRequestRejected()
    with pytest.raises(GatewayRequestRejected):
        start_checkout(services, user, "monthly")
    refused = current_checkout(services, user)

    order = start_checkout(services, user, "monthly")

    assert refused is not None
    assert refused.status is OrderStatus.FAILED
    assert order.id != refused.id
    assert order.checkout_id == refused.checkout_id


def test_a_refused_order_that_the_gateway_knows_after_all_can_be_looked_at_beside_the_next_one(
    services, user, gateway
) -> None:
    gateway.lose_reply = GatewayRequestRejected()
    with pytest.raises(GatewayRequestRejected):
        start_checkout(services, user, "monthly")
    (refused,) = gateway.orders
    open_order = start_checkout(services, user, "monthly")

    assert sync_order(services, refused).status is OrderStatus.FAILED
    gateway.pay(refused)
    assert sync_order(services, refused).status is OrderStatus.PAID
    gateway.pay(open_order.id)
    assert sync_order(services, open_order.id).status is OrderStatus.SURPLUS


def test_credentials_that_are_refused_call_a_person_once(services, user, gateway) -> None:
    for _ in range(2):
        gateway.fail_next = GatewayCredentialsRejected()
        with pytest.raises(GatewayCredentialsRejected):
            start_checkout(services, user, "monthly")

    assert _count(services, "alarms") == 1


def test_a_gateway_that_was_not_even_asked_leaves_the_order_as_it_was(services, user, gateway) -> None:
    gateway.fail_next = CircuitOpen()
    with pytest.raises(CircuitOpen):
        start_checkout(services, user, "monthly")
    waiting = current_checkout(services, user)

    order = start_checkout(services, user, "monthly")

    assert waiting is not None
    assert waiting.status is OrderStatus.CREATING
    assert order.id == waiting.id


@pytest.mark.parametrize(("minutes", "is_same"), [(27, True), (28, False), (30, False), (31, False)])
def test_an_order_with_too_little_time_left_is_not_handed_out_again(
    services, user, clock, minutes, is_same
) -> None:
    first = start_checkout(services, user, "monthly")
    clock.advance(timedelta(minutes=minutes))

    second = start_checkout(services, user, "monthly")

    assert (second.id == first.id) is is_same
    if not is_same:
        expected = OrderStatus.EXPIRED if minutes >= 30 else OrderStatus.SUPERSEDED
        assert find_order(services, user, first.id).status is expected
        assert second.expires_at == clock.moment + timedelta(minutes=30)


def test_an_order_the_gateway_never_heard_of_is_not_opened_too_late(services, user, gateway, clock) -> None:
    gateway.fail_next = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")
    clock.advance(timedelta(minutes=14))

    order = start_checkout(services, user, "monthly")

    assert order.expires_at == clock.moment + timedelta(minutes=30)


def test_ten_orders_an_hour_are_allowed_and_reuse_does_not_count(services, user, gateway) -> None:
    for number in range(10):
        plan = ("monthly", "annual")[number % 2]
        start_checkout(services, user, plan)
        start_checkout(services, user, plan)

    with pytest.raises(TooManyRequests):
        start_checkout(services, user, "monthly")

    assert _count(services, "orders") == 10
    assert start_checkout(services, user, "annual").status is OrderStatus.CREATED


def test_a_price_that_changed_meanwhile_makes_a_new_order_and_the_old_one_keeps_its_own(
    services, user, gateway
) -> None:
    old = start_checkout(services, user, "monthly")
    with services.engine.begin() as conn:
        conn.execute(
            text("UPDATE prices SET valid_until = now() + interval '1 second' WHERE plan_id = 'monthly'")
        )
        conn.execute(text("INSERT INTO prices (plan_id, amount_paise) VALUES ('monthly', 59900)"))

    new = start_checkout(services, user, "monthly")
    gateway.pay(old.id)

    assert (old.amount_paise, new.amount_paise) == (49900, 59900)
    assert sync_order(services, old.id).status is OrderStatus.PAID


def test_the_buyer_who_skips_has_no_current_checkout_until_asking_again(services, user) -> None:
    order = start_checkout(services, user, "monthly")

    skip_payment(services, user)
    skipped = current_checkout(services, user)
    again = start_checkout(services, user, "monthly")

    assert skipped is None
    assert again.id == order.id
    assert current_checkout(services, user) == again


def test_a_gateway_that_is_not_configured_is_unavailable_and_not_an_accident(services, user) -> None:
    with pytest.raises(GatewayUnavailable):
        start_checkout(replace(services, gateways={}), user, "monthly")


def test_the_webhooks_address_is_given_only_where_the_gateway_can_reach_it(services, user, gateway) -> None:
    def opened(**changes) -> str:
        settings = services.settings.model_copy(update=changes)
        start_checkout(replace(services, settings=settings), user, "monthly")
        with services.engine.begin() as conn:
            conn.execute(text("UPDATE orders SET status = 'terminated'"))
        return list(gateway.requests.values())[-1].notify_url

    assert opened() == "http://localhost:8501/webhooks/cashfree"
    assert opened(cashfree_env="sandbox") == ""
    assert (
        opened(cashfree_env="sandbox", app_base_url="https://rs.example")
        == "https://rs.example/webhooks/cashfree"
    )


def test_the_settings_of_a_user_without_a_number_still_make_a_customer(services, user, gateway) -> None:
    nameless = replace(user, phone="", id=UUID(str(user.id)))

    order = start_checkout(services, nameless, "monthly")

    assert gateway.requests[order.id].customer.phone == "9999999999"


def _together(work, number: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _count(services, table: str) -> int:
    with services.engine.connect() as conn:
        return conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def _jobs(services) -> list[tuple]:
    with services.engine.connect() as conn:
        return [
            tuple(row)
            for row in conn.execute(text("SELECT task_name, args FROM procrastinate_jobs ORDER BY id"))
        ]


def test_whoever_comes_back_from_the_gateway_is_not_answered_from_an_earlier_look(
    services, user, gateway
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id, status=GatewayPaymentStatus.FAILED)
    confirm_return(services, user, order.id)

    left = leave_for_gateway(services, user, order.id)
    gateway.pay(order.id, payment_id="SECOND")
    back = confirm_return(services, user, order.id)

    assert left is not None
    assert back.status is OrderStatus.PAID


def test_an_order_that_expired_leads_to_no_gateway(services, user, clock) -> None:
    order = start_checkout(services, user, "monthly")
    clock.advance(timedelta(minutes=30))

    assert leave_for_gateway(services, user, order.id) is None
