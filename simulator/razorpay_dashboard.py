"""Razorpay's part of the dashboard: its orders, one order with capture, refund and the payer's phone."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from simulator import razorpay_orders as orders
from simulator import razorpay_payments as payments
from simulator import razorpay_refunds as refunds
from simulator.assets import page
from simulator.dashboard_rows import OrderRow, entered_paise
from simulator.errors import Refusal
from simulator.gateway import Gateway
from simulator.razorpay_records import RazorpayOrder, RazorpayPayment

Form = Mapping[str, list[str]]


def rows(gateway: Gateway) -> list[OrderRow]:
    """Lines for the list of orders."""
    return [
        OrderRow(
            gateway="Razorpay",
            order_id=order.order_id,
            customer=order.receipt or "–",
            amount_paise=order.amount_paise,
            status=order.status,
            is_paid=order.status == "paid",
            attempts=order.attempts,
            created_at=order.created_at,
        )
        for order in gateway.store.razorpay_orders.values()
    ]


def order_page(gateway: Gateway, order: RazorpayOrder, *, problem: str | None = None) -> Response:
    """One order with its payments and refunds."""
    attempts = orders.payments_of(gateway, order)
    paid = _captured(attempts)
    return page(
        "razorpay_order.html",
        400 if problem else 200,
        section="orders",
        order=order,
        payments=attempts,
        refunds=[refund for payment in attempts for refund in refunds.of_payment(gateway, payment)],
        left_paise=0 if paid is None else paid.amount_paise - paid.amount_refunded_paise,
        problem=problem,
    )


def refund(gateway: Gateway, order: RazorpayOrder, form: Form) -> Response:
    """Refund the captured payment by what a person typed."""
    paid = _captured(orders.payments_of(gateway, order))
    if paid is None:
        return order_page(gateway, order, problem="There is no captured payment to refund")
    note = _first(form, "note")
    try:
        wanted = refunds.RazorpayRefundRequest(
            amount_paise=entered_paise(_first(form, "amount")), notes={"comment": note} if note else {}
        )
        refunds.request(gateway, gateway.store.razorpay_accounts[order.key_id], paid, wanted)
    except Refusal as error:
        return order_page(gateway, order, problem=str(error))
    return _back(order)


def act(gateway: Gateway, order: RazorpayOrder, form: Form) -> Response:
    """Capture an authorised payment."""
    payment = gateway.store.razorpay_payments.get(_first(form, "capture"))
    if payment is None or payment.order_id != order.order_id:
        return order_page(gateway, order, problem="There is no such payment")
    try:
        payments.capture(gateway, payment, amount_paise=payment.amount_paise, currency=payment.currency)
    except Refusal as error:
        return order_page(gateway, order, problem=str(error))
    return _back(order)


def _captured(attempts: list[RazorpayPayment]) -> RazorpayPayment | None:
    return next((payment for payment in attempts if payment.captured), None)


def _back(order: RazorpayOrder) -> Response:
    return RedirectResponse(f"/dashboard/orders/{quote(order.order_id)}", 303)


def _first(form: Form, name: str) -> str:
    return (form.get(name) or [""])[0][:200]
