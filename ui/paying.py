"""The way from one of our pages to a gateway: which one, what is said when it is down, and where else to pay.

An order is opened on the click that leaves for its payment, never by choosing a gateway: choosing back and forth
makes no orders.
"""

from __future__ import annotations

import streamlit as st

import payment_handler
from domain.accounts import User
from domain.errors import CheckoutClosed, GatewayError, ProductError
from domain.gateway_names import gateway_name, gateway_names
from domain.orders import Order, OrderStatus
from ui import session
from ui.components import notice
from ui.navigate import leave_to
from ui.pages import page
from wiring import Services

# No gateway has handed out anything that could be paid.
NOT_OPENED = frozenset({OrderStatus.CREATING, OrderStatus.UNKNOWN, OrderStatus.FAILED})


def go_to_payment(services: Services, user: User, plan_id: str, *, gateway: str | None = None) -> None:
    """Renew or reuse the order of this plan and leave for its checkout. Shows a sentence when that fails."""
    order = open_order(services, user, plan_id, gateway=gateway)
    if order is not None:
        leave_to(f"/checkout/{order.id}")


def open_order(services: Services, user: User, plan_id: str, *, gateway: str | None = None) -> Order | None:
    """The order with which this plan is paid now, or None under a sentence that says why not.

    When its gateway fails and another can be used, the unpaid order's page follows, which offers the other.
    """
    try:
        return payment_handler.start_checkout(services, user, plan_id, gateway=gateway)
    except CheckoutClosed as error:
        notice(error.user_message, "warn")
        st.page_link(page("billing"), label="Open billing")
    except GatewayError as error:
        _offer_another(services, user, gateway)
        notice(error.user_message, "bad")
    except ProductError as error:
        notice(error.user_message, "bad")
    return None


def gateway_of(services: Services, order: Order) -> str | None:
    """The order's own gateway while it can be used; then whoever pays again stays where they were."""
    usable = payment_handler.usable_gateways(services, order.plan_id)
    return order.gateway if order.gateway in usable else None


def failover(services: Services, user: User, order: Order, *, is_left_to_the_bank: bool = False) -> bool:
    """When the order's gateway is down: say so, and offer the others. True if that was drawn.

    `is_left_to_the_bank`: what had been paid for the order goes back, as the page says already.
    """
    gateway = services.gateways.get(order.gateway)
    is_down = session.take_trouble() == order.gateway or gateway is None or not gateway.is_reachable()
    if order.status not in NOT_OPENED and not is_down:
        return False
    others = payment_handler.usable_gateways(services, order.plan_id, besides=order.gateway)
    notice(describe_trouble(order, others, is_left_to_the_bank=is_left_to_the_bank), "warn")
    for other in others:
        label = f"Pay with {gateway_name(other)}"
        if st.button(label, key=f"checkout-failover-{other}", type="primary", width=360):
            go_to_payment(services, user, order.plan_id, gateway=other)
    return bool(others)


def describe_trouble(order: Order, others: tuple[str, ...], *, is_left_to_the_bank: bool = False) -> str:
    """That the order's gateway is down, what is true of the money, and the ways on."""
    name = gateway_name(order.gateway)
    if order.status in NOT_OPENED:
        money = "Your account and your order are safe and nothing was charged."
    elif is_left_to_the_bank:
        money = "What your bank had set aside goes back to you by itself."
    else:
        money = (
            "No payment for this order has reached us. If you paid a moment ago, your access opens by itself: please "
            "do not pay twice."
        )
    ways = "Press Complete Payment to try again."
    if others:
        ways = f"Pay with {gateway_names(others)} now, or press Complete Payment to try again."
    return f"{name} temporarily unavailable. {money} {ways}"


def choice(services: Services, order: Order) -> str | None:
    """Draw the choice of a gateway where there is one, and return what was chosen; None: whatever is usable."""
    usable = payment_handler.usable_gateways(services, order.plan_id)
    if order.gateway not in usable or len(usable) < 2:
        return order.gateway if order.gateway in usable else None
    with st.container(key="checkout-gateway-choice"):
        chosen = st.segmented_control(
            "Pay with",
            [order.gateway, *(name for name in usable if name != order.gateway)],
            default=order.gateway,
            required=True,
            format_func=gateway_name,
            key=f"checkout-gateway-{order.id}",
        )
    return chosen or order.gateway


def _offer_another(services: Services, user: User, asked: str | None) -> None:
    order = payment_handler.current_checkout(services, user)
    failed = asked or (order.gateway if order else "")
    if order and payment_handler.usable_gateways(services, order.plan_id, besides=failed):
        session.note_trouble(failed)
        st.switch_page(page(""))
