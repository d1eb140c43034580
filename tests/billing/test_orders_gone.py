"""An order that its gateway opened and then denies: nobody waits for it for ever, and money that comes counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.errors import GatewayReplyInvalid, GatewayTimeout
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus
from payment_handler import list_orders, start_checkout, sync_order
from user_management import entitlement

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


@pytest.fixture
def forget(gateway, order):
    """The gateway forgets the order; what it forgot can be given back."""

    def forgotten():
        return gateway.orders.pop(order.id)

    return forgotten


def _alarms(services) -> list[str]:
    with services.engine.connect() as conn:
        return list(conn.execute(text("SELECT key FROM alarms")).scalars())


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(1, OrderStatus.CREATED), (34, OrderStatus.CREATED), (35, OrderStatus.EXPIRED)],
)
def test_an_order_that_is_gone_expires_some_minutes_after_its_time_and_calls_a_person(
    services, order, forget, clock, minutes, status
) -> None:
    forget()
    clock.advance(timedelta(minutes=minutes))

    looked = sync_order(services, order.id)
    sync_order(services, order.id)

    assert looked.status is status
    expected = [f"gateway:{order.gateway}:orders gone"] if status is OrderStatus.EXPIRED else []
    assert _alarms(services) == expected


@pytest.mark.parametrize("error", [GatewayTimeout(), GatewayReplyInvalid()])
def test_no_answer_is_no_absence(services, gateway, order, forget, clock, error) -> None:
    forget()
    clock.advance(timedelta(hours=2))
    gateway.fail_next = error

    with pytest.raises(type(error)):
        sync_order(services, order.id)

    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT status FROM orders")).scalars().all() == ["created"]
    assert _alarms(services) == []


def test_the_buyer_of_an_order_that_is_gone_waits_for_no_bank_and_pays_anew(
    services, user, gateway, order, forget, clock
) -> None:
    gateway.pay(order.id, status=GatewayPaymentStatus.PENDING)
    sync_order(services, order.id)
    forget()
    clock.advance(timedelta(minutes=35))
    sync_order(services, order.id)

    again = start_checkout(services, user, "monthly")

    assert (again.id != order.id, again.status) == (True, OrderStatus.CREATED)
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT status FROM payments")).scalars().all() == ["dropped"]


def test_a_payment_that_the_gateway_remembers_later_is_honoured(
    services, user, gateway, order, forget, clock
) -> None:
    gateway.pay(order.id, status=GatewayPaymentStatus.PENDING)
    sync_order(services, order.id)
    kept = forget()
    clock.advance(timedelta(minutes=35))
    gone = sync_order(services, order.id)

    gateway.orders[order.id] = kept
    gateway.pay(order.id, payment_id="PAY1")
    paid = sync_order(services, order.id)

    assert (gone.status, paid.status) == (OrderStatus.EXPIRED, OrderStatus.PAID)
    assert entitlement(services, user).is_active


def test_an_order_that_is_paid_stays_paid_when_its_gateway_forgets_it(
    services, user, gateway, order, forget, clock
) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    forget()
    clock.advance(timedelta(hours=1))

    assert sync_order(services, order.id).status is OrderStatus.PAID
    assert entitlement(services, user).is_active
    assert _alarms(services) == []


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture(params=["unknown", "creating"])
def never_opened(request, services, user, gateway):
    """An order of which the gateway never heard: the call was lost, or the process ended before it."""
    lost_by = GatewayTimeout() if request.param == "unknown" else Killed()
    gateway.fail_next = lost_by
    with pytest.raises(type(lost_by)):
        start_checkout(services, user, "monthly")
    (order,) = (line.order for line in list_orders(services, user))
    assert (order.status, gateway.orders) == (OrderStatus(request.param), {})
    return order


@pytest.mark.parametrize(("seconds", "ends"), [(-1, False), (0, True)], ids=["before", "at"])
def test_an_order_that_was_never_opened_ends_with_its_time_and_not_before(
    services, never_opened, clock, seconds, ends
) -> None:
    clock.moment = never_opened.expires_at + timedelta(seconds=seconds)

    looked = sync_order(services, never_opened.id)

    assert looked.status is (OrderStatus.EXPIRED if ends else never_opened.status)
    # Nothing went wrong at the gateway: nobody is called.
    assert _alarms(services) == []


def test_a_buyer_whose_order_was_never_opened_pays_by_another_once_it_ended(
    services, user, gateway, never_opened, clock
) -> None:
    clock.moment = never_opened.expires_at
    sync_order(services, never_opened.id)

    again = start_checkout(services, user, "monthly")
    gateway.pay(again.id)
    sync_order(services, again.id)

    assert again.id != never_opened.id
    assert entitlement(services, user).is_active
    assert sync_order(services, never_opened.id).status is OrderStatus.EXPIRED


def test_money_for_an_order_that_was_thought_never_opened_is_found_after_it_ended(
    services, user, gateway, clock
) -> None:
    gateway.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")
    # The call had come through after all, and the gateway's books lagged behind its checkout.
    ((order_id, theirs),) = gateway.orders.items()
    gateway.orders.clear()
    clock.advance(timedelta(minutes=30))
    ended = sync_order(services, order_id)

    gateway.orders[order_id] = theirs
    gateway.pay(order_id)
    paid = sync_order(services, order_id)

    assert (ended.status, paid.status) == (OrderStatus.EXPIRED, OrderStatus.PAID)
    assert entitlement(services, user).is_active
